"""What is known of each stream, beside the totals."""

import numpy as np
import pytest

from streamson import Listener, Publisher
from streamson.model.point import DataPoint
from streamson.model.statistics import Statistics
from streamson.score.score import Score
from streamson.session.load import parse_session
from streamson.session.schema import Session
from streamson.wire.codec import encode
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


def test_each_stream_has_its_own_figures():
    with (
        Listener(ANY_PORT, output="none") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        for i in range(5):
            publisher.send("web/cpu", load=10.0 * i)
        publisher.send_batch("disk", {"free": np.array([1.0, 2.0])}, times=np.array([5.0, 6.0]))
        until(lambda: listener.stats().points_received == 7, "the points")
        until(lambda: listener.stats().notes_played >= 2, "a note of each")
        cpu, disk = listener.stream_stats()
        totals = listener.stats()
    assert (cpu.name, cpu.state, cpu.points) == ("web/cpu", "live", 5)
    assert cpu.fields == {"load": 40.0}
    assert (disk.name, disk.points, disk.time, disk.fields) == ("disk", 2, 6.0, {"free": 2.0})
    assert cpu.last_note.stream == "web/cpu"
    assert cpu.notes + disk.notes >= totals.notes_played - 2
    assert cpu.points_coalesced + disk.points_coalesced <= totals.points_coalesced
    assert cpu.range[0] < cpu.range[1] <= 100
    assert (cpu.points_lost, cpu.messages_refused) == (0, 0)


def test_losses_and_refusals_are_those_of_their_stream():
    with (
        Listener(ANY_PORT, output="none") as listener,
        Publisher(listener.endpoint, source="me") as publisher,
    ):
        publisher.send("good", x=1)
        publisher.send("lossy", x=1)
        publisher._sequences["lossy"] += 7  # as if seven had got lost on the way
        publisher.send("lossy", x=2)
        publisher._socket.send(b'good\0{"fields": 3}')
        until(lambda: listener.stats().messages_refused == 1, "the refusal")
        until(lambda: listener.stats().points_lost == 7, "the loss")
        streams = {stream.name: stream for stream in listener.stream_stats()}
    assert streams["lossy"].points_lost == 7
    assert streams["good"].points_lost == 0
    assert streams["good"].messages_refused == 1


def test_states_and_rates():
    session = parse_session(b"[[alert]]\nabove = 10\n[[part]]\nmute = true", "states.toml")
    score = Score(session, sample_rate=1_000, on_event=lambda _: None)
    now = 0
    for i in range(200):  # 20 s, ten a second; the other one falls silent in its midst
        now = 100 * i
        score.process(DataPoint("a", {"x": 20.0 if i == 199 else 1.0}, now / 1_000), now)
        if i < 100:
            score.process(DataPoint("b", {"x": 1.0}, now / 1_000), now)
            score.process(DataPoint("c", {"x": 1.0}, now / 1_000), now)
        if i == 100:
            score.end("c")
        score.flush(now)
    a, b, c = score.stream_statistics()
    assert (a.state, b.state, c.state) == ("alert", "stale", "ended")
    assert a.points_per_second == pytest.approx(10, rel=0.1)
    assert b.points_per_second < 1
    assert (a.notes, a.last_note) == (0, None)


def test_totals_are_all_there_and_none_by_hand():
    with Listener(ANY_PORT, session=Session(), output="none") as listener:
        stats = listener.stats()
    assert all(hasattr(stats, name) for name in Statistics.__struct_fields__)


def test_it_can_be_asked_from_any_thread_while_streams_come_and_go():
    score = Score(Session(), sample_rate=1_000)
    for i in range(1_500):
        score.process(DataPoint(f"s{i}", {"x": 1.0}, 0.0), i * 100)
        score.flush(i * 100)
    assert len(score.stream_statistics()) <= 1_024
    assert encode(DataPoint("x", {"a": 1.0}, 0.0))
