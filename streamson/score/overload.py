"""What a part does with points that come faster than anybody could hear.

More than some 15 notes a second blur. So where a point comes too soon after the note before, it
waits, and is merged with others that wait, until there is room for a note again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import TYPE_CHECKING, Final, NamedTuple

from streamson.score.counts import Counts

if TYPE_CHECKING:  # at run time only batches bring it along
    import numpy as np
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

NOTES_PER_SECOND: Final = 15
KEEPS: Final = ("extremes", "last", "mean")


class Reading(NamedTuple):
    """A point's fields, and its time in seconds since 1970."""

    fields: Mapping[str, float]
    time: float


_NONE: Final[Sequence[Reading]] = ()


class Merger:
    """Lets so many points a second pass, and merges the others.

    Parameters
    ----------
    field
        The field that decides what is the least and the greatest.
    sample_rate
        Frames a second.
    notes_per_second
        Points that pass in any second, at most; 2 or more.
    keep
        What is kept of those that wait: ``extremes``, the least and the greatest, in the order in
        which they came; ``last``; or ``mean``, of all their fields.
    counts
        Where those that are merged are counted.

    Attributes
    ----------
    waiting
        How many points wait, merged ones included.
    """

    def __init__(
        self,
        field: str,
        *,
        sample_rate: int,
        notes_per_second: float = NOTES_PER_SECOND,
        keep: str = KEEPS[0],
        counts: Counts,
    ) -> None:
        self._field = field
        # One less than allowed: so even pairs never make more in any second, wherever it begins.
        self._interval = sample_rate / (notes_per_second - 1)
        self._keep = _KEPT[keep]
        self._counts = counts
        self._next = -(2.0**62)
        self._kept: _Kept | None = None
        self.waiting = 0

    def offer(self, fields: Mapping[str, float], time: float, now_frame: int) -> Sequence[Reading]:
        """Take in a point; return what passes now, this point or others."""
        passing = self.flush(now_frame) if self.waiting else _NONE
        if now_frame >= self._next:
            self._next = now_frame + self._interval
            return (Reading(fields, time),)
        if self._kept is None:
            self._kept = self._keep()
        self._kept.add(self._field, Reading(fields, time))
        self.waiting += 1
        return passing

    def offer_batch(
        self,
        columns: Mapping[str, Column],
        times: Column,
        now_frame: int,
    ) -> Sequence[Reading]:
        """Take in points as columns, at a cost that hardly grows with their number."""
        passing = list(self.offer(_row(columns, 0), float(times[0]), now_frame))
        if len(times) > 1:
            if self._kept is None:
                self._kept = self._keep()
            rest = {name: column[1:] for name, column in columns.items()}
            self._kept.add_batch(self._field, rest, times[1:])
            self.waiting += len(times) - 1
        return passing

    def flush(self, now_frame: int) -> Sequence[Reading]:
        """Return what waited, if there is room now."""
        if now_frame < self._next or self._kept is None:
            return _NONE
        readings = self._kept.readings()
        self._counts.merged += self.waiting - len(readings)
        self._next = now_frame + len(readings) * self._interval
        self._kept, self.waiting = None, 0
        return readings


class _Extremes:
    """The least and the greatest; where no point has the field, the last."""

    def __init__(self) -> None:
        self._low: tuple[float, int, Reading] | None = None
        self._high: tuple[float, int, Reading] | None = None
        self._last: Reading | None = None
        self._seen = 0

    def add(self, field: str, reading: Reading) -> None:
        value = reading.fields.get(field, nan)
        self._seen += 1
        self._last = reading
        if isnan(value):  # it is neither
            return
        if self._low is None or value < self._low[0]:
            self._low = value, self._seen, reading
        if self._high is None or value > self._high[0]:
            self._high = value, self._seen, reading

    def add_batch(self, field: str, columns: Mapping[str, Column], times: Column) -> None:
        import numpy as np

        values = columns.get(field, times * nan)
        chosen = {len(values) - 1}
        if not np.isnan(values).all():
            chosen |= {int(np.nanargmin(values)), int(np.nanargmax(values))}
        for i in sorted(chosen):
            self.add(field, Reading(_row(columns, i), float(times[i])))

    def readings(self) -> Sequence[Reading]:
        if self._low is None or self._high is None:
            return (self._last,) if self._last else ()
        if self._low[0] == self._high[0]:
            return (self._low[2],)
        ordered = sorted((self._low[1:], self._high[1:]), key=lambda kept: kept[0])
        return tuple(reading for _, reading in ordered)


class _Last:
    """The one that came last."""

    def __init__(self) -> None:
        self._reading: Reading | None = None

    def add(self, _field: str, reading: Reading) -> None:
        self._reading = reading

    def add_batch(self, _field: str, columns: Mapping[str, Column], times: Column) -> None:
        self._reading = Reading(_row(columns, len(times) - 1), float(times[-1]))

    def readings(self) -> Sequence[Reading]:
        return (self._reading,) if self._reading else ()


class _Mean:
    """The mean of each field, at the time of the last."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._time = 0.0

    def add(self, _field: str, reading: Reading) -> None:
        self._time = reading.time
        for name, value in reading.fields.items():
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

    def readings(self) -> Sequence[Reading]:
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        return (Reading(means, self._time),)


_Kept = _Extremes | _Last | _Mean
_KEPT: Final[dict[str, type[_Kept]]] = dict(zip(KEEPS, (_Extremes, _Last, _Mean), strict=True))


def _row(columns: Mapping[str, Column], i: int) -> dict[str, float]:
    return {name: float(column[i]) for name, column in columns.items()}
