"""Alerts and notices: what is told, when, how often, and in which order."""

import logging
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.point import Batch, DataPoint
from streamson.score.alerts.alert_monitor import AGAIN_S
from streamson.score.score import Score
from streamson.score.table_score import TableScore
from streamson.session.load import parse_session
from streamson.session.parse.earcons import builtin_earcons, earcon_instruments

RATE = 1_000
LIMIT = """
    [[alert]]
    stream = "host*"
    field = "free"
    below = 10
    hysteresis = 2
"""


ALL_PLAY = "[attention]\nforeground = 'all'"
"""So that nothing is told but what the monitor tells."""


def score_of(toml="", kind=Score, **options):
    return kind(parse_session(toml.encode(), "alerts.toml"), sample_rate=RATE, **options)


def alerts(notes):
    return [note for note in notes if note.foreground]


def pitches(name):
    return list(builtin_earcons()[name].notes)


def run(score, values, stream="host1", field="free", apart=RATE):
    """Play values and return the alerts' notes for each."""
    return [
        alerts(score.process(DataPoint(stream, {field: value}, i * apart / RATE), i * apart))
        for i, value in enumerate(values)
    ]


def test_an_alert_is_told_and_its_end(caplog):
    told = run(score_of(LIMIT), [50.0, 20.0, 9.5, 8.0, 11.0, 13.0])
    assert [[note.midi_note for note in notes] for notes in told] == [
        *([], [], pitches("below"), [], [], pitches("over"))
    ]
    assert [record.message for record in caplog.records] == [
        "host1: free is 9.5, below 10",
        "host1: free is 13 again",
    ]


def test_other_streams_fields_and_missing_values_tell_nothing():
    score = score_of(LIMIT)
    assert not any(run(score, [5.0, 5.0], stream="other"))
    assert not any(run(score, [5.0, math.nan], field="used"))
    assert not any(run(score, [math.nan, math.inf]))
    assert score.counts.alerts == score.alerts_active == 0


def test_a_cue_is_on_an_instrument_of_its_own_in_the_foreground():
    (notes,) = [notes for notes in run(score_of(LIMIT), [50.0, 5.0]) if notes]
    assert {note.instrument for note in notes} <= set(earcon_instruments())
    assert notes[0].onset_frame == RATE
    step = builtin_earcons()["below"].step * RATE
    assert [b.onset_frame - a.onset_frame for a, b in pairwise(notes)] == [step, step]


def test_a_sound_of_ones_own_and_the_level_of_all():
    score = score_of(
        '[notices]\nlevel = -6\n[[alert]]\nabove = 1\nsound = { instrument = "bell", '
        'notes = ["C5", 71.5], step = 0.5, duration = 0.2, level = -20 }'
    )
    notes = run(score, [0.0, 2.0])[1]
    assert [(note.instrument, note.midi_note, note.level_db) for note in notes] == [
        *(("bell", 72, -26), ("bell", 71.5, -26))
    ]
    assert [note.onset_frame for note in notes] == [1_000, 1_500]


def test_a_value_that_trembles_at_its_limit_is_told_rarely_and_counted(caplog):
    score = score_of("[[alert]]\nabove = 1")
    told = run(score, [0.0, 2.0] * 50, apart=100)  # 10 s
    counts = score.counts
    raised = sum("above 1" in message for message in caplog.messages)
    assert counts.alerts == 50 == raised + counts.alerts_trembling
    assert 2 <= raised <= 10 / AGAIN_S + 1
    alerts = [notes for notes in told if notes and notes[0].midi_note == pitches("above")[0]]
    assert len(alerts) == counts.alerts_sounded == 1
    assert counts.alerts_merged == raised - 1


