"""The modes of rescaling: against a plain look at the window, and what holds for all of them."""

import contextlib
import copy
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.model.counts import ScoreCounts
from streamson.rescaling.normalize import Window, normalize
from streamson.rescaling.quantiles import SAMPLE_POINTS
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.sorted_values import SortedValues
from streamson.rescaling.spec import Rescale, WarmUpSpec

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SOME = st.floats(-100, 100).map(round)  # rounded, so that equal values occur
WINDOWS = [Window(points=2), Window(points=7), Window(seconds=5.0), Window()]
MODES = [
    *(
        Rescale(mode, window)
        for mode in ("quantile", "rank", "equalize", "minmax")
        for window in WINDOWS
    ),
    Rescale(),
    Rescale("quantile", Window(points=9), quantiles=(0.2, 0.7), slew=4),
    Rescale("minmax", Window(points=9), slew=4),
    Rescale("decay", half_life=5),
    Rescale("decay", half_life=5, slew=10),
    Rescale("zscore", half_life=5, n_std=1.5),
    Rescale("fixed", initial_range=(-3, 20)),
]
FOR_EACH_MODE = settings(max_examples=50)
"""Of two dozen modes, which have most of their code in common."""
WITH_MEMORY = [
    *MODES,
    Rescale("decay", half_life=5, warm_up=WarmUpSpec(20)),
    Rescale("minmax", Window(points=9), (-5, 5)),
    Rescale("minmax", Window(seconds=9), (-5, 5)),
]


@pytest.mark.parametrize("capacity", [1, 5, 200, 3_000])
@given(data=st.data())
def test_sorted_values_equal_a_sorted_list(capacity, data):
    window = SortedValues(capacity)
    seed = data.draw(st.integers(0, 2**32 - 1))
    spread = data.draw(st.sampled_from([3, 50, 10**6]))
    drift = data.draw(st.sampled_from([0, 0.5, -3]))
    count = 3 * capacity + 10
    values = np.random.default_rng(seed).integers(-spread, spread, count) + drift * np.arange(count)
    for i, value in enumerate(values.tolist()):
        if i < capacity:
            window.add(value)
        else:
            window.replace(values[i - capacity], value)
        if i % (1 + capacity // 20) == 0:
            seen = values[max(0, i + 1 - capacity) : i + 1]
            low, high = window.quantiles(0.1, 0.75)
            assert (low, high) == pytest.approx(np.quantile(seen, (0.1, 0.75)), abs=1e-9)
            rank = ((seen < value).sum() + (seen <= value).sum()) / 2 / len(seen)
            assert window.rank(value) == pytest.approx(rank)
    slots = values[-capacity:].tolist()
    assert len(window) == len(slots)
    assert window.in_order().tolist() == sorted(slots)
    for value in slots[1:]:
        window.remove(value)
    assert window.in_order().tolist() == slots[:1]


@given(values=st.lists(SOME, min_size=1, max_size=80), points=st.integers(2, 30))
def test_quantiles_and_rank_equal_a_look_at_the_window(values, points):
    quantile = make_rescaler(Rescale("quantile", Window(points=points), quantiles=(0.1, 0.8)))
    rank = make_rescaler(Rescale("rank", Window(points=points)))
    for i, value in enumerate(values):
        window = np.array(values[max(0, i + 1 - points) : i + 1], float)
        low, high = np.quantile(window, (0.1, 0.8))
        if high - low > 1e-9:
            assert quantile.rescale(value, 0.0) == pytest.approx(
                normalize(value, low, high), abs=1e-9
            )
        else:
            quantile.rescale(value, 0.0)
        expected = ((window < value).mean() + (window <= value).mean()) / 2
        assert rank.rescale(value, 0.0) == pytest.approx(expected)


@given(
    steps=st.lists(st.tuples(st.integers(-8, 40), SOME), max_size=80), seconds=st.integers(1, 50)
)
def test_a_window_of_time_equals_a_look_at_it(steps, seconds):
    rescaler = make_rescaler(Rescale("rank", Window(seconds=seconds)))
    time, newest, seen = 1.7e9, -math.inf, []
    for step, value in steps:
        time += step
        if time < newest - seconds:  # set back by more than the window: it starts afresh
            seen, newest = [], time
        newest = max(newest, time)
        seen.append((newest, value))
        window = np.array([v for t, v in seen if t >= newest - seconds])
        expected = ((window < value).mean() + (window <= value).mean()) / 2
        assert rescaler.rescale(value, time) == pytest.approx(expected)


def test_a_window_of_time_grows():
    rescaler = make_rescaler(Rescale("rank", Window(seconds=1e9)))
    for i in range(5_000):
        assert rescaler.rescale(float(i), float(i)) == pytest.approx((i + 0.5) / (i + 1))


def test_the_quantiles_of_all_are_near_and_bounded():
    values = np.random.default_rng(3).normal(size=100_000)
    window = make_rescaler(Rescale("quantile", Window()))
    for value in values.tolist():
        window.rescale(value, 0.0)
    seen = window._estimator._ordered.values
    assert len(seen) == SAMPLE_POINTS
    # Of the sample the standard deviation of a 1 % quantile's share is 0.08 %.
    low, high = seen.quantiles(0.01, 0.99)
    assert (values < low).mean() == pytest.approx(0.01, abs=0.003)
    assert (values > high).mean() == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize("mode", MODES)
@FOR_EACH_MODE
@given(values=st.lists(st.tuples(FINITE, st.floats())))
def test_any_finite_values_at_any_times_give_zero_to_one(mode, values):
    rescaler = make_rescaler(mode)
    for value, time in values:
        assert 0 <= rescaler.rescale(value, time) <= 1


@pytest.mark.parametrize("mode", MODES)
@FOR_EACH_MODE
@given(values=st.lists(SOME, max_size=30), one=SOME, other=SOME)
def test_at_one_moment_a_larger_value_is_never_lower(mode, values, one, other):
    rescaler = make_rescaler(mode)
    for i, value in enumerate(values):
        rescaler.rescale(value, float(i))
    low, high = sorted((one, other))
    twin = copy.deepcopy(rescaler)
    end = float(len(values))
    assert rescaler.rescale(low, end) <= twin.rescale(high, end) + 1e-9


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.mode != "fixed"])
def test_a_constant_is_in_the_middle(mode):
    rescaler = make_rescaler(mode)
    found = [rescaler.rescale(0.1, float(i)) for i in range(50)]
    assert found == pytest.approx([0.5] * 50, abs=1e-12)  # but for rounding


