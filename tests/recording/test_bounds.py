"""What a recording does when room, files or names are short: seen from the real command."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

import numpy as np
import pytest
import soundfile

from streamson import Publisher
from streamson.output.tap import TapFanOut
from streamson.recording.reader import Recording
from streamson.recording.recorder import Recorder
from streamson.recording.rotation import Rotation
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import QUANTUM
from tests.conftest import until
from tests.synth.notes import RATE, PlainNote

COMMAND = (sys.executable, "-m", "streamson", "listen", "--bind", "tcp://127.0.0.1:*")


class Listening:
    """A listener in a process of its own."""

    def __init__(self, cwd, *words, **options):
        self.process = subprocess.Popen(
            [*COMMAND, "--output", "none", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            **options,
        )
        self.said, self.lines = "", []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until(lambda: "Playing" in self.said or self.process.poll() is not None, "it to play", 60)
        self.endpoint = re.search(r"Listening on (\S+)\.", self.said)[1]

    def _read(self):
        for line in self.process.stderr:
            self.said += line

    def end(self, how=signal.SIGTERM):
        if how is not None:
            self.process.send_signal(how)
        told = self.process.stdout.read()
        code = self.process.wait(60)
        self._reader.join()
        assert "Traceback" not in self.said, self.said
        return code, told


@contextmanager
def listening(cwd, *words, **options):
    listener = Listening(cwd, *words, **options)
    try:
        yield listener
    finally:
        if listener.process.poll() is None:
            listener.process.kill()
        listener.process.wait()
        listener._reader.join()
        listener.process.stdout.close()
        listener.process.stderr.close()


def total(folder):
    """Bytes of all files, those that come and go while it is counted left out."""
    size = 0
    for entry in os.scandir(folder):
        try:
            size += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return size


def test_a_flood_of_points_keeps_to_the_bound_and_the_sound_stays(tmp_path):
    keep, folder = 3_000_000, tmp_path / "take"
    words = ("--record", "take/", "--rotate", "2s", "--keep", "3MB", "--stats", "stats.json")
    largest = 0
    with listening(tmp_path, *words, "--duration", "14") as listener:
        with Publisher(listener.endpoint) as publisher:
            assert publisher.wait_for_listener(20)
            rng = np.random.default_rng(1)
            while listener.process.poll() is None:
                publisher.send_batch("flood", {"x": rng.uniform(size=1_000)})
                largest = max(largest, total(folder) if folder.exists() else 0)
                listener_is_slow = publisher.dropped
                assert listener_is_slow >= 0
                threading.Event().wait(0.02)
        code, told = listener.end(None)
    assert code == 0, listener.said
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert keep / 3 < largest <= keep
    assert stats["points_unrecorded"] > 0
    assert stats["notes_unrecorded"] == 0
    assert f"without {stats['points_unrecorded']} points" in told
    assert "points are not recorded" in listener.said
    recording = Recording(folder)
    # Two seconds of sound have 529,244 bytes: at least four whole files of them stay.
    assert recording.frames >= 6 * RATE
    assert recording.manifest.points_unrecorded == stats["points_unrecorded"]
    assert list(recording.points())
    assert list(recording.played())


@pytest.mark.parametrize("place", ["take/", "take.wav"])
def test_two_listeners_in_one_place(tmp_path, place):
    with listening(tmp_path, "--record", place) as first:
        with listening(tmp_path, "--record", place, "--duration", "0.2") as second:
            code, told = second.end(None)
        assert code == 1
        named = f"can't record to {place.rstrip('/')}: process {first.process.pid} does"
        assert named in second.said
        assert "recorded nothing" in told
        assert not list(tmp_path.glob("take-1*"))
        first.end(signal.SIGKILL)
    # It locks nothing any more.
    with listening(tmp_path, "--record", place, "--duration", "0.2") as last:
        assert last.end(None)[0] == 0
    assert list(tmp_path.glob("take-1*"))
    assert not (tmp_path / ".take.wav.lock").exists()


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
def test_a_file_that_goes_while_it_is_recorded(tmp_path, how):
    path = tmp_path / "take.wav"
    with listening(tmp_path, "--record", "take.wav", "--stats", "stats.json") as listener:
        until(lambda: path.exists() and path.stat().st_size > 200_000, "most of a second")
        if how == "deleted":
            path.unlink()
        else:
            path.rename(tmp_path / "moved.wav")
        if how == "replaced":
            path.write_bytes(b"precious")
        until(lambda: "recording again" in listener.said, "it to be noticed")
        again = next(file for file in tmp_path.glob("take*.wav") if file.stat().st_size > 8)
        until(lambda: again.stat().st_size > 100_000, "it to go on")
        code, told = listener.end(signal.SIGINT)
    assert code == 1
    assert "was deleted or moved while it was recorded" in told
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["recordings_gone"] == 1
    lost = stats["recording_lost_seconds"]
    assert lost > 0.7 if how == "deleted" else lost < 0.2
    kept = [f for f in tmp_path.glob("*.wav") if f.read_bytes() != b"precious"]
    seconds = sum(soundfile.info(file).duration for file in kept)
    assert seconds == pytest.approx(stats["recorded_seconds"], abs=0.01)
    assert how != "replaced" or path.read_bytes() == b"precious"


@pytest.mark.parametrize("place", ["take.wav", "take.flac", "take/"])
def test_a_disk_that_is_full_for_a_while(small_disk, tmp_path, place):
    stats_file = small_disk / "stats.json"
    stats_file.write_text("before")
    ballast = small_disk / "ballast"
    with listening(small_disk, "--record", place, "--stats", "stats.json") as listener:
        with Publisher(listener.endpoint) as publisher:
            assert publisher.wait_for_listener(20)
            publisher.send("walk", x=1)
            folder = small_disk / "take" if place == "take/" else small_disk
            until(lambda: any(f.stat().st_size > 2_000 for f in folder.glob("*.[fw]*")), "sound")
            fill(ballast)
            until(lambda: "The recording pauses; the sound goes on." in listener.said, "the pause")
            code_while_full = listener.process.poll()
            ballast.unlink()
            until(lambda: "recording again" in listener.said, "it to go on")
            publisher.send("walk", x=2)
            ended = listener.said
        files = sorted(folder.glob("*.[fw]*"))
        again = next(file for file in files if "-0002" in file.name)
        until(lambda: again.stat().st_size > 50_000 or "flac" in place, "more sound")
        code, told = listener.end()
    assert code_while_full is None
    assert code == 1, ended
    assert "it is not whole" in told
    stats = json.loads(stats_file.read_text())
    assert stats["recording_lost_seconds"] > 0
    files = [file for file in files if file.exists()]
    assert len(files) == 2 or place == "take.flac"
    seconds = sum(soundfile.info(file).duration for file in files)
    assert seconds == pytest.approx(stats["recorded_seconds"], abs=0.7)
    whole = stats["recorded_seconds"] + stats["recording_lost_seconds"]
    assert whole == pytest.approx(stats["seconds"], abs=0.2)
    if place == "take/":
        recording = Recording(folder)
        assert [row.fields["x"] for row in recording.points()] == [1, 2]
        assert len(recording.manifest.segments) == 2


def fill(path):
    """Let a file take all the room that is left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4_096))


