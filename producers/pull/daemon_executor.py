"""Looking up names of hosts in threads that nobody waits for at the end."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class DaemonExecutor(ThreadPoolExecutor):
    """Runs each call in a thread that ends with the program.

    The system's own look-up of a host takes 5 to 30 s where the server for names does not answer,
    and can't be broken off. Threads of the standard library's executor are waited for, by asyncio
    and at the end of the program: so long Ctrl-C would take.
    """

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function in a thread of its own."""
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*args, **kwargs)
            except Exception as error:  # whatever it is, who waits for the result is told
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="streamson-lookup", daemon=True).start()
        return future
