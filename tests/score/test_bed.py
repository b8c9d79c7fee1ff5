"""The bed by its sound: it goes on evenly, is soft and dull, and says how much is unusual."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.offline.render import render_notes
from streamson.score.attention.bed import (
    BED,
    CALM_DB,
    LONGEST_S,
    SEATS,
    SHORTEST_S,
    SWELL_DB,
    UNUSUAL_SHARE,
    Bed,
    interval_s,
)
from streamson.score.attention.group_levels import GroupState
from streamson.session.load import load_session

RATE = 22_050
TICK = RATE // 4
SESSION = load_session()
ATTACK_S = SESSION.all_instruments["earcon bed"].envelope.attack


def groups(count, unusual=0.0):
    return [GroupState(f"host{i}", 3, unusual) for i in range(count)]


def notes_of(at, *, points_a_second=7.0, seconds=20, late=lambda _frame: 0):
    """Play a bed as a score does: `at` returns the groups at a time in seconds."""
    bed = Bed(sample_rate=RATE, level_db=0)
    notes = []
    for frame in range(0, seconds * RATE, TICK):
        if bed.is_due(frame + TICK):
            notes += bed.tick(at(frame / RATE), points_a_second, frame + TICK + late(frame))
    return notes


def sound_of(notes, seconds=20):
    blocks = list(render_notes(notes, SESSION, sample_rate=RATE))
    return np.concatenate(blocks)[TICK : seconds * RATE]  # from its first note on


def levels_db(sound, seconds):
    """Return the mean levels of stretches of so many seconds."""
    frames = round(seconds * RATE)
    power = np.square(sound[: len(sound) // frames * frames]).reshape(-1, frames, 2).mean((1, 2))
    return 10 * np.log10(power + 1e-20)


@pytest.mark.parametrize(("count", "points_a_second"), [(1, 1), (1, 2_000), (3, 7), (20, 300)])
def test_it_never_breaks_off_and_is_even(count, points_a_second):
    sound = sound_of(notes_of(lambda _s: groups(count), points_a_second=points_a_second))
    assert levels_db(sound, 0.1).min() > -60
    settled = sound[2 * RATE :]
    assert np.ptp(levels_db(settled, 0.1)) < SWELL_DB + 0.5
    assert np.ptp(levels_db(settled, 3.0)) < 1.5
    assert np.abs(np.diff(settled, axis=0)).max() < 0.01  # no edges


def test_it_is_as_loud_however_many_groups_there_are_and_dull():
    of_counts = []
    for count in (1, 2, 4, 6, 40):
        sound = sound_of(notes_of(lambda _s, count=count: groups(count)))[2 * RATE :]
        of_counts.append(float(levels_db(sound, len(sound) / RATE)[0]))
        power = np.abs(np.fft.rfft(sound.sum(axis=1) * np.hanning(len(sound)))) ** 2
        hz = np.fft.rfftfreq(len(sound), 1 / RATE)
        assert power[hz < 700].sum() > 0.95 * power.sum()
        mono = 2 * np.square(sound.mean(axis=1)).sum() / np.square(sound).sum()
        assert 10 * np.log10(mono) > -1
    assert np.ptp(of_counts) < 2


def test_what_is_unusual_is_louder_and_brighter_without_a_jump():
    sound = sound_of(notes_of(lambda s: groups(3, UNUSUAL_SHARE if s >= 10 else 0)))
    db = levels_db(sound, 0.1)
    assert db[150:].mean() - db[50:95].mean() > 7
    assert np.abs(np.diff(db[5:])).max() < 1.5
    calm, unusual = (
        np.abs(np.fft.rfft(stretch.sum(axis=1))) ** 2
        for stretch in (sound[5 * RATE : 9 * RATE], sound[15 * RATE : 19 * RATE])
    )
    hz = np.fft.rfftfreq(4 * RATE, 1 / RATE)
    assert (unusual @ hz) / unusual.sum() > 1.2 * (calm @ hz) / calm.sum()


def test_groups_that_come_and_go_make_no_edge():
    sound = sound_of(notes_of(lambda s: groups(1 + round(s) % 5)))[2 * RATE :]
    assert levels_db(sound, 0.1).min() > -45
    assert np.abs(np.diff(sound, axis=0)).max() < 0.01


def test_a_late_listener_does_not_break_it():
    late = lambda frame: 2 * RATE if frame // RATE % 7 == 3 else 0  # noqa: E731
    assert levels_db(sound_of(notes_of(lambda _s: groups(2), late=late)), 0.1).min() > -60


def test_it_falls_silent_where_nobody_is_left():
    notes = notes_of(lambda s: groups(2) if s < 5 else [])
    assert {note.stream for note in notes} == {BED}
    assert max(note.onset_frame + note.duration_frames for note in notes) < 12 * RATE


@given(st.floats(0, 1e7), st.integers(1, 100), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_its_notes_are_within_bounds_whatever_comes(points_a_second, count, unusual):
    bed = Bed(sample_rate=RATE, level_db=30)
    notes = bed.tick(groups(count, unusual), points_a_second, 0)
    assert len(notes) == len({note.held_key for note in notes}) == min(count, len(SEATS))
    assert all(CALM_DB < note.level_db <= 9.1 and -1 <= note.brightness <= 1 for note in notes)
    assert SHORTEST_S <= interval_s(points_a_second) <= LONGEST_S


def test_it_goes_on_where_it_was():
    first = Bed(sample_rate=RATE, level_db=0)
    first.tick(groups(3), 7, 0)
    again = Bed(sample_rate=RATE, level_db=0)
    again.restore(first.state(1_000), 51_000)
    assert again.tick(groups(3), 7, 60_000) == first.tick(groups(3), 7, 60_000)
    assert not again.is_due(60_001)
