"""The mix: many streams, few of them in front, the others a bed."""

import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.model.event.streams import (
    MixBegan,
    StreamForward,
    StreamStale,
    StreamWithdrawn,
)
from streamson.model.note import AS_SOON_AS_POSSIBLE
from streamson.model.point import Batch, DataPoint
from streamson.music.pitch import note_to_midi
from streamson.offline.realtime import play_in_realtime
from streamson.score.attention.bar import MAX_BAR_DECADES
from streamson.score.attention.bed import BED, CALM_DB, SEATS, UNUSUAL_DB
from streamson.score.score import Score
from streamson.score.stream_registry import MAX_PLAYED_STREAMS
from streamson.session.load import parse_session
from streamson.session.palette import REGISTERS

RATE = 1_000
WARM_S = 400
"""By then the streams are known: young ones surprise nobody."""


def score_of(toml="", events=None):
    session = parse_session(toml.encode(), "mix.toml")
    return Score(session, sample_rate=RATE, on_event=[].append if events is None else events.append)


def points(streams=12, seconds=WARM_S, *, begin=0, seed=1, value=None):
    """A point a second of each stream, spread over the second: frames and points in order."""
    rng = np.random.default_rng(seed)
    for second in range(begin, begin + seconds):
        for i in range(streams):
            x = float(rng.normal(50, 2))
            if value is not None:
                x = value(i, second, x)
            if x is not None:
                frame = second * RATE + i * RATE // streams
                yield frame, DataPoint(f"host{i % 3}/s{i}", {"x": x}, float(second))


def play(score, messages):
    """Feed points as a listener does; return the notes."""
    notes = []
    for frame, message in messages:
        notes += score.flush(frame)
        notes += score.process(message, frame)
    return notes


def jumps_at(stream, at):
    return lambda i, second, x: x + 40 if i == stream and second >= at else x


def of_bed(notes):
    return [note for note in notes if note.stream == BED]


def test_few_streams_play_as_without_attention():
    few = list(points(streams=4, seconds=60))
    mixed, plain = (
        play(score_of(f'[attention]\nforeground = {n}\n[[part]]\ninstrument = "auto"'), few)
        for n in ("4", '"all"')
    )
    assert mixed == plain  # and nothing is said of a mix
    assert len(plain) == 240


def test_of_many_the_ordinary_are_a_bed_and_the_unusual_one_comes_with_a_sign():
    events = []
    score = score_of("", events)
    notes = play(score, points())
    calm = [note for note in notes if 60 * RATE < note.onset_frame < 250 * RATE]
    assert calm == of_bed(calm)  # as long as nobody is known, nobody comes
    assert max(note.level_db for note in calm) < CALM_DB  # three voices are as loud as one
    (began,) = [event for event in events if isinstance(event, MixBegan)]
    assert began.foreground == 4
    assert began.sentence.startswith(f"{began.streams} streams: of more than 4 those play")
    assert score.counts.points_in_bed > 0
    events.clear()
    notes = play(score, points(seconds=60, begin=WARM_S, value=jumps_at(7, WARM_S + 10), seed=2))
    (event,) = [
        event for event in events if isinstance(event, StreamForward) and event.stream == "host1/s7"
    ]
    assert (event.stream, event.group, event.streams) == ("host1/s7", "", 1)
    assert WARM_S + 10 <= event.frame / RATE <= WARM_S + 14
    own = [note for note in notes if note.stream == "host1/s7"]
    first, second, *tune = own
    assert first.onset_frame == event.frame + RATE // 4
    assert (second.onset_frame - first.onset_frame, first.pan) == (130, tune[0].pan)
    assert {note.instrument for note in own} == {tune[0].instrument}
    # From its first note on its pitch says where it is beside what it was: at the top.
    assert tune[0].midi_note - note_to_midi("G5") in REGISTERS[tune[0].instrument]
    assert score.counts.streams_came_forward >= 1
    assert max(note.level_db for note in of_bed(notes)) > max(note.level_db for note in calm)


def test_each_group_has_a_place_of_its_own_in_the_bed_and_all_is_soft():
    notes = of_bed(play(score_of(), points(seconds=60)))
    assert {(note.midi_note, note.pan) for note in notes} == set(SEATS[:3])
    assert all(note.level_db <= UNUSUAL_DB for note in notes)
    assert not any(note.foreground for note in notes)


def test_the_bed_is_left_out_or_louder_where_a_session_says_so():
    assert not of_bed(play(score_of("[attention]\nbed = false"), points(seconds=60)))
    louder = of_bed(play(score_of("[attention]\nbed_level = 6"), points(seconds=60)))
    plain = of_bed(play(score_of(), points(seconds=60)))
    assert {note.level_db for note in louder} == {note.level_db + 6 for note in plain}


def test_what_is_played_again_of_the_same_points_is_the_same_whoever_looks_when():
    messages = list(points(seconds=WARM_S + 60, value=jumps_at(7, WARM_S + 10)))
    offline = list(play_in_realtime(messages, score_of(), sample_rate=RATE))
    rng = random.Random(3)
    live, score, before = [], score_of(), 0
    for frame, message in messages:
        for looked in sorted(rng.sample(range(before, frame + 1), min(2, frame + 1 - before))):
            live += [(max(n.onset_frame, looked), n) for n in score.flush(looked)]
        live += [(max(note.onset_frame, frame), note) for note in score.process(message, frame)]
        before = frame

    def heard(notes):
        return sorted(
            (onset, n.stream, n.midi_note, n.level_db, n.brightness) for onset, n in notes
        )

    end = messages[-1][0]
    assert heard((n.onset_frame, n) for n in offline if n.onset_frame < end - RATE) == heard(
        (onset, n) for onset, n in live if onset < end - RATE
    )
    assert any(n.stream == "host1/s7" for n in offline)