def test_slew_lets_a_spike_pass():
    """An extreme neither widens the range at once nor narrows it when it leaves the window."""
    u = {}
    for slew in (0, 1_000):
        rescaler = make_rescaler(Rescale("minmax", Window(points=20), slew=slew))
        values = [float(i % 10) for i in range(40)] + [1_000.0] + [5.0] * 10
        u[slew] = [rescaler.rescale(value, 0.0) for value in values][-1]
    assert u[0] < 0.01
    assert 0.2 < u[1_000] < 0.6


def test_values_outside_are_clamped_and_counted():
    counts = ScoreCounts()
    rescaler = make_rescaler(Rescale("fixed", initial_range=(0, 10)), counts=counts)
    assert [rescaler.rescale(v, 0.0) for v in (-5.0, 0.0, 5.0, 10.0, 11.0)] == [0, 0, 0.5, 1, 1]
    assert counts.values_clamped == 2


def test_warming_up_is_spent_in_the_middle():
    rescaler = make_rescaler(Rescale("minmax", Window(points=9), warm_up=WarmUpSpec(3)))
    assert [rescaler.rescale(v, 0.0) for v in (1.0, 9.0, 2.0, 9.0)] == [0.5, 0.5, 0.5, 1]


def test_decay_relaxes_by_half_each_half_life():
    rescaler = make_rescaler(Rescale("decay", half_life=10))
    rescaler.rescale(0.0, 0.0)
    rescaler.rescale(100.0, 0.0)
    for _ in range(9):
        rescaler.rescale(0.0, 0.0)
    # After ten points the high end is half-way down to 0.
    assert rescaler.rescale(25.0, 0.0) == pytest.approx(25 / 62.5, abs=0.1)


def test_zscore_is_the_weighted_mean_and_deviation():
    values = np.random.default_rng(1).normal(10, 3, 400)
    rescaler = make_rescaler(Rescale("zscore", half_life=30, n_std=2))
    found = [rescaler.rescale(float(v), 0.0) for v in values][-1]
    weights = 0.5 ** (np.arange(400)[::-1] / 30)
    mean = np.average(values, weights=weights)
    deviation = np.sqrt(np.average((values - mean) ** 2, weights=weights))
    expected = normalize(values[-1], mean - 2 * deviation, mean + 2 * deviation)
    assert found == pytest.approx(expected, abs=1e-9)


