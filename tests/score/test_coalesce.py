"""Points that come faster than can be heard: coalesced, bounded, and counted to the last."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.counts import ScoreCounts
from streamson.model.point import Batch, DataPoint
from streamson.score.parts.coalesce import Coalescer
from streamson.score.parts.timing import Arrival
from streamson.score.score import Score
from streamson.session.load import parse_session

RATE = 1_000
VALUES = st.floats(-9, 9) | st.just(math.nan)


class Limited:
    """A coalescer whose passing points take their room at once, as a voice lets them."""

    def __init__(self, keep="extremes", notes_per_second=11, counts=None):
        self.timing = Arrival(RATE, notes_per_second=notes_per_second)
        self.coalescer = Coalescer(
            "x", self.timing.has_capacity, keep=keep, counts=counts or ScoreCounts()
        )

    def _take(self, kept_points, now):
        taken = []
        for point in kept_points:
            self.timing.schedule(0.1, now)
            taken.append(point)
        return taken

    def offer(self, fields, now):
        return self._take(self.coalescer.offer(fields, 1.0, now), now)

    def offer_batch(self, columns, now):
        times = np.ones(len(columns["x"]))
        return self._take(self.coalescer.offer_batch(columns, times, now), now)

    def flush(self, now):
        return self._take(self.coalescer.flush(now), now)

    @property
    def waiting(self):
        return self.coalescer.waiting


def xs(kept_points):
    return [point.fields["x"] for point in kept_points]


def test_what_comes_slowly_passes_is_passthrough():
    counts = ScoreCounts()
    slow = Limited(counts=counts)
    for i in range(20):
        assert xs(slow.offer({"x": float(i)}, i * 100)) == [i]
    assert counts.points_coalesced == 0


@pytest.mark.parametrize(
    ("keep", "kept"), [("extremes", [9.0, 2.0]), ("last", [5.0]), ("mean", [5.0])]
)
def test_what_comes_too_fast_is_coalesced_until_there_is_room(keep, kept):
    counts = ScoreCounts()
    fast = Limited(keep, counts=counts)
    assert xs(fast.offer({"x": 7.0}, 0)) == [7]
    for now, x in ((10, 4.0), (20, 9.0), (30, 2.0), (40, 5.0)):
        assert not fast.offer({"x": x}, now)
    assert not fast.flush(99)
    assert fast.waiting == 4
    kept_points = fast.flush(100)
    assert xs(kept_points) == kept  # the extremes in the order in which they came
    assert {point.frame for point in kept_points} == {10}
    assert fast.waiting == 0
    assert counts.points_coalesced == 4 - len(kept)
    # A pair takes the room of two.
    assert not fast.offer({"x": 1.0}, 100 + 100 * len(kept) - 1)
    assert xs(fast.flush(100 + 100 * len(kept))) == [1]


def test_missing_values_are_kept_only_where_there_is_nothing_else():
    fast = Limited()
    fast.offer({"x": 0.0}, 0)
    for x in (math.nan, 3.0, math.nan):
        fast.offer({"x": x}, 1)
    assert xs(fast.flush(100)) == [3.0]
    fast.offer({"x": math.nan}, 101)
    assert math.isnan(xs(fast.flush(1_000))[0])


@pytest.mark.parametrize("keep", ["extremes", "last", "mean"])
@given(values=st.lists(VALUES, min_size=1, max_size=50), later=st.lists(VALUES, max_size=5))
def test_a_batch_is_coalesced_as_its_points_would_be(keep, values, later):
    counts, other_counts = ScoreCounts(), ScoreCounts()
    one, other = Limited(keep, counts=counts), Limited(keep, counts=other_counts)
    passed = []
    for x in values:
        passed += one.offer({"x": x, "y": -x}, 0)
    columns = {"x": np.array(values), "y": -np.array(values)}
    at_once = other.offer_batch(columns, 0)
    np.testing.assert_equal(xs(at_once), xs(passed))
    for x in later:
        one.offer({"x": x, "y": -x}, 5)
        other.offer({"x": x, "y": -x}, 5)
    assert one.waiting == other.waiting
    for a, b in zip(one.flush(900), other.flush(900), strict=True):
        x, y = a.fields.get("x", math.nan), b.fields.get("x", math.nan)
        np.testing.assert_allclose(x, y, atol=1e-9)
    assert counts.points_coalesced == other_counts.points_coalesced


@given(
    steps=st.lists(st.tuples(st.integers(0, 60), st.floats(-9, 9)), min_size=1, max_size=300),
    notes_per_second=st.integers(2, 30),
)
def test_never_more_in_a_second_than_allowed_and_every_point_is_counted(steps, notes_per_second):
    counts = ScoreCounts()
    limited = Limited(notes_per_second=notes_per_second, counts=counts)
    now, passed = 0, []
    for step, x in steps:
        for _ in range(step):
            now += 1
            passed += [now] * len(limited.flush(now))
        passed += [now] * len(limited.offer({"x": x}, now))
    for first in passed:
        assert sum(first <= at < first + RATE for at in passed) <= notes_per_second
    assert len(passed) + counts.points_coalesced + limited.waiting == len(steps)


def test_the_score_counts_every_point_of_points_and_batches():
    timings = ("arrival", "sequence", "grid", "event")
    text = "".join(f'[[part]]\ntiming = "{timing}"\n' for timing in timings)
    session = parse_session(text.encode(), "four.toml")
    score = Score(session, sample_rate=RATE)
    notes, points = [], 0
    random = np.random.default_rng(1)
    for now in range(0, 5_000, 7):
        notes += score.flush(now)
        if now % 3:
            count = int(random.integers(1, 200))
            columns = {"x": random.normal(size=count)}
            notes += score.process(Batch("s", columns, np.arange(count) * 1.0), now)
        else:
            count = 1
            notes += score.process(DataPoint("s", {"x": 1.0}, 0.0), now)
        points += count
    counts = score.counts
    assert len(notes) == counts.notes
    whole = counts.notes + counts.points_coalesced + counts.rests + score.points_waiting
    assert whole == 4 * points


def test_the_extremes_of_a_burst_are_heard():
    session = parse_session(b"[[part]]\npitch = { unit = 'midi' }", "raw.toml")
    score = Score(session, sample_rate=RATE)
    columns = {"x": np.array([60.0, 61.0, 90.0, 62.0, 30.0, 63.0])}
    first = score.process(Batch("s", columns, np.zeros(6)), 0)
    assert [note.midi_note for note in first] == [60]
    assert [note.midi_note for note in score.flush(500)] == [90, 30]


@pytest.mark.parametrize("timing", ["sequence", "event"])
@given(
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30)), min_size=1, max_size=60),
    max_lag=st.floats(1, 3),
)
def test_lag_is_bounded(timing, steps, max_lag):
    text = f"""
        [[part]]
        timing = "{timing}"
        max_lag = {max_lag}
        duration = {{ field = "x", low = 0.1, high = 0.3 }}
    """
    score = Score(parse_session(text.encode(), "lag.toml"), sample_rate=RATE)
    came, now, notes = 0, 0, []
    for step, count in steps:
        for _ in range(step):
            now += 1
            notes += [(now, note) for note in score.flush(now)]
        batch = Batch("s", {"x": np.arange(count) % 7.0}, np.zeros(count))
        notes += [(now, note) for note in score.process(batch, now)]
        came += count
        assert score.lag_s <= max_lag
    for at, note in notes:
        assert note.onset_frame <= at + max_lag * RATE
    assert score.counts.notes + score.counts.points_coalesced + score.points_waiting == came
