"""Held voices: one that glides from note to note, without zipper noise, and lets go at the end."""

import numpy as np
import pytest

from streamson.model.instrument import Instrument, Partial
from streamson.synth.engine import Engine
from tests.synth.notes import INSTRUMENTS, RATE, PlainNote

GLIDE = 4_410


def held(onset, frequency_hz, **changes):
    note = PlainNote(onset, 2 * RATE, frequency_hz, -20, held_key=7, glide_frames=GLIDE)
    return note._replace(**changes)


def play(*notes, frames=RATE):
    engine = Engine(RATE, instruments=INSTRUMENTS)
    for note in notes:
        engine.play(note)
    return engine.render(frames).astype(np.float64), engine


def frequency_of(sound):
    """Return the frequency of a sine by its upward crossings of zero."""
    crossings = np.flatnonzero((sound[:-1] < 0) & (sound[1:] >= 0))
    exact = crossings - sound[crossings] / (sound[crossings + 1] - sound[crossings])
    return RATE * (len(exact) - 1) / (exact[-1] - exact[0])


def test_one_voice_glides_to_the_next_note():
    sound, engine = play(held(0, 440.0), held(RATE // 4, 660.0))
    assert int(engine.state["active"]) == 1
    assert frequency_of(sound[2_000:10_000, 0]) == pytest.approx(440, abs=0.05)
    assert frequency_of(sound[RATE // 4 + GLIDE + 128 :, 0]) == pytest.approx(660, abs=0.05)
    half_way = RATE // 4 + GLIDE // 2
    assert frequency_of(sound[half_way - 400 : half_way + 400, 0]) == pytest.approx(550, rel=0.02)


def test_level_and_pan_glide_too():
    sound, _ = play(held(0, 440.0, pan=-1), held(RATE // 4, 440.0, level_db=-40, pan=1))
    before, after = sound[5_000:10_000], sound[RATE // 4 + 2 * GLIDE :]
    assert np.abs(before[:, 1]).max() < 1e-6
    assert np.abs(before[:, 0]).max() == pytest.approx(0.1 * np.sqrt(2), rel=0.01)
    assert np.abs(after[:, 0]).max() < 1e-6
    assert np.abs(after[:, 1]).max() == pytest.approx(0.01 * np.sqrt(2), rel=0.01)


def test_gliding_makes_no_zipper_noise():
    """What lies two octaves above the highest frequency is 90 dB below the tone."""
    notes = [
        held(i * 4_000, 200 * 1.5 ** (i % 3), level_db=-20 - 10 * (i % 2), pan=(i % 3 - 1) * 0.8)
        for i in range(20)
    ]
    sound, engine = play(*notes, frames=2 * RATE)
    assert int(engine.state["active"]) == 1
    steady = sound[5_000:80_000, 0] * np.kaiser(75_000, 20)
    spectrum = np.abs(np.fft.rfft(steady))
    frequencies = np.fft.rfftfreq(75_000, 1 / RATE)
    assert 20 * np.log10(spectrum[frequencies > 1_800].max() / spectrum.max()) < -90


def test_partials_above_nyquist_fade_as_it_glides():
    high = held(RATE // 4, 9_000.0, instrument="bowed")
    sound, _ = play(held(0, 300.0, instrument="bowed"), high)
    tail = sound[RATE // 4 + 2 * GLIDE :][:16_384, 0] * np.kaiser(16_384, 20)
    spectrum = np.abs(np.fft.rfft(tail))
    frequencies = np.fft.rfftfreq(16_384, 1 / RATE)
    # Partials 1 and 2, the second 3 cents sharp; nothing came back from above Nyquist.
    own = (np.abs(frequencies - 9_000) < 40) | (np.abs(frequencies - 18_031) < 40)
    assert 20 * np.log10(spectrum[~own].max() / spectrum.max()) < -85


def test_what_would_die_away_is_held():
    sound, _ = play(held(0, 300.0, instrument="struck"), frames=2 * RATE)
    assert np.abs(sound[-RATE:]).max() > 0.05


def test_it_lets_go_when_nothing_comes_and_begins_anew():
    sound, engine = play(held(0, 440.0, duration_frames=5_000), held(RATE // 2, 660.0))
    assert not sound[6_000 : RATE // 2].any()
    assert int(engine.state["active"]) == 1
    assert frequency_of(sound[RATE // 2 + 2_000 :, 0]) == pytest.approx(660, abs=0.05)


def test_keys_hold_voices_of_their_own():
    _, engine = play(held(0, 440.0), held(0, 660.0, held_key=8), held(1_000, 550.0))
    assert int(engine.state["active"]) == 2


def test_a_held_band_of_noise_glides_without_steps_and_widens_with_its_pitch():
    notes = [
        held(i * 30_000, hz, instrument="wind", level_db=-12 - 12 * (i % 2), pan=0.5 * (i % 2))
        for i, hz in enumerate((200.0, 800.0))
    ]
    engine = Engine(RATE, instruments={"wind": Instrument((Partial(noise=0.1),))})
    for note in notes:
        engine.play(note)
    sound = engine.render(3 * RATE).astype(np.float64)
    gliding = sound[30_000 : 30_000 + GLIDE + 64] * np.hanning(GLIDE + 64)[:, None]
    levels = np.abs(np.fft.rfft(gliding, axis=0))
    frequencies = np.fft.rfftfreq(len(gliding), 1 / RATE)
    assert 20 * np.log10(levels[frequencies > 8_000].max() / levels.max()) < -75

    def width_hz(part):
        power = np.abs(np.fft.rfft(part[:, 0] * np.hanning(len(part)))) ** 2
        hz = np.fft.rfftfreq(len(part), 1 / RATE)
        centre = (power * hz).sum() / power.sum()
        return np.sqrt((power * (hz - centre) ** 2).sum() / power.sum())

    assert width_hz(sound[40_000:120_000]) > 2.5 * width_hz(sound[2_000:30_000])
