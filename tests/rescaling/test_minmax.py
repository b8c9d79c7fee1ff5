"""Rolling extremes against a plain look at the whole window."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.rescaling.extents import Extent
from streamson.rescaling.minmax import CumulativeMinMax, RollingMinMaxByCount, RollingMinMaxByTime
from streamson.rescaling.normalize import MAX_WINDOW_POINTS, Window, normalize
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.spec import Rescale

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SOME = st.floats(-100, 100).map(lambda x: round(x, 1))  # rounded, so that equal values occur
RANGES = st.tuples(SOME, SOME).map(sorted).map(tuple)


def expected(value, window):
    return normalize(value, min(window), max(window))


@given(values=st.lists(SOME, max_size=60), points=st.integers(2, 20), initial=st.none() | RANGES)
def test_last_points_equal_a_look_at_the_window(values, points, initial):
    rescaler = RollingMinMaxByCount(points, initial)
    for i, value in enumerate(values):
        window = values[max(0, i + 1 - points) : i + 1]
        if initial and i + 1 < points:
            window = [*window, *initial]
        assert rescaler.rescale(value, 0.0) == expected(value, window)


@given(
    steps=st.lists(st.tuples(st.integers(0, 40), SOME), max_size=60),
    seconds=st.integers(1, 50),
    initial=st.none() | RANGES,
)
def test_last_seconds_equal_a_look_at_the_window(steps, seconds, initial):
    rescaler = RollingMinMaxByTime(seconds, initial)
    time, seen = 1.7e9, []
    for step, value in steps:
        time += step
        if initial and not seen:
            seen += [(time, initial[0]), (time, initial[1])]
        seen.append((time, value))
        window = [v for t, v in seen if t >= time - seconds]
        assert rescaler.rescale(value, time) == expected(value, window)


@given(values=st.lists(SOME, max_size=60), initial=st.none() | RANGES, whole=st.none() | RANGES)
def test_all_equals_a_look_at_everything(values, initial, whole):
    extent = None if whole is None else Extent()
    for value in whole or ():
        extent.add(value)
    rescaler = make_rescaler(Rescale("minmax", Window(), initial), extent=extent)
    known = [*(initial or ()), *(whole or ())]
    for i, value in enumerate(values):
        assert rescaler.rescale(value, 0.0) == expected(value, [*known, *values[: i + 1]])


WINDOWS = [Window(points=2), Window(points=300), Window(seconds=5.0), Window()]


@pytest.mark.parametrize("window", WINDOWS)
@given(values=st.lists(st.tuples(FINITE, st.floats())))
def test_any_finite_values_at_any_times_give_zero_to_one(window, values):
    rescaler = make_rescaler(Rescale("minmax", window))
    for value, time in values:
        assert 0 <= rescaler.rescale(value, time) <= 1


@given(value=FINITE, low=FINITE, high=FINITE)
def test_place_is_finite_and_clamped(value, low, high):
    low, high = sorted((low, high))
    assert 0 <= normalize(value, low, high) <= 1


@given(ends=st.tuples(FINITE, FINITE).map(sorted), a=FINITE, b=FINITE)
def test_place_is_monotone(ends, a, b):
    a, b = sorted((a, b))
    assert normalize(a, *ends) <= normalize(b, *ends)


def test_extremes_of_the_float_range():
    biggest, smallest = 1.7976931348623157e308, 5e-324
    assert normalize(0.0, -biggest, biggest) == 0.5
    assert normalize(biggest, -biggest, biggest) == 1
    assert [normalize(x, 0.0, smallest) for x in (0.0, smallest)] == [0, 1]


@pytest.mark.parametrize("window", WINDOWS)
def test_first_point_and_constant_series_lie_in_the_middle(window):
    rescaler = make_rescaler(Rescale("minmax", window))
    assert [rescaler.rescale(7.0, float(t)) for t in range(20)] == [0.5] * 20


def test_a_late_point_counts_as_one_of_the_newest_time():
    rescaler = RollingMinMaxByTime(10)
    for value, time in ((0.0, 100.0), (10.0, 105.0), (5.0, 101.0)):
        u = rescaler.rescale(value, time)
    assert u == 0.5
    assert rescaler.rescale(5.0, 111.0) == 0  # 0 has gone; the late 5 and the 10 are in


def test_a_clock_set_back_by_more_than_the_window_starts_it_afresh():
    rescaler = RollingMinMaxByTime(10)
    rescaler.rescale(0.0, 1e9)
    rescaler.rescale(100.0, 1e9)
    assert rescaler.rescale(5.0, 1000.0) == 0.5
    assert rescaler.rescale(6.0, 1001.0) == 1
    assert rescaler.rescale(5.5, 1011.5) == 0.5  # alone again: the window still moves


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf, 1e308])
def test_an_impossible_time_does_not_stop_the_window_for_good(time):
    rescaler = RollingMinMaxByTime(10)
    rescaler.rescale(0.0, 1000.0)
    rescaler.rescale(100.0, time)
    rescaler.rescale(3.0, 1020.0)
    assert rescaler.rescale(5.0, 1040.0) == 0.5


def test_a_rising_series_in_a_long_time_holds_a_bounded_number_of_points():
    rescaler = RollingMinMaxByTime(1e9)
    for i in range(MAX_WINDOW_POINTS + 1000):
        u = rescaler.rescale(float(i), float(i))
    assert u == 1
    assert len(rescaler) == MAX_WINDOW_POINTS
    last = float(MAX_WINDOW_POINTS + 1000)
    assert rescaler.rescale(last, last) == 1
    assert rescaler.rescale(1001.0, last) == 0  # the oldest that is left


@pytest.mark.parametrize("window", [Window(points=500), Window(seconds=500.0)])
def test_a_long_run_stays_right_and_small(window):
    rng = random.Random(5)
    values = [rng.gauss(0, 1) for _ in range(100_000)]
    rescaler = make_rescaler(Rescale("minmax", window))
    for i, value in enumerate(values):
        u = rescaler.rescale(value, float(i))
        if i % 997 == 996:
            start = i - (500 if window.seconds else 499)
            assert u == expected(value, values[max(0, start) : i + 1])
    assert len(rescaler) <= 501


def test_every_seen_without_initial_range_starts_empty():
    assert CumulativeMinMax().rescale(3.0, 0.0) == 0.5
