"""Every producer has only so many streams at a time: one that was silent long makes room."""

from collections.abc import Callable, Iterable

import pytest

from streamson.producers.base import stream_limit
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.sample import Sample
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.pull import points
from streamson.producers.push import osc, syslog
from streamson.producers.text import line_readings
from streamson.producers.text.event_counts import EventCounter
from streamson.producers.text.line_reader import LineReader
from streamson.producers.text.line_sources import SourceLine


def _of_osc(names: Iterable[str], queue: PushQueue) -> None:
    packets = osc._Packets(StreamTemplate("{address}"), (), queue)
    for name in names:
        packets.take(f"/{name}\0\0,i\0\0\0\0\0\1".encode(), "here")


def _of_syslog(names: Iterable[str], queue: PushQueue) -> None:
    messages = syslog._Messages(StreamTemplate("{program}"), (), queue)
    for name in names:
        messages.take(f"<13>{name}: x".encode(), "here")


def _of_samples(names: Iterable[str], queue: PushQueue) -> None:
    found = points.Points(queue, StreamTemplate("{name}"), (), Unusable("sample"))
    for name in names:
        for stream, sample in found.named([Sample({"x": 1}, {"name": name})], {}, ""):
            found.push(stream, sample)


def _of_lines(names: Iterable[str], queue: PushQueue) -> None:
    settings = line_readings.LineSettings(LineReader, None, (), "count", None, ())
    readings = line_readings.LineReadings(settings, EventCounter(1e9), Unusable("line"))
    for reading in readings.read(SourceLine("x=1", name) for name in names):
        queue.push(reading)


@pytest.mark.parametrize(
    ("module", "publish"),
    [(osc, _of_osc), (syslog, _of_syslog), (points, _of_samples), (line_readings, _of_lines)],
)
def test_a_stream_that_was_silent_long_makes_room(
    monkeypatch, module, publish: Callable[[Iterable[str], PushQueue], None]
):
    monkeypatch.setattr(module, "MAX_STREAMS", 1)

    def names() -> Iterable[str]:
        yield from "ab"
        monkeypatch.setattr(stream_limit, "FORGET_S", 0.0)
        yield "c"

    queue = PushQueue()
    publish(names(), queue)
    queue.end()
    assert [reading.stream for reading in queue] == ["a", "c"]
