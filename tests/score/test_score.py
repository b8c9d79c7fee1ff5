"""Points into notes: parts, defaults, missing values, counts, bounds."""

import gc
import math
import tracemalloc
from collections import Counter
from itertools import combinations, pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.model.note import AS_SOON_AS_POSSIBLE
from streamson.model.point import DataPoint
from streamson.rescaling.transform import Source
from streamson.score.parts.note_budget import NEW_STREAMS_SHARE, NOTES_A_SPAN
from streamson.score.parts.part_factory import PartFactory
from streamson.score.score import Score
from streamson.score.stream_registry import MAX_PLAYED_STREAMS
from streamson.score.table_score import TableScore, wanted_sources
from streamson.session.likeness import TOLD_APART_JND, timbre_distance
from streamson.session.load import load_session, parse_session
from streamson.session.schema import AttentionSpec, Session

ALL = Session(attention=AttentionSpec(foreground=None))

DOWN = 'polarity = "down"'
LAST_THREE = 'rescale = { mode = "minmax", window = 3 }'
LAST_TWO = 'rescale = { mode = "minmax", window = 2 }'
LAST_SECOND = 'rescale = { mode = "minmax", window = "1s" }'
FROM_0_TO_10 = 'rescale = { mode = "minmax", initial_range = [0, 10] }'


def session_of(toml):
    return parse_session(toml.encode(), "test.toml")


def score_of(toml, kind=Score, **options):
    return kind(session_of(toml), sample_rate=44100, **options)


def play(score, values, stream="s", field="x", *, apart=44_100, start=0):
    points = [DataPoint(stream, {field: value}, float(i)) for i, value in enumerate(values)]
    return [
        note for i, point in enumerate(points) for note in score.process(point, start + i * apart)
    ]


def test_a_stream_without_a_part_sounds_by_itself():
    score = Score(load_session(), sample_rate=44100)
    notes = []
    for i in range(11):
        fields = {"load": i / 10, "memory": 10.0 - i, "other": 5.0}
        notes += score.process(DataPoint("host1/cpu", fields, float(i)), i * 44_100)
    first, last = notes[0], notes[-1]
    assert (first.onset_frame, first.duration_s, first.pan) == (AS_SOON_AS_POSSIBLE, 0.35, 0)
    assert first.duration_frames == round(0.35 * 44100)
    assert first.level_db == -20
    pitches = [note.midi_note for note in notes]
    assert sum(b > a for a, b in pairwise(pitches)) >= 6  # it rises, but where the range is widened
    assert last.level_db < first.level_db
    assert all(pitch == round(pitch) for pitch in pitches)  # semitones
    assert score.counts.notes == 11


def test_the_first_is_in_the_middle_and_others_beside_it():
    score = Score(ALL, sample_rate=44100)
    pans = [play(score, [1.0], stream=name)[0].pan for name in "abcde"]
    assert pans[0] == 0
    assert min(pans[1:]) == -max(pans[1:]) < 0
    assert play(score, [1.0], stream="b", start=44_100)[0].pan == pans[1]


def test_one_field_alone_has_a_steady_volume():
    assert {note.level_db for note in play(Score(Session()), [1.0, 2.0, 3.0])} == {-18}


def test_a_stream_that_begins_with_missing_values_works_later():
    score = Score(ALL, sample_rate=44100)
    notes = play(score, [math.nan, math.nan, 1.0, 2.0])
    assert notes[0].midi_note == 64
    assert notes[1].midi_note > 64
    assert (score.counts.notes, score.counts.rests) == (2, 2)


def test_every_part_that_matches_plays():
    score = score_of("""
        [[part]]
        stream = "host*/cpu"
        pan = { value = -1 }
        [[part]]
        stream = "host1/*"
        pan = { value = 1 }
    """)
    assert [note.pan for note in play(score, [1.0], stream="host1/cpu")] == [-1, 1]
    assert [note.pan for note in play(score, [1.0], stream="host2/cpu")] == [-1]
    assert [note.pan for note in play(score, [1.0], stream="else")] == [0]  # away from both


def test_each_stream_of_a_part_has_windows_of_its_own():
    score = score_of(f"[[part]]\npitch = {{ low = 0, high = 100, {LAST_TWO} }}")
    play(score, [0.0, 1000.0], stream="a")
    assert [note.midi_note for note in play(score, [1.0, 2.0], stream="b")] == [50, 100]


