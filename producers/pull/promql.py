"""Queries in PromQL, and what a server of Prometheus answers."""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Final, NamedTuple
from urllib.parse import quote

from streamson.errors import MessageError, UsageError
from streamson.producers.base.sample import decode_json

PATH: Final = "/api/v1/query"
"""Of instant queries, below a server's address."""

_NAMED: Final = re.compile(r"\s*([A-Za-z_][\w./:-]*)\s*=(?![=~])\s*(.+)", re.DOTALL)


class Query(NamedTuple):
    """What to ask.

    Attributes
    ----------
    name
        What the answer is called; empty where it is not told.
    expression
        In PromQL.
    """

    name: str
    expression: str

    def url(self, server: str) -> str:
        """Return the address of the answer."""
        base = server.partition("?")[0].rstrip("/").removesuffix(PATH)
        return f"{base}{PATH}?query={quote(self.expression)}"


class Series(NamedTuple):
    """What an answer says of one series.

    Attributes
    ----------
    metric
        Its name; empty for what was computed.
    labels
        All others.
    value
        The last one.
    time
        When that was, in seconds since 1970.
    """

    metric: str
    labels: Mapping[str, str]
    value: float
    time: float


def parse_query(text: str) -> Query:
    """Return a query as somebody writes it: ``EXPRESSION`` or ``NAME=EXPRESSION``.

    >>> parse_query("load=sum(node_load1)")
    Query(name='load', expression='sum(node_load1)')
    >>> parse_query('up{job="a"}').name, parse_query("up==1").name
    ('', '')
    """
    named = _NAMED.fullmatch(text)
    query = Query(named[1], named[2].strip()) if named else Query("", text.strip())
    if not query.expression:
        raise UsageError(f"--query: found {text!r}; an expression in PromQL is allowed, such as up")
    return query


def error_of(text: str) -> str:
    """Return what a server says against a query; empty where it says nothing of that kind."""
    try:
        document = decode_json(text)
    except MessageError:
        return ""
    if isinstance(document, dict) and document.get("status") == "error":
        return str(document.get("error", "")) or "an error"
    return ""


def series_of(text: str) -> Iterator[Series]:
    """Yield the series of an answer that have a number.

    Raises
    ------
    MessageError
        Where it is no answer to a query.
    """
    document = decode_json(text)
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("result"), list):
        raise MessageError("no answer to a query")
    result = data["result"]
    if str(data.get("resultType")) in {"scalar", "string"}:
        result = [{"metric": {}, "value": result}]
    for one in result:
        series = _series(one)
        if series is not None:
            yield series


def _series(found: object) -> Series | None:
    if not isinstance(found, dict):
        return None
    values = found.get("values")
    pair = values[-1] if isinstance(values, list) and values else found.get("value")
    metric = found.get("metric")
    if not isinstance(metric, dict) or not isinstance(pair, list) or len(pair) != 2:
        return None
    labels = {name: word for name, word in metric.items() if isinstance(word, str)}
    try:
        time, value = float(pair[0]), float(pair[1])
    except (TypeError, ValueError, OverflowError):
        return None
    return Series(labels.pop("__name__", ""), labels, value, time) if isfinite(time) else None
