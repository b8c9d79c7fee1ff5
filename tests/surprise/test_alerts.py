"""What is told, when, and how it is called."""

import math

import numpy as np
import pytest

from streamson.surprise.bank import Change, Kind, SurpriseBank
from streamson.surprise.layout import BLOCK, MIN_BLOCKS, QUIET, STRETCH

WEEK = 604_800.0
STEP = 300.0
POINTS = 3_000
AT = 2_000
"""Where something unusual begins."""


def noise(seed):
    return 10 + np.random.default_rng(seed).normal(size=POINTS)


def sine(seed, period=50.0):
    random = np.random.default_rng(seed)
    return 5 * np.sin(2 * np.pi * np.arange(POINTS) / period) + 0.1 * random.normal(size=POINTS)


def changes(values, interval_s=WEEK, times=None):
    """Return what is told of a series: where, which change, which kind, usual values."""
    bank = SurpriseBank(1)
    slot = bank.add(interval_s)
    times = STEP * np.arange(len(values)) if times is None else times
    told = []
    for i, (value, time) in enumerate(zip(values.tolist(), times.tolist(), strict=True)):
        change = bank.update(slot, value, time)
        if change:
            told.append((i, Change(change), bank.kind(slot), bank.usual(slot)))
    return told


def told_of(values):
    """Return what is told first after something begins: how late, which kind."""
    at, change, kind, usual = next(one for one in changes(values) if one[0] >= AT)
    assert change == Change.RAISED
    assert usual[0] < usual[1]
    return at - AT, kind


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_a_spike_is_a_level(seed, sign):
    values = noise(seed)
    values[AT] += 15 * sign
    assert told_of(values) == (0, Kind("level", sign))


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_that_stays_is_told_once_and_becomes_usual(seed):
    values = noise(seed)
    values[AT:] -= 15
    told = [one for one in changes(values) if AT <= one[0] < AT + 300]
    assert [change for _, change, *_ in told] == [Change.RAISED, Change.OVER]
    (raised, _, kind, usual), (over, *_) = told
    assert raised == AT
    assert kind == Kind("level", -1)
    assert 5 < usual[0] < usual[1] < 15
    assert over < AT + 60


@pytest.mark.parametrize("seed", range(3))
def test_values_that_move_more_have_another_rate(seed):
    values = noise(seed)
    values[AT : AT + 60] = 10 + 4 * (values[AT : AT + 60] - 10)
    late, kind = told_of(values)
    assert late < 30
    assert kind in {Kind("rate", 1), Kind("level", 1), Kind("level", -1)}
    late, kind = told_of(np.where(np.arange(POINTS) < AT, sine(seed), sine(seed, 12)))
    assert (late < 10, kind) == (True, Kind("rate", 1))


@pytest.mark.parametrize("seed", range(3))
def test_values_that_stand_still_have_another_rate_and_move_again(seed):
    values = noise(seed)
    values[AT : AT + 60] = values[AT]
    told = [one for one in changes(values) if one[0] >= AT]
    assert told[0][:3] == (AT + STRETCH, Change.RAISED, Kind("rate", -1))
    assert told[1][:2] == (AT + 60 + STRETCH - 1, Change.OVER)


@pytest.mark.parametrize("seed", range(3))
def test_a_course_like_none_before_is_a_shape(seed):
    values = sine(seed)
    values[AT : AT + 25] = values[AT : AT + 25][::-1]
    late, kind = told_of(values)
    assert (late < 15, kind) == (True, Kind("shape", 0))


def test_a_constant_that_moves_is_told_and_its_new_value_becomes_usual():
    values = np.where(np.arange(POINTS) < AT, 4.0, 5.0)
    told = changes(values)
    assert [(i, change) for i, change, *_ in told[:1]] == [(AT, Change.RAISED)]
    assert told[0][2] == Kind("level", 1)
    assert [change for _, change, *_ in told] == [Change.RAISED, Change.OVER]


@pytest.mark.parametrize("value", [0.0, 4.0, -1e300, 5e-324])
def test_a_constant_is_never_told(value):
    assert changes(np.full(5_000, value)) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("interval_s", [3_600.0, WEEK])
