"""Bands: tremolo and brightness tell what is well, near and beyond, without flickering."""

from itertools import pairwise
from math import inf, isfinite, nan

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamson.model.point import Batch, DataPoint
from streamson.score.parts.bands import HYSTERESIS, SIGNS, BandTracker
from streamson.score.score import Score
from streamson.session.load import load_session
from streamson.session.schema import Bands
from streamson.synth.engine import Engine

WELL, NEAR, BEYOND = SIGNS
RATE = 44_100

values = st.one_of(st.floats(-200, 200), st.sampled_from([70.0, 90.0, 69.0, 89.0, nan, inf, -inf]))
limits = st.one_of(
    st.tuples(st.floats(-100, 100), st.floats(-100, 100)).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from([(70.0, 90.0), (20.0, 10.0), (-1.7e308, 1.7e308)]),
)


@given(limits, st.lists(values, max_size=60))
def test_a_band_is_left_only_by_what_is_beyond_its_slack(ends, seen):
    """Without hysteresis it is the plain comparison; a value within the slack changes nothing."""
    near, beyond = ends
    tracker, sign = BandTracker(Bands(near, beyond)), 1 if near < beyond else -1
    slack = HYSTERESIS * abs(beyond / 2 - near / 2) * 2
    band = 0
    for value in seen:
        before, band = band, SIGNS.index(tracker.update(value))
        if not isfinite(value):
            assert band == before
            continue
        plain = (sign * value >= sign * near) + (sign * value >= sign * beyond)
        assert band >= plain
        if band > plain:  # it stayed, for the value is hardly below a limit
            assert before >= band
            limit = beyond if band == 2 else near
            assert sign * value >= sign * limit - slack * (1 + 1e-9)
        assert band <= max(before, plain)


@given(st.floats(-0.19, 0.19), st.lists(st.floats(-0.19, 0.19), min_size=2, max_size=50))
@example(0.0, [0.0, -0.19, 0.19])
def test_a_value_that_trembles_at_a_limit_does_not_flicker(middle, trembling):
    """The slack of [70, 90] is 0.4: what trembles by less changes band once at most."""
    tracker = BandTracker(Bands(70, 90))
    told = [tracker.update(70 + middle + by) for by in trembling]
    changes = sum(a != b for a, b in pairwise(told))
    assert changes <= 1


def test_at_the_limits():
    tracker = BandTracker(Bands(70, 90))
    seen = [69.999, 70, 69.61, 69.59, 89.999, 90, 89.61, 89.59, 100, 50]
    assert [tracker.update(value) for value in seen] == [
        *(WELL, NEAR, NEAR, WELL, NEAR),
        *(BEYOND, BEYOND, NEAR, BEYOND, WELL),
    ]
    falling = BandTracker(Bands(20, 10))
    assert [falling.update(value) for value in (21, 20, 20.19, 20.21, 10, 10.19, 11, 30)] == [
        *(WELL, NEAR, NEAR, WELL),
        *(BEYOND, BEYOND, NEAR, WELL),
    ]


def test_numbers_of_numpy_are_numbers():
    tracker = BandTracker(Bands(70, 90))
    assert [tracker.update(value) for value in np.array([95.0, 75.0, 10.0])] == [BEYOND, NEAR, WELL]


def test_signs_have_the_power_of_a_note_without_and_swing_in_short_notes():
    for sign in (NEAR, BEYOND):
        seconds = np.arange(RATE) / RATE
        gain = 1 - sign.tremolo_depth * (1 - np.cos(2 * np.pi * sign.tremolo_hz * seconds)) / 2
        assert 10 * np.log10(np.mean(gain**2)) + sign.level_db == pytest.approx(0, abs=1e-3)
        assert 0.25 * sign.tremolo_hz >= 2
    assert BEYOND.tremolo_hz / NEAR.tremolo_hz >= 2
    assert WELL == (0, 0, 0, 0)


