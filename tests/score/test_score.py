"""Points into notes: parts, defaults, missing values, counts, bounds."""

import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.score import AS_SOON_AS_POSSIBLE, Score, load_session
from streamson.score.score import MAX_STREAMS
from streamson.score.session.file import parse_session
from streamson.score.session.schema import Session
from streamson.wire import DataPoint


def score_of(toml, **options):
    return Score(parse_session(toml.encode(), "test.toml"), sample_rate=44100, **options)


def play(score, values, stream="s", field="x", *, apart=44_100, start=0):
    points = [DataPoint(stream, {field: value}, float(i)) for i, value in enumerate(values)]
    return [note for i, point in enumerate(points) for note in score.play(point, start + i * apart)]


def test_a_stream_without_a_part_sounds_by_itself():
    score = Score(load_session(), sample_rate=44100)
    notes = []
    for i in range(11):
        fields = {"load": i / 10, "memory": 10.0 - i, "other": 5.0}
        notes += score.play(DataPoint("host1/cpu", fields, float(i)), i * 44_100)
    first, last = notes[0], notes[-1]
    assert (first.onset_frame, first.duration_s, first.pan) == (AS_SOON_AS_POSSIBLE, 0.35, 0)
    assert first.duration_frames == round(0.35 * 44100)
    assert first.level_db == -20
    assert last.midi_note == 84
    assert last.level_db == -26
    assert {note.midi_note % 12 for note in notes} <= {0, 2, 4, 7, 9}
    assert score.counts.notes == 11


def test_streams_are_spread_by_order_of_appearance():
    score = Score(Session(), sample_rate=44100)
    pans = [play(score, [1.0], stream=name)[0].pan for name in "abcde"]
    assert pans == [0, -0.5, 0.5, -0.25, 0.25]
    assert play(score, [1.0], stream="b", start=44_100)[0].pan == -0.5


def test_one_field_alone_has_a_steady_volume():
    assert {note.level_db for note in play(Score(Session()), [1.0, 2.0, 3.0])} == {-18}


def test_a_stream_that_begins_with_missing_values_works_later():
    score = Score(Session(), sample_rate=44100)
    notes = play(score, [math.nan, math.nan, 1.0, 2.0])
    assert [note.midi_note for note in notes] == [69, 84]
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
    assert [note.pan for note in play(score, [1.0], stream="else")] == [0.5]  # third: a default


def test_each_stream_of_a_part_has_windows_of_its_own():
    score = score_of("[[part]]\npitch = { low = 0, high = 100 }")
    play(score, [0.0, 1000.0], stream="a")
    assert [note.midi_note for note in play(score, [1.0, 2.0], stream="b")] == [50, 100]


LAST_TWO = 'rescale = { mode = "minmax", window = 2 }'
LAST_SECOND = 'rescale = { mode = "minmax", window = "1s" }'
FROM_0_TO_10 = 'rescale = { mode = "minmax", initial_range = [0, 10] }'


@pytest.mark.parametrize(
    ("pitch", "values", "midi_notes"),
    [
        ('{ unit = "midi" }', [60.25, -5, 200, math.nan], [60.25, 0, 127]),
        ('{ field = "x", unit = "hz" }', [440, 880, 0, -3, math.inf, 1e9], [69, 81, 127]),
        ('{ value = "A4" }', [1, math.nan], [69, 69]),
        ("{ value = 60.5 }", [1], [60.5]),
        ('{ value = 880, unit = "hz" }', [1], [81]),
        ("{ low = 60, high = 70 }", [0, 10, 5], [65, 70, 65]),
        ('{ low = 60, high = 70, polarity = "down" }', [0, 10, 2.5], [65, 60, 67.5]),
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
    score = score_of("[[part]]\npitch = { low = 0, high = 10 }")
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
    score = score_of('[[part]]\ntiming = "sequence"\nduration = { value = 0.5 }')
    first, second = play(score, [1.0, math.nan, 2.0], apart=0)
    assert second.onset_frame - first.onset_frame == 44100
    assert score.counts.rests == 1


def test_rows_of_a_table_follow_one_another_whatever_the_timing():
    score = score_of("[[part]]\nduration = { value = 0.5 }", sequence_only=True)
    notes = play(score, range(5000))
    assert [note.onset_frame for note in notes[:3]] == [0, 22050, 44100]
    assert len(notes) == 5000


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, math.nan]))),
    queue=st.integers(1, 5),
)
def test_notes_dropped_and_rests_add_up_to_the_points(arrivals, queue):
    score = score_of(f'[[part]]\ntiming = "sequence"\nqueue = {queue}')
    now, notes = 0, 0
    for step, value in arrivals:
        now += step
        notes += len(score.play(DataPoint("s", {"x": value}, 0.0), now))
    counts = score.counts
    assert counts.notes == notes
    assert counts.notes + counts.dropped + counts.rests == len(arrivals)


def test_a_full_queue_drops_and_goes_on_when_there_is_room():
    score = score_of('[[part]]\ntiming = "sequence"\nqueue = 10')
    assert len(play(score, range(100), apart=0)) == 10
    assert score.counts.dropped == 90
    assert len(score.play(DataPoint("s", {"x": 1.0}, 0.0), 10 * 44100)) == 1


def test_streams_beyond_the_limit_are_refused_and_counted():
    score = Score(Session(), sample_rate=44100)
    for i in range(MAX_STREAMS + 3):
        play(score, [1.0, 2.0], stream=f"s{i}")
    counts = score.counts
    assert (counts.notes, counts.streams_refused, counts.points_refused) == (2 * MAX_STREAMS, 3, 6)


def test_only_a_mapping_that_reads_a_field_needs_the_survey():
    assert Score(load_session("article")).needs_survey
    assert not Score(load_session()).needs_survey
    assert score_of(
        '[[part]]\npan = { field = "x", rescale = { mode = "minmax", window = "all" } }'
    ).needs_survey


def test_memory_stays_bounded_over_a_long_run():
    score = score_of("""
        [[part]]
        timing = "sequence"
        duration = { field = "x", rescale = { mode = \"minmax\", window = "5min" } }
        volume = { field = "x", rescale = { mode = \"minmax\", window = "all" } }
    """)

    def run(start, stop):
        for i in range(start, stop):
            score.play(DataPoint("s", {"x": float(i)}, float(i)), i * 20_000)

    run(0, 2_000)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run(2_000, 20_000)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000  # rising values fill their windows: 300 entries of about 100 bytes each
    run(20_000, 100_000)
    assert score.counts.notes + score.counts.dropped == 100_000


def test_a_continuous_part_holds_one_voice_for_each_stream():
    session = parse_session(
        b'[[part]]\narticulation = "continuous"\nglide = 0.5\nhold = 3\n', "drone.toml"
    )
    score = Score(session, sample_rate=1_000)
    notes = [
        note
        for now, stream in enumerate(("a", "b", "a"))
        for note in score.play(DataPoint(stream, {"x": 1.0}, 0.0), now * 1_000)
    ]
    assert [note.held_key for note in notes] == [1, 2, 1]
    assert {note.glide_frames for note in notes} == {500}
    assert {note.duration_frames for note in notes} == {300 + 3_000}
