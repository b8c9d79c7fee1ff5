"""Long windows: quantiles read from their ends, ranks in a fair sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.rescaling.normalize import Window, normalize
from streamson.rescaling.quantiles import SAMPLE_POINTS
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.spec import Rescale
from streamson.rescaling.tail_quantiles import MAX_SHARE, TailQuantiles


@given(
    capacity=st.sampled_from([1, 7, 400, 3_000]),
    low=st.floats(0, MAX_SHARE),
    high=st.floats(1 - MAX_SHARE, 1),
    spread=st.sampled_from([1, 3, 50, 10**6]),
    drift=st.sampled_from([0, 0.01, 0.5, -3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_ends_have_the_quantiles_of_all_values(capacity, low, high, spread, drift, seed):
    random = np.random.default_rng(seed)
    ends, values = TailQuantiles(capacity, low, high), []
    for i in range(3 * capacity + 10):
        values.append(float(random.integers(-spread, spread) + drift * i))
        found = ends.update(values[-1], 0.0)
        if i % (1 + capacity // 50) == 0:
            expected = np.quantile(values[-capacity:], (low, high))
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("drift", [0, 1e-3, -1e-3])
def test_a_long_windows_quantiles_equal_a_look_at_it(drift):
    points = 2 * SAMPLE_POINTS
    quantile = make_rescaler(Rescale("quantile", Window(points=points)))
    values = np.random.default_rng(5).normal(size=4 * points) + drift * np.arange(4 * points)
    for i, value in enumerate(values.tolist()):
        u = quantile.rescale(value, 0.0)
        if i % 1_000 == 0:
            low, high = np.quantile(values[max(0, i + 1 - points) : i + 1], (0.01, 0.99))
            assert u == pytest.approx(normalize(value, low, high), abs=1e-9)


@pytest.mark.parametrize("drift", [0, 1e-3, -1e-3])
def test_a_rank_in_a_long_window_is_that_in_a_fair_sample(drift):
    points = 3 * SAMPLE_POINTS
    rank = make_rescaler(Rescale("rank", Window(points=points)))
    values = np.random.default_rng(6).normal(size=3 * points) + drift * np.arange(3 * points)
    for i, value in enumerate(values.tolist()):
        u = rank.rescale(value, 0.0)
        if i % 1_000 == 0 and i:
            window = values[max(0, i + 1 - points) : i + 1]
            # A share in a sample of 8,192 or more has a standard deviation of 0.6 % at most, and
            # the oldest of the sample may be some points older than the window.
            assert u == pytest.approx((window < value).mean(), abs=0.03)
