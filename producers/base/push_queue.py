"""A bounded queue for producers that are pushed to: by a callback, a thread, an asyncio loop."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Final

from streamson.producers.base.pace import POLL_S
from streamson.producers.base.reading import BatchReading, Reading

MAX_READINGS: Final = 10_000
MAX_VALUES: Final = 200_000
"""Of all readings that wait: some 30 MB with their names."""


class PushQueue:
    """Readings on their way from whoever pushes them to whoever publishes them.

    `push` never waits: where the network, or a listener that has gone, takes less than comes, the
    oldest readings are dropped and counted. Any thread may push; one iterates, until `end`.

    Attributes
    ----------
    dropped
        Points dropped so far.

    Examples
    --------
    >>> queue = PushQueue()
    >>> queue.push(Reading("boiler", {"temperature": 71.3}))
    >>> queue.end()
    >>> [reading.stream for reading in queue]
    ['boiler']
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: deque[Reading | BatchReading] = deque()
        self._values = 0
        self._changed = threading.Condition()
        self._ended = False
        self._error: Exception | None = None

    @property
    def fill(self) -> float:
        """How full it is, 0 to 1: who can make others wait does so before anything is dropped."""
        return max(len(self._waiting) / MAX_READINGS, self._values / MAX_VALUES)

    def push(self, reading: Reading | BatchReading) -> None:
        """Append a reading; make place for it by dropping the oldest."""
        size = _values_of(reading)
        with self._changed:
            if self._ended:
                return
            self._waiting.append(reading)
            self._values += size
            while len(self._waiting) > 1 and (
                len(self._waiting) > MAX_READINGS or self._values > MAX_VALUES
            ):
                oldest = self._waiting.popleft()
                self._values -= _values_of(oldest)
                self.dropped += oldest.batch.size if isinstance(oldest, BatchReading) else 1
            self._changed.notify()

    def end(self, error: Exception | None = None) -> None:
        """Say that nothing more comes; the iterator ends once it is empty, or raises the error."""
        with self._changed:
            self._ended, self._error = True, self._error or error
            self._changed.notify()

    def close(self) -> None:
        """Say that nobody reads any more: what is pushed from now on is dropped."""
        self.end()

    def __iter__(self) -> Iterator[Reading | BatchReading]:
        while True:
            with self._changed:
                while not self._waiting and not self._ended:
                    self._changed.wait(POLL_S)
                if not self._waiting:
                    break
                reading = self._waiting.popleft()
                self._values -= _values_of(reading)
            yield reading
        if self._error is not None:
            raise self._error


def _values_of(reading: Reading | BatchReading) -> int:
    if isinstance(reading, BatchReading):
        return reading.batch.size * (1 + len(reading.batch.columns))
    return 1 + len(reading.fields)
