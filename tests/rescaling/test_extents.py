"""What is known of a table before it is played."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from streamson.rescaling.extents import MOST_CLAMPED, Extent, Source, extents_of
from streamson.rescaling.normalize import normalize

FINITE = st.floats(allow_nan=False, allow_infinity=False)
RANDOM = np.random.default_rng(7)
TABLES = {
    "ramp": np.arange(60.0),
    "falling": -(np.arange(500.0) ** 2),
    "sine": np.sin(np.arange(500) / 20),
    "step": np.repeat([0.0, 1, 5, 2], 50),
    "spikes": np.where(RANDOM.random(2_000) < 0.01, 100, RANDOM.normal(size=2_000)),
    "normal": RANDOM.normal(size=20_000),
    "lognormal": RANDOM.lognormal(0, 1.5, 3_000),
    "rare": np.where(RANDOM.random(3_000) < 0.003, 1.0, 0.0),
}


def extent_of(values):
    extent = Extent()
    for value in values:
        extent.add(value)
    return extent


@given(st.lists(FINITE, min_size=1, max_size=60))
@example([5e-324])
@example([-5e-324, 5e-324])
def test_robust_ends_lie_within_the_extremes_and_leave_out_one_in_fifty_at_most(values):
    low, high = extent_of(values).robust
    assert min(values) <= low <= high <= max(values)
    assert sum(value < low for value in values) <= 1 + MOST_CLAMPED * len(values)
    assert sum(value > high for value in values) <= 1 + MOST_CLAMPED * len(values)
    assert (low < high) == (min(values) < max(values))


@pytest.mark.parametrize("name", TABLES)
def test_order_is_kept_and_a_spike_flattens_nothing(name):
    values = TABLES[name]
    low, high = extent_of(values).robust
    inside = values[(values >= low) & (values <= high)]
    steps = [int(30 * 0.999 * normalize(value, low, high)) for value in inside]
    assert spearmanr(inside, steps)[0] > (0.95 if name == "lognormal" else 0.99)


@pytest.mark.parametrize("name", ["ramp", "falling", "sine", "step", "rare"])
def test_what_has_nothing_far_out_is_played_from_end_to_end(name):
    values = TABLES[name]
    assert extent_of(values).robust == (values.min(), values.max())


def test_each_source_has_an_extent_of_what_is_made_of_its_values():
    rows = [({"a": a, "b": math.nan}, float(t)) for t, a in enumerate([10.0, math.nan, 1000.0])]
    sources = [Source("a"), Source("a", ("log",)), Source("b"), Source("c")]
    extents = extents_of(rows, sources)
    assert {source: extent.whole for source, extent in extents.items()} == {
        Source("a"): (10.0, 1000.0),
        Source("a", ("log",)): (1.0, 3.0),
    }
