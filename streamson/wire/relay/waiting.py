"""What waits for a place: kept by source, and taken from each in turn.

So nobody waits for another's flood, and what there is no room for is of who brought most of it.
The turns are those of deficit round robin (Shreedhar and Varghese 1995), but for that a message is
taken where any of the turn is left, and the next turns pay for what is beyond.
"""

import heapq
from collections import deque
from typing import Final

Outgoing = tuple[str, bytes, int]
"""Whose it is, a frame, and how many points it has."""

MAX_WAITING_BYTES: Final = 32 << 20
"""3 s of 50,000 points a second."""

TURN_BYTES: Final = 1_000
"""Of a source before it is the next one's turn: some five small messages."""

_ROOM_SHARE: Final = 16
"""What is over that is made room for at once, as a share of all."""

_MESSAGE_BYTES: Final = 150
_SOURCE_BYTES: Final = 1_000
"""What a message and a source take, besides the message's own bytes."""


class Waiting:
    """Frames in the order in which they are to go: of each source that in which they came."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}
        self._turns: deque[_Source] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return sum(len(source.frames) for source in self._turns)

    def __bool__(self) -> bool:
        return bool(self._turns)

    @property
    def points(self) -> int:
        """How many points wait."""
        return sum(points for source in self._turns for _, points in source.frames)

    def put(self, outgoing: Outgoing) -> None:
        """Let a message wait."""
        name, frame, points = outgoing
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = _Source(name)
            self._turns.append(source)
            self._bytes += _SOURCE_BYTES
        source.frames.append((frame, points))
        source.bytes += len(frame) + _MESSAGE_BYTES
        self._bytes += len(frame) + _MESSAGE_BYTES

    def first(self) -> tuple[bytes, int]:
        """Return the frame that is to go now, and how many points it has; there must be one."""
        while (source := self._turns[0]).left <= 0:
            source.left += TURN_BYTES
            self._turns.rotate(-1)
        return source.frames[0]

    def remove_first(self) -> None:
        """Take in that the first one has gone."""
        source = self._turns[0]
        source.left -= self._remove_oldest(source)
        if not source.frames:
            self._turns.popleft()
            self._forget(source)

    def make_room(self) -> int:
        """Where too much waits, remove the oldest of who has most; return how many points."""
        if self._bytes <= MAX_WAITING_BYTES:
            return 0
        points = 0
        largest = [(-source.bytes, source.name) for source in self._turns]
        heapq.heapify(largest)
        while self._bytes > MAX_WAITING_BYTES - MAX_WAITING_BYTES // _ROOM_SHARE:
            source = self._sources[largest[0][1]]
            points += source.frames[0][1]
            self._remove_oldest(source)
            if source.frames:
                heapq.heapreplace(largest, (-source.bytes, source.name))
            else:
                heapq.heappop(largest)
                self._forget(source)
        self._turns = deque(source for source in self._turns if source.frames)
        return points

    def clear(self) -> None:
        """Remove all."""
        self._sources.clear()
        self._turns.clear()
        self._bytes = 0

    def _remove_oldest(self, source: "_Source") -> int:
        """Remove a source's oldest frame; return how many bytes it took."""
        frame, _ = source.frames.popleft()
        size = len(frame) + _MESSAGE_BYTES
        source.bytes -= size
        self._bytes -= size
        return size

    def _forget(self, source: "_Source") -> None:
        del self._sources[source.name]
        self._bytes -= _SOURCE_BYTES


class _Source:
    """What waits of one source.

    Attributes
    ----------
    left
        Bytes that it may still send in this turn; below zero what it owes of turns to come.
    """

    __slots__ = ("bytes", "frames", "left", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.frames: deque[tuple[bytes, int]] = deque()
        self.bytes = 0
        self.left = TURN_BYTES