@pytest.mark.parametrize(
    ("pitch", "values", "midi_notes"),
    [
        ('{ unit = "midi" }', [60.25, -5, 200, math.nan], [60.25, 0, 127]),
        ('{ field = "x", unit = "hz" }', [440, 880, 0, -3, math.inf, 1e9], [69, 81, 127]),
        ('{ value = "A4" }', [1, math.nan], [69, 69]),
        ("{ value = 60.5 }", [1], [60.5]),
        ('{ value = 880, unit = "hz" }', [1], [81]),
        (f"{{ low = 60, high = 70, {LAST_THREE} }}", [0, 10, 5], [65, 70, 65]),
        (f"{{ low = 0, high = 9, {DOWN}, {LAST_THREE} }}", [0, 9, 3], [4.5, 0, 6]),
        ('{ scale = "c chromatic", low = 60, high = 60 }', [0, 10, 5], [60, 60, 60]),
        (f"{{ low = 0, high = 10, {FROM_0_TO_10} }}", [1, 5, 10], [1, 5, 10]),
        (f"{{ low = 0, high = 10, {LAST_TWO} }}", [1, 5, 4, 4], [5, 10, 0, 5]),
        (f"{{ low = 0, high = 10, {LAST_SECOND} }}", [1, 5, 4, 4.5], [5, 10, 0, 10]),
        ('{ field = "y" }', [1, 2], []),
    ],
)
def test_pitch_mappings(pitch, values, midi_notes):
    notes = play(score_of(f"[[part]]\npitch = {pitch}"), [float(value) for value in values])
    assert [note.midi_note for note in notes] == pytest.approx(midi_notes)


def test_infinities_are_missing_values():
    score = score_of(f"[[part]]\npitch = {{ low = 0, high = 10, {LAST_THREE} }}")
    assert [n.midi_note for n in play(score, [0.0, math.inf, -math.inf, 1.0])] == [5, 10]


def test_a_missing_value_gives_the_middle_of_duration_volume_and_pan():
    score = score_of("""
        [[part]]
        pitch = { value = 60 }
        duration = { field = "d", low = 0.2, high = 0.4 }
        volume = { field = "v", low = 0.1, high = 0.3, unit = "amplitude" }
        pan = { field = "p" }
    """)
    note = play(score, [1.0])[0]
    assert note.duration_s == pytest.approx(0.3)
    assert 10 ** (note.level_db / 20) == pytest.approx(0.2)
    assert note.pan == 0


def test_a_rest_in_a_sequence_takes_its_duration():
    score = score_of('[[part]]\ntiming = "sequence"\nmax_lag = 9\nduration = { value = 0.5 }')
    first, second = play(score, [1.0, math.nan, 2.0], apart=0)
    assert second.onset_frame - first.onset_frame == 44100
    assert score.counts.rests == 1


def test_rows_of_a_table_follow_one_another_whatever_the_timing():
    score = score_of("[[part]]\nduration = { value = 0.5 }", kind=TableScore)
    notes = play(score, range(5000))
    assert [note.onset_frame for note in notes[:3]] == [0, 22050, 44100]
    assert len(notes) == 5000


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, math.nan]))),
    max_lag=st.floats(0.2, 2),
)
def test_notes_coalesced_points_and_rests_add_up_to_the_points(arrivals, max_lag):
    score = score_of(f'[[part]]\ntiming = "sequence"\nmax_lag = {max_lag}')
    now, notes = 0, 0
    for step, value in arrivals:
        now += step
        notes += len(score.process(DataPoint("s", {"x": value}, 0.0), now))
    counts = score.counts
    assert counts.notes == notes
    assert counts.notes + counts.points_coalesced + counts.rests + score.points_waiting == len(
        arrivals
    )


def test_a_sequence_that_is_behind_merges_and_goes_on_when_there_is_room():
    score = score_of('[[part]]\ntiming = "sequence"\nmax_lag = 2\nduration = { value = 0.2 }')
    notes = play(score, range(100), apart=0)
    assert notes[-1].onset_frame < 2 * 44100
    assert score.points_waiting == 100 - len(notes)
    later = score.process(DataPoint("s", {"x": 50.0}, 0.0), 10 * 44100)
    least, greatest, it = (note.midi_note for note in later)
    assert it < least < greatest  # all but it waited; the range has followed them
    assert score.counts.points_coalesced == 100 - len(notes) - 2


