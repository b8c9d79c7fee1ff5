"""Recordings that somebody begins while it plays: whole, of their own names, and bounded."""

import contextlib
import itertools
import os

import numpy as np
import pytest
import soundfile

from streamson.errors import OutputFileError, StreamsonError, UsageError
from streamson.listener import recordings as module
from streamson.listener.recordings import MAX_A_SECOND, Recordings
from streamson.model.command import StartRecording, StopRecording
from streamson.model.event.recordings import RecordingEnded, RecordingPaused, RecordingStarted
from streamson.output.tap import TapFanOut
from streamson.recording.rotation import Rotation
from streamson.synth.engine import Engine
from tests.conftest import until
from tests.listener.watching import sound_of, watched, wav_files


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Recordings of an engine that renders by hand."""
    monkeypatch.chdir(tmp_path)
    engine, events = Engine(44_100), []
    found = Recordings(TapFanOut(engine), None, rotation=Rotation(), on_event=events.append)
    found.engine, found.events = engine, events
    yield found
    found.close()


def frames_of(path):
    return soundfile.info(path).frames


def test_recordings_of_one_second_have_names_of_their_own(made, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "NAME", "streamson-now.wav")
    paths = []
    for i in range(4):
        paths.append(made.start())
        assert made.current == paths[-1]
        made.engine.render(1_000 * (i + 1))
        assert made.stop() == paths[-1]
    assert [path.name for path in paths] == [
        *("streamson-now.wav", "streamson-now-2.wav"),
        *("streamson-now-3.wav", "streamson-now-4.wav"),
    ]
    assert wav_files(tmp_path) == sorted(paths)
    assert all(1 <= b - a <= 2_000 for a, b in itertools.pairwise(map(frames_of, paths)))
    assert made.figures().seconds == pytest.approx(sum(map(frames_of, paths)) / 44_100)
    assert (made.current, made.last, made.error) == (None, paths[-1], None)


def test_so_many_of_one_second(made, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "NAME", "streamson-now.wav")
    for number in range(MAX_A_SECOND + 1):
        (tmp_path / f"streamson-now-{number}.wav").touch()
    (tmp_path / "streamson-now.wav").touch()
    with pytest.raises(OutputFileError, match=f"there are {MAX_A_SECOND} of that second"):
        made.start()
    assert made.current is None


def test_one_at_a_time(made):
    path = made.start()
    with pytest.raises(UsageError, match=f"recorded already, to {path}"):
        made.start()
    made.stop()
    assert made.stop() is None
    assert made.start() is not None
    made.close()
    made.close()
    assert made.current is None


def test_not_more_than_so_many(made, monkeypatch):
    monkeypatch.setattr(module, "MAX_BEGUN", 2)
    for _ in range(2):
        made.start()
        made.stop()
    with pytest.raises(StreamsonError, match="no more than 2 recordings"):
        made.start()


def test_a_folder_that_was_deleted_is_said(made, tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(OutputFileError, match="can't record here: No such file"):
        made.start()
    assert (made.current, made.last) == (None, None)


def test_a_folder_that_can_not_be_written_is_said(made, monkeypatch):
    monkeypatch.chdir("/proc")  # where not even root makes files
    with pytest.raises(OutputFileError, match=r"can.t (record|write)"):
        made.start()
    assert made.current is None


def test_a_recording_by_command_has_the_samples_of_the_feed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with watched() as (listener, publisher, watcher):
        for i in range(3):
            publisher.send(f"s{i}", x=float(i))
        until(lambda: listener.stats().notes_played == 3, "the notes")
        answer = watcher.call(StartRecording())
        started = watcher.event(RecordingStarted)
        (path,) = wav_files(tmp_path)
        assert answer.text == f"recording to {path}"
        assert started.path == answer.result["recording"] == str(path)
        watcher.state(lambda state: state.recording == str(path))
        assert "recorded already" in watcher.refused(StartRecording())
        for i in range(30):
            publisher.send(f"s{i % 3}", x=float(i * 7 % 10))
            end = listener.engine.frame + 2_000
            watcher.until(lambda end=end: listener.engine.frame > end, "a moment")
        assert watcher.call(StopRecording()).text == f"recorded to {path}"
        ended = watcher.event(RecordingEnded)
        watcher.until(lambda: watcher.told["state"][-1].recording is None, "the state")
        last = watcher.told["state"][-1].frame
        watcher.until(lambda: watcher.told["audio"][-1].frame > last, "the sound of then")
        assert "nothing is being recorded" in watcher.refused(StopRecording())
        blocks = watcher.told["audio"]
    recorded, rate = soundfile.read(path, dtype="float32")
    assert rate == 44_100
    assert ended.path == str(path)
    assert ended.seconds == pytest.approx(len(recorded) / rate)
    first, heard = sound_of(blocks)
    assert np.abs(recorded).max() > 0.01
    at = ended.frame - len(recorded) - first
    assert at >= 0
    assert np.abs(recorded - heard[at : at + len(recorded)]).max() <= 2.0**-24
    assert listener.stats().recorded_seconds == pytest.approx(ended.seconds)


def fill(path):
    """Fill a disk."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 20)):
            pass