def test_resting_while_warming_up_has_no_place():
    rescaler = make_rescaler(Rescale("minmax", Window(points=9), warm_up=WarmUpSpec(2, "rest")))
    first, second, third = (rescaler.rescale(v, 0.0) for v in (1.0, 9.0, 2.0))
    assert math.isnan(first)
    assert math.isnan(second)
    assert third == 1 / 8


def remembered(rescaler):
    return msgspec.msgpack.decode(msgspec.msgpack.encode(rescaler.state()))


@pytest.mark.parametrize("mode", WITH_MEMORY)
@FOR_EACH_MODE
@given(
    before=st.lists(st.tuples(st.integers(0, 4), SOME), max_size=60),
    after=st.lists(st.tuples(st.integers(0, 4), SOME), max_size=30),
)
def test_a_state_saved_and_loaded_continues_identically(mode, before, after):
    rescaler, time = make_rescaler(mode), 1.7e9
    for step, value in before:
        time += step
        rescaler.rescale(value, time)
    other = make_rescaler(mode)
    other.restore(remembered(rescaler))
    for step, value in after:
        time += step
        first, second = rescaler.rescale(value, time), other.rescale(value, time)
        assert first == second or (math.isnan(first) and math.isnan(second))


def test_a_reservoirs_state_continues_identically():
    rescaler, other = (make_rescaler(Rescale("quantile", Window())) for _ in range(2))
    values = np.random.default_rng(3).normal(size=3 * SAMPLE_POINTS).tolist()
    for value in values:
        rescaler.rescale(value, 0.0)
    other.restore(remembered(rescaler))
    for value in values:
        assert rescaler.rescale(value, 0.0) == other.rescale(value, 0.0)


JUNK = st.recursive(
    st.none()
    | st.integers()
    | st.sampled_from([-1, -(10**9), 2**40])
    | st.floats()
    | st.text(max_size=3)
    | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize("mode", WITH_MEMORY)
@FOR_EACH_MODE
@given(
    values=st.lists(SOME, min_size=1, max_size=12),
    junk=JUNK | st.lists(st.floats(), max_size=4),
    data=st.data(),
)
def test_a_damaged_state_is_refused_or_harmless(mode, values, junk, data):
    rescaler = make_rescaler(mode)
    for i, value in enumerate(values):
        rescaler.rescale(value, float(i))
    other = make_rescaler(mode)
    with contextlib.suppress(ValueError):
        other.restore(damaged(remembered(rescaler), junk, data))
    # More than the windows hold: a count that is wrong would let the kernels write beyond them.
    for i in range(100 if holds_few(mode) else 1_200):
        u = other.rescale(values[i % len(values)] + i, float(i))
        assert 0 <= u <= 1 or math.isnan(u)


@pytest.mark.parametrize(
    ("mode", "state"),
    [
        (Rescale("quantile", Window(points=9)), [[1, 2], {"seen": -(10**9), "values": []}]),
        (Rescale("rank", Window(points=9)), {"seen": -1, "values": []}),
        (
            Rescale("rank", Window(points=10**6)),
            {"stride": 1, "passed": -5, "kept": {"seen": 0, "values": []}},
        ),
        (Rescale("minmax", Window(points=9)), [-3, [[], [], [], []]]),
        (Rescale("minmax", Window(points=9)), [3, [[7], [1.0], [7], [1.0]]]),
        (Rescale("minmax", Window(seconds=9)), [3, [[7], [1.0], [7], [1.0]]]),
        (Rescale("minmax", Window(points=9)), [9, [[7], [1.0], [8], [1.0]]]),
        (Rescale("zscore"), [[-1, 1], [1.0, 1e200, 0.0]]),
        (Rescale("decay", warm_up=WarmUpSpec(20)), [21, [[0, 1], [0, 1]]]),
    ],
)
def test_what_could_not_have_been_saved_is_refused(mode, state):
    with pytest.raises(ValueError, match=r"\d|out of order"):
        make_rescaler(mode).restore(state)


def holds_few(mode):
    """Say whether it knows nothing of more than some tens of values."""
    short = mode.mode in {"quantile", "rank", "minmax"} and (mode.window.points or 1_000) < 20
    return short or mode.mode in {"decay", "zscore", "fixed"}


def damaged(state, junk, data):
    """Return the state with junk for one of its values, at any depth."""
    if isinstance(state, dict) and state:
        key = data.draw(st.sampled_from(sorted(state)))
        return {**state, key: damaged(state[key], junk, data)}
    if isinstance(state, list) and state:
        i = data.draw(st.integers(0, len(state) - 1))
        return [*state[:i], damaged(state[i], junk, data), *state[i + 1 :]]
    return junk
