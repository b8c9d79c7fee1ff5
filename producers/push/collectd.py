"""What collectd writes by its plugin write_http, in JSON: lists of values, each with its type.

https://collectd.org/documentation/manpages/collectd.conf.html#plugin_write_http
"""

import math
from collections.abc import Hashable, Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from streamson._printable import printable
from streamson.errors import MessageError
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.producers.base.counter_rates import CounterRates
from streamson.producers.base.sample import MAX_LABEL_CHARS, MAX_SAMPLES, Sample, decode_json
from streamson.producers.push.body import PartlyRejectedError, Route, Routes, WholeBody

STREAM: Final = "{host}/{series}"

_Count = Meta(min_length=1, max_length=MAX_FIELDS)
_Name = Annotated[str, Meta(min_length=1, max_length=MAX_FIELD_CHARS)]
_Label = Annotated[str, Meta(max_length=MAX_LABEL_CHARS)]


class _ValueList(msgspec.Struct):
    """Values that were measured together."""

    values: Annotated[list[float | None], _Count]
    dstypes: Annotated[list[Literal["gauge", "derive", "counter", "absolute"]], _Count]
    dsnames: Annotated[list[_Name], _Count]
    time: float
    interval: float
    host: _Label
    plugin: _Label
    type: _Label
    plugin_instance: _Label = ""
    type_instance: _Label = ""


def collectd_routes() -> Routes:
    """Return the route that is for collectd."""
    rates = CounterRates()
    route = Route(lambda _request: WholeBody(lambda body: _read(body, rates)), STREAM)
    return {("POST", "/collectd"): route}


def _read(body: bytes, rates: CounterRates) -> Iterator[Sample]:
    """Yield a sample for each list of values.

    A gauge is its value, what is counted its rate a second, and so is what is counted anew each
    time. Labels are what collectd names a value by, and ``series``: all of it but the host, joined
    by slashes, without a type that is called like its plugin.

    Raises
    ------
    PartlyRejectedError
        At the end, if there were lists that are none.
    """
    document = decode_json(body)
    if not isinstance(document, list):
        raise MessageError("found no list; what collectd's write_http sends as JSON is allowed")
    first_mistake = ""
    rejected = max(0, len(document) - MAX_SAMPLES)
    if rejected:
        first_mistake = f"more than {MAX_SAMPLES} lists of values"
    for number, found in enumerate(document[:MAX_SAMPLES], 1):
        try:
            values = _convert(found)
        except MessageError as error:
            rejected += 1
            first_mistake = first_mistake or f"list {number}: {error}"
            continue
        fields = _fields(values, rates)
        if fields:
            yield Sample(fields, _labels(values), values.time)
    if rejected:
        raise PartlyRejectedError(first_mistake, rejected)


def _convert(found: Any) -> _ValueList:
    try:
        values = msgspec.convert(found, _ValueList)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MessageError(printable(str(error))) from None
    if not len(values.values) == len(values.dstypes) == len(values.dsnames):
        raise MessageError("values, dstypes and dsnames differ in length")
    if not all(map(str.isprintable, values.dsnames)):
        raise MessageError("dsnames that are not printable")
    return values


def _fields(values: _ValueList, rates: CounterRates) -> dict[str, float]:
    fields = {}
    for name, kind, value in zip(values.dsnames, values.dstypes, values.values, strict=True):
        if value is None:  # how collectd writes what is not known
            continue
        told: float | None = value
        if kind == "absolute":
            told = value / values.interval if values.interval > 0 else None
        elif kind != "gauge":
            told = rates.update((*_identity(values), name), value, values.time)
        if told is not None and math.isfinite(told):
            fields[name] = told
    return fields


def _identity(values: _ValueList) -> tuple[Hashable, ...]:
    return (
        *(values.host, values.plugin, values.plugin_instance),
        *(values.type, values.type_instance),
    )


def _labels(values: _ValueList) -> dict[str, str]:
    kind = "" if values.type == values.plugin else values.type
    parts = values.plugin, values.plugin_instance, kind, values.type_instance
    return {
        "host": values.host,
        "plugin": values.plugin,
        "plugin_instance": values.plugin_instance,
        "type": values.type,
        "type_instance": values.type_instance,
        "series": "/".join(part for part in parts if part),
    }
