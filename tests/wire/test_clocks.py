"""Whose clock is wrong, and by how much."""

import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson import Publisher
from streamson._rate_limited_log import RateLimitedLog
from streamson.model.counts import ReceiverCounts
from streamson.model.point import DataPoint
from streamson.model.source_limits import SourceLimits
from streamson.wire.points.clocks import (
    GROUPS,
    LONGEST_WAIT_S,
    MIN_SAMPLES,
    NOTABLE_SKEW_S,
    SAMPLES,
    WAITING_S,
    SourceClock,
    skew_in_words,
)
from streamson.wire.points.receiver import Receiver
from streamson.wire.points.sources import LOOK_S, Sources

NOW = 1.8e9


@pytest.mark.parametrize(
    ("skew_s", "words"),
    [
        (-3_720.4, "its clock is 1 h 2 min behind"),
        (-3_600.0, "its clock is 1 h behind"),
        (2.44, "its clock is 2.4 s ahead"),
        (59.97, "its clock is 1 min ahead"),
        (90_000.0, "its clock is 1 d 1 h ahead, or its points are of a recording"),
        (-1.8e9, "its clock is 57 years 14 d behind, or its points are of a recording"),
        (3.2e7, "its clock is 1 year 5 d ahead, or its points are of a recording"),
    ],
)
def test_a_skew_in_words(skew_s, words):
    assert skew_in_words(skew_s) == words


@given(st.floats(-1e10, 1e10), st.lists(st.floats(0, 1.0), min_size=SAMPLES))
def test_the_skew_is_right_but_for_the_way(skew_s, delays):
    clock = SourceClock()
    for number, delay_s in enumerate(delays):
        clock.add(skew_s - delay_s, number * LOOK_S)
    assert skew_s - 1.001 <= clock.skew_s <= skew_s + 0.001


@given(st.lists(st.floats(-1e10, 1e10), max_size=SAMPLES // 2), st.randoms())
def test_less_than_half_of_the_samples_change_nothing(wrong, random):
    samples = [*wrong, *[0.01] * (SAMPLES - len(wrong))]
    random.shuffle(samples)
    clock = SourceClock()
    for number, ahead_s in enumerate(samples):
        clock.add(ahead_s, number * LOOK_S)
    assert clock.skew_s == 0.01
    assert not clock.is_notable


def test_a_clock_that_jumps_is_followed():
    for jump_s in (3_600.0, 3.0, -3_600.0):
        clock = SourceClock()
        for number, ahead_s in enumerate([*[0.0] * 100, *[jump_s] * (SAMPLES // 2 + 1)]):
            clock.add(ahead_s, number * LOOK_S)
        assert clock.skew_s == jump_s


def test_a_clock_that_falls_behind_a_little_is_known_once_nothing_can_have_waited():
    clock, now = SourceClock(), 0.0
    for _ in range(100):
        now += LOOK_S
        clock.add(-0.01, now)
    before = now
    while now < before + WAITING_S + WAITING_S / GROUPS:
        now += LOOK_S
        assert not clock.is_notable or now > before + WAITING_S - WAITING_S / GROUPS
        clock.add(-2.4, now)
    assert clock.skew_s == -2.4


@given(st.lists(st.floats(0, LONGEST_WAIT_S - 0.1), max_size=1_000), st.integers(0, 50))
def test_what_waits_says_nothing_of_its_clock(waits, on_time):
    """A flood: whatever waits, and however long, at least one of the last minutes was on time."""
    clock = SourceClock()
    waits.insert(min(on_time, len(waits)), 0.0)
    waits.insert(0, 0.2)
    for number, wait_s in enumerate(waits):
        clock.add(-wait_s, number * LOOK_S)
        if number >= min(on_time + 1, len(waits) - 1):
            assert not clock.is_notable


class Intake:
    """Sources whose clock is wrong, at a time that the test says."""

    def __init__(self):
        log = RateLimitedLog(logging.getLogger("streamson"), interval_s=0.0)
        self.sources = Sources(SourceLimits(), ReceiverCounts(), log)
        self.now = 1_000.0

    def take(self, ahead_s, source="web3", stream="cpu", count=1):
        for _ in range(count):
            self.now += LOOK_S
            point = DataPoint(stream, {"v": 1.0}, NOW + self.now + ahead_s, source)
            self.sources.admit(point, 1, self.now, NOW + self.now)


def test_a_wrong_clock_is_said_once_until_it_is_right_again(caplog):
    intake = Intake()
    intake.take(-3_720.4, count=MIN_SAMPLES - 1)
    assert not caplog.messages
    intake.take(-3_720.4, count=200)
    assert caplog.messages == ["web3: its clock is 1 h 2 min behind"]
    assert intake.sources.skews == [pytest.approx(-3_720.4)]
    intake.take(0.0, count=SAMPLES)
    assert intake.sources.skews == []
    intake.take(3.0, count=SAMPLES)
    assert caplog.messages[1:] == ["web3: its clock is 3.0 s ahead"]


def test_a_stream_has_the_skew_of_who_sent_it_last():
    intake = Intake()
    assert intake.sources.skew_by_stream() == {}
    intake.take(60.0, source="wrong", count=SAMPLES)
    assert intake.sources.skew_by_stream() == {"cpu": pytest.approx(60.0)}
    intake.take(NOTABLE_SKEW_S / 2, source="right", count=SAMPLES)
    assert intake.sources.skew_by_stream() == {}
    intake.take(60.0, source="wrong")
    assert intake.sources.skew_by_stream() == {"cpu": pytest.approx(60.0)}


def test_samples_are_taken_now_and_then():
    """What comes at once, after it waited for long, tells little."""
    intake = Intake()
    intake.take(0.0, count=SAMPLES)
    begin = intake.now
    for _ in range(1_000):
        point = DataPoint("cpu", {"v": 1.0}, NOW + begin - 30, "web3")
        intake.sources.admit(point, 1, begin, NOW + begin)
    assert intake.sources.skews == []


def test_points_that_wait_for_a_busy_listener_have_no_wrong_clock(caplog):
    """A flood over a real socket, to who takes some 6,000 a second of it."""
    with Receiver("tcp://127.0.0.1:*") as receiver, Publisher(receiver.endpoint) as publisher:
        assert publisher.wait_for_listener(20)
        for number in range(30_000):
            publisher.send("flood", n=float(number))
        taken, late_s = 0, 0.0
        while taken < 30_000:
            for message in receiver.receive(1.0):
                taken += message.size
                late_s = time.time() - message.last_time
                if taken % 500 == 0:
                    time.sleep(0.08)  # as a listener that has more to do
        assert late_s > NOTABLE_SKEW_S
        assert receiver.clock_skew_by_stream == {}
    assert "its clock" not in caplog.text
