"""How rare a score is among all so far: for streams of any age, before there is any alert."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.surprise.bank import SurpriseBank
from streamson.surprise.layout import BLOCK, FINE_BLOCK, HELD, LENGTH

WEEK_S = 604_800.0

NOISE = {
    "white": lambda rng, shape: rng.normal(size=shape),
    "walk": lambda rng, shape: rng.normal(size=shape).cumsum(0),
    "counts": lambda rng, shape: rng.poisson(4, shape).astype(float),
    "log-normal": lambda rng, shape: rng.lognormal(size=shape),
    "mostly 0": lambda rng, shape: (rng.random(shape) < 0.02) * rng.normal(5, 1, shape),
}


def rarities(values):
    """Return what is claimed of each value, shape (points, series), and the bank."""
    series = values.shape[1]
    bank = SurpriseBank(series)
    slots = np.array([bank.add(WEEK_S) for _ in range(series)])
    claims = np.empty(values.shape)
    for i, row in enumerate(values):
        bank.update_many(slots, row, np.full(series, float(i)))
        claims[i] = bank.rarities
    return claims, bank


@pytest.mark.parametrize("kind", NOISE)
def test_claims_are_right_within_a_factor_while_a_series_is_young(kind):
    claims, _ = rarities(NOISE[kind](np.random.default_rng(8), (600, 200)))
    assert not claims[:88].any()
    for decades in (2.0, 3.0):
        share = (claims[90:] >= decades).mean()
        assert share < 4 * 10**-decades  # values slide: what is rare stays for up to ten
    assert (claims[90:] >= 4.5).sum(0).astype(bool).mean() <= 0.02


def test_a_shift_is_rare_ten_minutes_after_the_first_point():
    values = np.random.default_rng(9).normal(size=(630, 50))
    values[600:] += 8
    claims, bank = rarities(values)
    assert np.median(claims[600:].max(0)) > 4.5
    assert np.median(claims[500:600].max(0)) < 3
    assert bank.rarities.shape == (50,)


def test_of_a_series_that_never_moved_it_is_only_known_for_how_long():
    values = np.zeros((400, 1))
    values[300:] = 1e6
    claims, _ = rarities(values)
    assert claims.max() == pytest.approx(np.log10(301), abs=0.05)


def test_blocks_are_fine_until_there_is_no_more_room():
    values = np.random.default_rng(2).normal(size=(2_100, 1))
    bank = SurpriseBank(1)
    slot = bank.add(WEEK_S)
    lengths = []
    for i, value in enumerate(values[:, 0]):
        bank.update(slot, value, float(i))
        lengths.append((bank._numbers[slot, LENGTH], bank._numbers[slot, HELD]))
    assert lengths[1_900][0] == FINE_BLOCK
    assert lengths[-1] == (BLOCK, len(values) // BLOCK - 1)


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=300), st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_claims_are_finite_and_go_on_identically(values, cut):
    bank = SurpriseBank(2)
    first, second = bank.add(WEEK_S), bank.add(WEEK_S)
    for i, value in enumerate(values):
        bank.update(first, value, float(i))
        if i == min(cut, len(values) - 1):
            bank.restore(second, bank.state(first))
        elif i > cut:
            bank.update(second, value, float(i))
        assert 0 <= bank.rarities[first] <= 15
    assert bank.rarities[first] == bank.rarities[second]
