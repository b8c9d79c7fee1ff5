"""What a part does with points that come faster than anybody could hear.

More than some 15 notes a second blur. So where there is no room for the note of a point, it waits,
and is coalesced with others that wait, until there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, isnan, nan
from typing import TYPE_CHECKING, Final, NamedTuple

from streamson.model.counts import ScoreCounts
from streamson.session.schema import Overload

if TYPE_CHECKING:  # at run time only batches bring it along
    import numpy as np
    from numpy.typing import NDArray

    Column = NDArray[np.float64]


class TimedFields(NamedTuple):
    """A point's fields, its time in seconds since 1970, and the frame since which it waits."""

    fields: Mapping[str, float]
    time: float
    frame: int = 0


class Coalescer:
    """Lets points pass as long as there is room, and coalesces the others.

    Its iterators ask whether there is room before each point that they yield: they are to be used
    up one by one, each point taking its room before the next.

    Parameters
    ----------
    field
        The field that decides what is the least and the greatest.
    has_capacity
        Whether there is room for a note at a frame.
    keep
        What is kept of those that wait: ``extremes``, the least and the greatest, in the order in
        which they came; ``last``; or ``mean``, of all their fields.
    counts
        Where those that are coalesced are counted.

    Attributes
    ----------
    waiting
        How many points wait.
    coalesced
        Points of whose values others told.
    """

    def __init__(
        self,
        field: str,
        has_capacity: Callable[[int], bool],
        *,
        keep: Overload = "extremes",
        counts: ScoreCounts,
    ) -> None:
        self._field = field
        self._has_capacity = has_capacity
        self._keep = _KEPT[keep]
        self._counts = counts
        self._kept: _Kept | None = None
        self._since = 0
        self.waiting = 0
        self.coalesced = 0

    def offer(
        self, fields: Mapping[str, float], time: float, now_frame: int
    ) -> Iterator[TimedFields]:
        """Take in a point; yield what passes now, this point or others."""
        yield from self.flush(now_frame)
        if not self.waiting and self._has_capacity(now_frame):
            yield TimedFields(fields, time, now_frame)
        else:
            self.keep(fields, time, now_frame)

    def keep(self, fields: Mapping[str, float], time: float, now_frame: int) -> None:
        """Let a point wait."""
        self.waiting += 1
        kept = self._kept or self._begin(now_frame)
        kept.add(self._field, fields, time)

    def offer_batch(
        self, columns: Mapping[str, Column], times: Column, now_frame: int
    ) -> Iterator[TimedFields]:
        """Take in points as columns; where they are coalesced it costs little, however many."""
        yield from self.flush(now_frame)
        passed, count = 0, len(times)
        while passed < count and not self.waiting and self._has_capacity(now_frame):
            yield TimedFields(_row(columns, passed), float(times[passed]), now_frame)
            passed += 1
        if passed < count:
            rest = {name: column[passed:] for name, column in columns.items()}
            self.waiting += count - passed
            kept = self._kept or self._begin(now_frame)
            kept.add_batch(self._field, rest, times[passed:])

    def flush(self, now_frame: int) -> Iterator[TimedFields]:
        """Yield what waited, if there is room now: of a pair both."""
        if self._kept is None or not self._has_capacity(now_frame):
            return
        kept_points = self._kept.kept_points()
        coalesced = self.waiting - len(kept_points)
        self._counts.points_coalesced += coalesced
        self.coalesced += coalesced
        self._kept, self.waiting = None, 0
        for point in kept_points:
            yield point._replace(frame=self._since)

    def _begin(self, now_frame: int) -> _Kept:
        """Return what keeps those that wait from now on."""
        self._kept, self._since = self._keep(), now_frame
        return self._kept


class _Extremes:
    """The least and the greatest; where no point has the field, the last."""

    def __init__(self) -> None:
        self._lowest, self._highest = inf, -inf
        self._low: tuple[int, TimedFields] | None = None
        self._high: tuple[int, TimedFields] | None = None
        self._last: TimedFields | None = None
        self._seen = 0

    def add(self, field: str, fields: Mapping[str, float], time: float) -> None:
        value = fields.get(field, nan)
        self._seen += 1
        if self._lowest <= value <= self._highest:
            return
        point = TimedFields(fields, time)
        if isnan(value):  # it is neither
            self._last = point
        if value < self._lowest:
            self._lowest, self._low = value, (self._seen, point)
        if value > self._highest:
            self._highest, self._high = value, (self._seen, point)

    def add_batch(self, field: str, columns: Mapping[str, Column], times: Column) -> None:
        import numpy as np

        values = columns.get(field, times * nan)
        chosen = {len(values) - 1}
        if not np.isnan(values).all():
            chosen |= {int(np.nanargmin(values)), int(np.nanargmax(values))}
        for i in sorted(chosen):
            self.add(field, _row(columns, i), float(times[i]))

    def kept_points(self) -> Sequence[TimedFields]:
        if self._low is None or self._high is None:
            return (self._last,) if self._last else ()
        if self._lowest == self._highest:
            return (self._low[1],)
        ordered = sorted((self._low, self._high), key=lambda kept: kept[0])
        return tuple(point for _, point in ordered)


class _Last:
    """The one that came last."""

    def __init__(self) -> None:
        self._point: TimedFields | None = None

    def add(self, _field: str, fields: Mapping[str, float], time: float) -> None:
        self._point = TimedFields(fields, time)

    def add_batch(self, _field: str, columns: Mapping[str, Column], times: Column) -> None:
        self._point = TimedFields(_row(columns, len(times) - 1), float(times[-1]))

    def kept_points(self) -> Sequence[TimedFields]:
        return (self._point,) if self._point else ()


class _Mean:
    """The mean of each field, at the time of the last."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._time = 0.0

    def add(self, _field: str, fields: Mapping[str, float], time: float) -> None:
        self._time = time
        for name, value in fields.items():
            if not isnan(value):
                self._add(name, value, 1)

    def add_batch(self, _field: str, columns: Mapping[str, Column], times: Column) -> None:
        self._time = float(times[-1])
        for name, column in columns.items():
            known = column[column == column]  # noqa: PLR0124  # NaN does not equal itself
            if len(known):
                self._add(name, float(known.sum()), len(known))

    def _add(self, name: str, total: float, count: int) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + total
        self._counts[name] = self._counts.get(name, 0) + count

    def kept_points(self) -> Sequence[TimedFields]:
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        return (TimedFields(means, self._time),)


_Kept = _Extremes | _Last | _Mean
_KEPT: Final[Mapping[Overload, type[_Kept]]] = {
    "extremes": _Extremes,
    "last": _Last,
    "mean": _Mean,
}


def _row(columns: Mapping[str, Column], i: int) -> dict[str, float]:
    return {name: float(column[i]) for name, column in columns.items()}
