"""The data points of a request of OpenTelemetry, each with what is known of it."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from time import time as now
from typing import Any, Final, NamedTuple, TypeAlias

from streamson.errors import MessageError
from streamson.producers.base.sample import MAX_LABEL_CHARS, MAX_LABELS, Sample

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
        named = {"metric": self.name[:MAX_LABEL_CHARS], "attributes": joined}
        return Sample(fields, {**self.labels, **own, **named}, self.time)


def points_of(request: Message) -> Iterator[OtlpPoint]:
    """Yield the data points of an ``ExportMetricsServiceRequest``, whatever their kind.

    Raises
    ------
    MessageError
        If it has more parts than are allowed.
    """
    for resource, scope, metric in _metrics(request):
        kind = metric.WhichOneof("data")
        if kind is None:
            continue
        of_metric = getattr(metric, kind)
        labels = _labels(resource.attributes)
        whose = _digest(f"{scope.name}\n{metric.name}".encode(), resource.attributes)
        for data in of_metric.data_points:
            begin, time = data.start_time_unix_nano / 1e9, data.time_unix_nano / 1e9
            yield OtlpPoint(data, metric.name, kind, of_metric, labels, whose, begin, time or now())


def _metrics(request: Message) -> list[tuple[Message, Message, Message]]:
    """Return resource, scope and metric, of all metrics of a request."""
    scopes = [
        (resource.resource, scope)
        for resource in _few(request.resource_metrics, "resources")
        for scope in _few(resource.scope_metrics, "scopes")
    ]
    return [
        (resource, scope.scope, metric)
        for resource, scope in _few(scopes, "scopes")
        for metric in _few(scope.metrics, "metrics")
    ]


def _few(parts: Sequence[Message], what: str) -> Sequence[Message]:
    if len(parts) > MAX_POINTS:
        raise MessageError(f"found {len(parts)} {what}; at most {MAX_POINTS} are allowed")
    return parts


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
        found[attribute.key[:MAX_LABEL_CHARS]] = text[:MAX_LABEL_CHARS]
    return found


def _digest(before: bytes, attributes: Sequence[Message]) -> bytes:
    """Return 16 bytes that tell apart what has other attributes, whatever those are."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise MessageError(
            f"found {len(attributes)} attributes; at most {MAX_ATTRIBUTES} are allowed"
        )
    digest = blake2b(before, digest_size=16)
    for written in sorted(one.SerializeToString(deterministic=True) for one in attributes):
        digest.update(b"%d:%b" % (len(written), written))
    return digest.digest()
