"""Arrival, and sequences end to end."""

from hypothesis import given
from hypothesis import strategies as st

from streamson.score.note import AS_SOON_AS_POSSIBLE
from streamson.score.timing import LEAD_S, MARGIN_S, Arrival, Sequence, TableSequence

RATE = 44100
LEAD = round(LEAD_S * RATE)
DURATIONS = st.floats(0.01, 60)


def test_arrival_starts_as_soon_as_possible():
    assert Arrival(RATE).place(0.3, 12345) == (AS_SOON_AS_POSSIBLE, 13230)


@given(st.lists(DURATIONS, min_size=1))
def test_a_table_starts_at_zero_and_goes_end_to_end(durations):
    timing = TableSequence(RATE)
    end, exact = 0, 0.0
    for duration_s in durations:
        onset_frame, frames = timing.place(duration_s, 10**9)
        assert onset_frame == end
        exact += duration_s * RATE
        end = onset_frame + frames
        assert abs(end - exact) < 0.51


def test_hours_of_thirds_of_a_frame_do_not_drift():
    timing = TableSequence(RATE)
    duration_s = (441 + 1 / 3) / RATE
    for _ in range(1_000_00):
        onset_frame, frames = timing.place(duration_s, 0)
    assert abs(onset_frame + frames - 100_000 * (441 + 1 / 3)) < 1


def test_a_sequence_begins_a_lead_ahead_and_begins_anew_after_a_pause():
    timing = Sequence(RATE, queue=8)
    assert timing.place(0.5, 1000).onset_frame == 1000 + LEAD
    assert timing.place(0.5, 1000).onset_frame == 1000 + LEAD + RATE // 2
    later = 10 * RATE
    assert timing.place(0.5, later).onset_frame == later + LEAD


def test_points_that_come_unevenly_still_join_on():
    timing = Sequence(RATE, queue=8)
    first = timing.place(0.25, 0)
    late = round((0.25 + LEAD_S - MARGIN_S) * RATE)
    assert timing.place(0.25, late).onset_frame == first.onset_frame + first.duration_frames


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 20_000), st.floats(0.01, 1)), max_size=80),
    queue=st.integers(1, 10),
)
def test_a_sequence_never_overlaps_never_is_late_and_never_holds_more_than_its_queue(
    arrivals, queue
):
    timing = Sequence(RATE, queue=queue)
    now, end, onsets = 0, 0, []
    for step, duration_s in arrivals:
        now += step
        slot = timing.place(duration_s, now)
        waiting = sum(onset > now for onset in onsets)
        if slot is None:
            assert waiting == queue
            continue
        assert waiting < queue
        assert slot.onset_frame >= end
        assert slot.onset_frame >= now + round(MARGIN_S * RATE)
        end = slot.onset_frame + slot.duration_frames
        onsets.append(slot.onset_frame)
