"""A server in a thread of its own, until somebody ends the process."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Thread


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
    served: Future[None] = Future()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve(stopping))
        except BaseException as error:
            served.set_exception(error)
        else:
            served.set_result(None)

    # In a thread of its own: what a signal raises in this one would be raised amid asyncio, which
    # loses what it was about to do, and waits for that for ever. It may be raised while the thread
    # begins, too: whoever begins it must not be the only one to know of it, as an executor is.
    thread = Thread(target=run, name="page", daemon=True)
    try:
        thread.start()
        served.result()
    finally:
        on_end()
        with suppress(RuntimeError):  # it has ended by itself
            loop.call_soon_threadsafe(stopping.set)
        if thread.ident is not None:
            wait([served])
