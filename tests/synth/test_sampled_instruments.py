"""Sampled instruments: in tune and clean over two octaves each way, looped and ended softly."""

import numpy as np
import pytest

from streamson.model.instrument import Envelope, Instrument, Sample
from streamson.synth.engine import Engine
from tests.synth.notes import RATE, PlainNote
from tests.synth.test_sound_quality import hz, near, spectrum_db

ROOT = 60
PERIODS = 262  # of the recording's fundamental, in one second
FUNDAMENTAL = PERIODS * 1.0  # Hz: a loop of one second holds whole periods
TUNED = 69 + 12 * np.log2(FUNDAMENTAL / 440)


def recording(rate=RATE, *, seconds=2.0, highest_hz=20_000):
    """Return a tone of many partials, the left channel's other than the right's."""
    t = np.arange(round(seconds * rate)) / rate
    left = np.zeros(len(t))
    right = np.zeros(len(t))
    for k in range(1, int(highest_hz / FUNDAMENTAL) + 1):
        left += np.sin(2 * np.pi * k * FUNDAMENTAL * t + k * k) / k
        right += np.sin(2 * np.pi * k * FUNDAMENTAL * t + 2 * k) / k
    return np.stack([left, right], axis=1).astype(np.float32) * np.float32(0.2)


def instrument(sound, rate=RATE, *, loop=None, **changes):
    envelope = Envelope(attack=0.001, release=0.05)
    return Instrument(envelope=envelope, sample=Sample(sound, rate, TUNED, loop), **changes)


def play(sampled, midi_note, seconds, *, rate=RATE, **changes):
    engine = Engine(rate, instruments={"sampled": sampled})
    note = PlainNote(0, round(seconds * rate), hz(midi_note), -12, instrument="sampled")
    engine.play(note._replace(**changes))
    return engine.render(round((seconds + 0.2) * rate)).astype(np.float64), engine


