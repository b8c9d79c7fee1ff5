"""Beacons: a soft tone now and then at the pitch of a value, in nobody's way."""

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.point import Batch, DataPoint
from streamson.offline.piece import is_melody
from streamson.score.parts.beacon import AFTER_S, BELOW_DB, INSTRUMENT, LENGTH_S, BeaconTurns
from streamson.score.parts.note_budget import NOTES_A_SPAN, NoteBudget
from streamson.score.score import Score
from streamson.score.table_score import TableScore
from streamson.session.load import load_session

RATE = 44_100
PART = '[[part]]\nstream = "*"\npitch = { field = "percent" }\n'


def loaded(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(text)
    return load_session(path)


def played(score, seconds, *, stream="s", value=30.0, begin=0, step_s=0.5):
    """Return the notes of a stream whose points come every half second."""
    notes = []
    for i in range(int(seconds / step_s)):
        frame = begin + round(i * step_s * RATE)
        point = DataPoint(stream, {"percent": value}, frame / RATE)
        notes += score.process(point, frame)
        score.flush(frame)
    return notes


def beacons_of(notes):
    return [note for note in notes if note.instrument == INSTRUMENT]


def test_it_sounds_at_the_pitch_of_its_value_softly_and_at_its_interval(tmp_path):
    session = loaded(tmp_path, PART + "beacon = 50\npan = { value = -0.5 }\n")
    score = Score(session)
    notes = played(score, 40)
    beacons = beacons_of(notes)
    assert [note.onset_frame / RATE for note in beacons] == pytest.approx(
        [i * 8 + 0.3 + AFTER_S for i in range(5)], abs=1e-3
    )
    (at_50,) = {
        note.midi_note for note in Score(session).process(DataPoint("s", {"percent": 50.0}, 0), 0)
        if is_melody(note, session)
    }  # fmt: skip
    data = [note for note in notes if is_melody(note, session)]
    assert len(data) == 80
    for note in beacons:
        assert (note.midi_note, note.pan, note.stream) == (at_50, -0.5, "s")
        assert note.level_db == data[0].level_db - BELOW_DB
        assert not note.foreground
    assert (score.counts.notes, score.counts.beacons) == (80, 5)


def test_it_plays_a_note_of_the_scale_and_turns_round_with_the_polarity(tmp_path):
    pitch = 'pitch = { field = "percent", scale = "c major pentatonic", polarity = "down" }'
    session = loaded(tmp_path, f"[[part]]\n{pitch}\nbeacon = 20\n")
    (data,) = Score(session).process(DataPoint("s", {"percent": 20.0}, 0), 0)[:1]
    (beacon,) = beacons_of(played(Score(session), 1, value=80.0))
    assert beacon.midi_note == data.midi_note


def test_it_moves_with_the_range(tmp_path):
    """It says where its value lies now; at an end if it lies beyond."""
    pitch = 'pitch = { field = "x", rescale = { mode = "minmax", window = 4 } }'
    score = Score(loaded(tmp_path, f'[[part]]\n{pitch}\nbeacon = {{ value = 50, every = "1s" }}\n'))
    pitches = []
    for i, x in enumerate([0, 100, 100, 100, 100, 100, 100, 50, 0, 0, 0, 0, 40]):
        notes = score.process(DataPoint("s", {"x": x}, i), i * 2 * RATE)
        pitches += [note.midi_note for note in beacons_of(notes)]
    low, high = 55, 84
    # From 0 to 100 in the middle; where all are 100, nobody knows; then it is the lowest, ...
    assert pitches[:3] == [(low + high) / 2] * 3
    assert pitches[3:5] == [low, (low + high) / 2]
    assert pitches[-1] == high


def test_without_a_note_there_is_none(tmp_path):
    for text in ("", "mute = true\n"):
        score = Score(loaded(tmp_path, PART + "beacon = 50\n" + text))
        value = 30.0 if text else nan
        assert beacons_of(played(score, 20, value=value)) == []
        assert score.counts.beacons == 0


def test_it_only_is_where_the_pitch_follows_its_field(tmp_path):
    text = '[[part]]\npitch = { field = 1 }\nbeacon = { value = 50, field = "percent" }\n'
    score = Score(loaded(tmp_path, text))
    assert beacons_of(played(score, 5))
    assert beacons_of(score.process(DataPoint("other", {"x": 1.0}, 0), RATE * 100)) == []


def test_of_many_streams_one_sounds_at_a_time_and_all_have_their_turn(tmp_path):
    score = Score(loaded(tmp_path, PART + "beacon = 50\n"))
    notes = []
    for i in range(40):
        for k in range(4):
            frame = i * RATE // 2 + k
            notes += score.process(DataPoint(f"s{k}", {"percent": 9.0}, i), frame)
    beacons = beacons_of(notes)
    onsets = sorted(note.onset_frame for note in beacons)
    assert min(np.diff(onsets)) >= LENGTH_S * RATE - 1
    assert {note.stream for note in beacons} == {f"s{k}" for k in range(4)}


def test_where_the_budget_is_spent_it_waits():
    budget = NoteBudget(RATE)
    turns = BeaconTurns(budget, RATE)
    for _ in range(NOTES_A_SPAN):
        assert turns.take(RATE, 1, after_frame=0)
        turns = BeaconTurns(budget, RATE)
        budget.spend(0, 0)
    assert not turns.take(RATE, 1, after_frame=0)
    assert turns.take(2 * RATE, 1, after_frame=RATE)
    budget.contended = True  # points wait for it
    assert not turns.take(4 * RATE, 1, after_frame=3 * RATE)


def test_a_held_voice_has_it_after_its_glide_and_none_in_silence(tmp_path):
    text = PART + 'instrument = "organ"\narticulation = "continuous"\nglide = 1\nbeacon = 50\n'
    score = Score(loaded(tmp_path, text))
    (first, beacon) = played(score, 0.5)
    assert beacon.onset_frame == pytest.approx((1 + AFTER_S) * RATE, abs=1)
    assert beacon.held_key == 0 < first.held_key
    for second in range(1, 60):  # nothing comes any more
        assert beacons_of(score.flush(second * RATE)) == []


@pytest.fixture(scope="module")
def in_sequence(tmp_path_factory):
    """A session whose notes follow one another, however fast their points come."""
    text = PART + 'timing = "sequence"\nmax_lag = 3600\nbeacon = { value = 50, every = 2 }\n'
    return loaded(tmp_path_factory.mktemp("beacon"), text)


@given(seen=st.lists(st.floats(0, 100) | st.just(nan), min_size=1, max_size=60))
def test_a_batch_has_those_of_its_points(in_sequence, seen):
    single, batched = Score(in_sequence), Score(in_sequence)
    one = [
        note
        for i, value in enumerate(seen)
        for note in single.process(DataPoint("s", {"percent": value}, float(i)), 0)
    ]
    times = np.arange(len(seen), dtype=float)
    assert batched.process(Batch("s", {"percent": np.array(seen)}, times), 0) == one


def test_a_tick_at_the_end_of_the_range_is_not_of_a_beacon(tmp_path):
    text = PART + "beacon = { value = 100, every = 1 }\n[notices]\nrange = true\n"
    score = Score(loaded(tmp_path, text))
    played(score, 20)
    assert (score.counts.range_ticks, score.counts.beacons > 10) == (0, True)


def test_parts_of_a_table_that_run_apart_each_have_theirs(tmp_path):
    """Of one the notes last ten times as long: it is far ahead of the other."""
    text = "".join(
        f'[[part]]\npitch = {{ field = "{field}" }}\nduration = {{ value = {seconds} }}\n'
        'beacon = { value = 5, every = "5s" }\n'
        for field, seconds in (("a", 2.0), ("b", 0.2))
    )
    score = TableScore(loaded(tmp_path, text), sample_rate=RATE)
    notes = [
        note for i in range(200) for note in score.process(DataPoint("s", {"a": i, "b": i}, i), 0)
    ]
    seconds = [note.onset_frame / RATE for note in beacons_of(notes)]
    assert sum(time < 41 for time in seconds) >= 15  # both
    assert max(seconds) > 380
