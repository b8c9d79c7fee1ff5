"""Series of more than forty points a second: some are taken in together, and nothing is missed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.surprise.bank import Change, Kind, SurpriseBank
from streamson.surprise.thinning import KNOWN_VALUES, LONGEST_SLOT_S, SLOT_S
from tests.surprise.test_bank import KINDS, everything, series

HOUR, DAY = 3_600.0, 86_400.0
RATE = 10_000
AT = 60 * RATE
POINTS = 70 * RATE


def noise(seed, points=POINTS):
    return 10 + np.random.default_rng(seed).normal(size=points)


def followed(values, rate=RATE, interval_s=HOUR):
    bank = SurpriseBank(1)
    slot = bank.add(interval_s)
    return bank, bank.update_batch(slot, values, np.arange(len(values)) / rate)


def raised_after(values, at=AT):
    """Return how many seconds after something happened the first alert came, and its kind."""
    bank, changes = followed(values)
    told = np.flatnonzero(changes == Change.RAISED)
    after = told[told >= at]
    assert len(after)
    return (after[0] - at) / RATE, bank.kind(0)


@pytest.mark.parametrize("rate", [50, 333, 1_000, 10_000, 1_000_000])
def test_no_more_than_forty_values_a_second_are_looked_at(rate):
    bank, _ = followed(noise(1, 200_000), rate)
    slots = 200_000 / rate / SLOT_S
    assert bank.points[0] <= max(1.01 * slots, 200_000 / 1_024 + KNOWN_VALUES)
    assert bank.points[0] >= slots / 4 - KNOWN_VALUES
    assert bank.step_s(0) == pytest.approx(200_000 / rate / bank.points[0], rel=0.01, abs=1e-4)


@pytest.mark.parametrize("rate", [1 / 300, 1, 10, 39])
def test_of_slower_series_each_value_is(rate):
    values = noise(2, 1_500)
    bank, _ = followed(values, rate)
    assert bank.points[0] == len(values)
    assert bank.last_values(0).tolist() == values[-1_000:].tolist()
    assert bank.step_s(0) == pytest.approx(1 / rate)


@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    rates=st.lists(st.sampled_from([3.0, 60.0, 700.0, 30_000.0, 2e6]), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 6_000), max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_batches_equal_single_points_at_any_rate(seed, kind, rates, cuts):
    values, _ = series(seed, 6_000, kind)
    random = np.random.default_rng(seed)
    steps = np.repeat(1 / np.array(rates), 6_000 // len(rates)) * random.uniform(0, 2, 6_000)
    times = steps.cumsum()
    bank, other = SurpriseBank(2), SurpriseBank(1)
    single, batches = bank.add(60.0), bank.add(60.0)
    changes = [
        bank.update(single, value, time)
        for value, time in zip(values.tolist(), times.tolist(), strict=True)
    ]
    found = []
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), 6_000], strict=True):
        found += bank.update_batch(batches, values[first:last], times[first:last]).tolist()
        other.restore(other.add(60.0), bank.state(batches))
        assert everything(other, 0) == everything(bank, batches)
        other.remove(0)
    assert found == changes
    assert everything(bank, single) == everything(bank, batches)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_one_point_far_outside_is_told_with_its_value(seed, sign):
    values = noise(seed)
    values[AT] = 10 + 15 * sign
    bank = SurpriseBank(1)
    slot = bank.add(HOUR)
    times = np.arange(POINTS) / RATE
    bank.update_batch(slot, values[:AT], times[:AT])
    done, change = bank.update_up_to_change(slot, values, times, AT)
    assert (change, bank.kind(slot)) == (Change.RAISED, Kind("level", sign))
    assert done - AT < RATE * LONGEST_SLOT_S
    assert bank.told(slot).value == values[AT]
    low, high = bank.usual(slot)
    assert 6 < low < 8.5
    assert 11.5 < high < 14


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_is_told_at_once(seed):
    values = noise(seed)
    values[AT:] += 5
    late, kind = raised_after(values)
    assert (late < 0.3, kind) == (True, Kind("level", 1))


@pytest.mark.parametrize("seed", range(3))
def test_a_series_that_is_stuck_is_told_within_half_a_second(seed):
    values = noise(seed)
    values[AT:] = values[AT]
    late, _ = raised_after(values)
    assert late < 0.5


def test_a_fast_series_that_nearly_stops_is_still_seen_point_by_point():
    bank, _ = followed(noise(4, AT))
    for i in range(50):
        bank.update(0, float(i), AT / RATE + i + 1)
        assert bank.last_values(0)[-1] == (i or pytest.approx(7, abs=7))


def test_a_series_that_becomes_fast_begins_anew_and_ends_its_alert():
    bank = SurpriseBank(1)
    slot = bank.add(DAY)
    values = noise(5, 1_000)
    values[-1] = 1e6
    changes = bank.update_batch(slot, values, 300.0 * np.arange(1_000))
    assert changes[-1] == Change.RAISED
    times = 300_000 + np.arange(40_000) / RATE
    changes = bank.update_batch(slot, noise(6, 40_000), times)
    assert changes[changes != Change.NONE].tolist() == [Change.OVER]


@pytest.mark.parametrize("apart_s", [0.0, 2e-5])
def test_points_that_come_in_bursts_are_as_fast_as_they_come_in_the_mean(apart_s):
    """A producer that sends what it gathered, each ten seconds, is none of a million a second."""
    bursts, size = 200, 100
    times = np.add.outer(10.0 * np.arange(bursts), apart_s * np.arange(size)).ravel()
    bank = SurpriseBank(1)
    slot = bank.add(DAY)
    values = noise(7, bursts * size)
    values[-50] = 40
    changes = bank.update_batch(slot, values, times)
    assert bank.points[slot] == len(values) or apart_s  # which looks fast in its first burst
    assert bank.step_s(slot) == pytest.approx(0.1, rel=0.05)
    assert changes[-50] == Change.RAISED


@pytest.mark.parametrize("size", [1_000, 10_000, 50_000])
def test_where_many_points_have_the_time_of_their_batch_it_is_no_other_series_with_each(size):
    times = np.repeat(size / RATE * np.arange(POINTS // size), size)
    values = noise(8)
    at = 65 * RATE + 500
    values[at] = -10
    bank = SurpriseBank(1)
    slot = bank.add(HOUR)
    told = np.flatnonzero(bank.update_batch(slot, values, times) == Change.RAISED)
    assert bank.points[slot] > 50 / LONGEST_SLOT_S
    assert bank.step_s(slot) == pytest.approx(70 / bank.points[slot], rel=0.5)
    assert ((told >= at) & (told < at + 1_024)).any()
