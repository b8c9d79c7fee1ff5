"""Parameters that a field gives as they are, in their own units."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.point import DataPoint
from streamson.music.level import amplitude_to_db
from streamson.score.score import Score
from streamson.score.table_score import TableScore, wanted_sources
from streamson.session.load import parse_session
from streamson.session.schema import DEFAULTS, LIMITS

ALL = """
    [[part]]
    timing = "sequence"
    pitch = { field = "note", unit = "midi" }
    duration = { field = "len", unit = "s" }
    volume = { field = "db", unit = "dbfs", rescale = "none" }
    pan = { field = "pan", rescale = "none" }
    brightness = { field = "bright", rescale = "none" }
    gate = { field = "gate", rescale = "none" }
"""
NAMES = {"pitch": "note", "duration": "len", "volume": "db", "pan": "pan", "gate": "gate"}


def session_of(text):
    return parse_session(text.encode(), "is_passthrough.toml")


def played(session, *rows, kind=TableScore):
    score = kind(session, sample_rate=1_000)
    notes = [
        note
        for i, fields in enumerate(rows)
        for note in score.process(DataPoint("s", fields, float(i)), i)
    ]
    return notes, score.counts


def test_a_table_of_notes_is_played_note_by_note():
    rows = [
        {"note": 60, "len": 0.25, "db": -12, "pan": -1, "bright": 0.5, "gate": 1},
        {"note": 64.5, "len": 1.5, "db": -30, "pan": 0.25, "bright": -1, "gate": 0.5},
    ]
    (first, second), counts = played(session_of(ALL), *rows)
    assert (first.midi_note, first.duration_s, first.level_db) == (60, 0.25, -12)
    assert (first.pan, first.brightness, first.onset_frame) == (-1, 0.5, 0)
    assert (second.midi_note, second.duration_s, second.level_db) == (64.5, 0.75, -30)
    assert second.onset_frame == 250  # the first one's duration is its place in time
    assert counts.values_clamped == 0


def test_other_units_are_converted():
    text = """
        [[part]]
        pitch = { field = "f", unit = "hz" }
        volume = { field = "a", unit = "amplitude", rescale = "none" }
    """
    notes, counts = played(session_of(text), {"f": 440, "a": 0.5}, {"f": 880, "a": 0}, {"f": 0})
    assert [note.midi_note for note in notes] == [69, 81]  # 0 Hz is no pitch
    assert notes[0].level_db == amplitude_to_db(0.5)
    assert notes[1].level_db == LIMITS["volume"][0]
    assert counts.values_clamped == 1
    assert counts.rests == 1


def test_a_pitch_needs_no_unit_where_it_is_taken_is_passthrough():
    notes, _ = played(session_of('[[part]]\npitch = { rescale = "none" }'), {"x": 61.0})
    assert notes[0].midi_note == 61


def test_what_is_missing_is_as_where_nobody_says():
    notes, _ = played(session_of(ALL), {"note": 60})
    assert notes[0].duration_s == DEFAULTS["duration"]
    assert notes[0].level_db == DEFAULTS["volume"]
    assert (notes[0].pan, notes[0].brightness) == (0, 0)


def test_or_as_it_was_last():
    text = ALL + 'missing = "hold"\n'
    notes, _ = played(session_of(text), {"note": 60, "len": 0.2, "db": -9}, {"note": math.nan})
    assert (notes[1].midi_note, notes[1].duration_s, notes[1].level_db) == (60, 0.2, -9)


@given(st.floats(), st.sampled_from(sorted(NAMES)))
def test_nothing_leaves_the_limits_and_what_would_is_counted(value, parameter):
    fields = {"note": 60.0, "gate": 1.0, NAMES[parameter]: value}
    notes, counts = played(session_of(ALL), fields)
    low, high = LIMITS[parameter]
    assert counts.values_clamped == (math.isfinite(value) and not low <= value <= high)
    for note in notes:
        assert LIMITS["pitch"][0] <= note.midi_note <= LIMITS["pitch"][1]
        assert 0 < note.duration_s <= LIMITS["duration"][1]
        assert LIMITS["volume"][0] <= note.level_db <= LIMITS["volume"][1]
        assert -1 <= note.pan <= 1


def test_it_goes_on_after_a_restart():
    session = session_of(ALL + 'missing = "hold"\n')
    first, second = (Score(session, sample_rate=1_000) for _ in range(2))
    first.process(DataPoint("s", {"note": 70, "len": 0.4, "db": -6}, 0.0), 0)
    second.restore(first.state())
    (note,) = second.process(DataPoint("s", {"note": math.nan}, 1.0), 0)
    assert (note.midi_note, note.duration_s, note.level_db) == (70, 0.4, -6)


def test_nothing_is_asked_of_a_table_beforehand():
    assert wanted_sources(session_of(ALL), "s", tuple(NAMES.values())) == set()


@pytest.mark.parametrize("apart", [250, 1_000])
def test_a_live_sequence_of_long_notes_lags_no_further_than_it_may(apart):
    text = ALL.replace('"sequence"', '"sequence"\nmax_lag = 2')
    score = Score(session_of(text), sample_rate=1_000)
    for i in range(200):
        now = i * apart
        fields = {"note": 60.0 + i % 12, "len": 0.5 if i < 20 else 3.0, "gate": 1.0}
        score.process(DataPoint("s", fields, now / 1_000), now)
        score.flush(now)
        # Two notes that wait when the first long one comes are played before it is known.
        assert score.lag_s <= 2 + 3 * 3
