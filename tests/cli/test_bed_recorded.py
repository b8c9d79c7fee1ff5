"""The bed of a listener in a process of its own, by its recording: it never breaks off."""

import time

import numpy as np
import pytest
import soundfile

from streamson import Publisher
from tests.conftest import until

STREAMS = 7
INTERVAL_S = 1.0
STEP_S = 0.1

ONLY_THE_BED = """
[notices]
stale = false
[[part]]
stream = "*"
volume = { value = -90 }           # those in front, until all are known to be ordinary
"""


def test_slow_streams_are_heard_without_a_break(start, tmp_path):
    (tmp_path / "bed.toml").write_text(ONLY_THE_BED)
    options = ("--output", "none", "--record", "take.wav", "--session", "bed.toml")
    listener = start("listen", "--bind", "tcp://127.0.0.1:*", *options)
    where = listener.await_line("Listening on").removeprefix("Listening on ").rstrip(".")
    path = tmp_path / "take.wav"
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        begin = time.monotonic()

        def send():
            """Send a point of each stream when it is time; return whether it was long enough."""
            nonlocal begin
            if time.monotonic() >= begin:
                begin += INTERVAL_S
                for i in range(STREAMS):
                    publisher.send(f"vm/{i}", x=50.0 + i)
            return path.exists() and path.stat().st_size > 44_100 * 3 * 2 * 9

        until(send, "nine seconds of recording")
    assert listener.end()[0] == 130
    sound, rate = soundfile.read(path)
    frames = round(STEP_S * rate)
    power = np.square(sound[: len(sound) // frames * frames]).reshape(-1, frames, 2).mean((1, 2))
    heard_db = 10 * np.log10(power[np.flatnonzero(power)[0] :] + 1e-20)
    bed_db = heard_db[np.flatnonzero(heard_db > -60)[0] :]  # from the mix's beginning on
    assert len(bed_db) * STEP_S > 6
    assert bed_db.min() > -60
    windows = np.convolve(10 ** (bed_db[20:] / 10), np.full(30, 1 / 30), "valid")
    assert np.ptp(10 * np.log10(windows)) < 3
    assert windows.max() == pytest.approx(10**-3.6, rel=0.5)  # -36 dBFS
