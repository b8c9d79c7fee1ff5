"""``streamson demo``: the eta producer and the listener together, as a newcomer meets them."""

import csv
import re
import signal

import numpy as np
import soundfile

from tests.conftest import DATA

RATE = 44_100


def article_notes():
    with (DATA / "article_eta_300.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield float(row["frequency_hz"]), float(row["duration_s"])


def strongest_hz(sound):
    """Return the frequency of the strongest tone, to 0.4 Hz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 2**17))
    return np.argmax(spectrum) * RATE / 2**17


def test_the_notes_of_the_article_follow_one_another(run, tmp_path):
    done = run("demo", "--duration", "8", "--record", "take.wav", "--output", "none")
    assert done.returncode == 0
    played, lost, recorded = done.stdout.splitlines()
    count = int(re.match(r"played (\d+) notes of \d+ points in 8\.0 s", played)[1])
    assert lost.startswith(
        "lost 0 points, refused 0 messages, coalesced 0 points, dropped 0 notes, late 0"
    )
    assert recorded == "recorded 8.0 s to take.wav"

    sound, rate = soundfile.read(tmp_path / "take.wav")
    assert (len(sound), rate) == (8 * RATE, RATE)
    assert -25 < 20 * np.log10(np.abs(sound).max()) < -1
    left = sound[:, 0]
    start = float(np.flatnonzero(left)[0])
    heard = 0
    for frequency_hz, duration_s in article_notes():
        frames = duration_s * RATE
        if start + frames > len(left) - 2_000:  # the end fades
            break
        middle = left[int(start + 0.2 * frames) : int(start + 0.8 * frames)]
        assert abs(strongest_hz(middle) / frequency_hz - 1) < 0.02, heard  # a third of a semitone
        assert np.abs(left[int(start + frames) - 200 : int(start + frames) + 200]).max() > 1e-3
        heard += 1
        start += frames
    assert heard >= count - 2 >= 15


def test_ctrl_c_ends_it_within_a_second_or_so(start):
    demo = start("demo", "--output", "none")
    demo.await_line("Playing without sound")
    code, out, _ = demo.end(signal.SIGINT)
    assert code == 130
    assert "played" in out
