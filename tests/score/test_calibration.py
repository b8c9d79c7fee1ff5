"""What claims of surprise are worth: never more than claimed, and less of who claims too much."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.score.attention.attention import Attention
from streamson.score.attention.bar import CAME_S
from streamson.score.attention.calibration import APART_POINTS, NOTED_DECADES, Calibration
from streamson.surprise.bank import SurpriseBank

claims = st.lists(
    st.lists(st.floats(0, 15), min_size=4, max_size=4), min_size=1, max_size=40
)  # of four streams at a time


def fed(rows, order=(0, 1, 2, 3)):
    """Return what was believed of each row, by stream, where these have slots in an order."""
    calibration, found = Calibration(4), []
    for i, row in enumerate(rows):
        believed = calibration.believed(
            np.array(row)[list(order)], np.full(4, 20.0 * APART_POINTS * (i + 1))
        )
        found.append(believed[np.argsort(order)])
    return np.array(found), calibration


@given(claims)
def test_nothing_is_believed_beyond_what_is_claimed_and_what_is_usual_is_as_it_is(rows):
    believed, _ = fed(rows)
    claimed = np.array(rows)
    assert (believed <= claimed + 1e-9).all()
    assert (believed[claimed <= NOTED_DECADES] == claimed[claimed <= NOTED_DECADES]).all()
    assert (believed[claimed > NOTED_DECADES] >= NOTED_DECADES).all()


@given(claims, st.permutations(range(4)))
def test_the_order_of_slots_has_no_say(rows, order):
    assert (fed(rows)[0] == fed(rows, order)[0]).all()


@given(claims, st.floats(0, 15), st.floats(0, 15))
def test_who_claims_more_is_believed_no_less(rows, one, other):
    low, high = sorted((one, other))
    lower, higher = (fed([*rows, [claim, 0, 0, 0]])[0][-1, 0] for claim in (low, high))
    assert lower <= higher


def test_whose_peaks_go_far_is_believed_less_than_whose_claims_are_right():
    rng = np.random.default_rng(1)
    calibration = Calibration(2)
    for i in range(200):
        peaks = NOTED_DECADES + rng.exponential((2.0, 0.43))
        for row in (peaks, np.zeros(2)):
            calibration.believed(row, np.full(2, 1e5 + 2.0 * APART_POINTS * i))
        calibration.believed(np.zeros(2), np.full(2, 1e5 + 2.0 * APART_POINTS * (i + 0.5)))
    wild, right = calibration.believed(np.full(2, 6.0), np.full(2, 2e5))
    assert wild < 3.5
    assert 5.0 < right <= 6.0
    # What is surprising indeed moves it little.
    for points in (2e5, 2.1e5):
        calibration.believed(np.array([0.0, 15.0 if points == 2e5 else 0.0]), np.full(2, points))
    assert calibration.believed(np.full(2, 6.0), np.full(2, 2.2e5))[1] > right - 0.5


@pytest.mark.parametrize("kind", ["normal", "standard_t", "lognormal", "walk"])
def test_of_young_series_of_nothing_few_come_forward(kind):
    """Twenty-four streams at a point a second, in their first quarter of an hour."""
    rng, streams, seconds = np.random.default_rng(5), 24, 900
    values = {
        "normal": lambda: rng.normal(size=(seconds, streams)),
        "standard_t": lambda: rng.standard_t(3, (seconds, streams)),
        "lognormal": lambda: rng.lognormal(0, 1, (seconds, streams)),
        "walk": lambda: rng.normal(size=(seconds, streams)).cumsum(0),
    }[kind]()
    bank = SurpriseBank(streams)
    slots = [bank.add(604_800) for _ in range(streams)]
    attention = Attention(4, sample_rate=1, capacity=streams)
    for slot in slots:
        attention.add(f"s{slot}", slot, 0)
    for second, row in enumerate(values):
        bank.update_many(slots, row, np.full(streams, float(second)))
        attention.tick(second, bank.surprises, bank.points, streams)
    assert attention.came <= 2 + 2 * seconds / CAME_S
