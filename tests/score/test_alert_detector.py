"""Whether a value is within its band."""

import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.score.alert_detector import AlertDetector
from streamson.session.schema import Alert

VALUES = st.floats(-20, 20).map(round).map(float)


def changes(detector, values, apart=1.0):
    """Return the number of each value at which something changed, and to what."""
    told = enumerate(detector.update(value, i * apart) for i, value in enumerate(values))
    return [(i, change) for i, change in told if change is not None]


def test_above_with_hysteresis():
    detector = AlertDetector(Alert(band=(-math.inf, 10), hysteresis=2))
    assert changes(detector, [9, 10, 11, 9, 8.5, 12, 8, 10.5]) == [(2, True), (6, False), (7, True)]


def test_below_and_outside():
    assert changes(AlertDetector(Alert(band=(5, math.inf))), [6, 5, 4, 5]) == [
        (2, True),
        (3, False),
    ]
    outside = AlertDetector(Alert(band=(0, 10), hysteresis=1))
    assert changes(outside, [5, -1, 0.5, 11, 9.5, 9]) == [(1, True), (5, False)]


def test_it_must_last():
    detector = AlertDetector(Alert(band=(-math.inf, 10), duration=30))
    assert changes(detector, [11, 11, 9, 11, 11, 11, 11, 9], apart=10) == [(6, True), (7, False)]


def test_a_clock_that_is_set_back_starts_the_time_again():
    detector = AlertDetector(Alert(band=(-math.inf, 10), duration=30))
    assert detector.update(11, 1_000) is None
    assert detector.update(11, 500) is None
    assert detector.update(11, 529) is None
    assert detector.update(11, 530)


def test_what_is_unusual_is_told_and_becomes_usual():
    detector = AlertDetector(Alert(outlier=3, window=100))
    calm = [float(i % 7) for i in range(100)]
    assert changes(detector, calm) == []
    assert detector.update(50.0, 0.0)
    assert detector.update(3.0, 0.0) is False
    found = changes(detector, [50.0 + i % 7 for i in range(200)])
    assert [change for _, change in found] == [True, False]
    assert 20 <= found[1][0] <= 100  # once a quarter of the window is like it


def test_nothing_is_unusual_before_the_usual_is_known():
    detector = AlertDetector(Alert(outlier=3, window=100))
    assert changes(detector, [0.0] * 29 + [1e9]) == []


def test_of_a_constant_anything_else_is_unusual():
    detector = AlertDetector(Alert(outlier=3, window=20))
    assert changes(detector, [45.0] * 30 + [45.1]) == [(30, True)]


@given(
    values=st.lists(VALUES, max_size=60), cut=st.integers(0, 60), duration=st.sampled_from([0, 3])
)
@pytest.mark.parametrize("alert", [Alert(band=(-9, 9), hysteresis=1), Alert(window=20)])
def test_a_watch_saved_and_loaded_continues_identically(alert, values, cut, duration):
    alert = msgspec.structs.replace(alert, duration=float(duration))
    detector, other = AlertDetector(alert), AlertDetector(alert)
    before = changes(detector, values[:cut])
    other.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(detector.state())))
    assert changes(detector, values[cut:]) == changes(other, values[cut:])
    assert all(a[1] != b[1] for a, b in pairwise(before))  # they take turns
