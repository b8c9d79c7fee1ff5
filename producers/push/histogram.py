"""Histograms: what was added since they were last told, and the quantiles of that."""

import math
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from itertools import pairwise
from typing import Final, NamedTuple, Protocol, Self

MAX_BUCKETS: Final = 512
"""Of one histogram; OpenTelemetry's programs make 160."""

MAX_REMEMBERED_BUCKETS: Final = 200_000
"""Of all histograms: some 30 MB. Of more, the one that was told longest ago is forgotten."""

QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

_LEAST_EXPONENT: Final = -1_074.0
_GREATEST_EXPONENT: Final = 1_023.0
"""Powers of two beyond are no float64."""


class Range(NamedTuple):
    """What a bucket counted: values above `low`, up to `high`."""

    low: float
    high: float
    size: int


class Buckets(Protocol):
    """How many values a histogram counted in each of its buckets."""

    def since(self, before: Self) -> Self | None:
        """Return what was added; None if it can't be told, as the buckets began anew."""

    def ranges(self) -> list[Range]:
        """Return what was counted, by rising values."""

    def __len__(self) -> int: ...


class ExplicitBuckets:
    """Buckets between bounds; the first and the last are open.

    Parameters
    ----------
    bounds
        Rising.
    counts
        One more than there are bounds.
    least, greatest
        The least and the greatest value, if they are known. Where not, the first bucket begins at 0
        if its bound is above that, and the last has no width, as Prometheus has it.
    """

    def __init__(
        self,
        bounds: tuple[float, ...],
        counts: tuple[int, ...],
        least: float | None = None,
        greatest: float | None = None,
    ) -> None:
        self._bounds = bounds
        self._counts = counts
        self._least = least
        self._greatest = greatest

    def __len__(self) -> int:
        return len(self._counts)

    def since(self, before: Self) -> Self | None:
        """Return what was added; None if it can't be told, as the buckets began anew."""
        if self._bounds != before._bounds:
            return None
        added = tuple(now - then for now, then in zip(self._counts, before._counts, strict=True))
        if min(added, default=0) < 0:
            return None
        return type(self)(self._bounds, added, self._least, self._greatest)

    def ranges(self) -> list[Range]:
        """Return what was counted, by rising values; nothing if no value is known at all."""
        known = [*self._bounds, *(x for x in (self._least, self._greatest) if x is not None)]
        if not known:
            return []
        first = self._bounds[0] if self._bounds else min(known)
        low = min(0.0, first) if self._least is None else min(self._least, first)
        last = self._bounds[-1] if self._bounds else max(known)
        high = last if self._greatest is None else max(self._greatest, last)
        edges = pairwise((low, *self._bounds, high))
        return [Range(*edge, n) for edge, n in zip(edges, self._counts, strict=True) if n]


class ExponentialBuckets:
    """Buckets whose width grows by a factor: bucket i counts up to base ** (i + 1).

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram

    Parameters
    ----------
    scale
        The base is 2 ** 2 ** -scale.
    positive, negative
        Counts by index; negative ones are of values with their sign turned.
    zeros
        How many values were 0, or as good as.
    """

    def __init__(
        self, scale: int, positive: dict[int, int], negative: dict[int, int], zeros: int
    ) -> None:
        self._scale = scale
        self._positive = positive
        self._negative = negative
        self._zeros = zeros

    def __len__(self) -> int:
        return len(self._positive) + len(self._negative) + 1

    def since(self, before: Self) -> Self | None:
        """Return what was added; None if it can't be told, as the buckets began anew.

        The scale falls when larger values come: buckets are merged until it is the same.
        """
        if self._scale > before._scale:
            return None
        then = before._merged(before._scale - self._scale)
        positive = _difference(self._positive, then._positive)
        negative = _difference(self._negative, then._negative)
        zeros = self._zeros - then._zeros
        if positive is None or negative is None or zeros < 0:
            return None
        return type(self)(self._scale, positive, negative, zeros)

    def ranges(self) -> list[Range]:
        """Return what was counted, by rising values."""
        below = [
            Range(-self._power(i + 1), -self._power(i), n)
            for i, n in sorted(self._negative.items(), reverse=True)
        ]
        zeros = [Range(0.0, 0.0, self._zeros)] if self._zeros else []
        above = [
            Range(self._power(i), self._power(i + 1), n) for i, n in sorted(self._positive.items())
        ]
        return below + zeros + above

    def _power(self, index: int) -> float:
        exponent = index * 2.0**-self._scale
        return float(2.0 ** max(_LEAST_EXPONENT, min(exponent, _GREATEST_EXPONENT)))

    def _merged(self, steps: int) -> Self:
        return type(self)(
            self._scale - steps,
            _merge(self._positive, steps),
            _merge(self._negative, steps),
            self._zeros,
        )


