"""Masked thresholds against published measurements, and what must hold of any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.psychoacoustics.hearing import (
    FULL_SCALE_DB_SPL,
    INTEGRATION_S,
    hz_to_bark,
    threshold_in_quiet_db,
)
from streamson.psychoacoustics.masking import (
    GRID_HZ,
    Maskers,
    masked_threshold_db,
    spread_db,
    threshold_at,
    together,
    tones,
)
from streamson.psychoacoustics.spectrum import heard_levels, maskers_in

RATE = 44_100


def noise_band(hz, level_db):
    """Return a critical band of noise."""
    return Maskers(np.array([hz]), np.array([level_db]), np.array([True]), np.array([0.5]))


def tone(hz, level_db):
    return tones(np.array([float(hz)]), np.array([float(level_db)]))


def at(maskers, *hz):
    return masked_threshold_db(maskers, np.array(hz, float))


def sound_of(hz, level_db, seconds=0.5):
    """Return a tone's samples; its level is a sound pressure level."""
    amplitude = 10 ** ((level_db - FULL_SCALE_DB_SPL) / 20)
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave], axis=1).astype(np.float32)


@pytest.mark.parametrize(("hz", "below"), [(250.0, 2), (1_000.0, 3), (4_000.0, 5)])
def test_a_critical_band_of_noise_masks_a_tone_in_its_middle(hz, below):
    """Zwicker and Fastl, "Psychoacoustics", pure tones masked by narrow-band noise of 60 dB."""
    assert at(noise_band(hz, 60.0), hz)[0] == pytest.approx(60 - below, abs=0.6)


@pytest.mark.parametrize("hz", [125, 250, 500, 1_000, 2_000, 4_000, 8_000])
def test_white_noise_masks_tones_as_was_measured(hz):
    """Zwicker and Fastl, "Psychoacoustics", pure tones masked by broad-band noise.

    Up to 500 Hz the threshold is 17 dB above the noise's density, and 10 dB more a decade above.
    """
    density_db = 40.0
    level_db = density_db + 10 * np.log10(RATE / 2) - FULL_SCALE_DB_SPL
    noise = np.random.default_rng(5).standard_normal((2 * RATE, 2))
    noise *= np.sqrt(0.5) * 10 ** (level_db / 20)
    frames = maskers_in(noise.astype(np.float32), RATE)
    thresholds = np.array([masked_threshold_db(frame, GRID_HZ) for frame in frames])
    mean = 10 * np.log10((10 ** (thresholds / 10)).mean(axis=0))
    expected = density_db + 17 + max(0, 10 * np.log10(hz / 500))
    assert threshold_at(mean, np.array([float(hz)]))[0] == pytest.approx(expected, abs=3)


def test_a_tone_masks_less_than_noise_of_its_level():
    """R. P. Hellman, "Asymmetry of masking between noise and tone", 1972."""
    for hz in (250.0, 1_000.0, 4_000.0):
        assert at(noise_band(hz, 70.0), hz) - at(tone(hz, 70), hz) > 4


@pytest.mark.parametrize("level_db", [50, 60, 70, 80])
def test_masking_spreads_upwards_more_than_downwards(level_db):
    """R. L. Wegel and C. E. Lane, Physical Review 23, 1924."""
    masker = tone(1_000, level_db)
    quiet = threshold_in_quiet_db(np.array([500.0, 770.0, 1_270.0, 2_000.0]))
    low, below, above, high = at(masker, 500, 770, 1_270, 2_000) - quiet
    assert above > below
    assert high >= low
    assert low < 1


def test_far_above_a_masker_the_threshold_grows_faster_than_the_masker():
    """The upward spread of masking is not linear: another 10 dB mask 10 dB more, and further on
    more than that; below the masker they do not."""
    soft, loud = tone(1_000, 70), tone(1_000, 80)
    assert at(loud, 1_000) - at(soft, 1_000) == pytest.approx(10, abs=0.1)
    assert at(loud, 2_000) - at(soft, 2_000) > 13
    assert at(loud, 900) - at(soft, 900) < 10


def test_slopes_are_the_standards():
    """ISO/IEC 11172-3, annex D.1, step 6: at 60 dB 30 dB a Bark below, 17 above, then 8."""
    distance = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, -3.1, 8.0])
    expected = [-47.0, -30.0, -15.0, 0.0, -8.5, -17.0, -33.0, -np.inf, -np.inf]
    assert spread_db(distance, np.array(60.0)) == pytest.approx(expected)


@pytest.mark.parametrize("hz", [120.0, 440.0, 1_003.0, 2_500.0, 7_000.0])
@pytest.mark.parametrize("level_db", [40.0, 60.0])
def test_a_sounding_tone_is_found_with_its_frequency_and_level(hz, level_db):
    found = maskers_in(sound_of(hz, level_db), RATE)[1]
    (loudest,) = np.flatnonzero(found.level_db > level_db - 10)
    assert not found.is_noise[loudest]
    assert found.hz[loudest] == pytest.approx(hz, abs=6)
    assert found.level_db[loudest] == pytest.approx(level_db, abs=0.5)


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.2, 0.5])
def test_of_a_short_tone_its_energy_is_heard(seconds):
    hz, level_db = heard_levels(sound_of(1_000.0, 60.0, seconds), RATE)
    strongest = level_db.argmax()
    share = min(seconds / INTEGRATION_S, 1)
    assert level_db[strongest] == pytest.approx(60 + 10 * np.log10(share), abs=0.5)
    assert hz[strongest] == pytest.approx(1_000, rel=0.02)


masker_lists = st.lists(
    st.tuples(st.floats(20, 16_000), st.floats(-20, 100), st.booleans()), max_size=12
)


@given(masker_lists, st.floats(20, 16_000), st.floats(-20, 100), st.booleans())
def test_a_masker_more_never_lowers_a_threshold(before, hz, level_db, is_noise):
    def maskers(rows):
        columns = zip(*rows, strict=True) if rows else ([], [], [])
        frequencies, levels, noise = (np.array(list(column)) for column in columns)
        noise = noise.astype(bool)
        return Maskers(frequencies.astype(float), levels.astype(float), noise, noise * 0.5)

    first, more = maskers(before), maskers([(hz, level_db, is_noise)])
    threshold = masked_threshold_db(first, GRID_HZ)
    assert np.isfinite(threshold).all()
    assert (threshold >= threshold_in_quiet_db(GRID_HZ) - 1e-9).all()
    assert (masked_threshold_db(together([first, more]), GRID_HZ) >= threshold - 1e-9).all()


@given(st.floats(30, 15_000), st.floats(20, 90), st.booleans())
def test_a_louder_masker_masks_more_on_its_upper_side(hz, level_db, is_noise):
    width = np.array([0.5 * is_noise])
    soft = Maskers(np.array([hz]), np.array([level_db]), np.array([is_noise]), width)
    loud = soft._replace(level_db=soft.level_db + 3)
    above = hz_to_bark(GRID_HZ) >= hz_to_bark(np.array([hz]))
    difference = masked_threshold_db(loud, GRID_HZ) - masked_threshold_db(soft, GRID_HZ)
    assert (difference[above] >= -1e-9).all()
