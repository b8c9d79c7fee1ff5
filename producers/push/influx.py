"""What InfluxDB is written to: the routes of its clients, and what they are answered."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from streamson._printable import printable
from streamson.errors import MessageError
from streamson.model.limits import MAX_FIELDS
from streamson.producers.base.reading import BatchReading
from streamson.producers.base.sample import Sample, choose_fields
from streamson.producers.base.unusable import Unusable
from streamson.producers.push.batch_builder import BatchBuilder
from streamson.producers.push.body import (
    MAX_STREAMED_BYTES,
    Answer,
    BodyRequest,
    Outcome,
    PartlyRejectedError,
    Route,
    Routes,
)
from streamson.producers.push.line_protocol import parse_line, parse_series
from streamson.producers.push.line_splitter import LineSplitter

STREAM: Final = "{host}/{measurement}/{tags}"

PRECISIONS: Final = {
    **dict.fromkeys(("ns", "n"), 1e9),
    **dict.fromkeys(("us", "u", "µ"), 1e6),
    "ms": 1e3,
    "s": 1.0,
    "m": 1 / 60,
    "h": 1 / 3_600,
}
"""What ``?precision=`` may say, and how many of it are a second; InfluxDB 1 has the short ones."""

MAX_SERIES: Final = 4_000
MAX_KEY_BYTES: Final = 1_024
"""Beginnings of lines that are remembered in a request, with the names of their streams; longer
ones are read anew each time."""

FULL_PIECE_BYTES: Final = 16 << 10
"""A smaller piece of a body is all that its sender has at the moment: it is not waited for more."""

_JSON: Final = {"Content-Type": "application/json"}
_VERSION: Final = {"X-Influxdb-Version": "v2.7.0-streamson", "X-Influxdb-Build": "OSS"}
_CODES: Final = {400: "invalid", 401: "unauthorized", 413: "request too large"}


def influx_routes() -> Routes:
    """Return the routes that Telegraf and the clients of InfluxDB 1 and 2 ask for."""
    unusable = Unusable("field")

    def parser(request: BodyRequest) -> LineProtocolParser:
        return LineProtocolParser(request, unusable)

    def write() -> Route:
        return Route(parser, STREAM, max_bytes=MAX_STREAMED_BYTES, answer=_answer_write)

    ping = Route(None, STREAM, answer=lambda _request, _outcome: Answer(204, headers=_VERSION))
    return {
        ("POST", "/write"): write(),
        ("POST", "/api/v2/write"): write(),
        ("GET", "/ping"): ping,
        ("HEAD", "/ping"): ping,
        ("GET", "/health"): Route(None, STREAM, success=200, answer=_answer_health),
        # Telegraf creates its database before it writes.
        ("POST", "/query"): Route(None, STREAM, success=200, answer=_answer_query),
    }


class LineProtocolParser:
    """Reads a body of lines, in constant memory; bad ones are rejected one by one.

    Labels are a line's tags, ``measurement``, and ``tags``: the values of all tags but host, joined
    by slashes. Points of one stream come as batches.

    Parameters
    ----------
    request
        Whose body it is; its query may say the precision.
    unusable
        Counts the fields that a point has too many.

    Raises
    ------
    MessageError
        If the precision is none.
    """

    def __init__(self, request: BodyRequest, unusable: Unusable) -> None:
        precision = request.query.get("precision") or "ns"
        if precision not in PRECISIONS:
            raise MessageError(
                f"precision: found {printable(precision[:20])!r}; ns, us, ms and s are allowed"
            )
        self._per_second = PRECISIONS[precision]
        self._template = request.template
        self._patterns = request.fields
        self._unusable = unusable
        self._now = time.time()
        self._splitter = LineSplitter(self._reject)
        self._series: dict[bytes, tuple[str, dict[str, str]]] = {}
        self._batches = BatchBuilder()
        self._rejected = 0
        self._first_mistake = ""

    def feed(self, chunk: bytes) -> Iterator[Sample | BatchReading]:
        """Take the next piece of the body; yield points."""
        for number, line in self._splitter.feed(chunk):
            if full := self._read(number, line):
                yield from full
        if len(chunk) < FULL_PIECE_BYTES:
            yield from self._batches.take_all()

    def close(self) -> Iterator[Sample | BatchReading]:
        """Yield the rest of the points.

        Raises
        ------
        PartlyRejectedError
            If lines were rejected.
        """
        for number, line in self._splitter.close():
            if full := self._read(number, line):
                yield from full
        yield from self._batches.take_all()
        if self._rejected:
            raise PartlyRejectedError(self._first_mistake, self._rejected)

    def _read(self, number: int, line: bytes) -> Sequence[Sample | BatchReading]:
        """Take a line in; return the points that it makes too many."""
        try:
            key, fields, timestamp = parse_line(line)
            stream, labels = self._series.get(key) or self._remember(key)
        except MessageError as error:
            self._reject(number, str(error))
            return ()
        if self._patterns or len(fields) > MAX_FIELDS:
            fields = self._chosen(fields)
        if not fields:
            return ()
        when = self._now if timestamp is None else timestamp / self._per_second
        return self._batches.add(stream, labels, fields, when)

    def _remember(self, key: bytes) -> tuple[str, dict[str, str]]:
        """Return the stream and the labels of lines that begin so."""
        measurement, tags = parse_series(key)
        others = "/".join(value for tag, value in tags.items() if tag != "host")
        labels = {**tags, "measurement": measurement, "tags": others}
        found = self._template.fill(labels), labels
        if len(key) <= MAX_KEY_BYTES:
            if len(self._series) >= MAX_SERIES:
                self._series.clear()
            self._series[key] = found
        return found

    def _chosen(self, fields: dict[str, float]) -> dict[str, float]:
        chosen = choose_fields(fields, self._patterns)
        if len(chosen) <= MAX_FIELDS:
            return chosen
        names = list(chosen)
        beyond = names[MAX_FIELDS:]
        self._unusable.add(
            f"beyond {MAX_FIELDS} of a point (choose with --fields)", beyond[0], len(beyond)
        )
        return {name: chosen[name] for name in names[:MAX_FIELDS]}

    def _reject(self, number: int, reason: str) -> None:
        self._rejected += 1
        self._first_mistake = self._first_mistake or f"line {number}: {reason}"


def _answer_write(_request: BodyRequest, outcome: Outcome) -> Answer:
    """Answer as InfluxDB 1 and 2 do, for each client reads one of the two."""
    if not outcome.message:
        return Answer(outcome.status)
    message = outcome.message
    if outcome.rejected:
        message = f"partial write: {message} dropped={outcome.rejected}"
    code = _CODES.get(outcome.status, "unavailable")
    return _json(outcome.status, {"code": code, "message": message, "error": message})


def _answer_health(_request: BodyRequest, _outcome: Outcome) -> Answer:
    return _json(200, {"name": "streamson", "status": "pass", "message": "ready for writes"})


def _answer_query(_request: BodyRequest, _outcome: Outcome) -> Answer:
    return _json(200, {"results": [{"statement_id": 0}]})


def _json(status: int, document: Mapping[str, object]) -> Answer:
    return Answer(status, msgspec.json.encode(document), {**_JSON, **_VERSION})