@pytest.mark.parametrize("told", [True, False])
def test_a_stream_that_falls_silent_comes_forward_and_goes_back_whether_or_not_it_is_told(told):
    events = []
    score = score_of("" if told else "[notices]\nstale = false\n", events)

    def silent(i, second, x):
        return None if i == 4 and 60 <= second < 200 else x

    play(score, points(seconds=200, value=silent))
    kinds = [
        type(event)
        for event in events
        if getattr(event, "stream", "host1/s4") == "host1/s4" and event.frame > 60 * RATE
    ]
    assert kinds == [*([StreamStale] if told else []), StreamForward, StreamWithdrawn]
    assert score.stream_statistics()[4].state == ("stale" if told else "live")


def test_a_stream_that_is_stuck_is_beyond_any_bar():
    events = []
    score = score_of("", events)
    play(score, points(value=lambda i, second, x: 50.0 if i == 7 and second >= 360 else x))
    (event,) = [
        event for event in events if isinstance(event, StreamForward) and event.stream == "host1/s7"
    ]
    assert 369 <= event.frame / RATE <= 374
    assert event.surprise > MAX_BAR_DECADES


def test_streams_that_a_part_names_are_always_in_front_and_take_no_place():
    named = "".join(f'[[part]]\nstream = "host{i % 3}/s{i}"\n' for i in range(6))
    score = score_of(named + '[[part]]\nstream = "*"\n')
    play(score, points(seconds=60))
    assert [row.front for row in score.stream_statistics()] == 6 * [True] + 6 * [False]


def test_soloed_streams_come_to_the_front():
    score = score_of()
    play(score, points(seconds=60))
    score.solo(("host2/s5", "not there"))
    play(score, points(seconds=5, begin=60))
    assert [row.name for row in score.stream_statistics() if row.front] == ["host2/s5"]
    score.solo(())
    play(score, points(seconds=20, begin=65))
    assert score.streams_in_front == 0


def test_a_restored_score_goes_on_with_who_is_in_front():
    def tune(notes):
        return [(n.stream, n.midi_note, n.level_db) for n in notes if n.stream != BED]

    before = list(points(seconds=WARM_S + 30, value=jumps_at(7, WARM_S + 22)))
    after = list(points(seconds=60, begin=WARM_S + 30, value=jumps_at(7, 0), seed=5))
    whole = score_of()
    play(whole, before)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(whole.state()))
    restored = score_of()
    restored.restore(state)
    expected, found = play(whole, after), play(restored, after)
    first, second = tune(expected), tune(found)
    common = min(len(first), len(second))
    assert first[:common] == second[:common]
    assert max(len(first), len(second)) - common <= 1  # who is looked at is so on another grid
    assert any(note.stream == "host1/s7" for note in found)
    assert restored.streams_in_front == whole.streams_in_front


def test_sessions_change_while_it_mixes():
    score = score_of()
    play(score, points(seconds=60))
    score.change(parse_session(b'[attention]\nforeground = "all"\n', "all.toml"))
    assert {n.stream for n in play(score, points(seconds=3, begin=60))} == {
        f"host{i % 3}/s{i}" for i in range(12)
    }
    score.change(parse_session(b"[attention]\nforeground = 2\n", "two.toml"))
    play(score, points(seconds=1, begin=63))
    assert score.streams_in_front == 2
    score.change(parse_session(b'[[part]]\nmute = true\npitch = { field = "y" }\n', "mute.toml"))
    notes = play(score, points(seconds=5, begin=64))
    assert not [n for n in notes if n.stream != BED and n.onset_frame == AS_SOON_AS_POSSIBLE]
    score.change(parse_session(b'[[part]]\npitch = { field = "x" }\n', "x.toml"))
    play(score, points(seconds=20, begin=69))
    assert score.streams_in_front == 0
    assert len(score.stream_statistics()) == 12


def test_thousands_are_known_where_few_play_and_refused_where_all_would():
    score = score_of()
    for i in range(2_000):
        score.process(DataPoint(f"s{i}", {"x": 1.0}, 0.0), i)
    assert (score.streams, score.counts.streams_refused) == (2_000, 0)
    assert [len(score.legend_of(f"s{i}")) for i in (0, 1_999)] == [1, 1]
    score.change(parse_session(b'[attention]\nforeground = "all"\n', "all.toml"))
    assert score.streams == MAX_PLAYED_STREAMS
    assert all(row.front for row in score.stream_statistics())


@pytest.mark.parametrize("value", [float("nan"), 5.0])
def test_missing_and_constant_values_surprise_nobody(value):
    events = []
    score = score_of("", events)
    play(score, points(value=lambda _i, _second, _x: value))
    assert not [event for event in events if isinstance(event, StreamForward)]
    assert score.streams_in_front == 0


def test_batches_and_streams_that_end_or_come_late():
    score = score_of()
    play(score, points(seconds=30))
    score.process(Batch("late", {"x": np.arange(500.0)}, np.arange(500.0)), 30 * RATE)
    for i in range(9):
        score.end(f"host{i % 3}/s{i}", 31 * RATE)
    play(score, points(seconds=2, begin=31, value=lambda i, _s, x: x if i >= 9 else None))
    live = [row for row in score.stream_statistics() if row.state == "live"]
    assert [row.front for row in live] == [True] * 4  # no more than may be in front are left


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 30), st.floats(), st.integers(0, 900)), max_size=200))
def test_no_points_whatever_bring_more_to_the_front(steps):
    score, now = score_of(), 0
    for stream, value, passed in steps:
        now += passed
        score.process(DataPoint(f"s{stream}", {"x": value}, now / RATE), now)
        score.flush(now)
        assert score.streams_in_front <= 4
    assert score.counts.faults == 0
