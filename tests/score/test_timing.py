"""Arrival, and sequences end to end."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streamson.model.note import AS_SOON_AS_POSSIBLE
from streamson.score.parts.timing import (
    LEAD_S,
    MARGIN_S,
    Arrival,
    Event,
    Grid,
    Sequence,
    TableSequence,
)

RATE = 44100
LEAD = round(LEAD_S * RATE)
DURATIONS = st.floats(0.01, 60)


def test_arrival_starts_as_soon_as_possible():
    assert Arrival(RATE, notes_per_second=15).schedule(0.3, 12345) == (AS_SOON_AS_POSSIBLE, 13230)


@given(st.lists(DURATIONS, min_size=1))
def test_a_table_starts_at_zero_and_goes_end_to_end(durations):
    timing = TableSequence(RATE)
    end, exact = 0, 0.0
    for duration_s in durations:
        onset_frame, frames = timing.schedule(duration_s, 10**9)
        assert onset_frame == end
        exact += duration_s * RATE
        end = onset_frame + frames
        assert abs(end - exact) < 0.51


def test_hours_of_thirds_of_a_frame_do_not_drift():
    timing = TableSequence(RATE)
    duration_s = (441 + 1 / 3) / RATE
    for _ in range(1_000_00):
        onset_frame, frames = timing.schedule(duration_s, 0)
    assert abs(onset_frame + frames - 100_000 * (441 + 1 / 3)) < 1


def test_a_sequence_begins_a_lead_ahead_and_begins_anew_after_a_pause():
    timing = Sequence(RATE, longest=0.5, max_lag=2)
    assert timing.schedule(0.5, 1000).onset_frame == 1000 + LEAD
    assert timing.schedule(0.5, 1000).onset_frame == 1000 + LEAD + RATE // 2
    later = 10 * RATE
    assert timing.schedule(0.5, later).onset_frame == later + LEAD


def test_points_that_come_unevenly_still_join_on():
    timing = Sequence(RATE, longest=0.5, max_lag=2)
    first = timing.schedule(0.25, 0)
    late = round((0.25 + LEAD_S - MARGIN_S) * RATE)
    assert timing.schedule(0.25, late).onset_frame == first.onset_frame + first.duration_frames


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 20_000), st.floats(0.01, 1)), max_size=80),
    max_lag=st.floats(0.1, 10),
)
def test_a_sequence_never_overlaps_never_is_late_and_never_lags(arrivals, max_lag):
    timing = Sequence(RATE, longest=1, max_lag=max_lag)
    now, end = 0, 0
    for step, duration_s in arrivals:
        now += step
        if not timing.has_capacity(now):
            continue
        slot = timing.schedule(duration_s, now)
        assert slot.onset_frame >= end
        assert slot.onset_frame >= now + round(MARGIN_S * RATE)
        # One more for rounding; three notes of a second are left free for what is coalesced.
        assert slot.onset_frame <= now + max(max_lag - 3, LEAD_S) * RATE + 1
        end = slot.onset_frame + slot.duration_frames


@given(
    arrivals=st.lists(st.integers(0, 20_000), min_size=1, max_size=80),
    steps_per_second=st.floats(1, 40),
)
def test_notes_of_a_grid_are_on_its_steps_and_never_two_on_one(arrivals, steps_per_second):
    timing = Grid(RATE, steps_per_second=steps_per_second, notes_per_second=15)
    now, steps = 0, []
    for apart in arrivals:
        now += apart
        if timing.has_capacity(now):
            onset = timing.schedule(0.1, now).onset_frame
            steps.append(onset / RATE * steps_per_second)
            assert now + MARGIN_S * RATE - 1 <= onset
            assert onset <= now + (MARGIN_S + 1 / steps_per_second) * RATE + 1
    for step in steps:  # to the frame
        assert abs(step - round(step)) < steps_per_second / RATE
    least = max(1, steps_per_second / 15)
    assert all(b - a > least - 0.01 for a, b in pairwise(steps))


def test_two_streams_on_a_grid_meet_on_its_steps():
    first, second = (Grid(RATE, steps_per_second=8, notes_per_second=15) for _ in range(2))
    assert (
        first.schedule(0.1, 1_000).onset_frame
        == second.schedule(0.2, 4_000).onset_frame
        == RATE // 8
    )


def test_each_event_has_its_click_and_what_comes_at_once_is_spread():
    timing = Event(RATE, notes_per_second=100, max_lag=1)
    onsets = []
    while timing.has_capacity(5_000):
        onsets.append(timing.schedule(0.01, 5_000).onset_frame)
    assert onsets[0] == AS_SOON_AS_POSSIBLE
    assert onsets[1:] == [5_000 + 441 * i for i in range(1, 98)]  # up to a second later
    assert timing.schedule(0.01, 10 * RATE).onset_frame == AS_SOON_AS_POSSIBLE
