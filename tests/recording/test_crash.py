"""A recording whose process is killed: everything up to the last second is there and opens."""

import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from streamson.offline.resynthesize import resynthesize
from streamson.recording.reader import Recording

RATE = 44_100
LOST_S = {".wav": 0.2, ".flac": 1.0, ".ogg": 1.0, ".mp3": 1.0}
LISTEN = """
import sys, threading, time
from streamson import Listener, Publisher
with Listener("tcp://127.0.0.1:*", output="none", record=sys.argv[1]) as listener:
    def publish():
        with Publisher(listener.endpoint) as publisher:
            for i in range(10**9):
                publisher.send("walk", x=i % 17)
                time.sleep(0.05)
    threading.Thread(target=publish, daemon=True).start()
    while True:
        print(listener.engine.frame, listener.stats().points_received, flush=True)
        time.sleep(0.005)
"""


def killed_at(moments_s, target):
    """Record in a process that is killed after so many seconds of sound; return what it said."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(target)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        frame = points = 0
        while frame < moments_s * RATE:
            frame, points = map(int, process.stdout.readline().split())
        process.send_signal(signal.SIGKILL)
    return frame / RATE, points


def length_s(path):
    """The length that soundfile reads, after reading all of it."""
    sound, rate = soundfile.read(path)
    assert np.abs(sound).max() > 0.01
    return len(sound) / rate


def readers(path):
    """What else opens such a file, and the length that it finds."""
    if path.suffix == ".wav":
        rate, sound = wavfile.read(path)
        yield len(sound) / rate
    if path.suffix != ".ogg" and shutil.which("sox"):  # sox knows no Opus
        raw = subprocess.run(
            ["sox", path, "-t", "s16", "-"], capture_output=True, check=True
        ).stdout
        yield len(raw) / 4 / RATE


def assert_a_killed_one_is_there(folder, ending, moment_s):
    path = folder / f"take{ending}"
    seconds, _ = killed_at(moment_s, path)
    for found in (length_s(path), *readers(path)):
        assert seconds - LOST_S[ending] < found, (ending, seconds, found)


@pytest.mark.parametrize("ending", LOST_S)
def test_a_killed_recording_is_there_up_to_the_last_second(tmp_path, ending):
    assert_a_killed_one_is_there(tmp_path, ending, random.Random(ending).uniform(1.5, 3))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("ending", LOST_S)
def test_a_recording_killed_at_fifty_moments(tmp_path, ending):
    for number in range(50):
        assert_a_killed_one_is_there(tmp_path, ending, random.Random(number).uniform(1, 6))
        (tmp_path / f"take{ending}").unlink()


def test_a_killed_session_is_there_and_can_be_heard_again(tmp_path):
    began = time.time()
    seconds, points = killed_at(3, tmp_path / "take")
    recording = Recording(tmp_path / "take")
    assert recording.manifest.frames is None
    assert recording.manifest.statistics is not None
    assert began < recording.manifest.started
    rows = list(recording.points())
    assert points - 20 <= len(rows)  # 20 come in a second
    recorded, _ = soundfile.read(tmp_path / "take" / "audio.wav", dtype="float32")
    assert len(recorded) > (seconds - 0.2) * RATE
    again = np.concatenate(list(resynthesize(recording)))
    assert again.shape == recorded.shape
    # Of the notes that began in the last moments not all were written.
    known = len(recorded) - RATE // 2
    assert np.abs(again[:known] - recorded[:known]).max() <= 2.0**-23
