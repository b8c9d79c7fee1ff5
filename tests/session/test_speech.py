"""Alerts that speak."""

import os
import shutil

import numpy as np
import pytest

from streamson.errors import MissingDependencyError, SessionError
from streamson.model.point import DataPoint
from streamson.offline.audibility import SAID_DB, audibility_of
from streamson.score.score import Score
from streamson.session import speech
from streamson.session.load import parse_session
from streamson.session.speech import speaker
from streamson.synth.engine import Engine
from tests.synth.notes import PlainNote

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


@pytest.mark.parametrize("level_db", [-30, -20, -12, -3])
def test_what_is_said_is_20_db_above_all_else_which_never_pumps(espeak, level_db):
    """From the first pulse to the last word; nothing of it jumps, whatever sounds beside it."""
    session = parse_session(SAYS, "says.toml")
    score = Score(session, sample_rate=RATE)
    said = [n for n in score.process(DataPoint("s", {"x": 5.0}, 0.0), RATE) if n.foreground]
    mix = PlainNote(0, 8 * RATE, 392.0, level_db, instrument="organ")
    sounds = []
    for notes in ([mix, *said], said, [mix]):
        engine = Engine.for_session(session, RATE)
        for note in notes:
            engine.play(note)
        sounds.append(engine.render(8 * RATE).astype(float))
    both, alone, plain = sounds
    length = RATE // 20
    of_mix, before = (
        np.square(sound[:, 0].reshape(-1, length)).mean(axis=1) for sound in (both - alone, plain)
    )
    change_db = 10 * np.log10(of_mix / before)
    first = said[0].onset_frame // length
    begins = said[-1].onset_frame // length
    last = (said[-1].onset_frame + said[-1].duration_frames) // length
    assert np.abs(change_db[:first]).max() < 0.01
    assert change_db[first + 1 : begins] == pytest.approx(-20, abs=0.05)
    assert change_db[begins + 1 : last] == pytest.approx(change_db[last - 1], abs=0.05)
    assert change_db[last - 1] < -19.95
    words = np.square(alone[begins * length : last * length]).mean()
    under = np.square((both - alone)[(begins + 1) * length : last * length]).mean()
    assert 10 * np.log10(words / under) > 20
    assert np.abs(change_db[last + 20 : -2]).max() < 0.01
    assert (np.diff(change_db[last : last + 20]) > -0.01).all()


def test_what_is_said_is_held_against_the_loudest_mix(espeak):
    found = {one.name: one for one in audibility_of(parse_session(SAYS, "says.toml"))}
    said, above = [one for name, one in found.items() if name.startswith("says ")]
    assert said.is_alert
    assert said.least_db > 20
    assert above.name.endswith(", above all else")
    assert above.least_db >= SAID_DB
    assert above.is_audible
    assert not above._replace(least_db=SAID_DB - 0.1).is_audible


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
