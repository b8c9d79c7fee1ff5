"""What participants are asked: fair, and the same by the same seed."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.study.headphones import CHECKS, SOFTER_DB, check_trial, tones
from streamson.study.plan import Plan
from streamson.study.questions import ASKED, DOWN, JITTER, LEVELS, UP

PLANS = st.builds(
    Plan,
    seed=st.integers(0, 2**63 - 1),
    trials=st.integers(1, 60),
    n_streams=st.integers(2, 4),
    checks_headphones=st.booleans(),
)


@given(PLANS, st.integers(0, 1000))
def test_a_plan_is_one_by_its_seed_and_fair(plan, participant):
    trials = plan.of(participant)
    assert trials == plan.of(participant)
    assert [trial.number for trial in trials] == list(range(1, len(trials) + 1))
    phases = Counter(trial.phase for trial in trials)
    assert phases["headphones"] == (CHECKS if plan.checks_headphones else 0)
    assert phases["test"] == plan.trials
    order = [trial.phase for trial in trials]
    assert order == sorted(order, key=["headphones", "training", "test"].index)
    tested = [trial for trial in trials if trial.phase == "test"]
    counts = [sum(trial.question == name for trial in tested) for name in ASKED]
    assert max(counts) - min(counts) <= 1
    for name in ASKED:
        cases = Counter((one.level, one.truth) for one in tested if one.question == name)
        # All levels and truths come before one comes again.
        assert not cases or max(cases.values()) - min(cases.values()) <= 1
    assert {trial.question for trial in trials if trial.phase == "training"} == set(ASKED)


@given(PLANS, st.integers(0, 1000))
def test_the_data_have_the_truth_that_is_told(plan, participant):
    for trial in plan.of(participant):
        assert trial.truth in trial.choices
        changes = [made.values[-1] - made.values[0] for made in trial.streams]
        for made in trial.streams:
            assert all(0 <= value <= 100 for value in made.values)
        # Two values, each off by its jitter, and rounded.
        slack = 2 * JITTER + 1
        if trial.question == "stream":
            assert len(changes) == len(trial.choices)
            for number, change in enumerate(changes, 1):
                expected = trial.level if str(number) == trial.truth else 0
                assert abs(abs(change) - expected) <= slack
        elif trial.question == "direction":
            (change,) = changes
            assert abs(change - (1 if trial.truth == UP else -1) * trial.level) <= slack
        elif trial.question == "count":
            assert len(changes) == int(trial.truth)
            assert all(abs(change) <= slack for change in changes)
        else:
            assert not trial.streams


def test_participants_have_orders_of_their_own():
    plan = Plan(1, 24, 4)
    orders = {
        tuple((trial.question, trial.level, trial.truth) for trial in plan.of(number))
        for number in range(20)
    }
    assert len(orders) == 20


def test_each_level_comes_with_each_truth():
    found = Counter()
    for number in range(30):
        for trial in Plan(3, 24, 4, checks_headphones=False).of(number):
            if trial.phase == "test":
                found[trial.question, trial.level, trial.truth] += 1
    assert {key for key in found if key[0] == "direction"} == {
        ("direction", level, truth) for level in LEVELS for truth in (UP, DOWN)
    }
    of_streams = [count for (name, *_), count in found.items() if name == "stream"]
    assert len(of_streams) == 9
    assert max(of_streams) < 1.3 * min(of_streams)


@pytest.mark.parametrize("number", range(1, 7))
def test_of_three_tones_one_is_softer_and_another_in_antiphase(number):
    from random import Random

    trial = check_trial(number, Random(number))
    rate = 8_000
    sound = tones(trial, rate).astype(float)
    starts = [round(i * 1.5 * rate) for i in range(3)]
    parts = [sound[start : start + rate] for start in starts]
    levels = [20 * np.log10(np.sqrt((part[:, 0] ** 2).mean())) for part in parts]
    softest = int(trial.truth) - 1
    assert int(np.argmin(levels)) == softest
    assert sorted(levels)[1] - min(levels) == pytest.approx(SOFTER_DB, abs=0.01)
    opposed = [np.corrcoef(part[:, 0], part[:, 1])[0, 1] < 0 for part in parts]
    assert sum(opposed) == 1
    assert not opposed[softest]
    # Before loudspeakers, where both channels meet, that one is the softest.
    assert int(np.argmin([np.abs(part.sum(axis=1)).max() for part in parts])) == opposed.index(True)
