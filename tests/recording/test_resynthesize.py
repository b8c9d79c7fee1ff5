"""A recorded session gives the samples that were heard, and other pieces of the same points."""

import csv
import time

import numpy as np
import pytest
import soundfile

from streamson.errors import InputFileError, SessionError
from streamson.model.point import Batch, DataPoint
from streamson.offline.recorded_piece import AnotherPiece, RecordedPiece
from streamson.offline.resynthesize import resynthesize
from streamson.recording.manifest import MANIFEST, load_manifest
from streamson.recording.reader import Recording
from streamson.score.parts.humanize import LATER_S
from streamson.session.load import load_session
from tests.conftest import until
from tests.recording.conftest import await_notes, recorded, streamson

PIECES = """
[audio]
equal_loudness = true
reverb = { level = -12, decay = 1 }
[[part]]
stream = "held*"
instrument = "strings"
articulation = "continuous"
glide = 0.1
brightness = { field = 2 }
[[part]]
stream = "run*"
instrument = "breath"
timing = "sequence"
duration = { field = 2, low = 0.02, high = 0.1 }
[[part]]
stream = "grid*"
instrument = "bell"
timing = "grid"
[[alert]]
stream = "held*"
above = 20
"""
OTHER = """
[audio]
volume_db = -20
[[instrument]]
name = "bell"
partials = [{ ratio = 1 }, { ratio = 3, level = -6 }]
[[part]]
stream = "*"
instrument = "bell"
"""


def assert_same_as_heard(folder):
    """The re-rendered file is the recorded one, byte for byte."""
    streamson("render", folder, "-o", folder.parent / "again.wav")
    assert (folder.parent / "again.wav").read_bytes() == (folder / "audio.wav").read_bytes()


def play(publisher, count, pause_s=0.004):
    for i in range(count):
        for stream in ("held", "run", "grid"):
            publisher.send(stream, {"x": i % 25, "y": (7 * i) % 11})
        time.sleep(pause_s)  # points come over some time


def test_a_live_session_is_rendered_again_byte_for_byte(jack, tmp_path):
    (tmp_path / "pieces.toml").write_text(PIECES)
    folder = tmp_path / "take"
    with recorded(folder, session=tmp_path / "pieces.toml", output="auto") as (listener, publisher):
        play(publisher, 150)
        await_notes(listener, 20)
        stats = listener.stats()
    assert stats.alerts > 0
    recording = Recording(folder)
    assert recording.manifest.frames == soundfile.info(folder / "audio.wav").frames
    assert_same_as_heard(folder)


def test_changes_of_volume_and_session_are_rendered_again_too(tmp_path):
    (tmp_path / "one.toml").write_text(PIECES)
    (tmp_path / "two.toml").write_text(OTHER)
    folder = tmp_path / "take"
    with recorded(folder, session=tmp_path / "one.toml") as (listener, publisher):
        play(publisher, 20)
        await_notes(listener, 5)
        listener.set_volume(-15)
        play(publisher, 20)
        listener.mute()
        play(publisher, 20)
        listener.mute(muted=False)
        play(publisher, 20)
        listener.change_session(tmp_path / "two.toml")
        before = listener.stats().notes_played
        play(publisher, 40)
        await_notes(listener, before + 4)
    assert load_manifest(folder).sessions == ["session.toml", "session-2.toml"]
    changes = (folder / "changes.jsonl").read_text().splitlines()
    assert len([line for line in changes if "ended" not in line]) == 5
    with (folder / "notes.csv").open(newline="") as file:
        assert {row["session"] for row in csv.DictReader(file)} == {"1", "2"}
    assert_same_as_heard(folder)


