"""Recordings: every frame, whole files whatever happens, and no recording overwritten."""

import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from streamson.errors import OutputFileError
from streamson.formats.audio_file import WavWriter
from streamson.output.null_device import NullDevice
from streamson.output.tap import TapFanOut
from streamson.recording.recorder import Recorder
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import QUANTUM, TAP_QUANTA
from tests.conftest import until
from tests.synth.notes import RATE, PlainNote


def test_a_recording_holds_every_frame_up_to_the_stop(tmp_path):
    engine = Engine(RATE)
    engine.stop_at(30_001)
    recorder = Recorder(TapFanOut(engine), tmp_path / "take.wav")
    engine.play(PlainNote(duration_frames=RATE))
    sound = np.concatenate([engine.render(500) for _ in range(80)])[:30_001]
    recorder.stop()
    recorded, _ = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert recorded.shape == sound.shape
    assert np.abs(recorded - sound).max() <= 2.0**-23
    assert recorder.lost_frames == 0
    assert recorder.error is None


def test_two_readers_agree_on_the_file(tmp_path):
    sound = np.linspace(-1, 1, 2_000, dtype=np.float32).reshape(-1, 2)
    with WavWriter(tmp_path / "a.wav", 48_000) as writer:
        writer.write(sound)
    rate, integers = wavfile.read(tmp_path / "a.wav")
    floats, _ = soundfile.read(tmp_path / "a.wav")
    assert rate == 48_000
    np.testing.assert_allclose(integers / 2.0**31, floats, atol=1e-9)
    np.testing.assert_allclose(floats, sound, atol=2.0**-22)


def test_a_tap_that_overflowed_leaves_silence_in_its_place(tmp_path):
    engine = Engine(RATE)
    tap = TapFanOut(engine)
    recorder = Recorder(tap, tmp_path / "take.wav")
    engine.play(PlainNote(duration_frames=60 * RATE))
    with tap._lock:  # nobody can read: the ring holds the first quanta, and the rest is lost
        for _ in range(TAP_QUANTA + 100):
            engine.render(QUANTUM)
    assert int(engine.state["tap_lost"]) == 100
    until(lambda: recorder.seconds * RATE >= TAP_QUANTA * QUANTUM, "the tap to be read")
    engine.render(10 * QUANTUM)
    recorder.stop()
    recorded, _ = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert recorder.lost_frames == 100 * QUANTUM
    assert len(recorded) == (TAP_QUANTA + 110) * QUANTUM
    lost = recorded[TAP_QUANTA * QUANTUM : (TAP_QUANTA + 100) * QUANTUM]
    assert not lost.any()
    assert recorded[-10:].all()


KILLED = """
import sys
from pathlib import Path
from streamson.output.tap import TapFanOut
from streamson.recording.recorder import Recorder
from streamson.output.null_device import NullDevice
from streamson.synth.engine import Engine
from tests.synth.notes import PlainNote
engine = Engine(44_100)
recorder = Recorder(TapFanOut(engine), Path(sys.argv[1]))
engine.play(PlainNote(duration_frames=60 * 44_100))
clock = NullDevice(engine)
while True:
    print(engine.frame, flush=True)
    clock._stopping.wait(0.01)
"""


def test_a_recording_whose_process_is_killed_is_whole(tmp_path):
    path = tmp_path / "take.wav"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        frame = 0
        while frame < 2 * RATE:
            frame = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    for read in (lambda: soundfile.read(path)[0], lambda: wavfile.read(path)[1]):
        recorded = read()
        assert len(recorded) > frame - 0.2 * RATE  # two drains, and a hundredth of a second
        assert recorded[1_000:].any(axis=1).mean() > 0.99


def test_a_file_that_exists_is_kept(tmp_path):
    path = tmp_path / "take.wav"
    path.write_bytes(b"precious")
    recorder = Recorder(TapFanOut(Engine(RATE)), path)
    recorder.stop()
    assert (tmp_path / "take-1.wav").read_bytes() == b"precious"
    assert soundfile.info(path).frames == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing/take.wav", "No such file or directory"),
        (".", "Is a directory"),
        ("a" * 300 + ".wav", "File name too long"),
    ],
)
def test_a_path_that_can_not_be_written_is_explained(tmp_path, name, reason):
    with pytest.raises(OutputFileError, match=reason):
        WavWriter(tmp_path / name, RATE)


@pytest.fixture
def small_files():
    """Let no file grow beyond 300 kB, like a disk that is full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_full_disk_ends_the_recording_and_not_the_sound(tmp_path, small_files, caplog, ending):
    engine = Engine(RATE)
    recorder = Recorder(TapFanOut(engine), tmp_path / f"take{ending}")
    for i in range(40):  # rich enough to need many bits
        note = PlainNote(duration_frames=90 * RATE, frequency_hz=200 + 97.3 * i, level_db=-30)
        engine.play(note)
    for _ in range(600):  # faster than time, as long as the recorder follows
        engine.render(4_096)
        until(lambda: recorder.error or recorder.seconds * RATE > engine.frame - 60_000, "it")
        if recorder.error is not None:
            break
    clock = NullDevice(engine)
    until(lambda: recorder.error is not None, "the full disk to be noticed")
    frame = engine.frame
    until(lambda: engine.frame > frame + 5_000, "the sound to go on")
    clock.stop()
    recorder.stop()
    assert "the sound goes on" in caplog.text
    assert f"take{ending}" in str(recorder.error)
    assert int(engine.state["tap_lost"]) == 0
    recorded, _ = soundfile.read(tmp_path / f"take{ending}")
    assert len(recorded) > 0.9 * 300_000 / 6
    assert recorded[1_500:].any(axis=1).mean() > 0.99


def test_the_null_device_keeps_real_time():
    engine = Engine(RATE)
    began = time.monotonic()
    clock = NullDevice(engine)
    until(lambda: engine.frame >= RATE, "a second of sound")
    elapsed = time.monotonic() - began
    clock.stop()
    assert 0.95 < elapsed < 1.5
