"""A device of another rate hears the same sound, and the engine goes on at its own rate."""

import numpy as np
import pytest

from streamson.synth.engine import Engine
from tests.synth.notes import RATE, PlainNote

PAIRS = [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100), (44_100, 96_000), (192_000, 8_000)]


def tone_on_device(engine_rate, device_rate, frequency_hz):
    """Return two steady seconds of a sine of -12 dBFS as the device gets them."""
    engine = Engine(engine_rate)
    engine.attach_device(device_rate)
    engine.play(PlainNote(0, 10 * engine_rate, frequency_hz, -12))
    sound = [engine.render(256) for _ in range(3 * device_rate // 256 + 1)]
    return np.concatenate(sound)[device_rate : 3 * device_rate, 0].astype(np.float64)


def levels_db(sound, rate, frequency_hz):
    """Return the level of a tone, and the highest of all else, in dBFS."""
    window = np.kaiser(len(sound), 20)
    spectrum = np.abs(np.fft.rfft(sound * window)) / window.sum() * 2
    own = np.abs(np.fft.rfftfreq(len(sound), 1 / rate) - frequency_hz) < 20
    level = 20 * np.log10(np.sqrt(2) * sound.std())
    return level, 20 * np.log10(spectrum[~own].max())


@pytest.mark.parametrize(("engine_rate", "device_rate"), PAIRS)
def test_what_both_rates_can_hold_passes_clean_and_even(engine_rate, device_rate):
    nyquist = min(engine_rate, device_rate) / 2
    for share in (0.01, 0.1, 0.5, 0.8, 0.9):
        sound = tone_on_device(engine_rate, device_rate, share * nyquist)
        level, rest = levels_db(sound, device_rate, share * nyquist)
        assert level == pytest.approx(-12, abs=0.1), share
        assert rest < -12 - 90, share


@pytest.mark.parametrize(("engine_rate", "device_rate"), [(48_000, 44_100), (96_000, 44_100)])
def test_what_the_device_cannot_hold_is_silent(engine_rate, device_rate):
    for frequency_hz in (device_rate / 2 + 50, device_rate / 2 + 1_500):
        sound = tone_on_device(engine_rate, device_rate, frequency_hz)
        assert np.abs(sound).max() < 10 ** ((-12 - 90) / 20)


@pytest.mark.parametrize("block", [1, 37, 64, 1_024])
def test_the_devices_blocks_change_nothing_and_the_clock_keeps_pace(block):
    def device_hears(sizes):
        engine = Engine(RATE)
        engine.attach_device(48_000)
        for i in range(10):
            engine.play(PlainNote(i * 300, 3_000, 300 + 50 * i, -30))
        parts = [engine.render(size) for size in sizes]
        return np.concatenate(parts), engine.frame

    frames = 8_192
    sound, frame = device_hears([block] * (frames // block))
    whole, _ = device_hears([frames])
    assert np.array_equal(sound, whole[: len(sound)])
    assert frame == pytest.approx(len(sound) * RATE / 48_000, abs=1)


def test_the_recording_is_that_of_the_engine():
    """What the tap hands out does not depend on the device."""

    def recorded(device_rate):
        engine = Engine(RATE)
        engine.attach_device(device_rate)
        engine.open_tap()
        engine.play(PlainNote(100, 3_000))
        for _ in range(40):
            engine.render(256)
        return engine.tap.read()[1].reshape(-1, 2)

    same, resampled = recorded(RATE), recorded(22_050)
    assert np.array_equal(same, resampled[: len(same)])