def test_streams_beyond_the_limit_are_refused_and_counted():
    score = Score(ALL, sample_rate=44100)
    for i in range(MAX_PLAYED_STREAMS + 3):
        score.process(DataPoint(f"s{i}", {"x": 1.0}, 0.0), i * 44_100)
    counts = score.counts
    assert (counts.notes, counts.streams_refused, counts.points_of_refused_streams) == (
        MAX_PLAYED_STREAMS,
        3,
        3,
    )
    assert score.streams == MAX_PLAYED_STREAMS


def test_a_stream_that_is_silent_for_long_gives_its_place_back():
    score = score_of('[streams]\nforget_after = "100s"\n[attention]\nforeground = "all"')
    for now_s in range(300):
        score.process(DataPoint("calm", {"x": 1.0}, 0.0), now_s * 44_100)
        if now_s < 10:
            score.process(DataPoint(f"once {now_s}", {"x": 1.0}, 0.0), now_s * 44_100)
        score.flush(now_s * 44_100)
        assert score.streams == (
            1 + min(now_s + 1, 10) if now_s <= 100 else 1 + max(110 - now_s, 0)
        )
    assert score.counts.streams_forgotten == 10
    assert [seen["name"] for seen in score.state()] == ["calm"]
    # Who comes next gets what is free, not the number of a stream that is there.
    (second,) = score.process(DataPoint("new", {"x": 1.0}, 0.0), 300 * 44_100)
    numbers = {seen["name"]: seen["number"] for seen in score.state()}
    assert numbers["calm"] == 0 != numbers["new"]
    fresh = Score(ALL, sample_rate=44_100)
    assert second.instrument == [play(fresh, [1.0], stream=name)[0] for name in "ab"][1].instrument


def test_where_all_places_are_taken_the_longest_silent_gives_way():
    score = Score(ALL, sample_rate=44100)
    for i in range(MAX_PLAYED_STREAMS):
        score.process(DataPoint(f"once {i}", {"x": 1.0}, 0.0), 0)
    for frame in range(0, 10 * 44_100, 4_410):  # all that wait play in their turn
        score.flush(frame)

    def new(stream, now_s):
        score.flush(now_s * 44_100)
        score.process(DataPoint("calm", {"x": 1.0}, 0.0), now_s * 44_100)
        return bool(score.process(DataPoint(stream, {"x": 1.0}, 0.0), now_s * 44_100))

    score.process(DataPoint("once 0", {"x": 1.0}, 0.0), 30 * 44_100)
    assert not new("early", 59)
    assert new("late", 61)
    assert score.streams == MAX_PLAYED_STREAMS
    names = {seen["name"] for seen in score.state()}
    assert {"calm", "late", "once 0"} <= names
    assert "once 1" not in names


def test_of_too_many_remembered_streams_the_last_heard_are_restored():
    first = Score(ALL, sample_rate=44100)
    for i in range(5):
        play(first, [1.0], stream=f"s{i}")
    first.process(DataPoint("s1", {"x": 1.0}, 0.0), 44_100)
    state = first.state()
    assert [seen["name"] for seen in state] == ["s0", "s2", "s3", "s4", "s1"]
    more = [remembered(f"old {i}", 100_000 + i) for i in range(MAX_PLAYED_STREAMS - 2)]
    second = Score(ALL, sample_rate=44100)
    second.restore(more + state)
    assert {"s1", "s4"} <= {seen["name"] for seen in second.state()}
    assert len(second.state()) == MAX_PLAYED_STREAMS
    assert more[0] not in second.state()


