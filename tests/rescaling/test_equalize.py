"""Equalisation with limited contrast: against a plain look at the values, and what always holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.counts import ScoreCounts
from streamson.rescaling.contrast import FAR, LEAST_SHARE, SHARES, TAIL, equalized
from streamson.rescaling.equalize import REDRAWN_EVERY
from streamson.rescaling.field_hints import FieldHints, hints_for
from streamson.rescaling.normalize import Window
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.spec import Rescale

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SOME = st.floats(-100, 100).map(round)
NOTES = 30
FIELDS = ["x", "bytes", "received"]


def line(values, contrast=50.0, known=FieldHints()):  # noqa: B008  # it can't be changed
    return equalized(np.quantile(values, SHARES).tolist(), contrast, known)


def note(place):
    return int(0.999 * NOTES * place)


def fence(values):
    lower, upper = np.quantile(values, (0.25, 0.75))
    return upper + 3 * (upper - lower)


def looked_up(values, value, contrast):
    """Return where a value between the 5 % and 95 % quantiles stands, from the text in the docs."""
    ends = np.quantile(values, np.linspace(0.05, 0.95, 19))
    quartiles = np.quantile(values, (0.25, 0.75))
    least = LEAST_SHARE * np.abs(quartiles).max()
    span = max(ends[-1] - ends[0], least)
    contrast = min(contrast, span / least) if least else contrast
    widths = np.diff(ends) / span
    shares = np.minimum(np.full(18, 1 / 18), (contrast - 1) * widths)
    shares += (1 - shares.sum()) * widths  # what is cut off, to all alike
    start = (1 - shares.sum()) / 2
    place = start + np.interp(value, ends, np.r_[0, np.cumsum(shares)])
    return TAIL + (1 - 2 * TAIL) * place


@given(
    st.lists(st.tuples(st.integers(-4, 4), st.floats(-9, 9)), min_size=5, max_size=60),
    st.floats(1, 99),
    st.floats(0, 1),
)
def test_it_is_what_a_look_at_the_values_says(drawn, contrast, where):
    values = np.array([10.0**size * value for size, value in drawn])
    low, high = np.quantile(values, (0.05, 0.95))
    value = low + where * (high - low)
    ends = np.quantile(values, np.linspace(0.05, 0.95, 19))
    if np.diff(ends).min() > 1e-9 * (high - low):
        assert line(values, contrast).place(value) == pytest.approx(
            looked_up(values, value, contrast), abs=1e-9
        )


@given(st.lists(SOME, min_size=1, max_size=70), st.integers(2, 40))
def test_the_line_is_of_the_values_before(values, points):
    rescaler = make_rescaler(Rescale("equalize", Window(points=points)))
    for i, value in enumerate(values):
        rescaler.rescale(value, 0.0)
        if rescaler._holds == min(1 + (i + 1) // 16, REDRAWN_EVERY):
            expected = line(values[max(0, i + 1 - points) : i + 1])
            np.testing.assert_allclose(rescaler._knots.values, expected.values, atol=1e-9)
            np.testing.assert_allclose(rescaler._knots.places, expected.places, atol=1e-9)


@pytest.mark.parametrize("field", FIELDS)
@given(values=st.lists(FINITE, min_size=1, max_size=40), asked=st.lists(FINITE, min_size=2))
def test_whatever_comes_it_never_falls(field, values, asked):
    rescaler = make_rescaler(Rescale(), known=hints_for(field))
    for value in values:
        assert 0 <= rescaler.rescale(value, 0.0) <= 1
    knots = rescaler._knots
    assert knots.values == sorted(knots.values)
    assert knots.places == sorted(knots.places)
    make_rescaler(Rescale()).restore(rescaler.state())
    low, high = rescaler.range
    assert -np.inf < low <= high < np.inf
    places = [rescaler.place(value) for value in sorted(asked)]
    assert (np.diff(places) >= -1e-12).all()
    assert 0 <= min(places) <= max(places) <= 1


@given(st.lists(SOME, min_size=20, max_size=80), st.floats(1, 100))
def test_contrast_is_limited(values, contrast):
    values = np.array(values, float)
    low, high = np.quantile(values, (0.05, 0.95))
    if high == low:
        return
    knots = line(values, contrast)
    least = LEAST_SHARE * np.abs(np.quantile(values, (0.25, 0.75))).max()
    steepest = min(contrast / max(high - low, least), 1 / least if least else np.inf)
    widths = np.diff(knots.values)[3:-3]
    rises = np.diff(knots.places)[3:-3]
    assert (rises[widths == 0] < 1e-12).all()
    slopes = rises[widths > 0] / widths[widths > 0]
    assert slopes.max() <= (1 - 2 * TAIL) * steepest * (1 + 1e-6)


DISTRIBUTIONS = {
    "uniform": lambda random: random.uniform(size=900),
    "normal": lambda random: random.normal(20, 3, 900),
    "exponential": lambda random: random.exponential(size=900),
    "pareto": lambda random: random.pareto(1.5, 900),
    "cauchy": lambda random: random.standard_cauchy(900),
    "two levels": lambda random: random.choice([3.0, 9.0], 900) + random.normal(0, 0.1, 900),
    "counts": lambda random: random.poisson(1.0, 900).astype(float),
    "busy now and then": lambda random: np.where(
        random.random(900) < 0.04, random.uniform(50, 100, 900), random.normal(2, 0.1, 900)
    ),
}


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_spike_is_three_notes_beyond_the_95_percent_note(kind, sign):
    values = DISTRIBUTIONS[kind](np.random.default_rng(5))
    rescaler = make_rescaler(Rescale())
    for value in values:
        rescaler.rescale(sign * value, 0.0)
    high = np.quantile(values, 0.95)
    spike = max(fence(values), high + 0.3 * (high - np.median(values))) + 1e-6
    usual, far = (note(rescaler.place(sign * value)) for value in (high, spike))
    assert sign * (far - usual) >= 3
    assert sign * (note(rescaler.place(sign * 1e9 * spike)) - far) >= 0


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_the_dense_part_is_spread_out(kind):
    values = DISTRIBUTIONS[kind](np.random.default_rng(6))
    places = [make.rescale(value, 0.0) for make in [make_rescaler(Rescale())] for value in values]
    notes, counts = np.unique([note(place) for place in places[300:]], return_counts=True)
    shares = counts / counts.sum()
    told = -(shares * np.log(shares)).sum()
    distinct = np.unique(values[300:], return_counts=True)[1] / 600
    possible = min(-(distinct * np.log(distinct)).sum(), np.log(NOTES))
    assert told > 0.8 * possible
    assert len(notes) <= NOTES


def test_far_out_distance_counts():
    values = np.random.default_rng(7).normal(size=900)
    values[[300, 500, 700]] = 20.0, 60.0, 100.0
    knots = line(values)
    near, middle, far = (knots.place(value) for value in (8.0, 50.0, 100.0))
    assert 1 - FAR < near < middle < far == 1.0


def test_noise_is_not_blown_up_and_equal_values_are_one_note():
    random = np.random.default_rng(8)
    places = [line(50 + 1e-5 * random.normal(size=500)).place(50 + d) for d in (-1e-5, 1e-5)]
    assert places == pytest.approx([0.5, 0.5], abs=1e-4)
    mostly = np.where(random.random(500) < 0.1, random.uniform(1, 9, 500), 0.0)
    knots = line(mostly)
    assert knots.place(0.0) < knots.place(1.0) < knots.place(9.0)
    assert line(np.zeros(9)).place(0.0) == 0.5


def test_nothing_below_a_known_end_has_room():
    traffic = np.random.default_rng(9).uniform(1e5, 1e6, 800)
    assert line(traffic, known=hints_for("received")).place(1e5) < 0.05
    assert line(traffic).place(1e5) > 0.08
    quiet = np.zeros(50)
    assert line(quiet, known=hints_for("received")).place(0.0) <= 0.05


def test_an_unchanged_value_keeps_its_place_while_the_line_holds():
    rescaler = make_rescaler(Rescale())
    for value in np.random.default_rng(1).normal(size=1_500):
        rescaler.rescale(value, 0.0)
    places = []
    for value in np.random.default_rng(2).normal(size=160):
        rescaler.rescale(value, 0.0)
        places.append(rescaler.place(0.3))
    assert np.count_nonzero(np.diff(places)) <= 160 // REDRAWN_EVERY
    assert np.abs(np.diff(places)).max() < 1 / NOTES


def test_a_percentage_stands_where_it_is():
    rescaler = make_rescaler(Rescale(), known=hints_for("percent"))
    assert [rescaler.rescale(value, 0.0) for value in (3.0, 4.0, 50.0, 3.5)] == pytest.approx(
        [0.03, 0.04, 0.5, 0.035]
    )


def test_what_lies_beyond_both_ends_is_counted():
    counts = ScoreCounts()
    rescaler = make_rescaler(Rescale("equalize", Window(points=100)), counts=counts)
    for value in [*np.linspace(0, 1, 200), 1e6, -1e6]:
        rescaler.rescale(float(value), 0.0)
    before = counts.values_clamped
    assert before >= 2
    rescaler.rescale(0.9, 0.0)
    assert counts.values_clamped == before


@pytest.mark.parametrize(
    "change", [("holds", -1), ("holds", 17), ("seen", -1), ("first", [1.0, 3.0, 4.0])]
)
def test_a_line_that_could_not_be_is_refused(change):
    rescaler = make_rescaler(Rescale())
    for value in range(40):
        rescaler.rescale(float(value), 0.0)
    state = rescaler.state()
    state[change[0]] = change[1]
    with pytest.raises(ValueError, match=r"\d"):
        rescaler.restore(state)


def test_a_line_that_falls_is_refused():
    rescaler = make_rescaler(Rescale())
    rescaler.rescale(1.0, 0.0)
    state = rescaler.state()
    state["knots"][1][3] = 0.99
    with pytest.raises(ValueError, match="falls"):
        rescaler.restore(state)
