"""Let atheris look for bytes that a parser of what producers read does not survive.

    pip install atheris
    python scripts/fuzz.py line_protocol -max_total_time=300 -rss_limit_mb=2048

Targets are the functions below whose names have no underscore before them. What a parser may raise
is `MessageError`: whatever else it raises, and a number that is not finite, ends the search with
the bytes that did it.
"""

import logging
import math
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
with atheris.instrument_imports(include=["streamson.producers"]):
    from streamson.errors import MessageError
    from streamson.producers.base.reading import BatchReading, Reading
    from streamson.producers.base.sample import Sample, decode_json, samples_of
    from streamson.producers.base.stream_template import StreamTemplate
    from streamson.producers.base.unusable import Unusable
    from streamson.producers.brokers import message_reader
    from streamson.producers.pull import document, event_stream, exposition
    from streamson.producers.push import (
        collectd,
        influx,
        osc_packet,
        otlp,
        statsd_metric,
        statsd_totals,
        syslog_framing,
        syslog_message,
    )
    from streamson.producers.push.body import BodyRequest
    from streamson.producers.text.line_reader import LineReader
    from streamson.wire.points.codec import encode

AT_ONCE = 1 << 20
NOW = 1_800_000_000.0


def json(data: bytes) -> None:
    with suppress(MessageError):
        _check(samples_of(decode_json(data)))


def lines(data: bytes) -> None:
    reader = LineReader()
    for line in data.decode(errors="replace").splitlines():
        for parsed in reader.parse(line):
            assert all(map(math.isfinite, parsed.fields.values()))


def line_protocol(data: bytes) -> None:
    size, data = (data[0] % 50 + 1, data[1:]) if data else (1, data)
    outcomes = [_drive(_line_parser(), data, each) for each in (size, AT_ONCE)]
    assert outcomes[0] == outcomes[1], outcomes


def collectd_json(data: bytes) -> None:
    _route(collectd.collectd_routes(), "/collectd", {}, data)


def otlp_json(data: bytes) -> None:
    _route(otlp.otlp_routes(), "/v1/metrics", {"content-type": "application/json"}, data)


def otlp_protobuf(data: bytes) -> None:
    _route(otlp.otlp_routes(), "/v1/metrics", {"content-type": "application/x-protobuf"}, data)


def statsd(data: bytes) -> None:
    totals = statsd_totals.StatsdTotals(StreamTemplate("{host}/{name}/{tags}"))
    for line in data.split(b"\n"):
        with suppress(MessageError):
            totals.add(statsd_metric.parse_statsd(line), 0.0)
    _check(totals.take(1.0))


def syslog(data: bytes) -> None:
    framing = syslog_framing.SyslogFraming(lambda: None)
    frames: list[bytes] = [data]
    with suppress(MessageError):
        frames += framing.feed(data)
        frames.append(framing.close())
    for frame in frames:
        with suppress(MessageError):
            syslog_message.parse_syslog(frame, NOW)


def osc(data: bytes) -> None:
    with suppress(MessageError):
        for _ in osc_packet.parse_osc(data, NOW):
            pass


def sse(data: bytes) -> None:
    size, data = (data[0] % 50 + 1, data[1:]) if data else (1, data)
    whole, pieces = event_stream.EventStream(), event_stream.EventStream()
    cut = [data[at : at + size] for at in range(0, len(data), size)]
    found = [event for piece in cut for event in pieces.feed(piece)]
    assert found == list(whole.feed(data))


def prometheus(data: bytes) -> None:
    text = data.decode(errors="replace")
    for media_type in ("text/plain", exposition.OPENMETRICS):
        exposition.read_exposition(text, media_type, lambda _: True, Unusable("metric"))


def url(data: bytes) -> None:
    with suppress(MessageError):
        _check(document.DocumentReader().read(data.decode(errors="replace")))


def broker(data: bytes) -> None:
    with suppress(MessageError, UnicodeDecodeError):
        _check(message_reader.samples_in(data))


def _line_parser() -> influx.LineProtocolParser:
    request = BodyRequest("/write", {}, {}, StreamTemplate(influx.STREAM), ())
    return influx.LineProtocolParser(request, Unusable("line"))


def _route(routes: dict, path: str, headers: dict[str, str], data: bytes) -> None:
    route = routes["POST", path]
    request = BodyRequest(path, headers, {}, StreamTemplate(route.stream), ())
    _drive(route.parser(request), data, AT_ONCE)


def _drive(parser: object, data: bytes, size: int) -> tuple[int, str]:
    """Let a parser read a body in pieces; return how many points it found, and its complaint."""
    points, complaint = 0, ""
    try:
        for at in range(0, len(data), size):
            points += _check(parser.feed(data[at : at + size]))
        points += _check(parser.close())
    except MessageError as error:
        complaint = str(error)
    return points, complaint


def _check(found: Iterable[Sample | Reading | BatchReading]) -> int:
    """Take what a parser found; return how many points that is."""
    points = 0
    for one in found:
        if isinstance(one, BatchReading):
            encode(one.batch)
            points += one.batch.size
        else:
            assert one.fields
            assert all(map(math.isfinite, one.fields.values()))
            points += 1
    return points


def main() -> None:
    targets: dict[str, Callable[[bytes], None]] = {
        name: value
        for name, value in globals().items()
        if callable(value) and getattr(value, "__module__", "") == __name__
        if not name.startswith("_") and name != "main"
    }
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit(f"which? {', '.join(targets)}")
    target = targets[sys.argv.pop(1)]
    logging.disable(logging.CRITICAL)
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