@given(steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), min_size=1, max_size=6))
@settings(max_examples=15)
def test_all_streams_together_play_no_more_than_the_budget_and_take_turns(steps):
    rate, span = 1_000, 250
    score, now, notes, points = Score(ALL, sample_rate=rate), 0, [], 0
    for step, streams in steps:
        for _ in range(step):
            now += 10
            notes += [(max(note.onset_frame, now), note.stream) for note in score.flush(now)]
        for i in range(streams):
            point = DataPoint(f"s{i}", {"x": 1.0}, 0.0)
            played = score.process(point, now)
            notes += [(max(note.onset_frame, now), note.stream) for note in played]
        points += streams
    counts = score.counts
    assert counts.notes + counts.points_coalesced + counts.rests + score.points_waiting == points
    begun = Counter(at // span for at, _ in notes)
    assert max(begun.values(), default=0) <= NOTES_A_SPAN + 1  # of a pair both
    # Of each stream two points may wait, the least and the greatest; the first span to come may be
    # spent in part.
    for _ in range(score.points_waiting // round(NEW_STREAMS_SHARE * NOTES_A_SPAN) + 2):
        now += span
        notes += [(max(note.onset_frame, now), note.stream) for note in score.flush(now)]
    assert {stream for _, stream in notes} == {f"s{i}" for i in range(max(n for _, n in steps))}


def test_a_flood_of_new_streams_leaves_room_for_one_that_is_known():
    score = Score(ALL, sample_rate=1_000)
    for now in range(0, 4_000, 250):
        assert score.process(DataPoint("calm", {"x": 1.0}, 0.0), now)
    for now in range(4_000, 8_000, 250):
        for i in range(200):
            score.process(DataPoint(f"new {now} {i}", {"x": 1.0}, 0.0), now)
            score.flush(now)
        assert score.process(DataPoint("calm", {"x": 1.0}, 0.0), now)


def test_what_would_like_to_know_a_table_beforehand():
    fields = ("re", "im", "modulus")
    assert wanted_sources(load_session("article"), "eta", fields) == {Source(f) for f in fields}
    assert wanted_sources(load_session(), "x", ("a", "b", "c")) == {Source("a"), Source("b")}
    assert wanted_sources(load_session("demo"), "eta", fields) == set()
    session = session_of(
        '[[part]]\nstream = "x"\npitch = { field = "a", rescale = { window = 300 } }\n'
        'pan = { field = "b", transform = "log", rescale = { mode = "minmax", window = "all" } }'
    )
    assert wanted_sources(session, "x", ("a", "b")) == {Source("b", ("log",))}
    session = session_of('[[part]]\npitch = { field = "a", unit = "hz" }')
    assert wanted_sources(session, "x", "a") == set()


def test_memory_stays_bounded_over_a_long_run():
    score = score_of("""
        [[part]]
        timing = "sequence"
        duration = { field = "x", rescale = { mode = \"minmax\", window = "5min" } }
        volume = { field = "x", rescale = { mode = \"minmax\", window = "all" } }
    """)

    def run(start, stop):
        for i in range(start, stop):
            score.process(DataPoint("s", {"x": float(i)}, float(i)), i * 20_000)

    run(0, 2_000)
    tracemalloc.start()
    try:
        gc.collect()  # what tests before left is not to be counted as freed or grown
        before = tracemalloc.get_traced_memory()[0]
        run(2_000, 20_000)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000  # rising values fill their windows: 300 entries of about 100 bytes each
    run(20_000, 100_000)
    assert score.counts.notes + score.counts.points_coalesced + score.points_waiting == 100_000


def test_a_continuous_part_holds_one_voice_for_each_stream():
    session = parse_session(
        b'[[part]]\narticulation = "continuous"\nglide = 0.5\nhold = 3\n', "drone.toml"
    )
    score = Score(session, sample_rate=1_000)
    notes = [
        note
        for now, stream in enumerate(("a", "b", "a"))
        for note in score.process(DataPoint(stream, {"x": 1.0}, 0.0), now * 1_000)
    ]
    assert [note.held_key for note in notes] == [1, 2, 1]
    assert {note.glide_frames for note in notes} == {500}
    assert {note.duration_frames for note in notes} == {300 + 3_000}


def test_what_is_automatic_tells_ten_streams_apart():
    score = Score(ALL, sample_rate=44100)
    heard = {}
    for i in range(10):
        notes = play(score, [1.0, 9.0, 1.0], stream=f"host{i}")
        heard[i] = [(note.instrument, note.midi_note, note.pan) for note in notes]
    instruments = [notes[0][0] for notes in heard.values()]
    registers = {notes[2][1] for notes in heard.values()}
    assert len(set(instruments)) == 10
    assert min(timbre_distance(*pair) for pair in combinations(instruments, 2)) >= TOLD_APART_JND
    assert max(registers) - min(registers) == 24


def test_a_part_may_ask_for_what_is_automatic():
    score = score_of("""
        [[part]]
        stream = "host*"
        instrument = "auto"
        register = "auto"
        pitch = { scale = "c major", low = "C4", high = "C5" }
    """)
    first, second = (play(score, [1.0, 9.0, 1.0], stream=f"host{i}") for i in range(2))
    assert first[0].instrument != second[0].instrument
    assert second[1].midi_note == first[1].midi_note - 12


CHOICE = """
    [[part]]
    instrument = { field = "status", default = "sine", equals = [[200, "bell"], [404, "brass"]], \
above = [[500, "organ"], [300, "harp"]] }
    pitch = { field = "x" }
"""


@pytest.mark.parametrize(
    ("status", "instrument"),
    [
        (200, "bell"),
        (201, "sine"),
        (404, "brass"),
        (405, "harp"),
        (600, "organ"),
        (math.nan, "sine"),
    ],
)
def test_an_instrument_by_class_and_threshold(status, instrument):
    score = score_of(CHOICE.replace("\\\n", ""))
    (note,) = score.process(DataPoint("s", {"x": 1.0, "status": status}, 0.0), 0)
    assert note.instrument == instrument


def test_a_gate_shortens_the_sound_but_not_the_time_it_takes():
    score = score_of("""
        [[part]]
        timing = "sequence"
        duration = { value = 0.5 }
        max_lag = 9
        gate = { field = "g", low = 0.2, high = 1, rescale = { mode = "fixed", range = [0, 1] } }
    """)
    points = [DataPoint("s", {"x": 1.0, "g": g}, 0.0) for g in (0.0, 1.0, 0.5)]
    notes = [note for point in points for note in score.process(point, 0)]
    assert [note.duration_frames for note in notes] == [4_410, 22_050, 13_230]
    assert [b.onset_frame - a.onset_frame for a, b in pairwise(notes)] == [22_050, 22_050]


def test_missing_values_may_hold_or_sound_as_a_gap():
    values = [1.0, 9.0, math.nan, 9.0]
    held = play(score_of('[[part]]\nmissing = "hold"'), values)
    assert held[2].midi_note == held[1].midi_note
    score = score_of('[[part]]\nmissing = "gap"')
    with_gap = play(score, values)
    assert [note.instrument for note in with_gap] == ["sine", "sine", "breath", "sine"]
    assert with_gap[2].midi_note == with_gap[1].midi_note
    assert with_gap[2].level_db < with_gap[1].level_db
    assert score.counts.rests == 0


SESSION_WITH_EVERYTHING = """
    [[part]]
    pitch = { field = "x", transform = ["symlog", "difference"], smooth = 3 }
    duration = { field = "x", low = 0.1, high = 0.4, rescale = { mode = "rank", window = 20 } }
    volume = { field = "y", rescale = { mode = "decay", half_life = 9, slew = 3 } }
    pan = { field = "y", rescale = { mode = "zscore" } }
    brightness = { field = "x", rescale = { mode = "minmax", window = "10s", warm_up = 30 } }
    missing = "hold"
    [[part]]
    pitch = { field = "y", transform = "rate" }
"""
FIELDS = st.fixed_dictionaries({"x": st.floats(-9, 9), "y": st.floats(-9, 9) | st.just(math.nan)})
POINTS = st.lists(st.tuples(st.sampled_from("abc"), FIELDS), max_size=40)


@given(before=POINTS, after=POINTS)
def test_a_score_saved_and_loaded_continues_identically(before, after):
    def heard(score, points, start):
        notes = []
        for i, (stream, fields) in enumerate(points, start):
            notes += score.process(DataPoint(stream, fields, float(i)), i * 44100)
        return [msgspec.structs.replace(note, held_key=0) for note in notes]

    whole, first, second = (score_of(SESSION_WITH_EVERYTHING) for _ in range(3))
    heard(whole, before, 0)
    heard(first, before, 0)
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.state())))
    assert heard(second, after, len(before)) == heard(whole, after, len(before))
    assert {seen["name"] for seen in second.state()} == {seen["name"] for seen in whole.state()}


