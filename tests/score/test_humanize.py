"""Notes that are not quite alike: by little, the same whoever plays them, and only where asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import SessionError
from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from streamson.model.point import Batch, DataPoint
from streamson.offline.realtime import play_in_realtime
from streamson.score.parts.humanize import BRIGHTNESS, LATER_S, LEVEL_DB, Humanizer
from streamson.score.score import Score
from streamson.session.load import load_session, parse_session

RATE = 44_100
PART = "[[part]]\nhumanize = {}\ntiming = '{}'\nvolume = {{ value = -20 }}"
POINTS = [(i * RATE // 2, DataPoint("a/b", {"x": 5.0}, i / 2)) for i in range(200)]


def session_of(humanize="true", timing="grid"):
    return parse_session(PART.format(humanize, timing).encode(), "s.toml")


def played(session, points=POINTS):
    return list(play_in_realtime(points, Score(session, sample_rate=RATE), sample_rate=RATE))


@pytest.mark.parametrize("timing", ["grid", "sequence"])
def test_notes_differ_by_what_is_just_not_noticed(timing):
    plain, varied = played(session_of("false", timing)), played(session_of("true", timing))
    assert len(plain) == len(varied) > 100
    later = np.array([b.onset_frame - a.onset_frame for a, b in zip(plain, varied, strict=True)])
    louder = np.array([b.level_db - a.level_db for a, b in zip(plain, varied, strict=True)])
    brighter = np.array([b.brightness for b in varied])
    assert 0 <= later.min() < 0.001 * RATE < 0.005 * RATE < later.max() <= LATER_S * RATE
    assert 0.9 * LEVEL_DB < np.abs(louder).max() <= LEVEL_DB
    assert 0.9 * BRIGHTNESS < np.abs(brighter).max() <= BRIGHTNESS
    assert abs(louder.mean()) < 0.1
    for a, b in zip(plain, varied, strict=True):  # each ends when it would have
        assert b.onset_frame + b.duration_frames == a.onset_frame + a.duration_frames
        assert b.midi_note == a.midi_note


def test_the_same_points_give_the_same_notes_and_other_streams_others():
    assert played(session_of()) == played(session_of())
    others = [(frame, DataPoint("b/a", point.fields, point.time)) for frame, point in POINTS]
    levels = [[note.level_db for note in played(session_of(), one)] for one in (POINTS, others)]
    assert levels[0] != levels[1]


def test_a_batch_gives_what_its_points_give():
    score = Score(session_of(), sample_rate=RATE)
    times = [i / 10 for i in range(5)]
    batch = Batch("a/b", {"x": np.full(5, 5.0)}, np.array(times))
    single = Score(session_of(), sample_rate=RATE)
    points = [DataPoint("a/b", {"x": 5.0}, time) for time in times]
    one_by_one = [note for point in points for note in single.process(point, 0)]
    assert score.process(batch, 0)[:1] == one_by_one[:1]


def test_what_begins_as_soon_as_possible_still_does():
    (note,) = Score(session_of(timing="arrival"), sample_rate=RATE).process(POINTS[0][1], 0)
    assert note.onset_frame == AS_SOON_AS_POSSIBLE
    assert note.level_db != -20


def test_without_the_key_nothing_changes_and_the_article_never_has_it():
    assert {note.level_db for note in played(session_of("false"))} == {-20.0}
    for name in ("article", "demo"):
        assert not any(part.humanize for part in load_session(name).parts)
    assert all(part.humanize for part in load_session("orchestra").parts)


def test_a_held_voice_refuses_it():
    with pytest.raises(SessionError, match="a held voice repeats nothing"):
        parse_session(b"[[part]]\narticulation = 'continuous'\nhumanize = true", "s.toml")


@given(
    st.text(max_size=20),
    st.integers(1, 2**40),
    st.floats(-90, 0),
    st.floats(-1, 1),
    st.integers(1, 10**6),
)
def test_whatever_is_varied_stays_a_note(stream, number, level_db, brightness, frames):
    note = Note(7, frames / RATE, frames, 60, level_db, 0, "sine", stream, brightness)
    varied = Humanizer(stream, RATE).vary(note, number)
    assert -90 - LEVEL_DB <= varied.level_db <= 0
    assert -1 <= varied.brightness <= 1
    assert varied.duration_frames >= 1
    assert varied.onset_frame + varied.duration_frames == 7 + frames
