"""The last value of each stream, for who comes later: bounded, and not kept for ever."""

import logging
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from streamson._rate_limited_log import RateLimitedLog
from streamson.model.point import DataPoint, Goodbye, Message
from streamson.wire.points.codec import encode

MAX_LAST_VALUES: Final = 20_000
"""Streams whose last value is kept; of more, the one that was silent for longest is forgotten."""

MAX_LAST_BYTES: Final = 16 << 20
"""Of all of them, as they were received; in memory it is up to five times as much."""

KEPT_S: Final = 3_600.0
"""A value that is older tells nothing about now."""

_POINT_BYTES: Final = 100
_FIELD_BYTES: Final = 10
"""What a point takes besides names, and a field besides its own, about."""

_log = logging.getLogger(__name__)


class _Kept(NamedTuple):
    point: DataPoint
    size: int
    time: float


class LastValues:
    """Keeps the last point of each stream.

    Attributes
    ----------
    left_out
        Streams that were forgotten for want of room.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # the one of longest silence first
        self._bytes = 0
        self._limited = RateLimitedLog(_log)

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, message: Message, now: float) -> None:
        """Keep a stream's last point.

        Parameters
        ----------
        message
            What came.
        now
            When, monotonic seconds.
        """
        point = _last_point(message) if message.is_batch else message
        before = self._kept.get(point.stream)
        if before is not None and before.point.fields.keys() == point.fields.keys():
            self._kept[point.stream] = _Kept(point, before.size, now)
            self._kept.move_to_end(point.stream)
            return
        size = _POINT_BYTES + _FIELD_BYTES * len(point.fields)
        size += len(point.stream) + sum(map(len, point.fields))
        self._forget(point.stream)
        self._kept[point.stream] = _Kept(point, size, now)
        self._bytes += size
        while self._bytes > MAX_LAST_BYTES or len(self._kept) > MAX_LAST_VALUES:
            name = next(iter(self._kept))
            self._forget(name)
            self.left_out += 1
            self._limited.warning(
                "room",
                "%s: its last value is not kept for who comes later; "
                "there is room for %d streams and %d MB",
                *(name, MAX_LAST_VALUES, MAX_LAST_BYTES >> 20),
            )

    def end(self, goodbye: Goodbye) -> None:
        """Forget a stream whose source said goodbye, unless another source brings it too."""
        kept = self._kept.get(goodbye.stream)
        if kept is not None and kept.point.source == goodbye.source:
            self._forget(goodbye.stream)

    def forget_old(self, now: float) -> None:
        """Forget what is older than `KEPT_S`."""
        while self._kept:
            name, kept = next(iter(self._kept.items()))
            if kept.time > now - KEPT_S:
                return
            self._forget(name)

    def frames(self) -> Iterator[tuple[str, bytes]]:
        """Yield whose each is, and the frame that carries it, the oldest first.

        They are made anew: a frame that came may tell no time, which was when it came.
        """
        for kept in self._kept.values():
            yield kept.point.source or kept.point.stream, encode(kept.point)

    def close(self) -> None:
        """Say what was left out of the log."""
        self._limited.flush()

    def _forget(self, stream: str) -> None:
        if (kept := self._kept.pop(stream, None)) is not None:
            self._bytes -= kept.size


def _last_point(batch: Message) -> DataPoint:
    """Return the last point with its own number."""
    first = batch.sequence
    last = None if first is None else first + batch.size - 1
    return msgspec.structs.replace(batch.last_point, sequence=last)
