"""What sources may bring, what is lost of it, and what comes twice; time is the test's own."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson._rate_limited_log import RateLimitedLog
from streamson.model.counts import ReceiverCounts
from streamson.model.point import Batch, DataPoint
from streamson.model.source_limits import MAX_FOLLOWED_STREAMS, SourceLimits
from streamson.wire.limits import MAX_NEW_SOURCES_A_SECOND, MAX_POINTS_A_SECOND, MAX_SOURCES
from streamson.wire.points import repeats
from streamson.wire.points.repeats import KNOWN_S
from streamson.wire.points.source_limits import BURST_S
from streamson.wire.points.sources import SILENT_S, SWEEP_S, Sources

NOW = 1.8e9


class Intake:
    """Sources at a time that the test says."""

    def __init__(self, **limits):
        self.counts = ReceiverCounts()
        log = RateLimitedLog(logging.getLogger("streamson"))
        self.sources = Sources(SourceLimits(**limits), self.counts, log)
        self.now = 1_000.0

    def take(self, stream="x", source="a", number=None, size=1, time=None):
        """Return whether a message is let in."""
        told = NOW + self.now if time is None else time
        if size == 1:
            message = DataPoint(stream, {"v": 1.0}, told, source, number)
        else:
            column = np.zeros(size)
            message = Batch(stream, {"v": column}, column + told, source, number)
        return self.sources.admit(message, size, self.now, NOW + self.now)

    def let_in(self, count, **message):
        """Return how many of so many messages at once are let in."""
        return sum(self.take(**message) for _ in range(count))


def test_a_source_may_send_so_many_messages_a_second_and_two_seconds_worth_at_once(caplog):
    intake = Intake(messages_per_second=10)
    assert (first := intake.let_in(100)) == pytest.approx(10 * BURST_S, abs=1)
    assert intake.counts.over_messages_per_second == 100 - first
    assert intake.take(source="b"), "another source pays for itself"
    let_in = 0
    for _ in range(1_000):
        intake.now += 0.01
        let_in += intake.take()
    assert let_in == pytest.approx(100, abs=2)
    lines = [line for line in caplog.text.splitlines() if "a sends more than" in line]
    assert len(lines) == 1
    assert (
        "a sends more than the 10 messages a second that a source may: what goes beyond" in lines[0]
    )


def test_a_source_may_send_so_many_points_a_second(caplog):
    intake = Intake(points_per_second=1_000)
    assert intake.let_in(10, size=500) == 5
    assert intake.counts.over_points_per_second == 5
    intake.now += 10
    assert intake.take(size=60_000), "larger than what may come at once"
    intake.now += 50
    assert not intake.take(), "and paid for before the next"
    intake.now += 9
    assert intake.take()
    assert "a sends more than the 1000 points a second" in caplog.text


@given(
    st.integers(1, 1_000),
    st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 100)), max_size=200),
)
def test_whatever_comes_no_more_is_let_in_than_the_limits_say(rate, steps):
    intake = Intake(points_per_second=rate, messages_per_second=rate)
    messages = points = largest = 0
    begin = intake.now
    for pause, size in steps:
        intake.now += pause
        if intake.take(size=size):
            messages, points, largest = messages + 1, points + size, max(largest, size)
    passed = intake.now - begin
    assert messages <= rate * (passed + BURST_S) + 1.01
    assert points <= rate * (passed + BURST_S) + largest + 0.01
    left_out = intake.counts.over_messages_per_second + intake.counts.over_points_per_second
    assert messages + left_out == len(steps)


def test_what_is_left_out_is_lost_once():
    intake = Intake(messages_per_second=10)
    received = sum(intake.take(number=number) for number in range(100))
    intake.now += 10
    received += intake.take(number=105)
    assert intake.counts.points_lost == 106 - received
    assert intake.sources.lost_by_stream == {"x": 106 - received}


def test_a_source_begins_so_many_streams_a_second_after_as_many_as_it_may_have(caplog):
    intake = Intake(streams_per_source=100, new_streams_per_second=10)
    assert sum(intake.take(stream=f"s{i}") for i in range(200)) == 100
    assert intake.counts.over_streams_per_source == 100
    intake.now += SILENT_S + 1
    # By now it may begin 100 again, and the silent ones make room.
    assert sum(intake.take(stream=f"t{i}") for i in range(100)) == 100
    intake.now += SWEEP_S
    assert all(intake.take(stream=f"t{i}") for i in range(100)), "those that are known go on"
    assert "a has more than the 100 streams that a source may" in caplog.text


def test_streams_that_come_and_go_are_bounded_by_their_rate(caplog):
    intake = Intake(streams_per_source=1_000, new_streams_per_second=1)
    assert sum(intake.take(stream=f"s{i}") for i in range(1_000)) == 1_000
    intake.now += SILENT_S + 1
    begun = sum(intake.take(stream=f"t{i}") for i in range(1_000))
    assert begun == pytest.approx(SILENT_S + 1, abs=1)
    assert intake.counts.over_new_streams_per_second == 1_000 - begun
    assert "a begins more than the 1 streams a second" in caplog.text


def test_all_sources_have_so_many_streams(caplog):
    intake = Intake(streams=100)
    assert sum(intake.take(stream=f"s{i}", source=f"{i % 7}") for i in range(150)) == 100
    assert intake.counts.over_streams == 50
    assert intake.take(stream="s1", source="another"), "a name that is there already"
    assert "begins one more than the 100 streams that all sources may have" in caplog.text
    intake.now += SILENT_S + 1
    intake.take(stream="s0", source="0")
    assert sum(intake.take(stream=f"t{i}", source="b") for i in range(150)) == 99


def test_another_name_with_each_message_gets_nobody_further(caplog):
    intake = Intake()
    begun = sum(intake.take(source=f"{i}") for i in range(2 * MAX_SOURCES))
    assert begun == pytest.approx(MAX_SOURCES, abs=1)
    assert intake.counts.over_new_sources == 2 * MAX_SOURCES - begun
    assert intake.take(source="7")
    intake.now += 1
    more = sum(intake.take(source=f"new{i}") for i in range(1_000))
    assert more == pytest.approx(MAX_NEW_SOURCES_A_SECOND, abs=2)
    assert intake.sources.count == MAX_SOURCES
    assert "sources a second are new" in caplog.text


def test_what_is_known_of_sources_is_bounded():
    intake = Intake(streams_per_source=MAX_FOLLOWED_STREAMS, streams=MAX_FOLLOWED_STREAMS)
    for i in range(2 * MAX_FOLLOWED_STREAMS):
        intake.now += 0.001
        intake.take(stream=f"s{i % 30_000}", source=f"{i // 20_000}")
    followed = sum(len(source.streams) for source in intake.sources._sources.values())
    assert followed == intake.sources._followed == MAX_FOLLOWED_STREAMS
    by_stream = intake.sources._by_stream
    assert sum(map(len, by_stream.values())) == followed
    assert len(by_stream) <= 30_000


def test_sources_that_got_no_place_for_a_stream_hold_nobody_up():
    intake = Intake(streams_per_source=MAX_FOLLOWED_STREAMS, streams=30_000)
    for i in range(30_000):
        intake.take(stream=f"s{i}", source="first")
    for i in range(10_000):
        assert not intake.take(stream="one more", source=f"empty{i}")
    intake.now += 1
    assert intake.take(stream="s0", source="first")
    for i in range(20_000):
        intake.now += 0.000_1
        assert intake.take(stream=f"s{i}", source="second")
    assert intake.sources._followed == MAX_FOLLOWED_STREAMS
    assert intake.sources.count == 2, "the empty ones gave way"
    assert all(intake.take(stream="s7", source=name) for name in ("second", "first"))


def test_honest_use_is_not_refused():
    """A start with 10,000 streams, a thousand producers, a table replayed a million a second."""
    intake = Intake()
    for i in range(10_000):
        assert intake.take(stream=f"s{i}", source="one", number=0)
    for second in range(3):
        for i in range(10_000):
            intake.now += 0.000_1
            assert intake.take(stream=f"{i % 1_000}/{i}", source=f"host{i % 1_000}", number=second)
            if i % 10 == 0:
                number = 1_000 * (second * 1_000 + i // 10)
                assert intake.take(stream="table", source="table", number=number, size=1_000)
    assert intake.counts == ReceiverCounts()


def test_a_stall_of_two_seconds_costs_nothing():
    intake = Intake()
    numbers = iter(range(1_000_000))
    for _ in range(3):
        intake.now += 2.0
        assert all(intake.take(number=next(numbers)) for _ in range(2 * 72_000))


@pytest.mark.parametrize("size", [1, 5])
def test_the_last_message_that_comes_again_is_left_out_and_nothing_else(size):
    intake = Intake()
    for number in range(3):
        assert intake.take(number=number * size, time=NOW + number, size=size)
    for _ in range(2):
        assert not intake.take(number=2 * size, time=NOW + 2, size=size)
    assert intake.counts.points_repeated == 2 * size
    assert intake.take(number=3 * size, time=NOW + 3, size=size), "it goes on where it was"
    assert intake.take(number=3 * size, time=NOW + 3, size=size, source="b"), "another's"
    assert intake.counts.points_lost == 0


def test_a_producer_that_begins_anew_is_heard():
    intake = Intake()
    assert intake.take(number=0, time=NOW)
    assert intake.take(number=0, time=NOW + 9), "it sent one point only, before as well"
    assert intake.take(number=1, time=NOW + 10)
    assert intake.take(number=0, time=NOW + 10), "of the same time"
    assert (intake.counts.points_repeated, intake.counts.points_lost) == (0, 0)


def test_points_without_numbers_are_never_taken_for_others():
    intake = Intake()
    assert intake.let_in(3, time=NOW) == 3
    assert intake.counts.points_repeated == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.booleans()), max_size=60))
def test_losses_are_exact_whatever_comes_again(steps):
    """Messages of some points: some missing before each, and some come twice."""
    intake = Intake()
    number = missing = repeated = 0
    assert intake.take(number=0, time=NOW)
    for step, (gap, size, again) in enumerate(steps):
        begin = number + 1 + gap
        missing += gap
        number = begin + size - 1
        message = {"number": begin, "size": size, "time": NOW + step + 1}
        assert intake.take(**message)
        if again:
            assert not intake.take(**message)
            repeated += size
    assert (intake.counts.points_lost, intake.counts.points_repeated) == (missing, repeated)


def test_numbers_that_jump_too_far_are_no_loss():
    intake = Intake()
    intake.take(number=0)
    intake.take(number=2**60)
    intake.take(number=2**60 + 6)
    assert intake.counts.points_lost == 5
    intake.now += 1
    intake.take(number=2**60 + 6 + 2 * MAX_POINTS_A_SECOND - 5)
    assert intake.counts.points_lost == 2 * MAX_POINTS_A_SECOND - 5 - 1 + 5


def test_what_a_source_claims_to_have_lost_is_bounded_by_time():
    intake = Intake()
    jump = MAX_POINTS_A_SECOND // 10
    for i in range(1_000):
        intake.take(number=i * jump)
    assert intake.counts.points_lost <= MAX_POINTS_A_SECOND
    intake.now += 1
    before = intake.counts.points_lost
    for i in range(1_000, 2_000):
        intake.take(number=i * jump)
    assert intake.counts.points_lost - before <= MAX_POINTS_A_SECOND + jump


def test_other_limits_hold_at_once():
    intake = Intake(points_per_second=1)
    assert intake.take(size=60_000)
    assert not intake.take()
    intake.sources.limits = SourceLimits(points_per_second=2)
    assert intake.take()


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 6)), max_size=60
    )
)
def test_by_two_ways_each_point_is_heard_once_and_what_one_way_loses_is_not_lost(messages):
    """Each way loses some messages, and the second is behind; what neither brings is lost."""
    intake = Intake()
    ways = ([], [])
    number, lost, twice = 1, 0, 0
    for i, (size, by_first, by_second, behind) in enumerate(messages):
        message = {"number": number, "size": size, "time": NOW + i}
        number += size
        lost += size * (not by_first and not by_second)
        twice += size * (by_first and by_second)
        ways[0].extend([(i, 0, message)] * by_first)
        at = max((at for at, *_ in ways[1]), default=0)
        ways[1].extend([(max(i + behind, at), 1, message)] * by_second)
    last = {"number": number, "time": NOW + len(messages)}
    heard = [intake.take(number=0, time=NOW)]
    for _, _, message in sorted(ways[0] + ways[1], key=lambda each: each[:2]):
        heard.append(intake.take(**message))
    heard.append(intake.take(**last))
    assert intake.counts.points_lost == lost
    assert intake.counts.points_repeated == twice
    in_all = sum(size for size, by_first, by_second, _ in messages if by_first or by_second)
    assert sum(heard) == 2 + sum(first or second for _, first, second, _ in messages)
    assert in_all + lost == number - 1


def test_a_producer_that_begins_anew_while_the_old_one_is_still_on_its_second_way():
    intake = Intake()
    old = [{"number": number, "time": NOW + number} for number in range(100)]
    new = [{"number": number, "time": NOW + 200 + number} for number in range(50)]
    assert all(intake.take(**message) for message in old)
    assert not any(intake.take(**message) for message in old[:90])
    for late, message in zip(old[90:], new[:10], strict=True):
        assert intake.take(**message)
        assert not intake.take(**late)
    assert all(intake.take(**message) for message in new[10:])
    assert not any(intake.take(**message) for message in new)
    assert (intake.counts.points_lost, intake.counts.points_repeated) == (0, 150)


def test_what_comes_again_costs_its_source_nothing():
    intake = Intake(messages_per_second=10)
    for number in range(15):
        assert intake.take(number=number)
        assert not any(intake.take(number=number) for _ in range(3))
    assert intake.counts.over_messages_per_second == 0


def test_a_table_that_is_sent_again_later_is_heard_again():
    intake = Intake()
    for _ in range(2):
        assert all(intake.take(number=number, time=NOW + number) for number in range(20))
        intake.now += 2 * KNOWN_S + 1
        assert intake.take(stream="another", number=0)
        intake.now += KNOWN_S + 1
        assert intake.take(stream="another", number=1)
    assert intake.counts.points_repeated == 0


def test_what_is_known_again_is_bounded(monkeypatch):
    monkeypatch.setattr(repeats, "MAX_KNOWN", 100)
    known = repeats.LatelyCame()
    for number in range(1_000):
        known.add(number, 0.0)
        assert all(one in known for one in range(max(number - 100, 0), number + 1))
    assert len([number for number in range(1_000) if number in known]) <= 200
