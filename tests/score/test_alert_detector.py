"""Whether a value is within its band."""

import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.score.alert_detector import Watch
from streamson.session.schema import Cue

VALUES = st.floats(-20, 20).map(round).map(float)


def changes(watch, values, apart=1.0):
    """Return the number of each value at which something changed, and to what."""
    told = enumerate(watch.see(value, i * apart) for i, value in enumerate(values))
    return [(i, change) for i, change in told if change is not None]


def test_above_with_hysteresis():
    watch = Watch(Cue(band=(-math.inf, 10), hysteresis=2))
    assert changes(watch, [9, 10, 11, 9, 8.5, 12, 8, 10.5]) == [(2, True), (6, False), (7, True)]


def test_below_and_outside():
    assert changes(Watch(Cue(band=(5, math.inf))), [6, 5, 4, 5]) == [(2, True), (3, False)]
    outside = Watch(Cue(band=(0, 10), hysteresis=1))
    assert changes(outside, [5, -1, 0.5, 11, 9.5, 9]) == [(1, True), (5, False)]


def test_it_must_last():
    watch = Watch(Cue(band=(-math.inf, 10), lasting=30))
    assert changes(watch, [11, 11, 9, 11, 11, 11, 11, 9], apart=10) == [(6, True), (7, False)]


def test_a_clock_that_is_set_back_starts_the_time_again():
    watch = Watch(Cue(band=(-math.inf, 10), lasting=30))
    assert watch.see(11, 1_000) is None
    assert watch.see(11, 500) is None
    assert watch.see(11, 529) is None
    assert watch.see(11, 530)


def test_what_is_unusual_is_told_and_becomes_usual():
    watch = Watch(Cue(unusual=3, window=100))
    calm = [float(i % 7) for i in range(100)]
    assert changes(watch, calm) == []
    assert watch.see(50.0, 0.0)
    assert watch.see(3.0, 0.0) is False
    found = changes(watch, [50.0 + i % 7 for i in range(200)])
    assert [change for _, change in found] == [True, False]
    assert 20 <= found[1][0] <= 100  # once a quarter of the window is like it


def test_nothing_is_unusual_before_the_usual_is_known():
    watch = Watch(Cue(unusual=3, window=100))
    assert changes(watch, [0.0] * 29 + [1e9]) == []


def test_of_a_constant_anything_else_is_unusual():
    watch = Watch(Cue(unusual=3, window=20))
    assert changes(watch, [45.0] * 30 + [45.1]) == [(30, True)]


@given(
    values=st.lists(VALUES, max_size=60), cut=st.integers(0, 60), lasting=st.sampled_from([0, 3])
)
@pytest.mark.parametrize("cue", [Cue(band=(-9, 9), hysteresis=1), Cue(window=20)])
def test_a_watch_saved_and_loaded_continues_identically(cue, values, cut, lasting):
    cue = msgspec.structs.replace(cue, lasting=float(lasting))
    watch, other = Watch(cue), Watch(cue)
    before = changes(watch, values[:cut])
    other.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(watch.state())))
    assert changes(watch, values[cut:]) == changes(other, values[cut:])
    assert all(a[1] != b[1] for a, b in pairwise(before))  # they take turns
