"""What waits to be sent to one browser: bounded, and never waited for."""

import asyncio
from collections import deque
from collections.abc import Callable


class Outbox:
    """A queue from the hub to one reader.

    Parameters
    ----------
    max_bytes
        What may wait; with more than that the reader is too slow for good.
    drop
        Is called when that is so: whoever sends may be waiting for that reader himself.

    Attributes
    ----------
    is_overflown
        Whether it is.
    """

    def __init__(self, max_bytes: int, drop: Callable[[], None]) -> None:
        self.is_overflown = False
        self._drop = drop
        self._has_ended = False
        self._max_bytes = max_bytes
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._came = asyncio.Event()

    def put(self, message: bytes) -> None:
        """Let a message be sent."""
        if self._has_ended:
            return
        self._bytes += len(message)
        if self._bytes > self._max_bytes:
            self.is_overflown = True
            self.end()
            self._drop()
        else:
            self._waiting.append(message)
            self._came.set()

    def end(self) -> None:
        """Let nothing more be sent."""
        self._has_ended = True
        self._waiting.clear()
        self._came.set()

    async def get(self) -> bytes | None:
        """Return the next message; None where there are no more."""
        while not self._waiting:
            if self._has_ended:
                return None
            self._came.clear()
            await self._came.wait()
        message = self._waiting.popleft()
        self._bytes -= len(message)
        return message
