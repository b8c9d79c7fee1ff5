"""A synthesiser of others, FluidSynth, plays a feed's notes at their exact pitches."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from streamson.music.pitch import midi_to_hz
from tests.conftest import JackServer, until
from tests.live.test_outlet import MadeUpClock

SOUNDS = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
CENTS = 15.0
"""What a SoundFont's own notes are tuned to; a bend that is not understood is 25 or 50 off."""


def pitch_hz(sound, rate, near_hz):
    """Return where the spectrum is strongest within a semitone."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 20))
    frequencies = np.fft.rfftfreq(1 << 20, 1 / rate)
    near = np.flatnonzero(np.abs(np.log2(frequencies[1:] / near_hz)) < 1 / 12) + 1
    return frequencies[near[np.argmax(spectrum[near])]]


@pytest.fixture
def synthesiser(monkeypatch):
    """FluidSynth on a JACK server, and a client that records it: its sound, and its rate."""
    if shutil.which("jackd") is None or shutil.which("fluidsynth") is None or not SOUNDS.exists():
        missing = "jackd2, fluidsynth or timgm6mb-soundfont (of Debian) is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    import jack

    server = JackServer()
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    server.start()  # it waits for clients that are late, so that no message is lost
    words = ["-s", "-i", "-a", "jack", "-m", "jack", "-r", "44100", "-R", "0", "-C", "0"]
    fluid = subprocess.Popen(
        ["fluidsynth", *words, SOUNDS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = jack.Client("recorder", no_start_server=True)
    port, blocks = client.inports.register("in"), []
    client.set_process_callback(lambda _frames: blocks.append(port.get_array().copy()))
    with client:
        until(lambda: client.get_ports("fluidsynth", is_audio=True), "the synthesiser")
        client.connect(client.get_ports("fluidsynth", is_audio=True)[0], port)
        yield blocks, client.samplerate
    fluid.kill()  # told to end it takes 20 s
    fluid.wait()
    server.close()


def test_it_plays_fractions_of_a_semitone(synthesiser):
    blocks, rate = synthesiser

    def loudest():
        return max((np.abs(block).max() for block in blocks[-200:]), default=0.0)

    with MadeUpClock() as feed:
        words = [sys.executable, "-m", "streamson", "watch", feed.endpoint, "--midi", "fluid"]
        watch = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert watch.stderr.readline().startswith("Playing MIDI to fluidsynth")
        time.sleep(1.0)  # it reads the clock
        for pitch in (60.0, 60.5, 71.25):
            until(lambda: loudest() < 1e-4, "silence")
            blocks.clear()
            feed.send(midi_note=pitch, duration_s=1.0)
            until(lambda: loudest() > 1e-2, "a note")
            until(lambda: loudest() < 1e-4, "its end")
            sound = np.concatenate(blocks)
            begin = np.flatnonzero(np.abs(sound) > 1e-3)[0] + rate // 5
            found_hz = pitch_hz(sound[begin : begin + 6 * rate // 10], rate, midi_to_hz(pitch))
            assert abs(1200 * np.log2(found_hz / midi_to_hz(pitch))) < CENTS
        watch.terminate()
        watch.communicate()