class Histogram(NamedTuple):
    """What a histogram says at one time.

    Attributes
    ----------
    buckets
        What it counted.
    size
        How many values, in all.
    total
        The sum of the values; None where it is not known.
    """

    buckets: Buckets
    size: int
    total: float | None

    def fields(self, span_s: float) -> dict[str, float]:
        """Return how many came in a second, their sum a second, and quantiles.

        Parameters
        ----------
        span_s
            The time in which it was counted.
        """
        fields = {"count": self.size / span_s}
        if self.total is not None:
            fields["sum"] = self.total / span_s
        ranges = self.buckets.ranges()
        if ranges:
            fields |= {name: quantile(ranges, q) for name, q in QUANTILES.items()}
        return {name: value for name, value in fields.items() if math.isfinite(value)}

    def since(self, before: "Histogram") -> "Histogram":
        """Return what was added, or all of it if it began anew."""
        buckets = self.buckets.since(before.buckets) if self._is_like(before) else None
        if buckets is None or self.size < before.size:
            return self
        total = None if self.total is None else self.total - (before.total or 0.0)
        return Histogram(buckets, self.size - before.size, total)

    def _is_like(self, other: "Histogram") -> bool:
        return type(self.buckets) is type(other.buckets)


def quantile(ranges: Iterable[Range], q: float) -> float:
    """Return the value that a part of what was counted lies below, by a line within its bucket.

    >>> quantile([Range(0.0, 10.0, 5), Range(10.0, 20.0, 5)], 0.75)
    15.0
    """
    ranges = list(ranges)
    wanted = q * sum(one.size for one in ranges)
    for one in ranges:
        if wanted <= one.size:
            return one.low + (one.high - one.low) * wanted / one.size
        wanted -= one.size
    return ranges[-1].high  # rounding left a little


class HistogramChanges:
    """Remembers what histograms said, to tell what each added since."""

    def __init__(self) -> None:
        self._last: OrderedDict[Hashable, tuple[Histogram, float]] = OrderedDict()
        self._buckets = 0

    def update(
        self, name: Hashable, histogram: Histogram, begin: float, time: float
    ) -> dict[str, float]:
        """Return the fields of what was added since the last time; none for the first.

        Parameters
        ----------
        name
            Which.
        histogram
            What it says: all since it began.
        begin
            When it began, in seconds; 0 if that is not known.
        time
            When it says so, in seconds.
        """
        before = self._last.pop(name, None)
        if before is not None:
            self._buckets -= len(before[0].buckets)
            if time <= before[1]:
                self._remember(name, *before)
                return {}
        self._remember(name, histogram, time)
        if 0 < begin < time and (before is None or begin > before[1]):
            return histogram.fields(time - begin)
        if before is None:
            return {}
        return histogram.since(before[0]).fields(time - before[1])

    def _remember(self, name: Hashable, histogram: Histogram, time: float) -> None:
        self._last[name] = histogram, time
        self._buckets += len(histogram.buckets)
        while self._buckets > MAX_REMEMBERED_BUCKETS:
            _, (forgotten, _) = self._last.popitem(last=False)
            self._buckets -= len(forgotten.buckets)


def _difference(now: dict[int, int], then: dict[int, int]) -> dict[int, int] | None:
    if any(now.get(index, 0) < n for index, n in then.items()):
        return None
    added = {index: n - then.get(index, 0) for index, n in now.items()}
    return {index: n for index, n in added.items() if n}


def _merge(counts: dict[int, int], steps: int) -> dict[int, int]:
    merged: dict[int, int] = {}
    for index, n in counts.items():
        merged[index >> steps] = merged.get(index >> steps, 0) + n
    return merged
