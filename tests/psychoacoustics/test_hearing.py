"""The ear's formulas against what was measured and published."""

import numpy as np
import pytest

from streamson.psychoacoustics.hearing import band_of, hz_to_bark, threshold_in_quiet_db
from streamson.synth.loudness import _TABLE

# E. Zwicker, "Subdivision of the audible frequency range into critical bands", JASA 33, 1961.
EDGES_HZ = [
    *(100, 200, 300, 400, 510, 630, 770, 920, 1_080, 1_270, 1_480, 1_720, 2_000, 2_320),
    *(2_700, 3_150, 3_700, 4_400, 5_300, 6_400, 7_700, 9_500, 12_000, 15_500),
]


def test_critical_bands_lie_where_they_were_measured():
    bark = hz_to_bark(np.array(EDGES_HZ, float))
    assert bark == pytest.approx(np.arange(1, 25), abs=0.2)


def test_frequencies_have_their_band():
    middles = np.sqrt(np.array(EDGES_HZ[:-1]) * EDGES_HZ[1:])
    assert band_of(middles).tolist() == list(range(1, 24))
    assert band_of(np.array([0.0, 30.0, 20_000.0])).tolist() == [0, 0, 23]


def test_the_threshold_in_quiet_is_near_that_of_the_standard():
    """ISO 226:2023, table 1: Terhardt's formula is within 4 dB of it from 100 Hz to 5 kHz."""
    hz, threshold = _TABLE[:, 0], _TABLE[:, 3]
    here = (hz >= 100) & (hz <= 5_000)
    assert threshold_in_quiet_db(hz[here]) == pytest.approx(threshold[here], abs=4)


def test_the_ear_is_sharpest_between_3_and_4_khz():
    hz = np.geomspace(20, 20_000, 1_000)
    threshold = threshold_in_quiet_db(hz)
    assert 3_000 < hz[threshold.argmin()] < 4_000
    assert threshold.min() == pytest.approx(-5, abs=1)
