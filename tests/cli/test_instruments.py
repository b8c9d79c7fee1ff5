"""``streamson instruments``: listed, and rendered."""

import numpy as np
import pytest
import soundfile

from streamson.session.parse.instruments import builtin_instruments


def test_every_instrument_is_listed_with_what_it_is(run):
    done = run("instruments")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(builtin_instruments())


def test_phrases_are_rendered_and_named_instruments_alone(run, tmp_path):
    done = run("instruments", "bell", "click", "-o", "two.wav")
    assert done.returncode == 0, done.stderr
    sound, rate = soundfile.read(tmp_path / "two.wav")
    assert rate == 44_100
    assert np.abs(sound).max() < 1
    seconds = np.array([np.abs(part).max() for part in np.array_split(sound, 8)])
    assert (seconds[:4] > 0.01).all()  # the bell rings on


def test_phrases_are_played(run):
    done = run("instruments", "click", "--play", "--output", "none")
    assert done.returncode == 0
    assert done.stdout.startswith("click  ")


@pytest.mark.parametrize(
    ("words", "message"),
    [(["flut"], 'did you mean "flute"?'), (["-o", "x.mp3"], ".wav is allowed")],
)
def test_mistakes_are_explained(run, words, message):
    done = run("instruments", *words)
    assert done.returncode == 2
    assert message in done.stderr