def test_a_stream_has_its_place_again():
    first = Score(Session())
    for stream in "abc":
        play(first, [1.0], stream=stream)
    second = Score(Session())
    second.restore(first.state())
    for stream in "cd":
        (before,), (after,) = (
            score.process(DataPoint(stream, {"x": 1.0}, 0.0), 44100) for score in (first, second)
        )
        assert before == after


def test_windows_go_on_where_the_scale_changes_and_begin_afresh_where_the_rescaling_does():
    def session(pitch):
        return score_of(f"[[part]]\npitch = {{ field = 'x', {pitch} }}")

    first = session("scale = 'c major', rescale = { window = 9 }")
    play(first, [0.0, 10.0])
    same, other = session("scale = 'd minor', rescale = { window = 9 }"), session("smooth = 2")
    for score in (same, other):
        score.restore(first.state())
    assert play(same, [10.0])[0].midi_note == 84  # the highest of those that were seen
    assert play(other, [10.0])[0].midi_note == pytest.approx(69.5)  # of the first value


def remembered(name, number):
    return {"name": name, "number": number, "windows": {}}


@pytest.mark.parametrize(
    "state",
    [
        *(3, ["s"], {"s": 3}, {3: {}}),
        [remembered("a", -1)],
        [remembered("a", 1), remembered("b", 1)],
        [remembered("a", 1), remembered("a", 2)],
    ],
)
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ValueError, match=r"Expected|share a name|share a number|a number that no"):
        Score(Session()).restore(state)


