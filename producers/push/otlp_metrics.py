"""What OpenTelemetry's metrics say: values, rates of what is counted, quantiles of histograms."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from itertools import islice, pairwise
from typing import Final

from streamson._printable import counted, printable
from streamson.errors import MessageError
from streamson.producers.base.counter_rates import MAX_COUNTERS, CounterRates
from streamson.producers.base.sample import MAX_LABEL_CHARS, Sample
from streamson.producers.push.body import PartlyRejectedError
from streamson.producers.push.histogram import (
    MAX_BUCKETS,
    ExplicitBuckets,
    ExponentialBuckets,
    Histogram,
    HistogramChanges,
)
from streamson.producers.push.otlp_points import (
    MAX_POINTS,
    Message,
    OtlpPoint,
    count_points,
    points_of,
)

MAX_QUANTILES: Final = 32
"""Of a summary."""

MIN_SCALE: Final = -10
MAX_SCALE: Final = 20
"""Of an exponential histogram, as the specification has them."""


class OtlpMetrics:
    """Reads requests with metrics, and remembers what counters and histograms said last.

    A gauge is ``value``; a sum that only rises is its rate ``per_second``, another one ``value``. A
    histogram is how many values came a second (``count``), their ``sum`` a second, and as quantiles
    ``p50``, ``p95`` and ``p99`` of those that came since it was last told. A summary is its count,
    sum and quantiles.
    """

    def __init__(self) -> None:
        self._rates = CounterRates()
        self._begins: OrderedDict[Hashable, float] = OrderedDict()
        self._histograms = HistogramChanges()
        self._readers: Mapping[str, Callable[[OtlpPoint], dict[str, float]]] = {
            "gauge": _value,
            "sum": self._sum,
            "histogram": self._histogram,
            "exponential_histogram": self._exponential_histogram,
            "summary": self._summary,
        }

    def read(self, request: Message) -> Iterator[Sample]:
        """Yield what a request says.

        Labels are the attributes of resource and data point, ``metric``, and ``attributes``: the
        values of the data point's, in the order of their names, joined by slashes.

        Parameters
        ----------
        request
            An ``ExportMetricsServiceRequest``.

        Raises
        ------
        PartlyRejectedError
            At the end, if data points were rejected.
        """
        first_mistake = ""
        rejected = 0
        for point in islice(points_of(request), MAX_POINTS):
            try:
                fields = self._fields(point)
            except MessageError as error:
                rejected += 1
                name = printable(point.name[:MAX_LABEL_CHARS])
                first_mistake = first_mistake or f"metric {name}: {error}"
                continue
            if fields:
                yield point.sample(fields)
        beyond = count_points(request) - MAX_POINTS
        if beyond > 0:
            rejected += beyond
            first_mistake = first_mistake or f"more than {MAX_POINTS} data points"
        if rejected:
            raise PartlyRejectedError(first_mistake, rejected)

    def _fields(self, point: OtlpPoint) -> dict[str, float]:
        if point.is_missing:
            return {}
        found = self._readers[point.kind](point)
        return {name: value for name, value in found.items() if math.isfinite(value)}

    def _sum(self, point: OtlpPoint) -> dict[str, float]:
        found = _value(point)
        if not point.metric.is_monotonic:
            return found
        value = found["value"]
        if point.is_delta:
            return {"per_second": value / point.span_s}
        return self._rate("per_second", value, point) if math.isfinite(value) else {}

    def _rate(self, field: str, value: float, point: OtlpPoint) -> dict[str, float]:
        name = point.identity, field
        if self._begins_anew(name, point.begin):
            self._rates.update(name, 0.0, point.begin)
        rate = self._rates.update(name, value, point.time)
        return {} if rate is None else {field: rate}

    def _begins_anew(self, name: Hashable, begin: float) -> bool:
        """Return whether a counter was 0 at a time that nobody knew of before."""
        before = self._begins.pop(name, 0.0)
        self._begins[name] = begin
        if len(self._begins) > MAX_COUNTERS:
            self._begins.popitem(last=False)
        return begin > before

    def _histogram(self, point: OtlpPoint) -> dict[str, float]:
        return self._counted(point, _explicit(point.data))

    def _exponential_histogram(self, point: OtlpPoint) -> dict[str, float]:
        return self._counted(point, _exponential(point.data))

    def _counted(self, point: OtlpPoint, histogram: Histogram) -> dict[str, float]:
        if point.is_delta:
            return histogram.fields(point.span_s)
        return self._histograms.update(point.identity, histogram, point.begin, point.time)

    def _summary(self, point: OtlpPoint) -> dict[str, float]:
        data = point.data
        quantiles = islice(data.quantile_values, MAX_QUANTILES)
        return {
            **self._rate("count", float(data.count), point),
            **self._rate("sum", data.sum, point),
            **{f"p{100 * one.quantile:.6g}": one.value for one in quantiles},
        }


def _value(point: OtlpPoint) -> dict[str, float]:
    kind = point.data.WhichOneof("value")
    if kind is None:
        raise MessageError("a data point without a value")
    return {"value": float(getattr(point.data, kind))}


def _explicit(data: Message) -> Histogram:
    bounds, counts = data.explicit_bounds, data.bucket_counts
    if len(counts) > MAX_BUCKETS:
        raise MessageError(f"found {len(counts)} buckets; at most {MAX_BUCKETS} are allowed")
    if len(counts) != len(bounds) + 1 and (counts or bounds):
        raise MessageError(
            f"found {counted(len(counts), 'bucket')} between {counted(len(bounds), 'bound')}"
        )
    if not all(map(math.isfinite, bounds)) or any(low >= high for low, high in pairwise(bounds)):
        raise MessageError("bounds of buckets that do not rise")
    least, greatest = _extreme(data, "min"), _extreme(data, "max")
    # Without buckets one holds all.
    buckets = ExplicitBuckets(tuple(bounds), tuple(counts) or (data.count,), least, greatest)
    return Histogram(buckets, data.count, _total(data))


def _exponential(data: Message) -> Histogram:
    if not MIN_SCALE <= data.scale <= MAX_SCALE:
        raise MessageError(f"found scale {data.scale}; {MIN_SCALE} to {MAX_SCALE} is allowed")
    size = len(data.positive.bucket_counts) + len(data.negative.bucket_counts)
    if size > MAX_BUCKETS:
        raise MessageError(f"found {size} buckets; at most {MAX_BUCKETS} are allowed")
    positive, negative = (
        {side.offset + i: n for i, n in enumerate(side.bucket_counts) if n}
        for side in (data.positive, data.negative)
    )
    buckets = ExponentialBuckets(data.scale, positive, negative, data.zero_count)
    return Histogram(buckets, data.count, _total(data))


def _extreme(data: Message, name: str) -> float | None:
    value = getattr(data, name) if data.HasField(name) else math.nan
    return value if math.isfinite(value) else None


def _total(data: Message) -> float | None:
    return data.sum if data.HasField("sum") and math.isfinite(data.sum) else None