@given(values=st.lists(st.floats(0, 20) | st.just(math.nan), min_size=1, max_size=60))
def test_a_batch_tells_that_a_limit_was_passed(values):
    score = score_of(LIMIT)
    score.process(DataPoint("host1", {"free": 50.0}, 0.0), 0)
    columns = {"free": np.array(values)}
    notes = alerts(score.process(Batch("host1", columns, np.arange(len(values)) * 1.0), 10))
    known = [value for value in values if not math.isnan(value)]
    if any(value < 10 for value in known):
        assert [note.midi_note for note in notes][:3] == pitches("below")
        if not 10 <= known[-1] < 12:  # there, it hangs on those before
            assert score.alerts_active == (known[-1] < 10)
    else:
        assert not notes


def test_a_stream_that_falls_silent_is_told_and_that_it_is_back(caplog):
    score = score_of()
    for i in range(20):
        score.process(DataPoint("s", {"x": 1.0}, 0.0), i * RATE)
    last = 19 * RATE
    assert not alerts(score.flush(last + 2 * RATE))
    told = alerts(score.flush(last + 2 * RATE + 300))
    assert [note.midi_note for note in told] == pitches("stale")
    assert not alerts(score.flush(last + 60 * RATE))  # once
    assert score.streams_stale == 1
    back = alerts(score.process(DataPoint("s", {"x": 1.0}, 0.0), last + 70 * RATE))
    assert [note.midi_note for note in back] == pitches("back")
    assert score.streams_stale == 0
    assert caplog.messages == [
        "s: silent for 2.3 s; a point came every 1.0 s",
        "s: back after 70.0 s",
    ]


def test_a_stream_whose_producer_said_goodbye_is_silent_by_right(caplog):
    score = score_of()
    for i in range(20):
        score.process(DataPoint("s", {"x": 1.0}, 0.0), i * RATE)
    score.end("s", 0)
    score.end("unknown", 0)
    assert not alerts(score.flush(90 * RATE))
    assert not alerts(score.process(DataPoint("s", {"x": 1.0}, 0.0), 100 * RATE))
    assert (score.streams_stale, caplog.messages) == (0, [])
    # Once it is back it is watched as before: the pause was none of its intervals.
    assert [note.midi_note for note in alerts(score.flush(103 * RATE))] == pitches("stale")
    score.end("s", 0)
    assert score.streams_stale == 0


