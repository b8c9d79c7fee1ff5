"""Brightness of sampled instruments: the tilt that partials have, as loud, and without clicks."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.synth.engine import Engine
from tests.synth.notes import RATE, PlainNote, plain_notes
from tests.synth.test_sampled_instruments import (
    FUNDAMENTAL,
    ROOT,
    click_db,
    dull,
    instrument,
    play,
    recording,
)
from tests.synth.test_sound_quality import hz, near, spectrum_db

QUIET = -30.0
"""Far below the limiter, whatever the peaks are."""

TRIED = (-1.0, -0.5, 0.0, 0.25, 0.7, 1.0)
LOOPED = instrument(recording(seconds=1.0, highest_hz=12_000), loop=(0, RATE))
SLOW = instrument(dull(2 * RATE), loop=(0, RATE))


@cache
def steady(midi_note, *, rate=RATE):
    """Return for each brightness half a second of a tone."""
    engine = Engine(rate, instruments={"sampled": LOOPED})
    for i, brightness in enumerate(TRIED):
        note = PlainNote(i * rate, rate * 3 // 4, hz(midi_note), QUIET, brightness=brightness)
        engine.play(note._replace(instrument="sampled"))
    sound = engine.render(len(TRIED) * rate).astype(np.float64)
    seconds = sound.reshape(len(TRIED), rate, 2)
    return dict(zip(TRIED, seconds[:, rate // 5 : rate // 5 + rate // 2], strict=True))


def partials_db(tone, midi_note, rate=RATE):
    frequencies, levels = spectrum_db(tone[:, 0], rate)
    numbers = np.arange(1, 9)
    return np.array([levels[np.abs(frequencies - k * hz(midi_note)).argmin()] for k in numbers])


@pytest.mark.parametrize("midi_note", [43, 60, 74])
def test_it_tilts_by_12_db_an_octave_above_the_fundamental(midi_note):
    tones = steady(midi_note)
    plain = partials_db(tones[0.0], midi_note)
    for brightness in TRIED:
        change = partials_db(tones[brightness], midi_note) - plain
        change -= change[0]
        assert (np.diff(change) * np.sign(brightness) > 0).all() or brightness == 0
        wanted = 12.04 * brightness * np.log2(np.arange(1, 9))
        assert np.abs(change - wanted).max() <= 8 * abs(brightness)
        assert change[1] == pytest.approx(wanted[1], abs=2 * abs(brightness) + 1e-9)


@pytest.mark.parametrize(("midi_note", "rate"), [(ROOT, RATE), (74, RATE), (ROOT - 7, 48_000)])
def test_nothing_is_heard_but_the_partials(midi_note, rate):
    for tone in steady(midi_note, rate=rate).values():
        frequencies, levels = spectrum_db(tone[:, 0], rate)
        partials = hz(midi_note) * np.arange(1, 200)
        own = near(frequencies, partials[partials < rate / 2], 24)
        assert levels[~own].max() < levels.max() - 80


@pytest.mark.parametrize("midi_note", [43, 60, 74])
def test_it_is_as_loud_at_any_brightness_unless_its_peaks_stand_out(midi_note):
    tones = steady(midi_note)
    for tone in tones.values():
        louder = 20 * np.log10(tone.std() / tones[0.0].std())
        crest = 20 * np.log10(np.abs(tone).max()) - QUIET
        assert louder < 1
        assert louder > -1 or crest > 10
        assert crest < 13  # as `mipmaps.MAX_CREST` says: 12


def test_without_brightness_nothing_is_changed():
    def sound(brightness):
        return play(LOOPED, 60.5, 0.5, brightness=brightness)[0]

    assert np.array_equal(sound(0.0), sound(-0.0))
    assert np.abs(sound(1e-6) - sound(0.0)).max() < 1e-5


@pytest.mark.parametrize("glide_frames", [64, 640, 15_000])
def test_a_held_one_becomes_brighter_and_duller_without_clicks(glide_frames):
    """Through pitches and copies too, from no filter to a filter and back."""
    engine = Engine(RATE, instruments={"sampled": SLOW})
    steps = [(48, 0.0), (48, -1.0), (72, 0.0), (72, 0.6), (55, 0.6), (55, -0.5), (55, 0.0)]
    for i, (midi_note, brightness) in enumerate(steps):
        note = PlainNote(i * 16_000, RATE, hz(midi_note), -20, brightness=brightness)
        engine.play(note._replace(instrument="sampled", held_key=3, glide_frames=glide_frames))
    sound = engine.render(4 * RATE).astype(np.float64)
    assert int(engine.state["played"]) == len(steps)
    without = Engine(RATE, instruments={"sampled": SLOW})
    for i, (midi_note, _) in enumerate(steps):
        note = PlainNote(i * 16_000, RATE, hz(midi_note), -20, instrument="sampled")
        without.play(note._replace(held_key=3, glide_frames=glide_frames))
    plain = without.render(4 * RATE).astype(np.float64)
    # Where pitch glides by two octaves in a quantum, that is what is heard above 8 kHz.
    assert click_db(sound, 8_000) < max(-60, click_db(plain, 8_000) + 6)


@pytest.mark.parametrize("brightness", [-1.0, -0.3, 1.0])
@pytest.mark.parametrize("midi_note", [24, 60])
def test_the_filter_falls_silent_before_the_voice_ends(midi_note, brightness):
    t = np.arange(RATE // 4) / RATE
    wave = np.sin(2 * np.pi * FUNDAMENTAL * t)[:, None] * np.ones(2)
    struck = instrument(wave.astype(np.float32))
    note = PlainNote(0, 10 * RATE, hz(midi_note), -12, brightness=brightness, instrument="sampled")
    engine = Engine(RATE, instruments={"sampled": struck})
    engine.play(note)
    tone = engine.render(engine.end_frame(note) + 1_000).astype(np.float64)
    assert np.abs(tone[engine.end_frame(note) :]).max() < 1e-5
    assert not tone[engine.end_frame(note) + 64 :].any()
    assert int(engine.state["active"]) == 0
    # What is bright begins brightly: its attack of a millisecond is lifted too.
    assert click_db(tone, 6_000) < -60 + 12 * max(brightness, 0)


some_notes = st.tuples(plain_notes, st.sampled_from(["looped", "struck"])).map(
    lambda drawn: drawn[0]._replace(instrument=drawn[1])
)
SHORT = {
    "looped": instrument(dull(3_000), loop=(500, 1_400)),
    "struck": instrument(dull(2_000), 22_050),
}


@settings(max_examples=8, deadline=None)
@given(notes=st.lists(some_notes, max_size=8), sizes=st.lists(st.integers(1, 900), min_size=1))
def test_it_stays_in_range_whatever_comes_and_the_blocks_do_not_change_it(notes, sizes):
    def render(blocks):
        engine = Engine(RATE, instruments=SHORT)
        for note in notes:
            held = note.held_key if note.instrument == "looped" else 0
            engine.play(note._replace(held_key=held))
        parts = []
        while sum(map(len, parts)) < 8_000:
            parts.append(engine.render(blocks[len(parts) % len(blocks)]))
        assert int(engine.state["invalid"]) == 0
        return np.concatenate(parts)[:8_000]

    sound = render([8_000])
    assert np.abs(sound).max() <= 1
    assert np.array_equal(sound, render(sizes))