def test_a_young_series_is_silent_whatever_comes(seed, interval_s):
    random = np.random.default_rng(seed)
    values = random.standard_cauchy(2 * STRETCH + MIN_BLOCKS * BLOCK - 1)
    values[random.integers(len(values), size=9)] *= 1e6
    assert changes(values, interval_s) == []
    bank = SurpriseBank(1)
    slot = bank.add(interval_s)
    for i, value in enumerate(values.tolist()):
        assert bank.is_young(slot)
        assert bank.surprise(slot) == 0
        bank.update(slot, value, STEP * i)
    bank.update(slot, 0.0, STEP * len(values))
    assert not bank.is_young(slot)


def test_what_goes_on_within_the_quiet_time_is_one_alert():
    values = noise(1)
    for i in range(5):
        values[AT + i * QUIET // 2] += 20 - 3 * i
    told = [one for one in changes(values) if AT <= one[0] < AT + 4 * QUIET]
    assert [change for _, change, *_ in told].count(Change.RAISED) == 1


def test_within_the_quiet_time_only_what_is_far_more_seldom_is_told():
    values = noise(1)
    values[AT] += 7
    quiet = [one for one in changes(values) if one[0] >= AT]
    assert quiet[0][:2] == (AT, Change.RAISED)
    assert quiet[1][1] == Change.OVER
    values[quiet[1][0] + 5] += 1_000
    told = [one for one in changes(values) if one[0] >= AT]
    assert told[:2] == quiet[:2]
    assert told[2][:2] == (quiet[1][0] + 5, Change.RAISED)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(np.zeros(POINTS), id="stand still"),
        pytest.param(-STEP * np.arange(POINTS), id="run backwards"),
    ],
)
def test_where_time_does_not_pass_nothing_is_promised_and_nothing_told(times):
    values = noise(2)
    values[AT] += 1e6
    told = changes(values, times=times)
    assert told == [] or told[0][0] == AT


def test_gaps_and_clocks_that_are_set_change_little():
    values = noise(3)
    values[AT] += 15
    times = STEP * np.arange(POINTS)
    times[500:] += 30 * 86_400
    times[900:] -= 400 * 86_400
    times[1_300:] += 1e12
    assert (AT, Change.RAISED) in [one[:2] for one in changes(values, times=times)]
    bank = SurpriseBank(1)
    slot = bank.add(WEEK)
    bank.update_batch(slot, values, times)
    assert bank.step_s(slot) == pytest.approx(STEP, rel=0.03)


def test_points_that_come_in_bursts_have_their_mean_step():
    times = np.repeat(1_500.0 * np.arange(POINTS // 5), 5)
    bank = SurpriseBank(1)
    slot = bank.add(WEEK)
    bank.update_batch(slot, noise(4), times)
    assert bank.step_s(slot) == pytest.approx(STEP, rel=0.03)


def test_a_series_whose_points_come_more_seldom_is_young_again():
    bank = SurpriseBank(1)
    slot = bank.add(WEEK)
    values = np.random.default_rng(5).normal(size=200_000)
    bank.update_batch(slot, values, np.arange(len(values)))
    assert not bank.is_young(slot)
    later = len(values) + STEP * np.arange(4_000)
    told = [bank.update(slot, value, time) for value, time in zip(values, later, strict=False)]
    assert not bank.is_young(slot)
    assert told.count(Change.RAISED) <= 8
    assert bank.update(slot, 50.0, later[-1] + STEP) == Change.RAISED
    assert bank.return_time_s(slot) > WEEK


def test_the_usual_band_holds_nearly_all_values_before():
    bank = SurpriseBank(1)
    slot = bank.add(WEEK)
    values = noise(6)[:900]
    bank.update_batch(slot, values, STEP * np.arange(900))
    bank.update(slot, 1e9, 900 * STEP)
    low, high = bank.usual(slot)
    assert high < 20
    share = ((values >= low) & (values <= high)).mean()
    assert math.isclose(share, 0.98, abs_tol=0.01)
