"""Metrics become numbers to hear: counters their rates, histograms their quantiles."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, SupportsFloat

from streamson.producers.base.counter_rates import CounterRates
from streamson.producers.pull.added_up import AddedUp, plus
from streamson.producers.pull.histogram import bucket_quantile
from streamson.producers.pull.series_names import SeriesNames

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.samples import Sample

Role = Literal["value", "counter", "bucket", "count", "sum", "quantile"]

QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
"""Of histograms, by their field."""

MAX_MOVED: Final = 100_000
"""Streams of which is remembered that they moved; others are heard while they do."""

PER_SECOND: Final = "per_second"
VALUE: Final = "value"

_ROLES: Final[Mapping[str, Mapping[str, Role]]] = {
    "counter": {"_total": "counter"},
    "gauge": {"": "value"},
    "stateset": {"": "value"},
    "info": {"_info": "value"},
    "histogram": {"_bucket": "bucket", "_count": "count", "_sum": "sum"},
    "gaugehistogram": {"_gcount": "value", "_gsum": "value"},
    "summary": {"": "quantile", "_count": "count", "_sum": "sum"},
}
"""What samples are by the type of their metric and the suffix of their name."""

_COUNTING: Final = ("_total", "_count", "_sum")
"""Suffixes of counters, for metrics of which no type is told."""


class MetricReader:
    """Reads what an exporter shows, time after time.

    Parameters
    ----------
    names
        Names the series.
    known
        Labels that all of them have.
    by_metric
        Whether several metrics may become one stream: then fields are named by the metric.
    only_moved
        Whether what counts is left out until it moves: most counters never do.

    Attributes
    ----------
    unmoved
        How many streams were left out so the last time.
    """

    def __init__(
        self,
        names: SeriesNames,
        known: Mapping[str, str],
        *,
        by_metric: bool,
        only_moved: bool = False,
    ) -> None:
        self.unmoved = 0
        self._only_moved = only_moved
        self._moved: set[tuple[str, str]] = set()
        self._names = names
        self._known = known
        self._by_metric = by_metric
        self._rates = CounterRates()

    def read(self, metrics: Iterable["Metric"], now_s: float) -> AddedUp:
        """Return what there is to hear.

        Parameters
        ----------
        metrics
            As they were read.
        now_s
            The moment of that, for rates; of a clock that only goes forwards.
        """
        found = AddedUp()
        self.unmoved = 0
        for metric, samples in _grouped(metrics).items():
            series = [_series(sample.labels, role) for role, sample in samples]
            names = self._names.name(metric, series, self._known)
            streams: dict[str, _Stream] = {}
            for name, (role, sample) in zip(names, samples, strict=True):
                self._take(streams.setdefault(name, _Stream()), role, sample, now_s)
            for name, stream in streams.items():
                if self._only_moved and not self._has_moved((metric, name), stream):
                    self.unmoved += 1
                    continue
                for field, value in stream.fields().items():
                    found.add(name, self._field(metric, field), value, stream.time)
        return found

    def _take(self, stream: "_Stream", role: Role, sample: "Sample", now_s: float) -> None:
        time = _time(sample)
        value = _number(sample.value)
        if role not in {"value", "quantile"}:
            # Told times and our own are of different clocks, and never compared.
            key = sample.name, frozenset(sample.labels.items()), time is None
            rate = self._rates.update(key, value, now_s if time is None else time)
            value = math.nan if rate is None else rate
        stream.take(role, sample.labels, value, time)

    def _has_moved(self, key: tuple[str, str], stream: "_Stream") -> bool:
        if key in self._moved:
            return True
        if stream.is_moving and len(self._moved) < MAX_MOVED:
            self._moved.add(key)
        return stream.is_moving

    def _field(self, metric: str, field: str) -> str:
        if not self._by_metric:
            return field
        return metric if field in {VALUE, PER_SECOND} else f"{metric}_{field}"


class _Stream:
    """What the series of one metric and one name say together."""

    def __init__(self) -> None:
        self.time: float | None = None
        self._sums: dict[Role, float] = {}
        self._buckets: dict[float, float] = {}
        self._quantiles: dict[str, float] = {}

    def take(self, role: Role, labels: Mapping[str, str], value: float, time: float | None) -> None:
        if time is not None:
            self.time = max(time, self.time or time)
        if role == "bucket":
            bound = _number(labels.get("le", ""))
            self._buckets[bound] = plus(self._buckets.get(bound, math.nan), value)
        elif role == "quantile":  # can't be added up; the largest is the one to watch
            field = f"p{100 * _number(labels.get('quantile', '')):.6g}"
            before = self._quantiles.get(field, math.nan)
            self._quantiles[field] = value if not before >= value else before
        else:
            self._sums[role] = plus(self._sums.get(role, math.nan), value)

    @property
    def is_moving(self) -> bool:
        """Whether anything was counted; of what does not count, always."""
        counted = self._sums.get("counter", self._counted)
        return counted is None or counted > 0

    @property
    def _counted(self) -> float | None:
        return self._sums.get("count", self._buckets.get(math.inf))

    def fields(self) -> dict[str, float]:
        """Return the fields, always the same of a stream: what is not known now is NaN."""
        if "value" in self._sums:
            return {VALUE: self._sums["value"]}
        if "counter" in self._sums:
            return {PER_SECOND: self._sums["counter"]}
        counted = self._counted
        if counted is None:
            return self._quantiles
        distribution = self._distribution()
        mean = self._sums.get("sum", math.nan) / counted if counted > 0 else math.nan
        if not distribution:
            return {"mean": mean, PER_SECOND: counted}
        # What is first is the pitch of who says nothing else, and what is second the volume.
        first = next(iter(distribution))
        return {first: distribution[first], PER_SECOND: counted, **distribution, "mean": mean}

    def _distribution(self) -> dict[str, float]:
        if not self._buckets:
            return self._quantiles
        found = {field: bucket_quantile(self._buckets, q) for field, q in QUANTILES.items()}
        return {field: math.nan if value is None else value for field, value in found.items()}


def _grouped(metrics: Iterable["Metric"]) -> dict[str, Sequence[tuple[Role, "Sample"]]]:
    """Return what there is to hear of each metric.

    Of metrics without a type the parser makes one each of their samples.
    """
    found: dict[str, list[tuple[Role, Sample]]] = {}
    for metric in metrics:
        for sample in metric.samples:
            role = _role(metric, sample)
            if role is not None:
                name = metric.name
                if metric.type == "unknown" and role in {"counter", "bucket"}:
                    name = name.removesuffix("_total").removesuffix("_bucket")
                found.setdefault(name, []).append((role, sample))
    return found  # type: ignore[return-value]


def _role(metric: "Metric", sample: "Sample") -> Role | None:
    """Return what a sample is; None for what is not heard, such as when a counter began."""
    if metric.type != "unknown":
        suffix = sample.name.removeprefix(metric.name)
        return _ROLES.get(metric.type, {}).get(suffix)
    if sample.name.endswith("_bucket") and "le" in sample.labels:
        return "bucket"
    return "counter" if sample.name.endswith(_COUNTING) else "value"


def _series(labels: Mapping[str, str], role: Role) -> Mapping[str, str]:
    """Return the labels that name a series: not those that name its parts."""
    part = {"bucket": "le", "quantile": "quantile"}.get(role)
    return {name: value for name, value in labels.items() if name != part}


def _time(sample: "Sample") -> float | None:
    time = math.nan if sample.timestamp is None else _number(sample.timestamp)
    return time if math.isfinite(time) else None


def _number(found: str | SupportsFloat) -> float:
    """Return a number; NaN for what is none, or an integer beyond all that a float can be."""
    try:
        return float(found)
    except (ValueError, OverflowError):
        return math.nan
