"""The range that a live part has by itself: wide at first, true to the data soon."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from streamson.rescaling.adaptive import LEAST_SHARE, AdaptiveRange
from streamson.rescaling.contrast import FAR, SHOULDER
from streamson.rescaling.field_hints import FieldHints, hints_for
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.spec import Rescale

FINITE = st.floats(allow_nan=False, allow_infinity=False)


NOTHING = FieldHints()


def ranges(values, known=NOTHING):
    adaptive = AdaptiveRange(known)
    return [adaptive.update(value, 0.0) for value in values]


def places(values, known=NOTHING):
    rescaler = make_rescaler(Rescale(), known=known)
    return np.array([rescaler.rescale(value, 0.0) for value in values])


@pytest.mark.parametrize("value", [21.5, -21.5, 1e-9, 1e300])
def test_the_first_value_stands_between_zero_and_twice_itself(value):
    [(low, high)] = ranges([value])
    assert min(0, 2 * value) <= low < value < high <= max(0, 2 * value)
    assert places([value])[0] == pytest.approx(0.5)


def test_two_values_are_no_range():
    up = places([20.0, 21.0, 20.0, 21.0])
    assert max(up) - min(up) < 0.1  # a twentieth of its size is a small step


def test_a_sensor_is_spread_over_the_range_once_there_is_evidence():
    values = 20 + np.sin(np.arange(600) / 10)
    found = places(values)
    assert np.ptp(found[:10]) < 0.2
    assert np.ptp(found[300:]) > 0.8  # the rest is for what is far out
    assert spearmanr(values[100:], found[100:])[0] > 0.97


def test_noise_of_a_thousandth_of_a_percent_is_no_melody():
    values = 50 + 1e-5 * np.random.default_rng(1).normal(size=1_000)
    found = places(values)
    assert np.ptp(found[300:]) < 0.01
    low, high = ranges(values)[-1]
    assert high - low == pytest.approx(50 * LEAST_SHARE, rel=1e-3)


def test_a_spike_does_not_flatten_the_rest():
    random = np.random.default_rng(2)
    values = random.normal(100, 10, 2_000)
    values[1_000] = 1e6
    before, after = ranges(values)[999], ranges(values)[1_100]
    assert after == pytest.approx(before, rel=0.1)


def test_a_level_that_changes_is_spread_out_soon():
    random = np.random.default_rng(3)
    values = np.concatenate([random.normal(10, 1, 5_000), random.normal(50, 5, 3_000)])
    found = places(values)
    assert found[5_000:5_010].min() > 1 - FAR - 0.01  # farther out than all before
    assert np.median(found[5_200:5_400]) < 1 - SHOULDER  # then as usual as others
    assert np.ptp(np.quantile(found[7_500:], (0.05, 0.95))) > 0.65


def test_a_line_that_rises_never_falls_but_where_the_range_is_widened():
    found = places(np.arange(1.0, 61.0))
    assert np.mean(np.diff(found) >= 0) > 0.85
    assert len(set(found)) > 30


@pytest.mark.parametrize(
    ("field", "transform", "known"),
    [
        ("percent", (), (0.0, 100.0)),
        ("cpu_percent", (), (0.0, 100.0)),
        ("CPU %", (), (0.0, 100.0)),
        ("percentile", (), (math.inf, -math.inf)),
        ("x", ("rate",), (0.0, -math.inf)),
        ("percent", ("difference",), (math.inf, -math.inf)),
        ("temperature", (), (math.inf, -math.inf)),
    ],
)
def test_what_names_say(field, transform, known):
    found = hints_for(field, transform)
    assert (found.low, found.high) == known


def test_a_percentage_is_heard_between_none_and_all():
    assert ranges([3.0, 4.0, 3.5], hints_for("percent"))[-1] == (0.0, 100.0)
    assert set(ranges([97.0, 100.0, 3.0, 100.0], hints_for("percent"))) == {(0.0, 100.0)}
    assert ranges([3.0, 400.0], hints_for("percent"))[-1][1] > 390  # of four processors


def test_an_idle_network_is_quiet():
    traffic = np.random.default_rng(4).uniform(52, 1_193, 500)
    assert places(traffic, hints_for("received")).max() < 0.15
    assert places(1_000 * traffic, hints_for("received"))[300:].max() > 0.9


@given(st.lists(FINITE, min_size=1, max_size=50), st.sampled_from(["x", "percent", "received"]))
def test_any_finite_values_have_a_range_and_a_place(values, field):
    for low, high in ranges(values, hints_for(field)):
        assert -math.inf <= low <= high <= math.inf
    assert np.all(places(values, hints_for(field)) >= 0)
    assert np.all(places(values, hints_for(field)) <= 1)
