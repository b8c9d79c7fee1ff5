"""Producers whose readings come by asyncio: servers, brokers, feeds."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import BatchReading, Reading

CLOSE_S: Final = 2.0
"""How long the program may take to close what it opened."""

CANCEL_AGAIN_S: Final = 1.0
"""After so long it is told once more that it is to end: what it closes takes less."""


class AsyncioQueue(PushQueue):
    """A queue that a program of asyncio fills, in a thread of its own.

    It begins with the first look for a reading: not before a listener is there, so that what a
    broker retained, or a server sends but once, is heard.

    Parameters
    ----------
    fill
        The program: is given the queue, pushes readings, and runs until it is cancelled, or until
        there is nothing more to come. What it raises is raised to whoever iterates.

    Examples
    --------
    >>> async def fill(queue):
    ...     queue.push(Reading("boiler", {"temperature": 71.3}))
    >>> [reading.stream for reading in AsyncioQueue(fill)]
    ['boiler']
    """

    def __init__(self, fill: Callable[[PushQueue], Awaitable[None]]) -> None:
        super().__init__()
        self._fill = fill
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="streamson-tap", daemon=True)

    def __iter__(self) -> Iterator[Reading | BatchReading]:
        self._thread.start()
        return super().__iter__()

    def close(self) -> None:
        """End the program, and wait until it has closed what it opened."""
        self._closing = True
        self.end()
        deadline = time.monotonic() + CLOSE_S
        # Once is not enough: until Python 3.12 `asyncio.wait_for`, which libraries use, goes on if
        # what it waits for is done at that moment.
        while self._thread.is_alive() and time.monotonic() < deadline:
            if self._loop is not None and self._task is not None:
                with suppress(RuntimeError):  # it ended by itself
                    self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(CANCEL_AGAIN_S)

    def _run(self) -> None:
        error: Exception | None = None
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except Exception as raised:  # whatever it is, the thread that publishes tells it
            error = raised
        finally:
            self.end(error)

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._loop.set_default_executor(_DaemonExecutor())
        if not self._closing:
            await self._fill(self)


class _DaemonExecutor(ThreadPoolExecutor):
    """Runs what blocks each in a thread that nobody waits for at the end.

    The system's own look-up of a host takes 5 to 30 s where the server for names does not answer,
    and can't be broken off. The standard library's threads are waited for, by asyncio and at the
    end of the program: so long Ctrl-C would take.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function in a thread of its own."""
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # whatever it is, who waits for the result is told
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="streamson-blocking", daemon=True).start()
        return future
