"""The page about listening tests: its commands run, its programs and figures are true."""

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from scipy.stats import binom

from streamson.session.load import load_session
from streamson.study.limits import DEFAULT_TRIALS
from streamson.study.plan import Plan
from streamson.study.questions import ASKED, LEVELS, choices_of
from streamson.study.results import TRIAL_COLUMNS, ResultsFile
from streamson.study.sound import SoundMaker
from streamson.study.study import Study

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "study.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("line", [line for text in blocks("sh") for line in text.splitlines()])
def test_a_command_runs(line, tmp_path):
    (tmp_path / "buzz.txt").write_text("A statement.\n")
    words = shlex.split(line.replace("0.0.0.0:5590", "0.0.0.0:0"))
    with subprocess.Popen(
        [sys.executable, "-m", *words], cwd=tmp_path, stdout=-1, stderr=-1, text=True
    ) as process:
        assert process.stdout.readline().startswith("Study on http://")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "0 participants finished" in err
    assert list(tmp_path.glob("*.csv"))


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Results of three who are always right, but for the direction: it is always up."""
    monkeypatch.chdir(tmp_path)
    maker = SoundMaker(load_session(None))
    with ResultsFile(tmp_path / "results.csv", TRIAL_COLUMNS) as file:
        plan = Plan(1, DEFAULT_TRIALS, 4)
        study = Study("default", plan, maker, file)
        for number in range(1, 4):
            participant = study.enter()
            for trial in plan.of(number):
                participant.note_play(trial.number, 1)
                answer = "up" if trial.question == "direction" else trial.truth
                study.answer(participant, trial.number, answer, 1.0)
        study.close()


def test_the_analysis_tells_who_hears_from_who_guesses(results, capsys):
    shares, bias = blocks("python")
    exec(shares, {})
    found = dict(re.findall(r"(\w+): (\d+)% right", capsys.readouterr().out))
    assert set(found) == set(ASKED)
    assert found["stream"] == found["count"] == "100"
    assert 30 < int(found["direction"]) < 70
    exec(bias, {})
    assert abs(float(capsys.readouterr().out.removeprefix("d' = "))) < 0.3


def test_the_questions_are_those_of_the_table():
    for name in ASKED:
        row = next(line for line in PAGE.splitlines() if f"| `{name}` |" in line)
        *_, levels, choices, chance, _ = (cell.strip() for cell in row.split("|"))
        assert int(choices) == len(choices_of(name, 4))
        assert int(chance.removesuffix(" %")) == round(100 / int(choices))
        assert levels == ("1 to 4" if name == "count" else ", ".join(map(str, LEVELS)))
    for column in TRIAL_COLUMNS:
        assert f"`{column}`" in PAGE


def test_the_numbers_of_trials_are_those_of_the_binomial_test():
    rows = re.findall(r"^  \| (\d+) % \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 3
    for right, *told in rows:
        for chance, trials in zip((1 / 3, 1 / 2, 1 / 4), told, strict=True):
            assert trials_for(int(right) / 100, chance) == int(trials)


def trials_for(right, chance):
    """Return the least number of trials with which guessing is ruled out in four of five tests."""
    trials = 1
    while True:
        least = next(n for n in range(trials + 2) if binom.sf(n - 1, trials, chance) <= 0.05)
        if binom.sf(least - 1, trials, right) >= 0.8:
            return trials
        trials += 1