def test_a_disk_that_is_full_is_said_and_the_sound_goes_on(small_disk, monkeypatch):
    monkeypatch.chdir(small_disk)
    with watched() as (listener, _, watcher):
        fill(small_disk / "full")
        assert "the disk is full" in watcher.refused(StartRecording())
        assert [path.name for path in small_disk.iterdir()] == ["full"]
        watcher.until(lambda: watcher.told["state"], "a state")
        assert watcher.told["state"][-1].recording is None
        (small_disk / "full").unlink()
        watcher.call(StartRecording())
        frame = listener.engine.frame
        until(lambda: listener.engine.frame > frame + 20_000, "something to record")
        path = watcher.call(StopRecording()).text.removeprefix("recorded to ")
        frames = frames_of(path)
        assert frames > 15_000
        watcher.call(StartRecording())
        fill(small_disk / "full")
        assert "the disk is full" in watcher.event(RecordingPaused).sentence
        watcher.call(StopRecording())
        frame = listener.engine.frame
        watcher.until(lambda: listener.engine.frame > frame + 10_000, "sound")
        assert "the disk is full" in str(listener.recording_error)
    assert frames_of(path) == frames


def test_the_recording_from_the_start_can_be_finished_and_another_begun(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    take = tmp_path / "take.wav"
    with watched(record=take) as (listener, _, watcher):
        assert "recorded already" in watcher.refused(StartRecording())
        until(lambda: listener.engine.frame > 10_000, "sound")
        assert watcher.call(StopRecording()).text == f"recorded to {take}"
        watcher.call(StartRecording())
        frame = listener.engine.frame
        until(lambda: listener.engine.frame > frame + 10_000, "sound")
    (other,) = wav_files(tmp_path)
    stats = listener.stats()
    assert stats.recorded_seconds * 44_100 == pytest.approx(frames_of(take) + frames_of(other))
    assert stats.recording_lost_seconds == 0
    assert listener.recording == other


def test_a_folder_lasts_as_long_as_the_listener(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with watched(record=tmp_path / "monday") as (_, _, watcher):
        assert "as long as the listener runs" in watcher.refused(StopRecording())
        assert "recorded already" in watcher.refused(StartRecording())
        watcher.state(lambda state: state.recording == str(tmp_path / "monday"))
    assert (tmp_path / "monday" / "audio.wav").exists()


def test_a_folder_whose_name_is_no_text_is_told(tmp_path, monkeypatch):
    folder = tmp_path / os.fsdecode(b"\xff\x1b[31m")
    folder.mkdir()
    monkeypatch.chdir(folder)
    with watched() as (listener, _, watcher):
        answer = watcher.call(StartRecording())
        assert answer.text.startswith("recording to ")
        assert r"/\udcff\x1b[31m/streamson-" in answer.text
        state = watcher.state(lambda state: state.recording is not None)
        assert state.recording.endswith(".wav")
        assert watcher.event(RecordingStarted).path == state.recording
        watcher.call(StopRecording())
        assert listener.stats().faults == 0
    assert len(list(folder.iterdir())) == 1
