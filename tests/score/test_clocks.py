"""A producer's clock may be wrong, jump or run backwards: nothing comes late for it, or floods."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.model.point import DataPoint
from streamson.rescaling.transform import MAX_LATE_POINTS, Rate
from streamson.score.alerts.detector import MAX_SET_BACK, AlertDetector
from streamson.score.score import Score
from streamson.session.load import load_session, parse_session
from streamson.session.schema import Alert
from streamson.wire.limits import MAX_TIME_S

RATE = 1_000
NOW = 1.8e9

PLACES_HELD = "[[part]]\npitch = { rescale = { mode = 'minmax', window = '30s' } }\n"
ALERT = "[[alert]]\noutside = [-5, 5]\n"

POINTS = st.lists(
    st.tuples(
        st.integers(1, 400),  # frames since the one before
        st.floats(-10, 10),
        st.one_of(
            st.floats(0.0, MAX_TIME_S, exclude_max=True),
            st.floats(NOW - 3_600, NOW + 3_600),
        ),
    ),
    max_size=40,
)


def played(session, points, told):
    """Return notes and events of points at times that are told, and what was counted."""
    events = []
    score = Score(session, sample_rate=RATE, on_event=events.append)
    notes, frame = [], 0
    for i, (pause, value, _) in enumerate(points):
        frame += pause
        notes += score.process(DataPoint("x", {"v": value}, told(i)), frame)
        notes += score.flush(frame)
    for later in range(frame, frame + 20 * RATE, 100):
        notes += score.flush(later)
    score.close()
    return notes, events, score.counts


def without_times(events):
    alerts = AlertRaised | AlertCleared
    return [
        msgspec.structs.replace(event, time=0.0) if isinstance(event, alerts) else event
        for event in events
    ]


@pytest.mark.parametrize("text", ["", ALERT])
@given(points=POINTS)
def test_what_a_clock_tells_changes_nothing_that_is_heard(text, points):
    session = parse_session(text.encode(), "x.toml")
    wrong = played(session, points, lambda i: points[i][2])
    right = played(session, points, lambda i: NOW + i)
    assert wrong[0] == right[0]
    assert without_times(wrong[1]) == without_times(right[1])
    assert wrong[2] == right[2]


@given(points=POINTS)
def test_a_window_of_time_changes_which_note_is_heard_and_not_when(points):
    session = parse_session(PLACES_HELD.encode(), "x.toml")
    wrong, _, _ = played(session, points, lambda i: points[i][2])
    right, _, _ = played(session, points, lambda i: NOW + i)
    assert [(n.onset_frame, n.duration_frames) for n in wrong] == [
        (n.onset_frame, n.duration_frames) for n in right
    ]
    assert all(math.isfinite(note.midi_note) for note in wrong)


@pytest.mark.parametrize("preset", ["monitor", "sensor", "drone"])
@pytest.mark.parametrize(
    "clock",
    [
        lambda i: NOW + i / 10 - 3_600,
        lambda i: NOW + i / 10 + 3_600 * (i % 2),
        lambda i: NOW - i / 10,
        lambda _: NOW,
    ],
    ids=["behind", "jumping", "backwards", "standing"],
)
def test_presets_play_as_many_notes_at_the_same_frames(preset, clock):
    session = load_session(preset)
    points = [(100, math.sin(i), 0.0) for i in range(200)]
    wrong, _, _ = played(session, points, clock)
    right, _, _ = played(session, points, lambda i: NOW + i / 10)
    assert wrong
    assert [note.onset_frame for note in wrong] == [note.onset_frame for note in right]


@given(st.floats(0.01, 100.0), st.integers(5, 50))
def test_a_rate_goes_on_where_the_clock_runs_backwards(step_s, count):
    rate = Rate()
    found = [rate(10.0 * i, NOW + i) for i in range(3)]
    found += [rate(20.0 + 30.0 * step_s * i, NOW + 2 - step_s * i) for i in range(1, count)]
    assert found[1:3] == [10.0, 10.0]
    assert all(math.isfinite(one) for one in found[5:]), "a rest at most twice"
    assert found[3 + MAX_LATE_POINTS :] == pytest.approx(
        [30.0] * (count - 1 - MAX_LATE_POINTS), rel=1e-3
    )


@given(st.floats(0.1, 100.0))
def test_an_alert_comes_where_the_clock_runs_backwards(step_s):
    detector = AlertDetector(Alert(band=(-math.inf, 10), duration=30))
    told = [detector.update(11, NOW - step_s * i) for i in range(400)]
    assert told.count(True) == 1
    lasted_s = step_s * told.index(True)
    assert lasted_s >= 30 - 1e-6
    assert lasted_s <= 30 + step_s * (MAX_SET_BACK + 1)


def test_an_alert_that_has_lasted_survives_that_the_clock_is_set_back_once():
    detector = AlertDetector(Alert(band=(-math.inf, 10), duration=30))
    times = [*range(1_000, 1_020), *range(500, 540)]
    told = [detector.update(11, float(time)) for time in times]
    assert told.count(True) == 1
    assert times[told.index(True)] == 530, "by then it has lasted for long in any case"
