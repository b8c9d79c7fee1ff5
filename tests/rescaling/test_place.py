"""Where a value would stand is told without taking it in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.rescaling.normalize import Window
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.spec import Rescale, WarmUpSpec

MODES = {
    "auto": Rescale(),
    "fixed": Rescale("fixed", initial_range=(-50.0, 50.0)),
    "all": Rescale("minmax", Window()),
    "points": Rescale("minmax", Window(points=5)),
    "seconds": Rescale("minmax", Window(seconds=4.0)),
    "slew": Rescale("minmax", Window(points=5), slew=3.0),
    "quantile": Rescale("quantile", Window(points=9)),
    "rank": Rescale("rank", Window(points=9)),
    "equalize": Rescale("equalize", Window(points=9)),
    "decay": Rescale("decay"),
    "zscore": Rescale("zscore"),
}

values = st.lists(st.floats(-100, 100, allow_subnormal=False), min_size=2, max_size=25)


@pytest.mark.parametrize("mode", MODES)
@given(values, st.floats(-200, 200))
def test_it_is_a_place_and_changes_nothing(mode, seen, asked):
    asked_now, never_asked = (make_rescaler(MODES[mode]) for _ in range(2))
    for time, value in enumerate(seen):
        assert asked_now.rescale(value, time) == never_asked.rescale(value, time)
        place = asked_now.place(asked)
        assert math.isnan(place) or 0 <= place <= 1
    assert asked_now.state() == never_asked.state()


@pytest.mark.parametrize("mode", MODES)
@given(values, st.floats(-200, 200), st.floats(-200, 200))
def test_a_higher_value_never_stands_lower(mode, seen, one, other):
    rescaler = make_rescaler(MODES[mode])
    for time, value in enumerate(seen):
        rescaler.rescale(value, time)
    low, high = rescaler.place(min(one, other)), rescaler.place(max(one, other))
    assert math.isnan(low) == math.isnan(high)
    assert math.isnan(low) or low <= high


@pytest.mark.parametrize("mode", MODES)
@given(values)
def test_a_value_that_is_taken_in_stands_where_it_was_told(mode, seen):
    rescaler = make_rescaler(MODES[mode])
    for time, value in enumerate(seen):
        told = rescaler.rescale(value, time)
    place = rescaler.place(seen[-1])
    # With these what it changes holds from the next one on.
    if mode not in {"auto", "equalize"} and not math.isnan(place):
        assert place == pytest.approx(told, abs=1e-12)


def test_nobody_knows_before_the_first_value_and_while_it_warms_up():
    for rescale in (Rescale("minmax", Window()), Rescale("rank", Window(points=9)), Rescale()):
        assert math.isnan(make_rescaler(rescale).place(1.0))
    warming = make_rescaler(Rescale("minmax", Window(), warm_up=WarmUpSpec(3, "middle")))
    for value in (0.0, 10.0):
        warming.rescale(value, 0.0)
        assert math.isnan(warming.place(5.0))
    warming.rescale(10.0, 0.0)
    assert warming.place(5.0) == 0.5
