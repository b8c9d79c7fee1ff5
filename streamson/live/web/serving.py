"""A server in a thread of its own, until somebody ends the process."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress


def serve_until_ended(
    serve: Callable[[asyncio.Event], Coroutine[None, None, None]], on_end: Callable[[], None]
) -> None:
    """Run a server until it ends, or a signal raises here.

    Parameters
    ----------
    serve
        Serves until the event is set, and then closes what it has opened.
    on_end
        Is called when it begins to end.

    Raises
    ------
    StreamsonError
        Whatever `serve` raises.
    """
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve(stopping))

    # In a thread of its own: what a signal raises in this one would be raised amid asyncio, which
    # loses what it was about to do, and waits for that for ever.
    with ThreadPoolExecutor(1, thread_name_prefix="page") as thread:
        serving = thread.submit(run)
        try:
            serving.result()
        finally:
            on_end()
            with suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(stopping.set)
