"""What is known of each stream, beside the totals."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest

from streamson import Listener, Publisher
from streamson.model.point import Batch, DataPoint
from streamson.model.statistics import Statistics
from streamson.score.score import Score
from streamson.score.stream_registry import MAX_PLAYED_STREAMS
from streamson.session.load import load_session, parse_session
from streamson.session.schema import AttentionSpec, Session
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
        publisher.skip("lossy", 7)
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
            score.end("c", 0)
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
    text = b"[[part]]\npitch = { rescale = { mode = 'minmax', window = 50 } }\n[streams]\n"
    session = parse_session(text + b"forget_after = 10\n", "come_and_go.toml")
    score = Score(session, sample_rate=1_000, on_event=lambda _: None)
    ended, found = threading.Event(), []

    def ask():
        while not ended.is_set():
            found.append(len(score.stream_statistics()))

    asking = threading.Thread(target=ask)
    asking.start()
    for i in range(40_000):  # values fall, so that the window is emptied and filled
        score.process(DataPoint(f"s{i // 20 % 300}", {"x": -float(i)}, 0.0), i * 10)
        score.flush(i * 10)
    ended.set()
    asking.join()
    assert found
    assert max(found) > 1


def test_a_stream_without_any_value_has_no_range():
    text = b"[[part]]\npitch = { rescale = { mode = 'minmax', window = 50 } }\n"
    score = Score(parse_session(text, "none.toml"), sample_rate=1_000)
    score.process(DataPoint("s", {"x": float("nan")}, 0.0), 0)
    (stream,) = score.stream_statistics()
    assert stream.range is None


def test_a_large_batch_is_not_held():
    score = Score(Session(), sample_rate=1_000)
    batch = Batch("s", {"x": np.zeros(60_000)}, np.arange(60_000.0))
    held = weakref.ref(batch.columns["x"])
    score.process(batch, 0)
    score.flush(100_000)
    (stream,) = score.stream_statistics()
    assert (stream.points, stream.time) == (60_000, 59_999.0)
    del batch
    gc.collect()
    assert held() is None


def test_a_changed_session_counts_on():
    score = Score(load_session("geiger"), sample_rate=1_000)
    for i in range(20):
        score.process(DataPoint("s", {"x": float(i)}, float(i)), i * 1_000)
    (before,) = score.stream_statistics()
    score.change(load_session("orchestra"))
    (after,) = score.stream_statistics()
    assert before.notes == after.notes > 0
    assert before.last_note == after.last_note


def test_refused_streams_cost_little():
    """A point of one that has no place takes no longer than that of one that has."""
    score = Score(Session(attention=AttentionSpec(foreground=None)), sample_rate=1_000)
    for i in range(MAX_PLAYED_STREAMS):
        score.process(DataPoint(f"s{i}", {"x": 1.0}, 0.0), i)
    score.flush(2_000)

    def seconds(name):
        began = time.perf_counter()
        for i in range(2_000):
            score.process(DataPoint(f"{name}{i % MAX_PLAYED_STREAMS}", {"x": 1.0}, 0.0), 3_000)
        return time.perf_counter() - began

    known = min(seconds("s") for _ in range(3))
    assert min(seconds("flood") for _ in range(3)) < 10 * known  # it was 65 times as long
    assert score.counts.streams_refused == MAX_PLAYED_STREAMS
