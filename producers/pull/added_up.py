"""Series that have the same name become one stream: what they say is added up."""

import math
from collections.abc import Iterator

from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.producers.base.sample import Sample


class AddedUp:
    """Collects what series say at one moment.

    Examples
    --------
    >>> streams = AddedUp()
    >>> streams.add("cpu", "per_second", 0.25, None)
    >>> streams.add("cpu", "per_second", 0.5, None)
    >>> list(streams.samples())
    [('cpu', Sample(fields={'per_second': 0.75}, labels={}, time=None))]
    """

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, float]] = {}
        self._times: dict[str, float] = {}

    def add(self, stream: str, field: str, value: float, time: float | None) -> None:
        """Add a value to a field; NaN keeps its place where there is nothing yet."""
        fields = self._fields.setdefault(stream, {})
        name = field[:MAX_FIELD_CHARS]
        if name not in fields and len(fields) == MAX_FIELDS:
            return
        before = fields.get(name, math.nan)
        fields[name] = (
            value if math.isnan(before) else before + (0.0 if math.isnan(value) else value)
        )
        if time is not None:
            self._times[stream] = max(time, self._times.get(stream, time))

    def update(self, other: "AddedUp") -> None:
        """Take over what was collected elsewhere, in the place of fields of the same name."""
        for stream, fields in other._fields.items():
            self._fields.setdefault(stream, {}).update(fields)
        self._times.update(other._times)

    def samples(self) -> Iterator[tuple[str, Sample]]:
        """Yield each stream's name and numbers, but for those that have none."""
        for stream, fields in self._fields.items():
            if any(math.isfinite(value) for value in fields.values()):
                yield stream, Sample(fields, {}, self._times.get(stream))


def plus(one: float, other: float) -> float:
    """Return a sum in which NaN is what is not known, and adds nothing."""
    if math.isnan(one):
        return other
    return one if math.isnan(other) else one + other
