"""Tremolo: a level that swings by its formula, from the onset on, without a click, at no cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.model.instrument import Instrument, Sample
from streamson.synth.engine import Engine
from tests.synth.notes import INSTRUMENTS, RATE, PlainNote, rendered


def gain(frames, rate_hz, depth, onset=0, sample_rate=RATE):
    """Return the formula, for frames after an onset."""
    seconds = np.maximum(np.arange(frames) - onset, 0) / sample_rate
    return 1 - depth * (1 - np.cos(2 * np.pi * rate_hz * seconds)) / 2


@settings(max_examples=25, deadline=None)
@given(
    instrument=st.sampled_from(sorted(INSTRUMENTS)),
    onset=st.integers(0, 300),
    rate_hz=st.floats(0.5, 50),
    depth=st.floats(0.01, 1),
    sample_rate=st.sampled_from([8_000, 44_100, 192_000]),
)
def test_it_is_the_sound_without_it_times_the_formula(
    instrument, onset, rate_hz, depth, sample_rate
):
    frames = sample_rate // 4
    note = PlainNote(onset, frames, instrument=instrument, level_db=-30)
    plain = rendered([note], frames, sample_rate=sample_rate)
    trembling = note._replace(tremolo_hz=rate_hz, tremolo_depth=depth)
    found = rendered([trembling], frames, sample_rate=sample_rate)
    wanted = plain * gain(frames, rate_hz, depth, onset, sample_rate)[:, None]
    np.testing.assert_allclose(found, wanted, atol=3e-6)


def test_a_sampled_instrument_swings_too():
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)
    sample = Sample(np.stack([tone, tone], axis=1), RATE, root=69.0)
    instruments = {"sampled": Instrument(sample=sample)}
    sounds = []
    for depth in (0.0, 0.8):
        engine = Engine(RATE, instruments=instruments)
        note = PlainNote(0, RATE // 2, instrument="sampled")
        engine.play(note._replace(tremolo_hz=8.0, tremolo_depth=depth))
        sounds.append(engine.render(RATE // 2))
    plain, found = sounds
    assert np.abs(plain).max() > 0.01
    np.testing.assert_allclose(found, plain * gain(RATE // 2, 8.0, 0.8)[:, None], atol=3e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_blocks_do_not_change_it(blocks):
    notes = [
        PlainNote(100 * i, 3_000, 300 + 40 * i, tremolo_hz=20.0, tremolo_depth=0.9, held_key=i % 2)
        for i in range(4)
    ]
    np.testing.assert_array_equal(rendered(notes, 6_000), rendered(notes, 6_000, blocks=blocks))


def held(onset, rate_hz, depth, glide=4_410):
    return PlainNote(
        onset, 3 * RATE, 440.0, -20, held_key=1, glide_frames=glide, tremolo_hz=rate_hz,
        tremolo_depth=depth,
    )  # fmt: skip


def amplitude(sound):
    """Return the amplitude of a tone of 440 Hz over time: of it and a quarter turn before it."""
    turn = np.exp(-2j * np.pi * 440 * np.arange(len(sound)) / RATE)
    period = round(RATE / 440)
    return 2 * np.abs(np.convolve(sound[:, 0] * turn, np.ones(period) / period, "valid"))


def test_a_held_voice_comes_to_another_tremolo_without_a_click():
    """No step is larger than those of the tone itself, but for what the tremolo's slope adds."""
    bands = [(0.0, 0.0), (8.0, 0.7), (20.0, 0.95), (8.0, 0.7), (0.0, 0.0), (20.0, 0.95)]
    for glide in (64, 4_410, 44_100):
        notes = [held(i * 13_337, *band, glide=glide) for i, band in enumerate(bands)]
        sound = rendered(notes, 3 * RATE).astype(float)[2_000:]
        peak = 0.1
        # Slopes in a frame: the tone's at most, and the tremolo's, and that of a depth that glides.
        most = peak * (2 * np.pi * 440 / RATE + np.pi * 20 * 0.95 / RATE + 0.95 / max(glide, 64))
        assert np.abs(np.diff(sound[:, 0])).max() < 1.01 * most
    # What lies two octaves above the tone is as faint as without tremolo.
    notes = [held(i * 13_337, *band) for i, band in enumerate(bands)]
    steady = rendered(notes, 3 * RATE)[5_000:80_000, 0] * np.kaiser(75_000, 20)
    spectrum = np.abs(np.fft.rfft(steady))
    high = np.fft.rfftfreq(75_000, 1 / RATE) > 1_800
    assert 20 * np.log10(spectrum[high].max() / spectrum.max()) < -90


def test_a_held_voice_stands_still_again_once_it_has_glided_there():
    sound = rendered([held(0, 8.0, 0.7), held(RATE // 2, 0.0, 0.0)], 2 * RATE).astype(float)
    heard = amplitude(sound)
    assert heard[5_000 : RATE // 2].min() == pytest.approx(0.03, rel=0.05)
    still = heard[RATE // 2 + 5_000 :]
    assert still.min() == pytest.approx(still.max(), rel=1e-2) == pytest.approx(0.1, rel=1e-2)


def test_what_swings_is_not_stolen_for_it():
    """A voice at the lowest of its swing is still louder than one that is soft all the time."""
    engine = Engine(RATE, instruments=INSTRUMENTS, polyphony=2)
    loud = PlainNote(0, RATE, 440.0, -20, tremolo_hz=8.0, tremolo_depth=1.0)
    engine.play(loud)
    engine.play(PlainNote(0, RATE, 880.0, -40))
    lowest = RATE // 16
    engine.play(PlainNote(lowest, RATE, 2_000.0, -60))
    sound = engine.render(RATE // 2).astype(float)
    assert int(engine.state["stolen"]) == 1
    assert amplitude(sound)[RATE // 8 - 500 : RATE // 8 + 500].max() > 0.09


@pytest.mark.parametrize(
    "change", [{"tremolo_hz": -1.0}, {"tremolo_hz": 60.0}, {"tremolo_depth": 1.5}]
)
def test_what_cannot_be_is_refused(change):
    with pytest.raises(UsageError, match=r"tremolo of .*; up to 50 Hz and 0 to 1 are allowed"):
        Engine(RATE).play(PlainNote()._replace(**change))


def test_nan_is_refused():
    with pytest.raises(UsageError, match="tremolo"):
        Engine(RATE).play(PlainNote(tremolo_hz=float("nan")))
