"""Equalisation with limited contrast: against a plain look at the values, and what always holds."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.counts import ScoreCounts
from streamson.rescaling.contrast import (
    FAR,
    FAR_SHARES,
    LEAST_SHARE,
    NEAR_SHARES,
    TAIL,
    equalized,
)
from streamson.rescaling.equalize import REDRAWN_EVERY
from streamson.rescaling.field_hints import FieldHints, hints_for
from streamson.rescaling.held_line import FIRST_FREE, HELD_POINTS, PARTS, HeldLine
from streamson.rescaling.normalize import Window
from streamson.rescaling.quantiles import SAMPLE_POINTS, thinned
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.spec import Rescale

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SOME = st.floats(-100, 100).map(round)
NOTES = 30
FIELDS = ["x", "bytes", "received"]


class Ranked(NamedTuple):
    value: float
    rank: float


def ranked(values):
    """Return the values of `NEAR_SHARES` and their ranks, by a plain look at all."""
    values = np.sort(np.array(values, float))
    near = [values[int(share * (len(values) - 1) + 0.5)] for share in NEAR_SHARES]
    return [Ranked(v, ((values < v).mean() + (values <= v).mean()) / 2) for v in near]


def line(values, contrast=1_000.0, known=FieldHints(), far=None):  # noqa: B008  # it can't be changed
    far = values if far is None else far
    near, ranks = np.array(ranked(values)).T
    return equalized(near, ranks, np.quantile(far, FAR_SHARES), contrast, known)


def place(knots, value):
    drawn = HeldLine()
    drawn.draw(knots)
    return drawn.place(value)


def note(place):
    return int(0.999 * NOTES * place)


def fence(values):
    lower, upper = np.quantile(values, (0.25, 0.75))
    return upper + 3 * (upper - lower)


def looked_up(values, value, contrast):
    """Return where a value between the 5 % and 95 % ones stands, from the text in the docs."""
    near = ranked(values)
    least = float(LEAST_SHARE * max(abs(near[5].value), abs(near[15].value)))
    dense = sorted(set(near[1:-1]))
    at, ranks = np.array(dense).T
    span = float(max(at[-1] - at[0], least))
    contrast = min(contrast, span / least) if least else contrast
    sure = min(contrast - 1, 1)
    before, after = sure * (ranks[0] - 0.05) / 0.9, sure * (0.95 - ranks[-1]) / 0.9
    before, after = max(before, 0), max(after, 0)
    widths = np.diff(at) / span
    shares = np.diff(ranks) / max(ranks[-1] - ranks[0], 1e-9) * (1 - before - after)
    shares = np.minimum(shares, (contrast - 1) * widths)
    shares += (1 - before - after - shares.sum()) * widths  # what is cut off, to all alike
    idle = 1 - before - after - shares.sum()
    places = before + idle / 2 + np.r_[0, np.cumsum(shares)]
    return TAIL + (1 - 2 * TAIL) * np.interp(value, at, places)


@given(
    st.lists(st.tuples(st.integers(-4, 4), st.floats(-9, 9)), min_size=5, max_size=60),
    st.floats(1, 99),
    st.floats(0, 1),
)
def test_it_is_what_a_look_at_the_values_says(drawn, contrast, where):
    values = np.array([10.0**size * value for size, value in drawn])
    near = ranked(values)
    # As of a long time, so that nothing is beside the dense part.
    far = [near[1].value] * 9 + [v.value for v in near[2:-2]] * 2 + [near[-2].value] * 9
    value = near[1].value + where * (near[-2].value - near[1].value)
    ends = np.unique([found.value for found in near[1:-1]])
    if len(ends) == 1 or np.diff(ends).min() > 1e-9 * (ends[-1] - ends[0]):
        assert place(line(values, contrast, far=far), value) == pytest.approx(
            looked_up(values, value, contrast), abs=1e-9
        )


@given(st.lists(SOME, min_size=1, max_size=70), st.integers(2, 40))
def test_the_line_is_of_the_values_before(values, points):
    rescaler = make_rescaler(Rescale("equalize", Window(points=points)))
    for i, value in enumerate(values):
        rescaler.rescale(value, 0.0)
        if rescaler._holds == min(1 + (i + 1) // 16, REDRAWN_EVERY):
            expected = line(values[max(0, i + 1 - points) : i + 1])
            np.testing.assert_allclose(rescaler._line, expected, atol=1e-9)


@pytest.mark.parametrize("field", FIELDS)
@given(values=st.lists(FINITE, min_size=1, max_size=40), asked=st.lists(FINITE, min_size=2))
def test_whatever_comes_it_never_falls(field, values, asked):
    rescaler = make_rescaler(Rescale(), known=hints_for(field))
    for value in values:
        assert 0 <= rescaler.rescale(value, 0.0) <= 1
    assert (np.diff(rescaler._line) >= 0).all()
    make_rescaler(Rescale()).restore(rescaler.state())
    low, high = rescaler.range
    assert -np.inf < low <= high < np.inf
    places = [rescaler.place(value) for value in sorted(asked)]
    assert (np.diff(places) >= -1e-12).all()
    assert 0 <= min(places) <= max(places) <= 1


@given(st.lists(SOME, min_size=20, max_size=80), st.floats(1, 100))
def test_contrast_is_limited(values, contrast):
    near = ranked(values)
    low, high = near[1].value, near[-2].value
    if high == low:
        return
    knots = line(values, contrast, far=[low] * 9 + [high] * 9)
    least = float(LEAST_SHARE * max(abs(near[5].value), abs(near[15].value)))
    steepest = min(contrast / max(high - low, least), 1 / least if least else np.inf)
    widths, rises = np.diff(knots)[:, 4:-4]
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
    near, middle, far = (place(knots, value) for value in (8.0, 50.0, 100.0))
    assert 1 - FAR < near < middle < far == 1.0


def test_noise_is_not_blown_up_and_equal_values_are_one_note():
    random = np.random.default_rng(8)
    places = [place(line(50 + 1e-5 * random.normal(size=500)), 50 + d) for d in (-1e-5, 1e-5)]
    assert places == pytest.approx([0.5, 0.5], abs=1e-4)
    mostly = np.where(random.random(500) < 0.1, random.uniform(1, 9, 500), 0.0)
    knots = line(mostly)
    assert place(knots, 0.0) < place(knots, 1.0) < place(knots, 9.0)
    assert place(line(np.zeros(9)), 0.0) == 0.5


def test_nothing_below_a_known_end_has_room():
    traffic = np.random.default_rng(9).uniform(1e5, 1e6, 800)
    assert place(line(traffic, known=hints_for("received")), 1e5) < 0.05
    assert place(line(traffic), 1e5) > 0.08
    quiet = np.zeros(50)
    assert place(line(quiet, known=hints_for("received")), 0.0) <= 0.05


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


HEARD = st.lists(st.tuples(SOME, st.floats(0, 1)), max_size=3 * HELD_POINTS)


@given(
    HEARD,
    SOME,
    st.lists(st.tuples(SOME, st.floats(0, 1)), min_size=2, max_size=9),
)
def test_what_was_heard_holds_the_line_as_a_plain_look_says(heard, value, drawn):
    knots = sorted(dict(drawn).items())
    values, places = [x for x, _ in knots], sorted(y for _, y in knots)
    held = HeldLine()
    held.draw(np.array((values, places), float))
    wanted = np.interp(value, values, places) if values[0] <= value <= values[-1] else None
    if wanted is None:
        wanted = float(value > values[-1])
    for x, y in heard:
        held.hear(float(x), y)
    last = heard[FIRST_FREE:][-HELD_POINTS - 1 :]
    low = max([(note(y) - 1) / (0.999 * PARTS) for x, y in last if x <= value] + [0.0])
    high = min([(note(y) + 2) / (0.999 * PARTS) for x, y in last if x >= value] + [1.0])
    assert held.place(float(value)) == pytest.approx(max(low, min(wanted, high)), abs=1e-8)


KINDS_OF_CHANGE = {
    "wanders": lambda random: np.cumsum(random.normal(size=700)),
    "rises": lambda random: np.arange(700) ** 2.0,
    "new level": lambda random: np.repeat([20.0, 90.0], 350) + random.normal(size=700),
    "falls silent": lambda random: np.repeat([1.0, 0.0], 350) * random.pareto(1, 700),
    "counts": lambda random: random.poisson(np.linspace(0.2, 5, 700)).astype(float),
}


@pytest.mark.parametrize("rescale", [Rescale(), Rescale("equalize", Window(points=40))])
@pytest.mark.parametrize("kind", KINDS_OF_CHANGE)
def test_an_unchanged_value_moves_by_one_note_at_most(kind, rescale):
    values = KINDS_OF_CHANGE[kind](np.random.default_rng(3)).tolist()
    rescaler = make_rescaler(rescale)
    notes = []
    for i, value in enumerate(values):
        notes.append(note(rescaler.rescale(value, 0.0)))
        for k in range(max(FIRST_FREE, i - HELD_POINTS), i + 1):
            assert abs(note(rescaler.place(values[k])) - notes[k]) <= 1


def test_the_dense_part_follows_what_wanders():
    """Of a walk, what is high or low among the last values is heard, not only its level."""
    walk = np.cumsum(np.random.default_rng(4).normal(size=6_000))
    rescaler = make_rescaler(Rescale())
    places = np.array([rescaler.rescale(value, 0.0) for value in walk])[1_000:]
    rank = make_rescaler(Rescale("rank", Window(points=300)))
    ranks = np.array([rank.rescale(value, 0.0) for value in walk])[1_000:]
    assert np.corrcoef(places, ranks)[0, 1] > 0.85


def test_what_is_far_out_is_so_against_a_longer_time():
    """An hour of calm does not make a spike of what was common before it."""
    random = np.random.default_rng(6)
    rescaler = make_rescaler(Rescale())
    values = [*random.uniform(0, 100, 700), *random.uniform(40, 42, 300)]
    for value in values:
        rescaler.rescale(value, 0.0)
    high, spike = np.quantile(values, 0.95), fence(values)
    assert note(rescaler.place(spike)) - note(rescaler.place(high)) >= 3


@pytest.mark.parametrize(
    "window", [Window(points=5), Window(points=40_000), Window(), Window(seconds=30)]
)
@given(st.lists(st.integers(0, 40), max_size=40), st.integers(0, 2**32 - 1))
def test_values_that_are_taken_in_at_once_are_as_one_by_one(window, sizes, seed):
    at_once, one_by_one = thinned(window), thinned(window)
    values = np.random.default_rng(seed).normal(size=sum(sizes)).tolist()
    times = [float(i) for i in range(len(values))]
    at = 0
    for size in sizes:
        at_once.take_all(values[at : at + size], times[at : at + size])
        at += size
    for value, time in zip(values, times, strict=True):
        one_by_one.take(value, time)
    assert at_once.state() == one_by_one.state()


def test_a_sample_of_one_of_many_is_taken_in_at_once_as_one_by_one():
    at_once, one_by_one = (thinned(Window(points=4 * SAMPLE_POINTS + 1)) for _ in range(2))
    values = np.random.default_rng(1).normal(size=5 * SAMPLE_POINTS).tolist()
    for at in range(0, len(values), 16):
        at_once.take_all(values[at : at + 16], values[at : at + 16])
    for value in values:
        one_by_one.take(value, value)
    assert one_by_one.state()["stride"] > 1
    assert at_once.state() == one_by_one.state()


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
    "change",
    [
        ("holds", -1),
        ("holds", 17),
        ("seen", -1),
        ("first", [1.0, 3.0, 4.0]),
        ("far", None),
        ("heard", {"heard": 40, "values": [1.0], "parts": [3]}),
        ("heard", {"heard": 1, "values": [1.0], "parts": [30]}),
        ("heard", {"heard": -1, "values": [], "parts": []}),
    ],
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
    state["line"][1][3] = 0.99
    with pytest.raises(ValueError, match="falls"):
        rescaler.restore(state)