def score(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(text)
    return Score(load_session(path))


def play(score, *points, stream="s"):
    """Return the notes of points that come every half second."""
    notes = []
    for i, fields in enumerate(points):
        notes += score.process(DataPoint(stream, fields, i / 2), i * RATE // 2)
    return notes


def told(notes):
    return [(note.tremolo_hz, note.tremolo_depth) for note in notes]


def signs(*wanted):
    return [(sign.tremolo_hz, sign.tremolo_depth) for sign in wanted]


def percents(*seen):
    return [{"percent": value} for value in seen]


PART = '[[part]]\nstream = "*"\npitch = { field = "percent" }\nbands = [70, 90]\n'


def test_a_note_has_the_sign_of_its_value(tmp_path):
    notes = play(score(tmp_path, PART), *percents(10, 75, 95, 20))
    assert told(notes) == signs(WELL, NEAR, BEYOND, WELL)
    assert [note.brightness for note in notes] == [0, NEAR.brightness, BEYOND.brightness, 0]
    assert notes[1].level_db - notes[0].level_db == pytest.approx(NEAR.level_db)


def test_what_has_no_value_changes_no_band(tmp_path):
    assert told(play(score(tmp_path, PART), *percents(75, nan, 69.8))) == signs(NEAR, NEAR)
    held = play(score(tmp_path, PART + 'missing = "hold"\n'), *percents(75, nan, 20))
    assert told(held) == signs(NEAR, NEAR, WELL)
    gap = play(score(tmp_path, PART + 'missing = "gap"\n'), *percents(95, nan, 95))
    assert told(gap) == signs(BEYOND, WELL, BEYOND)
    assert [note.brightness for note in gap] == [BEYOND.brightness, 0, BEYOND.brightness]


def test_brightness_and_level_stay_within_what_a_note_may_be(tmp_path):
    text = PART + "brightness = { value = 0.9 }\nvolume = { value = -1 }\n"
    (note,) = play(score(tmp_path, text), *percents(95))
    assert (note.brightness, note.level_db) == (1.0, 0.0)
    assert Engine(RATE).play(note) is not None


def test_another_field_may_tell_and_streams_without_it_are_as_they_were(tmp_path):
    text = '[[part]]\nstream = "*"\nbands = { field = "percent", limits = [20, 10] }\n'
    playing = score(tmp_path, text)
    points = [{"x": 1, "percent": value} for value in (15, 5, 50, nan)]
    assert told(play(playing, *points)) == signs(NEAR, BEYOND, WELL, WELL)
    assert told(play(playing, {"x": 1}, {"x": 99}, stream="other")) == signs(WELL, WELL)


def test_they_are_of_what_the_pitch_follows_as_that_is_transformed(tmp_path):
    text = '[[part]]\npitch = { field = "bytes", transform = "difference" }\nbands = [10, 100]\n'
    points = [{"bytes": value} for value in (5_000, 5_005, 5_025, 5_500)]
    notes = play(score(tmp_path, text), *points)
    assert told(notes)[-3:] == signs(WELL, NEAR, BEYOND)
    plain = '[[part]]\npitch = { field = "note", unit = "midi" }\nbands = [60, 70]\n'
    notes = play(score(tmp_path, plain), *({"note": value} for value in (50, 60, 70)))
    assert told(notes) == signs(WELL, NEAR, BEYOND)


@pytest.fixture(scope="module")
def in_sequence(tmp_path_factory):
    """A session whose notes follow one another, however fast their points come."""
    path = tmp_path_factory.mktemp("bands") / "sequence.toml"
    path.write_text(PART + 'timing = "sequence"\nmax_lag = 3600\n')
    return load_session(path)


@given(seen=st.lists(st.floats(0, 100) | st.just(nan), min_size=1, max_size=40))
def test_a_batch_tells_what_its_points_tell(in_sequence, seen):
    single, batched = Score(in_sequence), Score(in_sequence)
    one = [
        note
        for i, value in enumerate(seen)
        for note in single.process(DataPoint("s", {"percent": value}, float(i)), i)
    ]
    times = np.arange(len(seen), dtype=float)
    batch = Batch("s", {"percent": np.array(seen)}, times)
    assert told(batched.process(batch, 0)) == told(one)


def test_its_state_goes_on(in_sequence):
    before, after = Score(in_sequence), Score(in_sequence)
    play(before, *percents(75, 69.8))
    after.restore(before.state())
    assert told(play(after, *percents(69.8))) == signs(NEAR)
    assert told(play(Score(in_sequence), *percents(69.8))) == signs(WELL)


@pytest.mark.parametrize("state", [-1, 3, "2"])
def test_a_state_that_cannot_be_is_refused(state):
    with pytest.raises(ValueError, match=r"band|int"):
        BandTracker(Bands(70, 90)).restore(state)


def test_a_session_that_changes_keeps_the_band(tmp_path):
    playing = score(tmp_path, PART)
    play(playing, *percents(75))
    path = tmp_path / "louder.toml"
    path.write_text(PART + "volume = { value = -12 }\n")
    playing.change(load_session(path))
    assert told(play(playing, *percents(69.8))) == signs(NEAR)
