"""How every instrument sounds, in figures: in tune, clean, and without clicks."""

import msgspec
import numpy as np
import pytest
from mosqito import roughness_dw

from streamson.psychoacoustics.hearing import FULL_SCALE_DB_SPL
from streamson.session.parse.instruments import builtin_instruments
from streamson.synth.engine import Engine
from tests.synth.notes import PlainNote

INSTRUMENTS = builtin_instruments()
STEADY = [
    name
    for name, instrument in INSTRUMENTS.items()
    if not any(partial.decay or partial.noise for partial in instrument.partials)
]
PITCHED = sorted(INSTRUMENTS.keys() - {"breath", "click"})  # a band of noise, and a tick
RATES = (44_100, 48_000, 96_000)
PITCHES = (24, 36, 48, 60, 72, 84, 96, 108)


def hz(midi_note):
    return 440 * 2 ** ((midi_note - 69) / 12)


def partials_hz(name, midi_note, rate, *, noise=False):
    """Return the frequencies of the partials that sound."""
    return [
        hz(midi_note) * partial.exact_ratio
        for partial in INSTRUMENTS[name].partials
        if bool(partial.noise) == noise and hz(midi_note) * partial.exact_ratio < rate / 2
    ]


def play(name, midi_note, rate, seconds, *, frames=None, onset=0):
    engine = Engine(rate, instruments=INSTRUMENTS)
    length = round(seconds * rate)
    engine.play(PlainNote(onset, length, hz(midi_note), -12, instrument=name))
    return engine.render(frames or onset + 2 * length).astype(np.float64)


def spectrum_db(sound, rate):
    """Return frequencies and levels; the window's own floor is below -150 dB."""
    window = np.kaiser(len(sound), 24)
    levels = np.abs(np.fft.rfft(sound * window)) / (window.sum() / 2)
    return np.fft.rfftfreq(len(sound), 1 / rate), 20 * np.log10(np.maximum(levels, 1e-12))


def near(frequencies, expected, width):
    return np.min(np.abs(frequencies[:, None] - np.asarray(expected)), axis=1) <= width


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", STEADY)
def test_a_steady_tone_has_its_partials_and_nothing_else_above_90_db(name, rate):
    settled = round(rate * (INSTRUMENTS[name].envelope.attack + 0.3))
    for midi_note in PITCHES:
        sound = play(name, midi_note, rate, 2.0, frames=settled + rate)[settled:]
        for channel in (0, 1):
            frequencies, levels = spectrum_db(sound[:, channel], rate)
            # The main lobe is 8 bins of 1 Hz to each side.
            own = near(frequencies, partials_hz(name, midi_note, rate), 9)
            assert levels[~own].max() < levels.max() - 90, (midi_note, channel)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", PITCHED)
def test_the_strongest_partial_is_in_tune_within_a_cent(name, rate):
    for midi_note in PITCHES:
        start = round(rate * (INSTRUMENTS[name].envelope.attack + 0.02))
        # A second, or the partials of a bell, 6 Hz apart, would move one another's peaks.
        sound = play(name, midi_note, rate, 1.5, frames=start + rate)[start:].mean(axis=1)
        sound = np.pad(sound * np.hanning(len(sound)), (0, 8 * len(sound)))
        levels = np.abs(np.fft.rfft(sound))
        expected = partials_hz(name, midi_note, rate)
        # The peak of the padded spectrum, by a parabola through its logarithm.
        k = int(levels.argmax())
        a, b, c = np.log(levels[k - 1 : k + 2])
        found = (k + 0.5 * (a - c) / (a - 2 * b + c)) * rate / len(sound)
        cents = 1_200 * np.log2(found / np.array(expected))
        # Detuned pairs beat: their sum lies between them.
        spread = max(abs(p.detune) for p in INSTRUMENTS[name].partials)
        assert np.abs(cents).min() <= 1 + spread, (midi_note, found)


@pytest.mark.parametrize("midi_note", [43, 48, 55, 67])
@pytest.mark.parametrize("name", STEADY)
def test_a_steady_tone_is_about_as_smooth_as_a_sine(name, midi_note):
    settled = round(48_000 * (INSTRUMENTS[name].envelope.attack + 0.3))
    sound = play(name, midi_note, 48_000, 2.0, frames=settled + 9_600)[settled:].mean(axis=1)
    pressure = sound * (2e-5 * 10 ** (FULL_SCALE_DB_SPL / 20) * 2**0.5)
    # In asper (Daniel and Weber 1997). A sine has up to 0.05 there; partials whose phases lie along
    # a straight line have 0.9.
    assert roughness_dw(pressure, 48_000, overlap=0)[0].mean() < 0.07


def above_its_band_db(sound, name, midi_note, rate):
    """Return the largest sample above the note's own band, beside its peak; None if there is none.

    The band ends an octave above the highest partial, and 2 kHz later: a note that rises within
    2 ms has a band of that width.
    """
    instrument = INSTRUMENTS[name]
    top = max(p.exact_ratio * (1 + p.noise) for p in instrument.partials) * hz(midi_note)
    edge = 2 * top + 2_000
    if edge > 0.45 * rate:
        return None
    sound = np.pad(sound, ((rate // 10, rate // 10), (0, 0)))
    spectrum = np.fft.rfft(sound, axis=0)
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
    # A soft edge, so that the filter does not ring.
    spectrum *= np.clip((frequencies - edge) / 1_000, 0, 1)[:, None]
    rest = np.abs(np.fft.irfft(spectrum, len(sound), axis=0)).max()
    return 20 * np.log10(rest / np.abs(sound).max())


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_onset_and_release_do_not_click(name, rate):
    release = INSTRUMENTS[name].envelope.release
    for midi_note in (24, 36, 48, 60, 72):
        for seconds in (0.02, 0.2):  # the first ends before some have risen
            frames = round((seconds + release + 0.3) * rate)
            sound = play(name, midi_note, rate, seconds, frames=frames, onset=1_003)
            assert not sound[:1_003].any()
            assert not sound[-rate // 10 :].any()
            click = above_its_band_db(sound, name, midi_note, rate)
            assert click is None or click < -60, (midi_note, seconds, click)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_stealing_mute_and_stop_do_not_click(name):
    rate = 44_100
    for act in ("steal", "mute", "stop"):
        engine = Engine(rate, instruments=INSTRUMENTS, polyphony=1)
        engine.play(PlainNote(0, 2 * rate, hz(48), -12, instrument=name))
        before = engine.render(round(0.31 * rate) + 7)
        if act == "steal":
            engine.play(PlainNote(-1, 100, hz(48), -200, instrument=name))
        elif act == "mute":
            engine.set_volume(float("-inf"))
        else:
            engine.stop_soon()
        sound = np.concatenate((before, engine.render(rate)))
        assert np.abs(sound[-rate // 10 :]).max() < 1e-9  # the note that steals has -200 dBFS
        click = above_its_band_db(sound.astype(np.float64), name, 48, rate)
        assert click is None or click < -60, (act, click)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_power_is_the_same_wherever_a_note_is(name):
    narrow = {name: msgspec.structs.replace(INSTRUMENTS[name], width=0.0)}
    levels = []
    for pan in (-1, -0.6, -0.2, 0, 0.3, 0.7, 1):
        engine = Engine(44_100, instruments=narrow)
        engine.play(PlainNote(0, 20_000, hz(60), -12, pan=pan, instrument=name))
        power = (engine.render(20_000).astype(np.float64) ** 2).sum()
        levels.append(10 * np.log10(power))
    assert max(levels) - min(levels) < 0.1
