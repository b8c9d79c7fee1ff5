"""A listener places its alerts by what sounds; a recording holds them as they were played."""

import numpy as np
import pytest
import soundfile

from streamson import Listener, Publisher
from streamson.music.pitch import midi_to_hz
from streamson.offline.render import render_notes
from streamson.session.load import parse_session
from streamson.session.parse.earcons import alert_sound
from tests.conftest import until

SOUND = """
    [[alert]]
    stream = "*"
    field = "x"
    above = 100
    priority = "low"
"""
MASKED = """
    [[part]]
    stream = "masker *"
    instrument = "brass"
    articulation = "continuous"
    glide = 0.01
    hold = 60
    pitch = { field = "note", unit = "midi" }
    volume = { value = -1 }

    [attention]
    foreground = "all"
"""
MASKERS = (57, 61, 64, 69, 73, 76, 81)
"""On the alert's own notes."""


def alert_of(session, path, maskers):
    """Return the notes of an alert as a listener plays them, all notes, and what was recorded."""
    heard = []
    with (
        Listener(
            "tcp://127.0.0.1:*",
            session=session,
            output="none",
            record=path,
            on_played=lambda note, _: heard.append(note),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for pitch in maskers:
            publisher.send(f"masker {pitch}", note=float(pitch))
        publisher.send("watched", x=1.0)
        until(lambda: len(heard) == len(maskers) + 1, "the notes before the alert")
        publisher.send("watched", x=101.0)
        until(lambda: sum(note.foreground for note in heard) == 2, "the alert's notes")
        last = heard[-1].onset_frame + heard[-1].duration_frames + 30_000
        until(lambda: listener.engine.frame > last, "its end")
        faults = listener.stats().faults
    assert faults == 0
    return [note for note in heard if note.foreground], heard


@pytest.fixture
def path(tmp_path):
    return tmp_path / "take.wav"


def test_an_alert_that_nothing_masks_sounds_as_it_is(path):
    placed, _ = alert_of(parse_session(SOUND.encode(), "s.toml"), path, ())
    sound = alert_sound("above", "low")
    assert [note.midi_note for note in placed] == list(sound.notes)
    assert {note.level_db for note in placed} == {sound.level}


def test_an_alert_that_would_be_masked_is_moved_and_recorded_as_it_was_played(path):
    session = parse_session((MASKED + SOUND).encode(), "s.toml")
    placed, heard = alert_of(session, path, MASKERS)
    sound = alert_sound("above", "low")
    shifts = {note.midi_note - pitch for note, pitch in zip(placed, sound.notes, strict=True)}
    assert len(shifts) == 1
    assert shifts != {0}
    assert all(150 <= midi_to_hz(note.midi_note) <= 1_000 for note in placed)
    # What is heard is what is told of: the same notes are the same samples.
    take, _ = soundfile.read(path, dtype="float32")
    offline = np.concatenate(list(render_notes(heard, session)))
    last = placed[-1].onset_frame + placed[-1].duration_frames
    assert np.abs(take[:last] - offline[:last]).max() < 1e-3
