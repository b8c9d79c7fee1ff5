"""Many streams that fall silent at once are one thing, and often over before anybody looks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.model.event.streams import (
    StreamForward,
    StreamRecovered,
    StreamStale,
)
from streamson.model.point import DataPoint
from streamson.score.alerts.stall import HOLD_S, LATE_TIMES, LEAST_UNITS, stalled
from streamson.score.score import Score
from streamson.session.load import parse_session

RATE = 8_000
HOSTS = 12


def score_of(events):
    session = parse_session(b'[[part]]\ninstrument = "auto"', file="test")
    return Score(session, sample_rate=RATE, on_event=events.append)


def run(score, begin, end, *, silent=lambda host, second: False):
    """Let a point a second of two streams of each host come, and look four times a second."""
    for second in range(begin, end):
        for quarter in range(4):
            frame = (4 * second + quarter) * RATE // 4
            score.flush(frame)
            if quarter:
                continue
            for host in range(HOSTS):
                for name in ("cpu", "disk"):
                    if not silent(host, second):
                        value = float((second * 7 + host) % 5)
                        point = DataPoint(f"host{host}/{name}", {"x": value}, float(second))
                        score.process(point, frame)


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_all_at_once_are_told_as_one_and_none_comes_forward():
    events = []
    score = score_of(events)
    run(score, 0, 30)
    assert not of(events, StreamStale)
    run(score, 30, 60, silent=lambda host, second: True)
    (stale,) = of(events, StreamStale)
    assert stale.together == 2 * HOSTS == score.streams_stale
    assert 2 + HOLD_S <= stale.frame / RATE - 29 < 2 + HOLD_S + 1
    assert stale.sentence.startswith("24 streams at once: silent for ")
    assert not of(events, StreamForward)
    run(score, 60, 70)
    (back,) = of(events, StreamRecovered)
    assert back.together == 2 * HOSTS
    assert back.sentence.startswith("the first of 24 streams, host0/cpu, is back after 31.0 s")
    assert score.streams_stale == 0
    run(score, 70, 90, silent=lambda host, second: host == 3)  # and one host alone as ever
    last = of(events, StreamStale)[-1]
    assert (last.together, set(last.streams)) == (0, {"host3/cpu", "host3/disk"})
    assert last.frame / RATE - 69 < 3
    assert {event.stream for event in of(events, StreamForward)} <= {"host3/cpu", "host3/disk"}


def test_what_comes_within_a_moment_is_not_told():
    events = []
    score = score_of(events)
    run(score, 0, 30)
    run(score, 30, 33, silent=lambda host, second: True)
    run(score, 33, 60)
    assert not of(events, StreamStale)


def test_those_that_stay_silent_are_told_after_it():
    events = []
    score = score_of(events)
    run(score, 0, 30)
    run(score, 30, 33, silent=lambda host, second: True)
    run(score, 33, 45, silent=lambda host, second: host < 2)
    assert {name for event in of(events, StreamStale) for name in event.streams} == {
        f"host{host}/{name}" for host in range(2) for name in ("cpu", "disk")
    }
    assert not any(event.together for event in of(events, StreamStale))


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**5)), max_size=40),
    st.integers(0, 400),
)
@settings(max_examples=60, deadline=None)
def test_they_were_all_to_come_soon_after_the_last_point_of_all(streams, others):
    names = [f"s{i}" for i in range(len(streams))]
    last, usual = np.array(streams, np.int64).reshape(-1, 2).T
    found = stalled(names, last, usual, len(names) + others)
    assert found.sum() == 0 or found.sum() >= LEAST_UNITS
    assert (last[found] + LATE_TIMES * usual[found] >= last.max(initial=0)).all()
    few = slice(LEAST_UNITS - 1)
    assert not stalled(names[few], last[few], usual[few], 0).any()
    assert not stalled([f"host/{name}" for name in names], last, usual, 0).any()
