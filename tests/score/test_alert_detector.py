"""Whether a value is within its band."""

import math
from itertools import pairwise

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamson.score.alerts.detector import AlertDetector
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


@given(
    values=st.lists(VALUES, max_size=60),
    sizes=st.lists(st.integers(1, 20), min_size=60, max_size=60),
    duration=st.sampled_from([0.0, 3.0]),
)
def test_what_a_batch_passes_changes_nothing(values, sizes, duration):
    alert = Alert(band=(-9, 9), hysteresis=1, duration=duration)
    detector, other = AlertDetector(alert), AlertDetector(alert)
    start = 0
    for size in sizes:
        batch = list(enumerate(values[start : start + size], start))
        start += size
        if detector.passes(np.array([value for _, value in batch])):
            assert all(other.update(value, i) is None for i, value in batch)
        else:
            for i, value in batch:
                assert detector.update(value, i) == other.update(value, i)
        assert msgspec.msgpack.encode(detector.state()) == msgspec.msgpack.encode(other.state())


@given(
    values=st.lists(VALUES, max_size=60), cut=st.integers(0, 60), duration=st.sampled_from([0, 3])
)
def test_a_watch_saved_and_loaded_continues_identically(values, cut, duration):
    alert = Alert(band=(-9, 9), hysteresis=1, duration=float(duration))
    detector, other = AlertDetector(alert), AlertDetector(alert)
    before = changes(detector, values[:cut])
    other.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(detector.state())))
    assert changes(detector, values[cut:]) == changes(other, values[cut:])
    assert all(a[1] != b[1] for a, b in pairwise(before))  # they take turns
