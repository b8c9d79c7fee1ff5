"""The one figure: two components, a critical band or more apart, and none that is faint."""

import numpy as np
import pytest

from streamson.psychoacoustics.audibility import COUNTED_DB, margin_db


def margin(components, threshold_db=0.0):
    hz, level_db = (np.array(column, float) for column in zip(*components, strict=True))
    return margin_db(hz, level_db, np.full((1, len(hz)), threshold_db))[0]


def test_it_is_that_of_the_second_best_band():
    assert margin([(440, 50), (880, 46), (1_320, 41)]) == 46
    assert margin([(440, 50), (880, 46), (1_320, 41)], 30.0) == 16
    assert margin([(440, 40), (880, 50)]) == 40


def test_one_tone_has_one_band_even_where_bands_meet():
    assert margin([(440, 50)]) == -np.inf
    assert margin([(400, 50), (402, 50)]) == -np.inf  # Zwicker's bands meet at 400 Hz


def test_what_an_attack_strews_does_not_count():
    assert margin([(440, 50), (880, 50 - COUNTED_DB - 0.1)]) == -np.inf
    assert margin([(440, 50), (880, 50 - COUNTED_DB)]) == pytest.approx(50 - COUNTED_DB)


def test_each_frame_has_its_own():
    hz, level_db = np.array([440.0, 880.0, 1_760.0]), np.array([50.0, 50.0, 50.0])
    thresholds = np.array([[0.0, 10.0, 20.0], [40.0, 30.0, 45.0]])
    assert margin_db(hz, level_db, thresholds).tolist() == [40, 10]
