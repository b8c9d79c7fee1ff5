"""Recordings that go on in another file, and disks that fill up."""

import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from streamson.errors import UsageError
from streamson.offline.recorded_piece import AnotherPiece, RecordedPiece
from streamson.output.tap import TapFanOut
from streamson.recording.reader import Recording
from streamson.recording.recorder import Recorder
from streamson.recording.rotation import Rotation
from streamson.session.load import load_session
from streamson.synth.engine import Engine
from tests.conftest import until
from tests.recording.conftest import recorded
from tests.synth.notes import RATE, PlainNote


def record(engine, path, blocks=200, **rotation):
    recorder = Recorder(TapFanOut(engine), path, rotation=Rotation(**rotation))
    rendered = []
    for number in range(blocks):
        rendered.append(engine.render(1_000))
        until(lambda n=number: recorder.seconds * RATE > 1_000 * n - 1_000, "the recorder")
    engine.stop_at(engine.frame)
    recorder.stop()
    assert recorder.error is None
    return np.concatenate(rendered)


def pieces(folder, ending=".wav"):
    files = sorted(folder.glob(f"take-*{ending}"))
    return files, [soundfile.read(file, dtype="float32")[0] for file in files]


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_a_rotation_by_time_loses_no_sample(tmp_path, ending):
    engine = Engine(RATE)
    engine.play(PlainNote(duration_frames=60 * RATE))
    sound = record(engine, tmp_path / f"take{ending}", seconds=1)
    files, parts = pieces(tmp_path, ending)
    assert [file.stem for file in files] == [f"take-{n:04}" for n in range(1, 6)]
    assert {len(part) for part in parts[:-1]} == {RATE}
    joined = np.concatenate(parts)
    assert np.abs(joined - sound[: len(joined)]).max() <= 2.0**-23
    assert len(joined) == len(sound)


def test_a_rotation_by_size_keeps_to_it(tmp_path):
    engine = Engine(RATE)
    engine.play(PlainNote(duration_frames=60 * RATE))
    sound = record(engine, tmp_path / "take.wav", blocks=600, size=1 << 20)
    files, parts = pieces(tmp_path)
    assert len(files) == 4
    assert all((1 << 20) - 1_000 < file.stat().st_size <= 1 << 20 for file in files[:-1])
    joined = np.concatenate(parts)
    assert len(joined) == len(sound)
    assert np.abs(joined - sound).max() <= 2.0**-23


def test_only_so_much_is_kept(tmp_path):
    engine = Engine(RATE)
    record(engine, tmp_path / "take.wav", blocks=400, seconds=1, max_total_bytes=1_000_000)
    files, _ = pieces(tmp_path)
    assert [file.stem for file in files] == [f"take-{n:04}" for n in (8, 9, 10)]
    assert sum(file.stat().st_size for file in files) <= 1_000_000


def test_a_session_rotates_with_its_points_and_notes(tmp_path):
    folder = tmp_path / "take"
    rotation = Rotation(seconds=1, max_total_bytes=1_000_000)
    with recorded(folder, rotation=rotation) as (listener, publisher):
        while listener.engine.frame < 5 * RATE:
            publisher.send("walk", x=listener.engine.frame % 17)
            time.sleep(0.1)  # points come over some time
    recording = Recording(folder)
    names = {file.name for file in folder.iterdir()}
    kept = {name for s in recording.manifest.segments for name in (s.audio, s.points, s.notes)}
    assert names == kept | {"recording.json", "changes.jsonl", "session.toml"}
    assert recording.first_frame == recording.manifest.segments[0].first_frame > 0
    sound = [soundfile.read(folder / s.audio)[0] for s in recording.manifest.segments]
    assert recording.frames == sum(map(len, sound))
    # Notes, points and sound begin where what was kept begins.
    piece, length = RecordedPiece(recording), recording.frames
    notes = [note.onset_frame for note in piece.notes()]
    assert notes
    assert all(0 <= frame < length for frame in notes)
    assert all(moment.frame < length for moment in piece.moments())
    assert sum(map(len, piece.sound())) == length
    other = AnotherPiece(recording, load_session("geiger"))
    assert all(0 <= note.onset_frame < length for note in other.notes())


