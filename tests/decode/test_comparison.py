"""Decoded notes beside those that were played: what counts as found, and how exactly."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.decode.comparison import ONSET_S, PlayedNote, compare
from streamson.decode.note import DecodedNote
from streamson.model.note import Note


def played(onset_s, midi_note=60.0, duration_s=0.3, level_db=-18.0):
    return PlayedNote(
        onset_s, Note(0, duration_s, 1, midi_note, level_db, 0.0, instrument="sine", stream="a")
    )


def decoded(onset_s, midi_note=60.0, duration_s=0.3, level_db=-18.0, instrument="sine"):
    return DecodedNote(onset_s, duration_s, midi_note, level_db, 0.0, instrument, 0, 1.0)


def tune(make, shift=0.0, **more):
    """Uneven lengths, so that one offset alone fits."""
    onsets = itertools.accumulate((0.2 + 0.013 * (i * i % 23) for i in range(30)), initial=0.0)
    return [make(onset + shift, 60.0 + i * 7 % 12, **more) for i, onset in enumerate(onsets)]


def test_all_is_found_of_the_same():
    compared = compare(tune(decoded), tune(played))
    assert (compared.found, compared.false, compared.wrong_pitch) == (1, 0, 0)
    assert compared.offset_s == 0
    assert compared.onset_error_s == pytest.approx(0)
    assert compared.same_instrument == 1


@pytest.mark.parametrize("offset", [7.3, -3.21, 0.1])
def test_a_recording_may_begin_at_another_time(offset):
    compared = compare(tune(decoded, offset), tune(played))
    assert compared.offset_s == pytest.approx(offset, abs=0.001)
    assert compared.found == 1


@pytest.mark.parametrize("ppm", [100.0, -300.0])
def test_a_recorders_clock_may_drift(ppm):
    """Over 20 minutes a clock of 100 ppm is an eighth of a second away."""
    random = np.random.default_rng(3)
    onsets = np.cumsum(random.uniform(0.1, 0.5, 4_000))
    pitches = random.integers(55, 85, len(onsets)).astype(float)
    was = [played(*one) for one in zip(onsets.tolist(), pitches.tolist(), strict=True)]
    heard = onsets * (1 + ppm / 1e6) + 2.0 + random.normal(0, 0.004, len(onsets))
    now = [decoded(*one) for one in zip(heard.tolist(), pitches.tolist(), strict=True)]
    compared = compare(now, was)
    assert compared.found > 0.999
    assert compared.drift_ppm == pytest.approx(ppm, abs=1)
    assert compared.offset_s == pytest.approx(2.0, abs=0.01)


def test_a_late_decoder_is_no_offset():
    compared = compare(tune(decoded, 0.008), tune(played))
    assert compared.offset_s == 0
    assert compared.onset_error_s == pytest.approx(0.008)


def test_what_is_lost_what_is_false_and_what_is_of_another_pitch():
    found = tune(decoded)
    found[4] = decoded(found[4].onset_s, found[4].midi_note + 1)
    found[7] = decoded(found[7].onset_s + ONSET_S + 0.01, found[7].midi_note)
    del found[9]
    compared = compare(found, tune(played))
    assert compared.found == pytest.approx(28 / 31)
    assert compared.wrong_pitch == 1
    assert compared.false == pytest.approx(2 / 30)
    assert all(i == j or j == i - 1 for i, j in compared.pairs)


def test_only_what_was_played_in_the_stretch_counts():
    whole = tune(played)
    found = [note for note in tune(decoded, 5.0) if 7 <= note.onset_s < 9]
    compared = compare(found, whole, (7.0, 9.0))
    assert (compared.found, compared.false) == (1, 0)
    assert 0 < len(compared.played) < len(whole)


def test_errors_and_correlations():
    was = [played(i, 60 + i % 2, 0.1 + 0.01 * i, -30 + i) for i in range(10)]
    now = [decoded(i, 60 + i % 2, 0.12 + 0.01 * i, -35 + i) for i in range(10)]
    compared = compare(now, was)
    assert compared.duration_error_s == pytest.approx(0.02)
    assert compared.duration_correlation == pytest.approx(1)
    assert compared.level_correlation == pytest.approx(1)
    same = compare(tune(decoded), tune(played))
    assert same.level_correlation != same.level_correlation  # constant


def test_nothing_beside_something():
    assert compare([], tune(played)).found == 0
    assert compare(tune(decoded), []).false == 1
    assert compare([], []).found == 0


ONSETS = st.lists(st.floats(0, 3), max_size=30).map(sorted)
PITCHES = st.integers(60, 62)


@given(ONSETS, ONSETS, st.data())
def test_no_note_is_in_two_pairs(first, second, data):
    was = [played(onset, data.draw(PITCHES)) for onset in first]
    now = [decoded(onset, data.draw(PITCHES)) for onset in second]
    compared = compare(now, was)
    ours, theirs = ({pair[side] for pair in compared.pairs} for side in (0, 1))
    assert len(ours) == len(theirs) == len(compared.pairs)
    for i, j in compared.pairs:
        assert abs(now[j].onset_s - was[i].onset_s - compared.offset_s) <= ONSET_S + 1e-9
        assert now[j].midi_note == was[i].note.midi_note
    assert 0 <= compared.wrong_pitch <= len(was) - len(ours)
