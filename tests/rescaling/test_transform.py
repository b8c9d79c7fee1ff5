"""Transforms: what they give, and that nothing that is not finite comes out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.point import DataPoint
from streamson.rescaling.transform import TRANSFORMS, Transform
from streamson.score.score import Score
from streamson.session.load import parse_session

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def through(names, values, times=None, smooth=0.0):
    transform = Transform(names, smooth)
    return [
        transform(value, time)
        for value, time in zip(values, times or range(len(values)), strict=True)
    ]


def same(found, expected):
    assert found == pytest.approx(expected, nan_ok=True)


def test_each():
    same(through(["log"], [100.0, 0.0, -5.0, 0.1]), [2, math.nan, math.nan, -1])
    same(through(["symlog"], [0.0, 9.0, -9.0, 999.0]), [0, 1, -1, 3])
    same(through(["absolute"], [-2.0, 3.0]), [2, 3])
    same(through(["difference"], [5.0, 7.0, 4.0]), [math.nan, 2, -3])
    same(through(["rate"], [10.0, 30.0, 40.0], [0, 2, 4]), [math.nan, 10, 5])


def test_a_clock_that_is_set_back_silences_no_rate():
    counter = [10.0 * i for i in range(9)]
    # One point in the far future, then as before; and an hour back.
    far = [0.0, 1.0, 1e300, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    same(through(["rate"], counter, far)[1:], [10, 0, 0, 10, 10, 10, 10, 10])
    back = [7_200.0, 7_201.0, 7_202.0, 3_600.0, 3_601.0, 3_602.0, 3_603.0, 3_604.0, 3_605.0]
    same(through(["rate"], counter, back)[1:], [10] * 8)
    # Two points that come late are left out; a clock that is late by less than that is believed.
    late = [0.0, 1.0, 2.0, 1.5, 1.6, 5.0, 6.0, 7.0, 8.0]
    found = through(["rate"], counter, late)
    assert [math.isnan(rate) for rate in found] == [True, *[False] * 2, *[True] * 2, *[False] * 4]
    step = [10.0, 11.0, 12.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0]
    assert [math.isnan(rate) for rate in through(["rate"], counter, step)].count(True) == 3


def test_a_counter_that_falls_has_begun_again():
    same(through(["rate"], [1_000.0, 1_010.0, 6.0, 16.0]), [math.nan, 10, 6, 10])


def test_a_rate_needs_time_to_pass():
    found = through(["rate"], [10.0, 20.0, 30.0, 50.0], [1, 1, 0, 2])
    same(found, [math.nan, math.nan, math.nan, 40])


def test_one_after_the_other_and_smoothed():
    same(through(["difference", "absolute"], [5.0, 2.0, 4.0]), [math.nan, 3, 2])
    steps = through([], [0.0] * 50 + [1.0] * 10, smooth=10)
    assert steps[49] == 0
    assert steps[-1] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
@given(values=st.lists(st.tuples(FINITE, st.floats())))
def test_whatever_comes_out_is_finite_or_missing(name, values):
    transform = Transform([name], 3)
    for value, time in values:
        found = transform(value, time)
        assert math.isfinite(found) or math.isnan(found)


def test_a_session_plays_the_rate_of_a_counter():
    text = (
        '[[part]]\npitch = { field = "n", transform = "rate", low = 60, high = 70, '
        'rescale = { mode = "fixed", range = [0, 10] } }'
    )
    score = Score(parse_session(text.encode(), "x.toml"), sample_rate=1_000)
    notes = []
    for i, n in enumerate((100.0, 105.0, 115.0, 0.0)):
        notes += score.process(DataPoint("s", {"n": n}, float(i)), i * 1_000)
    assert [note.midi_note for note in notes] == [65, 70, 60]
    assert score.counts.rests == 1
