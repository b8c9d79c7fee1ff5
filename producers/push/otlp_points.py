"""The data points of a request of OpenTelemetry, each with what is known of it."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import islice
from time import time as now
from typing import Any, Final, NamedTuple, TypeAlias

from streamson.errors import MessageError
from streamson.producers.base.sample import MAX_LABEL_CHARS, MAX_LABELS, Sample, label_text

MAX_POINTS: Final = 20_000
"""Data points of one request; a collector sends 8,192. Those beyond are rejected."""

MAX_ATTRIBUTES: Final = 128
"""Of a resource or a data point, as the specification advises; the first 64 are labels."""

_DELTA: Final = 1
_CUMULATIVE: Final = 2
_NO_RECORDED_VALUE: Final = 1
"""The numbers of the specification."""

Message: TypeAlias = Any
"""One of the classes that opentelemetry-proto brings; the package is imported where it is needed.
"""


class OtlpPoint(NamedTuple):
    """A data point and what is known of it.

    Attributes
    ----------
    data
        The data point itself.
    name, kind
        Of its metric: "http.requests", "sum".
    metric
        The part of the metric that holds its data points.
    labels
        Of the resource.
    whose
        Tells apart what is of another resource, scope or metric.
    begin, time
        Since when it counts, 0 if that is not known, and when it was told; in seconds since 1970.
    """

    data: Message
    name: str
    kind: str
    metric: Message
    labels: Mapping[str, str]
    whose: bytes
    begin: float
    time: float

    @property
    def identity(self) -> Hashable:
        """What tells it apart from all other data points, and is the same each time."""
        _check_attributes(len(self.data.attributes))
        return _digest(self.whose, self.data.attributes)

    @property
    def span_s(self) -> float:
        """How long it was counted, of what is counted anew each time."""
        if not 0 < self.begin < self.time:
            raise MessageError("delta temporality without the time that it is of")
        return self.time - self.begin

    @property
    def is_missing(self) -> bool:
        """Whether it says that there is no value."""
        return bool(self.data.flags & _NO_RECORDED_VALUE)

    @property
    def is_delta(self) -> bool:
        """Whether it is counted anew each time."""
        found = self.metric.aggregation_temporality
        if found not in (_DELTA, _CUMULATIVE):
            raise MessageError(
                f"found aggregation temporality {found}; delta or cumulative is allowed"
            )
        return bool(found == _DELTA)

    def sample(self, fields: Mapping[str, float]) -> Sample:
        """Return the sample that it is."""
        own = _labels(self.data.attributes)
        joined = "/".join(own[name] for name in sorted(own))
        named = {"metric": label_text(self.name), "attributes": joined}
        return Sample(fields, {**self.labels, **own, **named}, self.time)


def points_of(request: Message) -> Iterator[OtlpPoint]:
    """Yield the data points of an ``ExportMetricsServiceRequest``, whatever their kind.

    Raises
    ------
    MessageError
        If it has more parts than are allowed.
    """
    _check_size(request)
    for resource in request.resource_metrics:
        labels = _labels(resource.resource.attributes)
        of_resource = _digest(b"", [resource.resource])
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                whose = of_resource + f"{scope.scope.name}\n{metric.name}".encode()
                yield from _of_metric(metric, labels, whose)


def count_points(request: Message) -> int:
    """Return how many data points a request has."""
    return sum(
        len(getattr(metric, kind).data_points)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if (kind := metric.WhichOneof("data"))
    )


def _of_metric(metric: Message, labels: Mapping[str, str], whose: bytes) -> Iterator[OtlpPoint]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    of_metric = getattr(metric, kind)
    for data in of_metric.data_points:
        begin, time = data.start_time_unix_nano / 1e9, data.time_unix_nano / 1e9
        yield OtlpPoint(data, metric.name, kind, of_metric, labels, whose, begin, time or now())


def _check_size(request: Message) -> None:
    """Refuse what takes long to look through, though it may have few data points."""
    resources = request.resource_metrics
    _check_number(len(resources), "resources")
    _check_number(sum(len(resource.scope_metrics) for resource in resources), "scopes")
    scopes = (scope for resource in resources for scope in resource.scope_metrics)
    _check_number(sum(len(scope.metrics) for scope in scopes), "metrics")
    most = max((len(resource.resource.attributes) for resource in resources), default=0)
    _check_attributes(most)


def _check_number(number: int, what: str) -> None:
    if number > MAX_POINTS:
        raise MessageError(f"found {number} {what}; at most {MAX_POINTS} are allowed")


def _check_attributes(number: int) -> None:
    if number > MAX_ATTRIBUTES:
        raise MessageError(f"found {number} attributes; at most {MAX_ATTRIBUTES} are allowed")


def _labels(attributes: Iterable[Message]) -> dict[str, str]:
    """Return attributes that are words or numbers as labels."""
    found = {}
    for attribute in islice(attributes, MAX_LABELS):
        kind = attribute.value.WhichOneof("value")
        if kind in ("string_value", "int_value", "double_value"):
            text = str(getattr(attribute.value, kind))
        elif kind == "bool_value":
            text = str(attribute.value.bool_value).lower()
        else:
            continue
        found[attribute.key[:MAX_LABEL_CHARS]] = label_text(text)
    return found


def _digest(before: bytes, parts: Iterable[Message]) -> bytes:
    """Return 16 bytes that tell apart what has other parts, in whatever order they are."""
    digest = blake2b(before, digest_size=16)
    for written in sorted(part.SerializeToString(deterministic=True) for part in parts):
        digest.update(b"%d:%b" % (len(written), written))
    return digest.digest()
