"""The room: it decays as told, is as loud as told, and leaves the direct sound alone."""

import itertools

import numpy as np
import pytest

from streamson.model.audio import Reverb
from streamson.synth.engine import Engine
from tests.synth.notes import RATE, PlainNote


def answer(reverb, notes, frames, sample_rate=RATE):
    """Return what the room adds to notes."""
    sounds = []
    for room in (None, reverb):
        engine = Engine(sample_rate, reverb=room)
        for note in notes:
            engine.play(note)
        sounds.append(engine.render(frames).astype(np.float64))
    return sounds[1] - sounds[0], sounds[0]


@pytest.mark.parametrize("decay", [0.4, 1.2, 3.0])
@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 192_000])
def test_it_falls_by_60_db_in_the_time_that_it_is_given(decay, sample_rate):
    notes = [PlainNote(0, sample_rate // 20, 300 + 37 * i, -20) for i in range(8)]
    wet, _ = answer(Reverb(decay=decay), notes, round(1.2 * decay * sample_rate), sample_rate)
    edges = np.linspace(0.3, 1.1, 9) * decay * sample_rate
    levels = [
        10 * np.log10((wet[int(a) : int(b)] ** 2).mean()) for a, b in itertools.pairwise(edges)
    ]
    slope = np.polyfit(np.linspace(0.35, 1.05, 8), levels, 1)[0]
    # The deep tones that are played die a little earlier than told: the room is damped.
    assert slope == pytest.approx(-60, rel=0.12)


@pytest.mark.parametrize("level", [-30, -15, -6])
def test_what_it_adds_to_a_steady_sound_has_the_level_that_it_is_given(level):
    notes = [PlainNote(0, 10 * RATE, 110 * 2 ** (i * 1.013 / 12), -50) for i in range(60)]
    wet, dry = answer(Reverb(level=level), notes, 6 * RATE)
    added = 10 * np.log10((wet[3 * RATE :] ** 2).mean() / (dry[3 * RATE :] ** 2).mean())
    assert added == pytest.approx(level, abs=3)


def test_the_direct_sound_comes_first_and_unchanged():
    wet, dry = answer(Reverb(level=0), [PlainNote(0, 4_410, 440, -20)], RATE)
    first = np.flatnonzero(np.abs(wet) > 1e-6)[0] / 2 / RATE
    assert 0.02 < first < 0.03
    assert np.abs(dry).max() == pytest.approx(0.1, rel=0.01)


def test_both_channels_answer_and_differ():
    wet, _ = answer(Reverb(), [PlainNote(0, 4_410, 440, -20, pan=-1)], RATE)
    left, right = 10 * np.log10((wet**2).mean(axis=0))
    assert abs(left - right) < 6
    assert abs(np.corrcoef(wet.T)[0, 1]) < 0.9


def test_it_rings_out_and_is_silent():
    engine = Engine(RATE, reverb=Reverb(decay=0.5))
    note = PlainNote(0, 4_410, 440, -20)
    engine.play(note)
    end = engine.end_frame(note)
    sound = engine.render(end + RATE)
    assert np.abs(sound[end - 1_000 : end]).max() < 1e-4
    assert np.abs(sound[end:]).max() < 1e-5
    assert not sound[end + RATE // 2 :].any()