@pytest.mark.parametrize("file_rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_it_is_in_tune_and_clean_two_octaves_up_and_down(file_rate, rate):
    sound = recording(file_rate, highest_hz=0.45 * file_rate)
    looped = instrument(sound, file_rate, loop=(file_rate // 2, file_rate // 2 + file_rate))
    # One engine for all: what it keeps of a sample for each octave takes longest.
    engine = Engine(rate, instruments={"sampled": looped})
    note = PlainNote(0, 3 * rate, hz(ROOT), -12, instrument="sampled")
    for midi_note in range(ROOT - 24, ROOT + 25, 3):
        engine.play(note._replace(onset_frame=engine.frame, frequency_hz=hz(midi_note)))
        tone = engine.render(4 * rate).astype(np.float64)
        frequencies, levels = spectrum_db(tone[rate : 2 * rate, 0], rate)
        partials = hz(midi_note) * np.arange(1, 200)
        own = near(frequencies, partials[partials < rate / 2], 12)
        assert levels[~own].max() < levels.max() - 90, midi_note
        found = frequencies[levels.argmax()]
        assert found == pytest.approx(hz(midi_note), abs=1)


def test_a_sine_is_in_tune_within_a_cent():
    t = np.arange(2 * RATE) / RATE
    sound = np.repeat(np.sin(2 * np.pi * FUNDAMENTAL * t)[:, None], 2, axis=1)
    looped = instrument(sound.astype(np.float32), loop=(0, RATE))
    for midi_note in (36.0, 50.5, 60.0, 84.0):
        tone, _ = play(looped, midi_note, 4.0)
        steady = tone[RATE : 3 * RATE, 0]
        crossings = np.flatnonzero((steady[:-1] < 0) & (steady[1:] >= 0))
        exact = crossings - steady[crossings] / (steady[crossings + 1] - steady[crossings])
        found = RATE * (len(exact) - 1) / (exact[-1] - exact[0])
        assert abs(1_200 * np.log2(found / hz(midi_note))) < 0.1
        # As loud as the engine's own sine of this level.
        assert 20 * np.log10(np.abs(steady).max()) == pytest.approx(-12, abs=0.05)


def click_db(sound, above_hz, rate=RATE):
    """Return the largest sample above a frequency, beside the peak."""
    sound = np.pad(sound, ((rate // 10, rate // 10), (0, 0)))
    spectrum = np.fft.rfft(sound, axis=0)
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
    spectrum *= np.clip((frequencies - above_hz) / 1_000, 0, 1)[:, None]
    rest = np.abs(np.fft.irfft(spectrum, len(sound), axis=0)).max()
    return 20 * np.log10(rest / np.abs(sound).max())


def dull(frames):
    return recording(seconds=frames / RATE, highest_hz=1_000)


@pytest.mark.parametrize("loop", [(0, RATE), (22_000, 22_000 + RATE // 2), (30_000, 30_000 + 842)])
def test_loops_do_not_click(loop):
    """The first two hold whole periods; the last is 5 periods and a fraction."""
    tone, engine = play(instrument(dull(2 * RATE), loop=loop), ROOT, 5.0)
    assert click_db(tone, 6_000) < -60
    assert np.abs(tone[4 * RATE : 5 * RATE]).max() > 0.1
    assert int(engine.state["active"]) == 0


def test_a_loop_that_does_not_fit_is_softened():
    """White noise from one place to another: the crossfade leaves no step at the seam."""
    ramp = np.linspace(-0.5, 0.5, 20_000)[:, None] * np.ones(2)
    tone, _ = play(instrument(ramp.astype(np.float32), loop=(8_000, 18_000)), ROOT, 1.0)
    assert np.abs(np.diff(tone[2_000:40_000], axis=0)).max() < 0.01


def test_it_ends_without_a_jump_where_the_file_does():
    sound = dull(10_001)
    tone, engine = play(instrument(sound), TUNED, 1.0)
    assert click_db(tone, 6_000) < -60
    assert not tone[10_100:].any()
    assert int(engine.state["active"]) == 0


def test_it_is_released_before_its_end():
    tone, _ = play(instrument(dull(2 * RATE)), ROOT, 0.3)
    assert np.abs(tone[round(0.2 * RATE) : round(0.3 * RATE)]).max() > 0.1
    assert not tone[round(0.36 * RATE) :].any()


def test_both_channels_are_kept_and_width_joins_them():
    tone, _ = play(instrument(dull(RATE)), TUNED, 0.5)
    assert np.abs(tone[:, 0] - tone[:, 1]).max() > 0.05
    tone, _ = play(instrument(dull(RATE), width=0.0), TUNED, 0.5)
    assert np.abs(tone[:, 0] - tone[:, 1]).max() < 1e-6


def test_a_held_one_glides_without_zipper_noise():
    """Through four octaves, from copy to copy, with level and pan."""
    looped = instrument(dull(2 * RATE), loop=(0, RATE))
    engine = Engine(RATE, instruments={"sampled": looped})
    for i, midi_note in enumerate((48, 84, 36, 72, 60)):
        note = PlainNote(i * 20_000, 2 * RATE, hz(midi_note), -12 - 6 * (i % 2), i / 4 - 0.5)
        engine.play(note._replace(instrument="sampled", held_key=3, glide_frames=15_000))
    sound = engine.render(3 * RATE).astype(np.float64)
    assert int(engine.state["played"]) == 5
    assert int(engine.state["active"]) == 1
    window = sound[2_000:-2_000, 0] * np.kaiser(len(sound) - 4_000, 20)
    levels = np.abs(np.fft.rfft(window))
    frequencies = np.fft.rfftfreq(len(window), 1 / RATE)
    # 1 kHz of the recording, two octaves up.
    assert 20 * np.log10(levels[frequencies > 5_000].max() / levels.max()) < -90


@pytest.mark.parametrize("blocks", [[64], [1_000, 37], [4_096]])
def test_the_blocks_do_not_change_a_sample(blocks):
    def render(sizes):
        engine = Engine(RATE, instruments={"sampled": instrument(dull(RATE), loop=(0, 9_999))})
        for i in range(30):
            note = PlainNote(i * 500 + i, 3_000, hz(40 + i), -30, instrument="sampled")
            engine.play(note)
        parts = []
        while sum(map(len, parts)) < 20_000:
            parts.append(engine.render(sizes[len(parts) % len(sizes)]))
        return np.concatenate(parts)[:20_000]

    assert np.array_equal(render(blocks), render([20_000]))


@pytest.mark.parametrize("midi_note", [0, 127])
@pytest.mark.parametrize("frames", [64, 5_000])
def test_extreme_pitches_and_lengths_stay_finite(midi_note, frames):
    for loop in (None, (0, 8), (frames - 8, frames)):
        sampled = instrument(dull(frames), 8_000, loop=loop)
        tone, _ = play(sampled, midi_note, 0.5)
        assert np.isfinite(tone).all()
        assert np.abs(tone).max() <= 1
