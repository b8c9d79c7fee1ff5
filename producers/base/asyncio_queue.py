"""Producers whose readings come by asyncio: servers, brokers, feeds."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import BatchReading, Reading

CLOSE_S: Final = 2.0
"""How long the program may take to close what it opened."""


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
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # it ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        error = None
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except Exception as raised:  # whatever it is, the thread that publishes tells it
            error = raised
        self.end(error)

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if not self._closing:
            await self._fill(self)
