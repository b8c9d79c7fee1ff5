"""Equal loudness: the standard's own figures, and what comes out of the engine."""

import numpy as np
import pytest

from streamson.session.parse.instruments import builtin_instruments
from streamson.synth.engine import Engine
from streamson.synth.loudness import MAX_BOOST_DB, contour_db
from tests.synth.notes import RATE, PlainNote

INSTRUMENTS = builtin_instruments()


def test_the_contour_of_40_phon():
    """Against the edition of 2003, from which that of 2023 differs by 0.6 dB at most."""
    hz = np.array([20, 40, 100, 200, 400, 1_000, 2_000, 4_000, 8_000, 12_500], np.float64)
    edition_2003 = [99.85, 82.63, 64.37, 53.41, 44.98, 40.01, 39.23, 36.65, 51.80, 51.49]
    np.testing.assert_allclose(contour_db(40, hz), edition_2003, atol=0.7)


@pytest.mark.parametrize("phon", [20, 40, 60, 80])
def test_at_1_khz_loudness_is_level(phon):
    assert contour_db(phon, np.array(1_000.0)) == pytest.approx(phon, abs=0.05)


def loudness_db(sound):
    """Return the weighted power of a sound by the contour of 60 phon."""
    # Low frequencies weigh 40 dB less: what edges leak from there would be heard.
    edge = np.sin(np.linspace(0, np.pi / 2, RATE // 50)) ** 2
    faded = sound.astype(np.float64)
    faded[-len(edge) :] *= edge[::-1, None]
    spectrum = np.abs(np.fft.rfft(faded, axis=0)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)[1:]
    weights = 10 ** (-contour_db(60, hz) / 10)
    return 10 * np.log10((spectrum[1:] * weights[:, None]).sum())


# A tick is so short that a deep one would need more than the largest boost.
@pytest.mark.parametrize("name", sorted(INSTRUMENTS.keys() - {"click"}))
def test_notes_of_one_level_are_equally_loud_from_g2_to_c6(name):
    # What is struck is as loud as it begins; what beats or is noise is so over some seconds.
    struck = any(partial.decay for partial in INSTRUMENTS[name].partials)
    heard = []
    for midi_note in range(43, 85, 3):
        engine = Engine(RATE, instruments=INSTRUMENTS, equal_loudness=True)
        hz = 440 * 2 ** ((midi_note - 69) / 12)
        engine.play(PlainNote(0, 10 * RATE, hz, -30, instrument=name))
        heard.append(loudness_db(engine.render(RATE // 8 if struck else 8 * RATE)))
    assert np.abs(heard - np.mean(heard)).max() < 1.5


def test_the_boost_is_clamped():
    levels = []
    for equal_loudness in (False, True):
        engine = Engine(RATE, equal_loudness=equal_loudness)
        engine.play(PlainNote(0, RATE, 25.0, -40))
        levels.append(np.abs(engine.render(RATE)).max())
    assert 20 * np.log10(levels[1] / levels[0]) == pytest.approx(MAX_BOOST_DB, abs=0.1)
