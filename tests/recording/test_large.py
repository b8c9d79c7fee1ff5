"""Recordings beyond 4 GiB, which a plain WAV file can't be."""

import signal
import subprocess
import sys

import pytest
import soundfile

from streamson.formats.repair.repair import repair

WRITE = """
import sys
from pathlib import Path
import numpy as np
from streamson.formats.audio_file import WavWriter
block = np.sin(np.arange(2**20) / 50, dtype=np.float32).reshape(-1, 2)
writer = WavWriter(Path(sys.argv[1]), 192_000)
while True:
    writer.write(block)
    print(writer.frames, flush=True)
"""
LIMIT = 2**32


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_a_recording_beyond_4_gib_is_killed_and_is_whole(tmp_path):
    path = tmp_path / "large.wav"
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        frames = 0
        while frames * 6 < 1.05 * LIMIT:
            frames = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert path.stat().st_size > LIMIT
    with path.open("rb") as file:
        assert file.read(4) == b"RF64"
    with soundfile.SoundFile(path) as sound:
        assert len(sound) >= frames
        sound.seek(frames - 1_000)
        assert abs(sound.read(1_000)).max() > 0.9
    assert repair(path).startswith("nothing to mend")