def test_a_damaged_state_lets_its_stream_begin_afresh(caplog):
    first, second = Score(Session()), Score(Session())
    play(first, [1.0, 9.0])
    (state,) = first.state()
    second.restore([{**state, "windows": {key: [1, 2] for key in state["windows"]}}])
    assert play(second, [5.0])[0].midi_note == play(Score(Session()), [5.0])[0].midi_note
    assert "s begins afresh, its state can't be used" in caplog.text


def test_a_field_by_its_number():
    score = score_of("[[part]]\npitch = { field = 2 }\nvolume = { field = 3 }")
    notes = [
        note
        for x in (0.0, 9.0)
        for note in score.process(DataPoint("s", {"a": 5.0, "b": x}, 0.0), round(x) * 44100)
    ]
    assert notes[0].midi_note == pytest.approx(69.5)
    assert notes[1].midi_note > 69.5
    assert {note.level_db for note in notes} == {-20}  # there is no third: the middle


def test_streams_that_come_at_once_begin_one_after_the_other_and_always_the_same():
    score = Score(ALL, sample_rate=1_000)
    onsets = []
    for now in (0, 1_000, 2_000):
        points = [DataPoint(stream, {"x": 1.0}, 0.0) for stream in "abcd"]
        notes = [note for point in points for note in score.process(point, now)]
        onsets.append([max(note.onset_frame, now) - now for note in notes])
    assert onsets == [[0, 60, 120, 30]] * 3
    assert min(b - a for a, b in pairwise(sorted(onsets[0]))) >= 30


def test_a_part_may_be_staggered_too():
    score = score_of('[[part]]\nstream = "*"\nstagger = 0.5\n')
    assert play(score, [1.0], start=1_000)[0].onset_frame == 1_000 + 22_050
    together = [note for stream in "ab" for note in play(score_of("[[part]]"), [1.0], stream)]
    assert {note.onset_frame for note in together} == {AS_SOON_AS_POSSIBLE}


def test_parts_that_are_automatic_are_told_apart_within_a_stream_and_between_streams():
    session = parse_session(
        b"""
[[part]]
instrument = "auto"
pitch = { field = "a" }
[[part]]
instrument = "auto"
pitch = { field = "b" }
""",
        "two.toml",
    )
    score = Score(session, sample_rate=44_100)
    notes = [
        note
        for stream in ("x", "y")
        for note in score.process(DataPoint(stream, {"a": 1.0, "b": 2.0}, 0.0), 0)
    ]
    assert len(notes) == 4
    assert len({note.instrument for note in notes}) == 4
    assert notes[0].pan == notes[1].pan != notes[2].pan  # a stream has one place


def test_a_remembered_stream_that_cannot_be_set_up_leaves_nothing_behind(monkeypatch):
    first, second = Score(Session()), Score(Session())
    play(first, [1.0, 9.0])
    second.restore(first.state())
    with monkeypatch.context() as broken:
        broken.delattr(PartFactory, "player")
        with pytest.raises(AttributeError):
            play(second, [5.0])
    assert second.state() == []
    second.flush(10**12)
    assert play(second, [5.0])[0].midi_note == play(Score(Session()), [5.0])[0].midi_note