def test_statistics_that_can_not_be_written_leave_the_old_ones(small_disk):
    path = small_disk / "stats.json"
    path.write_text("before")
    (small_disk / "ballast").write_bytes(bytes(19 << 20))
    fill(small_disk / "more")
    with listening(small_disk, "--stats", "stats.json", "--duration", "0.2") as listener:
        assert listener.end(None)[0] == 1
    assert "No space left" in listener.said
    assert path.read_text() == "before"
    assert sorted(file.name for file in small_disk.iterdir()) == ["ballast", "more", "stats.json"]


def test_planted_links_lead_nowhere(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    names = ("stats.json", "stats.json.part", "take.wav", "state", "state.part", ".take.wav.lock")
    for name in names[:-1]:
        (tmp_path / name).symlink_to(precious)
    words = ("--record", "take.wav", "--stats", "stats.json", "--duration", "0.2")
    with listening(tmp_path, *words) as listener:
        assert listener.end(None)[0] == 0, listener.said
    assert soundfile.info(tmp_path / "take.wav").frames > 0
    assert json.loads((tmp_path / "stats.json").read_text())["seconds"] > 0
    (tmp_path / names[-1]).symlink_to(precious)
    with listening(tmp_path, *words) as listener:
        assert listener.end(None)[0] == 1
    assert "take.wav" in listener.said
    assert precious.read_text() == "mine"


def test_a_rotation_without_free_descriptors_goes_on_in_the_old_file(tmp_path, caplog):
    engine = Engine(RATE)
    engine.play(PlainNote(duration_frames=60 * RATE))
    recorder = Recorder(TapFanOut(engine), tmp_path / "take.wav", rotation=Rotation(seconds=1))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    rendered = [engine.render(1_000)]
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        with suppress(OSError):  # too many open files
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        render_until(engine, recorder, rendered, 1.5 * RATE)
        until(lambda: "Going on in" in caplog.text, "the failed rotation")
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    frame = engine.frame
    until(lambda: render_until(engine, recorder, rendered, 0) or recorder.files > 1, "the next")
    assert engine.frame > frame
    engine.stop_at(engine.frame)
    recorder.stop()
    assert recorder.error is None
    files = sorted(tmp_path.glob("take-*.wav"))
    joined = np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])
    sound = np.concatenate(rendered)
    assert 0 <= len(joined) - len(sound) < QUANTUM  # the quantum that was begun
    assert np.abs(joined[: len(sound)] - sound).max() <= 2.0**-23


def render_until(engine, recorder, rendered, frame):
    """Render, no faster than the recorder follows."""
    while True:
        rendered.append(engine.render(1_000))
        until(lambda: recorder.seconds * RATE > engine.frame - 2_000, "the recorder")
        if engine.frame >= frame:
            return


def test_the_same_session_again_is_kept_once(tmp_path):
    session = tmp_path / "own.toml"
    texts = ['[[part]]\nstream = "*"\n', '[[part]]\nstream = "a*"\n']
    session.write_text(texts[0])
    with listening(tmp_path, "--record", "take/", "--session", "own.toml") as listener:
        for number in range(1, 7):
            session.write_text(texts[number % 2])
            until(lambda n=number: listener.said.count(": changed") >= n, "the change")
        assert listener.end()[0] == 143
    names = sorted(file.name for file in (tmp_path / "take").glob("*.toml"))
    assert names == ["session-2.toml", "session.toml"]
    manifest = Recording(tmp_path / "take").manifest
    assert manifest.sessions == ["session.toml", "session-2.toml"] * 3 + ["session.toml"]
    shutil.rmtree(tmp_path / "take")
