"""Who has gone gives way to others, and is counted."""

import pytest

from streamson.session.load import load_session
from streamson.study.limits import IDLE_AT_START_S, IDLE_S, MAX_OPEN
from streamson.study.participant import RefusedError
from streamson.study.plan import Plan
from streamson.study.results import TRIAL_COLUMNS, ResultsFile
from streamson.study.sound import SoundMaker
from streamson.study.study import Study


@pytest.fixture
def study(tmp_path):
    maker = SoundMaker(load_session(None))
    with ResultsFile(tmp_path / "results.csv", TRIAL_COLUMNS) as file:
        found = Study("default", Plan(1, 1, 4, checks_headphones=False), maker, file)
        yield found
        found.close()


def test_who_does_nothing_gives_way_and_who_has_answered_may_take_longer(study):
    first, second, *_ = [study.enter() for _ in range(MAX_OPEN)]
    first.note_play(first.step().trial, 1)
    study.answer(first, first.step().trial, "1", 1.0)
    with pytest.raises(RefusedError, match="try again in some minutes"):
        study.enter()
    first.seen -= IDLE_AT_START_S + 1
    with pytest.raises(RefusedError):
        study.enter()
    second.seen -= IDLE_AT_START_S + 1
    study.enter()
    with pytest.raises(RefusedError, match="nobody takes part"):
        study.find(second.identifier)
    assert study.find(first.identifier) is first  # which shows that he is there
    with pytest.raises(RefusedError):
        study.enter()
    first.seen -= IDLE_S + 1
    study.enter()
    assert study.left == 2
    assert study.unfinished == MAX_OPEN
    assert study.rows == 1


def test_who_is_done_gives_way_at_once_and_did_not_leave(study):
    done, *_ = [study.enter() for _ in range(MAX_OPEN)]
    while not done.is_done:
        step = done.step()
        done.note_play(step.trial, 1)
        study.answer(done, step.trial, step.choices[0].value, 1.0)
    study.enter()
    assert (study.finished, study.left, study.unfinished) == (1, 0, MAX_OPEN)