def test_points_are_recorded_as_they_were_received(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        publisher.send("boiler", {"temperature": 71.3, "pressure": None}, time=1.7e9)
        publisher.send_batch("fan", {"rpm": [1.0, float("nan"), 3.0]}, times=[1, 2, 3])
        until(lambda: listener.stats().points_received == 4, "the points")
    rows = list(Recording(folder).points())
    point, batch = (row.message() for row in rows)
    assert isinstance(point, DataPoint)
    assert (point.stream, point.fields["temperature"], point.time) == ("boiler", 71.3, 1.7e9)
    assert np.isnan(point.fields["pressure"])
    assert (point.source, point.sequence) == (publisher.source, 0)
    assert isinstance(batch, Batch)
    np.testing.assert_array_equal(batch.columns["rpm"], [1, np.nan, 3])
    np.testing.assert_array_equal(batch.times, [1, 2, 3])
    assert 0 <= rows[0].frame <= rows[1].frame


def test_a_folder_holds_all_that_its_session_needs(tmp_path):
    """Samples and scales lie elsewhere; the recording can be moved and they deleted."""
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    soundfile.write(sounds / "tick.wav", np.sin(np.arange(9_000) / 20), 44_100)
    (sounds / "a tuning.scl").write_text("! a\nequal\n 3\n!\n 400.\n 800.\n 2/1\n")
    session = tmp_path / "own.toml"
    session.write_text(
        '[[instrument]]\nname = "tick"\nsample = "sounds/tick.wav"\nroot = "C4"\n'
        '[[part]]\ninstrument = "tick"\npitch = { scale = "d sounds/a tuning.scl" }\n'
    )
    with recorded(tmp_path / "take", session=session) as (listener, publisher):
        play(publisher, 10)
        await_notes(listener, 5)
    moved = tmp_path / "elsewhere"
    (tmp_path / "take").rename(moved)
    for file in (sounds / "tick.wav", sounds / "a tuning.scl", session):
        file.unlink()
    assert len(list(moved.glob("tick-*.wav"))) == 1
    assert_same_as_heard(moved)


def test_another_session_makes_another_piece_of_the_same_points(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        play(publisher, 30)
        await_notes(listener, 10)
    recording = Recording(folder)
    piece = AnotherPiece(recording, load_session("orchestra"))
    notes = list(piece.notes())
    beat = 60 / 96 / 2 * recording.manifest.sample_rate
    assert {note.stream for note in notes} == {"held", "run", "grid"}
    late_frames = [note.onset_frame - round(note.onset_frame / beat) * beat for note in notes]
    assert -1 < min(late_frames) <= max(late_frames) < LATER_S * recording.manifest.sample_rate + 1
    assert sum(len(block) for block in piece.sound()) > notes[-1].onset_frame
    streamson("render", folder, "--session", "geiger", "-o", tmp_path / "geiger.flac")
    assert soundfile.info(tmp_path / "geiger.flac").frames > 0


def test_notes_of_a_recording_as_a_table(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder, record_format="flac") as (listener, publisher):
        play(publisher, 10)
        await_notes(listener, 8)
    heard = list(RecordedPiece(Recording(folder)).notes())
    streamson("render", folder, "-o", tmp_path / "notes.csv", "-o", tmp_path / "notes.jsonl")
    with (tmp_path / "notes.csv").open(newline="") as file:
        onsets = [int(row["onset_frame"]) for row in csv.DictReader(file)]
    assert onsets == [note.onset_frame for note in heard]
    assert len((tmp_path / "notes.jsonl").read_text().splitlines()) == len(heard)


def test_what_was_cut_off_is_left_out_and_the_rest_is_read(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        play(publisher, 20)
        await_notes(listener, 8)
    before = Recording(folder)
    points, notes = list(before.points()), list(before.played())
    for name in ("points.jsonl", "notes.csv"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-7])
    assert list(Recording(folder).points()) == points[:-1]
    assert list(Recording(folder).played()) == notes[:-1]


@pytest.mark.parametrize(
    ("damage", "error", "text"),
    [
        (lambda f: (f / MANIFEST).unlink(), InputFileError, "not a session recording"),
        (lambda f: (f / MANIFEST).write_text("{"), InputFileError, MANIFEST),
        (lambda f: (f / "notes.csv").unlink(), InputFileError, "can't read the notes"),
        (lambda f: (f / "notes.csv").write_text("a,b\n"), InputFileError, "no column"),
        (lambda f: (f / "session.toml").unlink(), SessionError, "session.toml"),
        (lambda f: (f / "session.toml").write_text("x = 1"), SessionError, "unknown key"),
    ],
)
def test_a_damaged_folder_is_explained(tmp_path, damage, error, text):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        play(publisher, 5)
        await_notes(listener, 3)
    damage(folder)
    with pytest.raises(error, match=text):
        list(resynthesize(Recording(folder)))


def test_a_manifest_that_leads_out_of_its_folder_is_refused(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        play(publisher, 5)
        await_notes(listener, 3)
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"points.jsonl"', '"../points.jsonl"'))
    with pytest.raises(InputFileError, match="same folder"):
        Recording(folder)


def test_samples_of_any_name_do_not_get_in_the_way(tmp_path):
    """Their names are those of the recording's own files, or parts of one another."""
    names = ("audio.wav", "s/k.wav", "b/s/k.wav", "points.wav")
    text = ""
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.sin(np.arange(9_000) / (20 + number)), 44_100)
        text += f'[[instrument]]\nname = "i{number}"\nsample = "{name}"\nroot = "C4"\n'
        text += f'[[part]]\nstream = "held"\ninstrument = "i{number}"\n'
    (tmp_path / "own.toml").write_text(text)
    with recorded(tmp_path / "take", session=tmp_path / "own.toml") as (listener, publisher):
        play(publisher, 10)
        await_notes(listener, 8)
    assert_same_as_heard(tmp_path / "take")


def test_a_session_in_the_folder_that_gives_way_is_kept(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        play(publisher, 3)
        await_notes(listener, 2)
    soundfile.write(folder / "k.wav", np.sin(np.arange(9_000) / 20), 44_100)
    (folder / "session.toml").write_text(
        '[[instrument]]\nname = "k"\nsample = "k.wav"\nroot = "C4"\n[[part]]\ninstrument = "k"\n'
    )
    with recorded(folder, session=folder / "session.toml") as (listener, publisher):
        play(publisher, 3)
        await_notes(listener, 2)
    assert listener.recording_error is None
    assert_same_as_heard(folder)
    assert (tmp_path / "take-1" / "audio.wav").is_file()


def test_statistics_of_another_version_are_no_obstacle(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        play(publisher, 3)
        await_notes(listener, 2)
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"points_received"', '"points_seen"'))
    assert Recording(folder).frames > 0
