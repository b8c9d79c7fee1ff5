"""Series in a bank: one by one, in batches, many at once; saved, restored; whatever the values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.surprise import distance
from streamson.surprise.bank import MAX_SERIES, Change, SurpriseBank
from streamson.surprise.layout import ACTIVE, HISTORY, INTERVAL, MAX_SURPRISE, SEASON_SHARE, STRETCH
from tests.machine_code import entered

WEEK = 604_800.0
DAY = 86_400.0

nearest_distance = entered(distance.nearest_distance)

any_number = st.floats(allow_nan=False, allow_infinity=False)
"""Any finite float64: subnormals, 1e300, -0."""


def everything(bank, slot):
    """Return all that is told of a slot."""
    return (
        *(bank.surprise(slot), bank.return_time_s(slot), bank.usual(slot), bank.kind(slot)),
        *(bank.is_young(slot), bank.is_active(slot), bank.state(slot)),
    )


def series(seed, points, kind="noise"):
    """Return values, and times every five minutes; of all kinds, with something unusual in it."""
    random = np.random.default_rng(seed)
    values = {
        "noise": lambda: random.normal(size=points),
        "walk": lambda: random.normal(size=points).cumsum(),
        "counts": lambda: random.poisson(2, points).astype(float),
        "constant": lambda: np.where(random.random(points) < 0.01, 1.0, 0.0),
        "huge": lambda: random.standard_cauchy(points) * 1e300,
    }[kind]()
    if points:
        values[random.integers(points)] += 20
    return values, 300.0 * np.arange(points)


KINDS = ("noise", "walk", "counts", "constant", "huge")


@given(
    values=st.lists(st.integers(-50, 50), min_size=1, max_size=80),
    seed=st.integers(0, 2**32 - 1),
    points=st.sampled_from([0, 30, HISTORY, 1_090]),
)
def test_the_distance_is_that_to_the_nearest_of_all_stretches_before(values, seed, points):
    before = np.random.default_rng(seed).integers(-50, 50, points)
    whole = np.array([*before, *values], float)
    held = whole[-HISTORY:]
    found = nearest_distance(whole, len(whole))
    if len(held) < 2 * STRETCH:
        assert found == -1
        return
    stretches = np.lib.stride_tricks.sliding_window_view(held, STRETCH)
    *earlier, last = ((stretches - stretches[-1]) ** 2).sum(axis=1)
    assert last == 0
    assert found == min(earlier[: len(held) - 2 * STRETCH + 1])


@given(
    seed=st.integers(0, 2**32 - 1),
    points=st.integers(0, 1_500),
    kind=st.sampled_from(KINDS),
    cuts=st.lists(st.integers(0, 1_500), max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_batches_equal_single_points(seed, points, kind, cuts):
    values, times = series(seed, points, kind)
    bank = SurpriseBank(2)
    single, batches = bank.add(DAY), bank.add(DAY)
    changes = [
        bank.update(single, value, time)
        for value, time in zip(values.tolist(), times.tolist(), strict=True)
    ]
    found = [0] * 0
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), points], strict=True):
        found += bank.update_batch(batches, values[first:last], times[first:last]).tolist()
    assert found == changes
    assert everything(bank, single) == everything(bank, batches)


@given(seed=st.integers(0, 2**32 - 1), points=st.integers(1, 900))
@settings(max_examples=20, deadline=None)
def test_many_series_at_once_equal_each_by_itself(seed, points):
    together, alone = SurpriseBank(8), SurpriseBank(8)
    columns = [series(seed + i, points, kind) for i, kind in enumerate(KINDS)]
    slots = [together.add(DAY) for _ in columns]
    assert slots == [alone.add(DAY) for _ in columns]
    shown = []
    for i in range(points):
        at = [values[i] for values, _ in columns]
        shown.append(together.update_many(slots, at, [300.0 * i] * len(slots)).tolist())
    for slot, (values, times) in zip(slots, columns, strict=True):
        assert alone.update_batch(slot, values, times).tolist() == [row[slot] for row in shown]
        assert everything(alone, slot) == everything(together, slot)
    assert together.surprises[: len(slots)].tolist() == [alone.surprise(slot) for slot in slots]


def test_the_same_series_may_be_twice_among_many():
    values, times = series(1, 600)
    bank = SurpriseBank(2)
    one, other = bank.add(DAY), bank.add(DAY)
    bank.update_batch(one, values, times)
    bank.update_many([other] * len(values), values, times)
    assert everything(bank, one) == everything(bank, other)


@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    points=st.integers(0, 2_500),
    more=st.integers(1, 1_300),
)
@settings(max_examples=30, deadline=None)
def test_a_series_that_is_restored_goes_on_as_it_would_have(seed, kind, points, more):
    values, times = series(seed, points + more, kind)
    bank, other = SurpriseBank(1), SurpriseBank(3)
    slot = bank.add(DAY)
    bank.update_batch(slot, values[:points], times[:points])
    used = other.add(DAY)
    other.update_batch(used, *series(seed + 1, 1_700))
    other.restore(used, bank.state(slot))
    assert everything(other, used) == everything(bank, slot)
    found = other.update_batch(used, values[points:], times[points:]).tolist()
    assert found == bank.update_batch(slot, values[points:], times[points:]).tolist()
    assert everything(other, used) == everything(bank, slot)


@given(
    values=st.lists(any_number | st.sampled_from([0.0, 1.0, 1e300, -1e308, 5e-324]), min_size=1),
    times=st.lists(any_number | st.sampled_from([0.0, 1e9]), min_size=1),
    repeat=st.integers(1, 1_500),
    interval=st.sampled_from([5e-324, 60.0, WEEK, 1e308]),
)
@settings(max_examples=150, deadline=None)
def test_all_that_is_told_is_finite_whatever_comes(values, times, repeat, interval):
    bank = SurpriseBank(1)
    slot = bank.add(interval)
    points = max(len(values), repeat)
    bank.update_batch(slot, np.resize(values, points), np.resize(times, points))
    assert 0 <= bank.surprise(slot) <= MAX_SURPRISE
    low, high = bank.usual(slot)
    assert -math.inf < low <= high < math.inf
    assert np.isfinite(bank.last_values(slot)).all()
    bank.restore(slot, bank.state(slot))  # whatever it comes to is a state


def test_points_that_are_not_finite_are_left_out():
    values, times = series(2, 700)
    bank = SurpriseBank(2)
    whole, holes = bank.add(DAY), bank.add(DAY)
    for value, time in zip(values.tolist(), times.tolist(), strict=True):
        bank.update(whole, value, time)
        bank.update(holes, value, time)
        for broken in ((math.nan, time), (math.inf, time), (value, math.nan), (value, -math.inf)):
            assert bank.update(holes, *broken) == Change.NONE
    assert everything(bank, whole) == everything(bank, holes)


@given(seed=st.integers(0, 2**32 - 1), scale=st.integers(-900, 900), kind=st.sampled_from(KINDS))
@settings(max_examples=25, deadline=None)
def test_no_unit_of_the_values_matters(seed, scale, kind):
    values, times = series(seed, 900, kind)
    if kind == "huge":
        values = values / 1e300
    bank = SurpriseBank(2)
    plain, scaled = bank.add(DAY), bank.add(DAY)
    found = bank.update_batch(scaled, np.ldexp(values, scale), times).tolist()
    assert found == bank.update_batch(plain, values, times).tolist()
    assert bank.surprise(scaled) == bank.surprise(plain)


def test_what_is_further_away_is_more_surprising():
    values, times = series(3, 1_500)
    bank = SurpriseBank(1)
    slot = bank.add(WEEK)
    bank.update_batch(slot, values, times)
    state = bank.state(slot)
    found = []
    for value in (0, 5, 6, 8, 12, 30, 1e3, 1e200):
        bank.restore(slot, state)
        bank.update(slot, float(value), times[-1] + 300)
        found.append(bank.surprise(slot))
    assert found == sorted(found)
    assert found[0] < 1.5
    assert found[3] > math.log10(WEEK / 300)
    assert found[-1] == MAX_SURPRISE


def test_an_alert_is_where_the_surprise_is_beyond_the_asked_interval():
    values, times = series(4, 3_000, "walk")
    bank = SurpriseBank(1)
    slot = bank.add(DAY)
    raised = 0
    for value, time in zip(values.tolist(), times.tolist(), strict=True):
        seconds = bank.step_s(slot)
        beyond = bank.update(slot, value, time) == Change.RAISED
        if beyond:
            raised += 1
            assert bank.is_active(slot)
            assert bank.told(slot).surprise >= math.log10(DAY / seconds) - 1e-6
            if bank.kind(slot).name != "season":
                assert bank.return_time_s(slot) >= DAY * (1 - 1e-6)
    assert raised


def test_a_slot_is_used_again_and_knows_nothing_of_before():
    bank = SurpriseBank(2)
    first, second = bank.add(DAY), bank.add(DAY)
    bank.update_batch(first, *series(5, 900))
    bank.remove(first)
    assert len(bank) == 1
    assert bank.add(WEEK) == first
    bank.remove(second)
    assert bank.add(WEEK) == second
    assert everything(bank, first)[-1] == everything(bank, second)[-1]
    assert bank.is_young(first)
    assert bank.kind(first) is None
    assert all(map(math.isnan, bank.usual(first)))


def test_a_bank_that_is_full_and_slots_that_are_none_are_refused():
    bank = SurpriseBank(1)
    slot = bank.add(DAY)
    with pytest.raises(ValueError, match="no room for more than 1 series"):
        bank.add(DAY)
    for wrong in (-1, 1, 10**6):
        with pytest.raises(IndexError):
            bank.update(wrong, 1.0, 1.0)
        with pytest.raises(IndexError):
            bank.update_batch(wrong, [1.0], [1.0])
        with pytest.raises(IndexError):
            bank.update_many([slot, wrong], [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="same length"):
        bank.update_many([slot], [1.0, 2.0], [1.0])
    for interval in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="interval"):
            SurpriseBank(1).add(interval)


def test_a_series_has_less_than_16_kb_and_they_are_taken_when_it_comes():
    bank = SurpriseBank()
    size = sum(array.nbytes for array in bank._arrays)
    assert size / MAX_SERIES < 16_000
    assert len(bank) == 0


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_state_that_is_none_changes_nothing(data):
    bank = SurpriseBank(1)
    slot = bank.add(DAY)
    bank.update_batch(slot, *series(6, 1_300))
    known = bank.state(slot)
    numbers, history, maxima = list(known[0]), known[1], known[2]
    damage = data.draw(st.sampled_from(["number", "history", "maxima", "type", "length"]))
    if damage == "number":
        place = data.draw(st.integers(0, len(numbers) - 1))
        numbers[place] = data.draw(
            st.floats() | st.sampled_from([-1.0, 0.5, 1e5, 401.0, 1_101.0, math.nan, math.inf])
        )
    elif damage == "history":
        history = history[:80] + np.array([data.draw(st.floats())]).tobytes() + history[88:]
    elif damage == "maxima":
        maxima = np.array([data.draw(st.floats(width=32))], np.float32).tobytes() + maxima[4:]
    elif damage == "length":
        history = history[: data.draw(st.integers(0, len(history)))]
    hostile = (numbers, history, maxima)
    if damage == "type":
        hostile = data.draw(st.sampled_from([None, 3, [], {}, (numbers, history), ("a", "b", "c")]))
    try:
        bank.restore(slot, hostile)
    except ValueError:
        assert bank.state(slot) == known
    bank.update_batch(slot, *series(7, 1_300))  # and what was let in does no harm
    assert 0 <= bank.surprise(slot) <= MAX_SURPRISE


def test_a_state_of_another_rate_is_none():
    bank = SurpriseBank(2)
    with pytest.raises(ValueError, match="interval"):
        bank.restore(bank.add(DAY), bank.state(bank.add(WEEK)))
    assert bank.state(0)[0][INTERVAL] == pytest.approx(DAY / (1 - SEASON_SHARE))
    assert bank.state(0)[0][ACTIVE] == 0
