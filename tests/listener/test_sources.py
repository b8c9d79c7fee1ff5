"""A live listener and its sources: wrong clocks, limits, and last values that come again."""

import time
from contextlib import ExitStack

import msgspec
import pytest

from streamson import Listener, Publisher
from streamson.model.point import DataPoint
from streamson.model.source_limits import SourceLimits
from streamson.session.load import parse_session
from streamson.session.schema import Session
from streamson.synth.clock import now_ns
from streamson.wire.points.codec import encode
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"
ON_ARRIVAL = b"[[part]]\ntiming = 'arrival'\n[attention]\nforeground = 'all'\n"

CLOCKS = {
    "right": lambda now, _i: now,
    "behind": lambda now, _i: now - 3_720,
    "ahead": lambda now, _i: now + 3_720,
    "jumping": lambda now, i: now + 3_600 * (i % 2),
    "backwards": lambda now, i: now - 0.2 * i - 100,
}


def test_wrong_clocks_delay_and_flood_nothing_and_are_told(caplog):
    session = parse_session(ON_ARRIVAL, "on_arrival.toml")
    count, late_s, sent, played = 30, [], {}, dict.fromkeys(CLOCKS, 0)

    def on_played(note, handed_ns):
        played[note.stream] += 1
        late_s.append((handed_ns - sent[note.stream]) / 1e9)

    with ExitStack() as stack:
        listener = stack.enter_context(
            Listener(ANY_PORT, session=session, output="none", on_played=on_played)
        )
        publishers = {
            name: stack.enter_context(Publisher(listener.endpoint, source=name)) for name in CLOCKS
        }
        for i in range(count):
            for name, clock in CLOCKS.items():
                sent[name] = now_ns()
                publishers[name].send(name, x=float(i % 7), time=clock(time.time(), i))
            time.sleep(0.1)  # ten a second, as all parts can play
        until(lambda: sum(played.values()) >= count * len(CLOCKS), "all notes")
        stats = listener.stats()
        skews = {stream.name: stream.clock_skew_s for stream in listener.stream_stats()}
        lines = [record.getMessage() for record in caplog.records if "its clock" in record.message]
        states = {stream.state for stream in listener.stream_stats()}
    assert played == dict.fromkeys(CLOCKS, count)
    assert sorted(late_s)[len(late_s) // 2] < 0.05
    assert states == {"live"}
    assert (stats.points_coalesced, stats.notes_late, stats.streams_stale) == (0, 0, 0)
    assert (skews["right"], skews["behind"]) == (None, pytest.approx(-3_720, abs=1))
    assert skews["ahead"] == pytest.approx(3_720, abs=1)
    assert skews["backwards"] < -100
    assert stats.sources == len(CLOCKS)
    assert stats.clocks_wrong == sum(skew is not None for skew in skews.values())
    assert abs(stats.worst_clock_skew_s) == pytest.approx(3_720, abs=1)
    assert len(lines) == 1, "once a minute, however many"
    assert "its clock is" in lines[0]


def test_a_session_sets_limits_and_another_one_others():
    text = b"[limits]\nmessages_per_second = 5\nstreams = 3\n"
    session = parse_session(text, "limits.toml")
    assert session.limits == SourceLimits(messages_per_second=5, streams=3)
    with (
        Listener(ANY_PORT, session=session, output="none") as listener,
        Publisher(listener.endpoint, source="eager") as publisher,
    ):
        for i in range(50):
            publisher.send("x", x=float(i))

        def all_came(stats):
            return stats.points_received + stats.over_messages_per_second == 50

        until(lambda: all_came(listener.stats()), "all of them")
        stats = listener.stats()
        assert stats.points_lost >= 30
        # What follows the last one heard shows as lost when the next one is.
        assert stats.points_received + stats.points_lost <= 50
        listener.change_session(Session())
        for i in range(500):
            publisher.send("x", x=float(i))
        until(lambda: listener.stats().points_received >= 400, "no such limit any more")


def test_the_last_value_that_a_relay_sends_again_is_not_heard_twice():
    with (
        Listener(ANY_PORT, output="none") as listener,
        Publisher(listener.endpoint, source="a") as publisher,
    ):
        for i in range(3):
            publisher.send("x", x=float(i), time=1e9 + i)
        again = encode(DataPoint("x", {"x": 2.0}, 1e9 + 2, "a", 2))
        publisher._socket.send(again)
        publisher.send("x", x=3.0)
        until(lambda: listener.stats().points_received == 4, "the points")
        stats = listener.stats()
        (stream,) = listener.stream_stats()
        assert (stats.points_repeated, stats.points_lost, stream.points) == (1, 0, 4)
    with (
        Listener(ANY_PORT, output="none") as listener,
        Publisher(listener.endpoint, wait_s=2.0) as publisher,
    ):
        publisher.wait_for_listener(5.0)
        publisher._socket.send(again)
        until(lambda: listener.stats().points_received == 1, "the last value, for a newcomer")


def test_rows_of_the_feed_can_be_read_with_or_without_a_skew():
    from streamson.model.feed import StreamRow

    with (
        Listener(ANY_PORT, output="none") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        publisher.send("x", x=1.0)
        until(listener.stream_stats, "the stream")
        row = msgspec.structs.asdict(listener.stream_stats()[0])
    del row["clock_skew_s"]
    assert msgspec.convert(row, StreamRow).clock_skew_s is None
