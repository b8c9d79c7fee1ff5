"""Alerts that speak."""

import os
import shutil

import numpy as np
import pytest

from streamson.errors import MissingDependencyError, SessionError
from streamson.model.point import DataPoint
from streamson.score.score import Score
from streamson.session import speech
from streamson.session.load import parse_session
from streamson.session.speech import speaker
from streamson.synth.engine import Engine

SAYS = b"[[alert]]\nabove = 1\nspeech = 'disk nearly full'"
RATE = 44_100


@pytest.fixture
def espeak():
    if shutil.which(speech.PROGRAM) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{speech.PROGRAM} is not installed")


def test_an_alert_is_followed_by_what_it_says(espeak):
    session = parse_session(SAYS, "says.toml")
    score, engine = (
        Score(session, sample_rate=RATE),
        Engine.for_session(session, RATE),
    )
    notes = score.process(DataPoint("s", {"x": 5.0}, 0.0), 0)
    *pattern, said = [note for note in notes if note.foreground]
    assert said.onset_frame > pattern[-1].onset_frame + pattern[-1].duration_frames
    assert 0.5 < said.duration_s < 3
    assert engine.play(said) is not None
    sound = engine.render(said.onset_frame + said.duration_frames)[said.onset_frame :]
    assert np.abs(sound).max() > 0.2
    assert np.sqrt((sound**2).mean()) > 0.03


def test_voices_differ_and_a_text_is_spoken_once(espeak):
    english, german = speaker("eins", "en"), speaker("eins", "de")
    assert speaker("eins", "en") is english
    assert not np.array_equal(english.sample.sound, german.sample.sound)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("speech = 'x'\nvoice = 'martian'", "espeak-ng: Error: The specified espeak-ng voice"),
        ("speech = ' '", "espeak-ng makes no sound of ' '"),
    ],
)
def test_what_can_not_be_said_is_explained(espeak, keys, problem):
    with pytest.raises(SessionError, match=f"says.toml: alert 1, speech: {problem}"):
        parse_session(f"[[alert]]\nabove = 1\n{keys}".encode(), "says.toml")


def test_without_espeak_the_alert_sounds_and_the_command_is_named(monkeypatch, caplog):
    monkeypatch.setenv("PATH", "")
    speaker.cache_clear()
    with pytest.raises(MissingDependencyError, match="apt-get install espeak-ng"):
        speaker("disk nearly full")
    session = parse_session(SAYS, "says.toml")
    assert "alert 1: nothing can speak: espeak-ng is not installed; apt-get" in caplog.text
    notes = Score(session, sample_rate=RATE).process(DataPoint("s", {"x": 5.0}, 0.0), 0)
    assert len([note for note in notes if note.foreground]) == 3