def test_the_files_of_the_run_before_count_and_are_deleted_in_their_turn(tmp_path):
    for _ in range(2):
        record(
            Engine(RATE), tmp_path / "take.wav", blocks=200, seconds=1, max_total_bytes=1_000_000
        )
    files, _ = pieces(tmp_path)
    assert [file.stem for file in files] == [f"take-{n:04}" for n in (8, 9, 10)]
    with pytest.raises(UsageError, match="half of that"):
        Recorder(
            TapFanOut(Engine(RATE)),
            tmp_path / "x.wav",
            rotation=Rotation(seconds=3_600, max_total_bytes=10**6),
        )


def test_a_folder_that_is_deleted_is_made_anew_with_a_word(tmp_path, caplog):
    folder = tmp_path / "take"
    with recorded(folder, rotation=Rotation(seconds=1)) as (listener, publisher):
        until(lambda: listener.engine.frame > RATE // 2, "half a second")
        shutil.rmtree(folder)
        until(lambda: listener.stats().seconds > 2, "the sound to go on")
        publisher.send("walk", x=1)
        until(lambda: listener.stats().notes_played, "a note")
    assert listener.recording_error is not None
    assert "was deleted or moved while it was recorded" in caplog.text
    stats = listener.stats()
    assert stats.recordings_gone == 1
    assert stats.recorded_seconds > 1
    assert stats.recording_lost_seconds >= 0.5
    total = stats.recorded_seconds + stats.recording_lost_seconds
    assert total == pytest.approx(listener.engine.frame / RATE, abs=0.01)
    recording = Recording(folder)
    assert recording.frames / RATE == pytest.approx(stats.recorded_seconds, abs=0.01)
    assert sum(map(len, RecordedPiece(recording).sound())) == recording.frames


@pytest.mark.parametrize(
    ("rotation", "problem"),
    [
        ({"seconds": 0.5}, "at least 1 s"),
        ({"size": 10}, "or more are allowed"),
        ({"max_total_bytes": 10**9}, "say when to rotate"),
        ({"size": 10**9, "max_total_bytes": 10**9}, "half of that"),
    ],
)
def test_a_rotation_that_makes_no_sense_is_explained(rotation, problem):
    with pytest.raises(UsageError, match=problem):
        Rotation(**rotation).check()


FULL = """
import sys, time
from pathlib import Path
from streamson.cli.playing import play
from streamson.cli.views import Wanted
from streamson.listener.listener import Listener
from streamson import Publisher
import threading
listener = Listener(
    "tcp://127.0.0.1:*", output="none", record=sys.argv[1], duration_s=float(sys.argv[2])
)
def publish():
    with Publisher(listener.endpoint) as publisher:
        while True:
            publisher.send_batch("noise", {f"field{i}": [time.time()] * 4_000 for i in range(8)})
            time.sleep(0.02)
threading.Thread(target=publish, daemon=True).start()
wanted = Wanted(plain=True, web=None, no_web=True, insecure=False, output="none")
sys.exit(play(listener, stats_file=None, check=lambda: None, wanted=wanted))
"""


def test_a_full_disk_ends_the_recording_and_not_the_sound(small_disk):
    done = subprocess.run(
        [sys.executable, "-c", FULL, small_disk / "take", "12"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "The recording pauses; the sound goes on." in done.stderr
    assert "No space left on device" in done.stderr or "the disk is full" in done.stderr
    assert "in 12.0 s" in done.stdout
    assert "it is not whole" in done.stdout
    recording = Recording(small_disk / "take")
    sound, _ = soundfile.read(small_disk / "take" / "audio.wav")
    assert len(sound) > 0
    assert len(list(recording.points())) > 10