def test_streams_of_a_host_that_fall_silent_are_told_as_one(caplog):
    score = score_of(ALL_PLAY)
    names = [f"{host}/{stream}" for host in ("web", "db") for stream in ("cpu", "disk", "net")]
    for i in range(20):
        for k, name in enumerate(names):
            score.process(DataPoint(name, {"x": 1.0}, 0.0), i * RATE + 20 * k)
    told = []
    for at in range(20 * RATE, 30 * RATE, RATE // 4):
        told += alerts(score.flush(at))
    assert score.streams_stale == len(names)
    assert len(told) == 2 * len(pitches("stale"))
    for name in names:
        told += alerts(score.process(DataPoint(name, {"x": 1.0}, 0.0), 30 * RATE))
    assert len(told) == 2 * len(pitches("stale")) + 2 * len(pitches("back"))
    assert [message.partition(":")[0] for message in caplog.messages] == ["web", "db", "web", "db"]
    assert caplog.messages[0].startswith("web: cpu, disk, net: silent for 2.")
    # One alone is still told by its name.
    for at in range(31 * RATE, 60 * RATE, RATE):
        for name in names[1:]:
            score.process(DataPoint(name, {"x": 1.0}, 0.0), at)
        score.flush(at + 10)
    assert caplog.messages[-1].startswith("web/cpu: silent for ")


def test_a_stream_that_is_called_as_a_host_is_told_once_by_itself(caplog):
    score = score_of(ALL_PLAY)
    names = ["web", *(f"web/{i}" for i in range(20))]
    for i in range(20):
        for name in names:
            score.process(DataPoint(name, {"x": 1.0}, 0.0), i * RATE)
    for at in range(20 * RATE, 40 * RATE, RATE // 4):
        score.flush(at)
    assert score.streams_stale == len(names)
    alone, host = sorted(caplog.messages, key=len)
    assert alone.startswith("web: silent for ")
    assert host.startswith("web: 0, 1, 2, 3, 4, 5, 6, 7 and 12 more: silent for ")


def test_what_is_irregular_or_new_is_not_stale():
    random = np.random.default_rng(7)
    score, now, told = score_of(), 0, []
    for step in random.exponential(RATE, size=2_000):  # at any time, one a second
        for at in range(now, now + int(step), 250):
            told += alerts(score.flush(at))
        now += int(step)
        told += alerts(score.process(DataPoint("s", {"x": 1.0}, 0.0), now))
    assert len(told) / 4 < 10  # 2 notes each that it is stale, and that it is back
    few = score_of()
    for i in range(7):
        few.process(DataPoint("s", {"x": 1.0}, 0.0), i * RATE)
    assert not alerts(few.flush(1_000 * RATE))


def test_bursts_are_not_stale_between_one_another():
    score, told = score_of(), []
    for now in range(0, 200 * RATE, 10):
        if now % (5 * RATE) < 500:  # fifty points, every 5 s
            told += alerts(score.process(DataPoint("s", {"x": 1.0}, 0.0), now))
        told += alerts(score.flush(now))
    assert not told
    assert alerts(score.flush(now + 6 * RATE + 4_000))


def test_notices_can_be_turned_off():
    score = score_of("[notices]\nstale = false\nlost = false")
    for i in range(20):
        score.process(DataPoint("s", {"x": 1.0}, 0.0), i * RATE)
    assert not score.flush(1_000 * RATE)
    assert not score.on_loss(1, 1_000 * RATE)


def test_lost_points_are_told_now_and_then_and_heard_once():
    events = []
    score = score_of(on_event=events.append)
    told = [bool(score.on_loss(1, i * RATE // 10)) for i in range(200)]  # 20 s
    assert len(events) == 4
    assert sum(told) == 1 == score.counts.alerts_sounded
    assert score.counts.alerts_merged == 3


def test_ticks_at_the_ends_of_the_range():
    score = score_of(
        "[notices]\nrange = true\n"
        "[[part]]\npitch = { rescale = { mode = 'fixed', range = [0, 10] } }"
    )
    told = []
    for i, x in enumerate([5.0, 10.0, 10.0, 12.0, 5.0, 0.0, 11.0]):
        note, *ticks = score.process(DataPoint("s", {"x": x}, i), i * RATE)
        told.append([tick.midi_note for tick in ticks])
        assert all(tick.pan == note.pan and not tick.foreground for tick in ticks)
    highest, lowest = pitches("highest"), pitches("lowest")
    assert told == [[], highest, [], [], [], lowest, highest]
    assert (score.counts.notes, score.counts.range_ticks) == (7, 3)


def test_in_a_table_a_cue_sounds_beside_the_note_of_its_row():
    score = score_of("[[alert]]\nabove = 8", kind=TableScore)
    rows = [score.process(DataPoint("s", {"x": float(i)}, float(i)), 0) for i in range(12)]
    first_earcon = next(note for notes in rows for note in notes if note.foreground)
    assert first_earcon.onset_frame == rows[9][0].onset_frame


def test_alerts_go_on_after_a_restart(caplog):
    first, second = score_of(LIMIT), score_of(LIMIT)
    run(first, [50.0, 5.0])
    second.restore(first.state())
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        told = run(second, [5.0, 20.0])
    assert [[note.midi_note for note in notes] for notes in told] == [[], pitches("over")]


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_sounds_differ_and_are_short(name):
    sound = builtin_earcons()[name]
    assert sound.length_s < 1
    same = [other for other in builtin_earcons().values() if other.notes == sound.notes]
    assert len(same) == 1


def test_the_rest_of_a_loss_is_told_later():
    events = []
    score = score_of(on_event=events.append)
    score.on_loss(1, 0)
    score.on_loss(1_000, 10)
    assert [event.points for event in events] == [1]
    for now in range(0, 10 * RATE, 100):
        score.flush(now)
    assert [event.points for event in events] == [1, 1_000]
