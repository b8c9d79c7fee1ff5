"""Notes in the foreground: all else makes room for them, and nothing steals them."""

import numpy as np
import pytest

from streamson.model.audio import Reverb
from streamson.synth.engine import Engine
from streamson.synth.kernel.ducking import DUCKED_GAIN, HOLD_S, RECOVER_S
from tests.synth.notes import RATE, PlainNote, rendered


def level_of(sound, hz, first, frames=RATE // 10):
    """Return the amplitude of a tone in a stretch of both channels' mean."""
    stretch = sound[first : first + frames].mean(axis=1) * np.hanning(frames)
    turns = np.exp(-2j * np.pi * hz * np.arange(frames) / RATE)
    return 4 * abs(np.dot(stretch, turns)) / frames


@pytest.fixture(scope="module")
def sound():
    """A steady tone, and in its midst a note in the foreground."""
    steady = PlainNote(0, 3 * RATE, 400.0, -20)
    earcon = PlainNote(RATE, RATE // 2, 2_500.0, -20, foreground=True)
    return rendered([steady, earcon], 3 * RATE)


def test_all_else_is_softer_while_it_sounds(sound):
    full = 10 ** (-20 / 20)
    assert level_of(sound, 400, RATE // 2) == pytest.approx(full, rel=0.01)
    assert level_of(sound, 400, RATE + RATE // 5) == pytest.approx(full * DUCKED_GAIN, rel=0.01)
    assert level_of(sound, 2_500, RATE + RATE // 5) == pytest.approx(full, rel=0.01)
    back = round((1.55 + HOLD_S + RECOVER_S) * RATE)
    assert level_of(sound, 400, back) == pytest.approx(full, rel=0.01)


def test_it_comes_and_goes_without_a_click(sound):
    """Between 5 and 10 kHz there is nothing but what a jump would put there."""
    for first in range(RATE - RATE // 20, 2 * RATE, 2_048):
        spectrum = np.abs(np.fft.rfft(sound[first : first + 4_096, 0] * np.blackman(4_096)))
        spectrum /= 0.42 * 4_096 / 2
        hertz = np.fft.rfftfreq(4_096, 1 / RATE)
        assert spectrum[(hertz > 5_000) & (hertz < 10_000)].max() < 10 ** (-75 / 20)


def test_it_is_heard_above_a_thousand_voices():
    crowd = [PlainNote(0, RATE, 300 + i * 0.7, -25) for i in range(1_000)]
    earcon = PlainNote(RATE // 2, RATE // 4, 2_500.0, -10, foreground=True)
    sound = rendered([*crowd, earcon], RATE)
    alone = rendered([earcon], RATE)
    first = RATE // 2 + RATE // 20
    # The limiter takes what is too loud from all alike: the earcon loses no more than 6 dB.
    assert level_of(sound, 2_500, first) > 0.5 * level_of(alone, 2_500, first)


def test_it_is_never_stolen():
    engine = Engine(RATE, polyphony=4)
    for _ in range(4):
        engine.play(PlainNote(0, RATE, 500.0, -60, foreground=True))
    engine.render(4_096)
    for i in range(20):
        engine.play(PlainNote(-1, RATE, 900.0 + i, -10))
    engine.render(4_096)
    assert engine.state["foreground"] == 4
    assert engine.state["foreground_played"] == 4
    engine.render(2 * RATE)
    assert (engine.state["foreground"], engine.state["active"]) == (0, 0)
    assert engine.state["free"] == 1_088


@pytest.mark.parametrize("reverb", [None, Reverb(level=-12, decay=5)])
def test_under_speech_a_mix_steps_back_by_20_db_and_comes_back(reverb):
    """A mix of chords and, after an alert's three pulses, something that is said for a second."""
    mix = [PlainNote(0, 5 * RATE, hertz, -20) for hertz in (196.0, 330.0, 523.0)]
    pulses = [PlainNote(2 * RATE + i * RATE // 4, RATE // 8, 2_500.0, -12) for i in range(3)]
    said = PlainNote(pulses[-1].onset_frame + RATE // 4, RATE, 2_500.0, -12)
    shown = [note._replace(foreground=True) for note in (*pulses, said)]
    sound = rendered([*mix, *shown], 6 * RATE, reverb=reverb)
    plain = rendered(mix, 6 * RATE, reverb=reverb)
    for hertz in (196, 330, 523):
        before = level_of(sound, hertz, RATE)
        assert before == pytest.approx(level_of(plain, hertz, RATE), rel=0.001)
        # From the first pulse to the end of what is said, the gaps between them included.
        for first in range(2 * RATE + RATE // 20, said.onset_frame + RATE, RATE // 10):
            under = level_of(sound, hertz, first) / level_of(plain, hertz, first)
            # A room's echoes of different age do not add up as they would without a step.
            assert 20 * np.log10(under) == pytest.approx(-20, abs=2.5 if reverb else 0.1)
        after = level_of(sound, hertz, 5 * RATE - RATE // 10)
        assert after == pytest.approx(level_of(plain, hertz, 5 * RATE - RATE // 10), rel=0.1)
