"""Notes read back into numbers: whatever a session plays, its error bars hold what was played."""

import dataclasses
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.decode.interval import Interval
from streamson.decode.note import DecodedNote, NoteError
from streamson.decode.place import place_of
from streamson.decode.reading import HUMANIZED, Reader
from streamson.decode.voices import numbered_streams, voices_of
from streamson.errors import UsageError
from streamson.model.counts import ScoreCounts
from streamson.score.parts import humanize
from streamson.score.parts.mapping import make_source
from streamson.session.load import load_session, parse_session
from streamson.session.schema import Session

FIXED = 'rescale = { mode = "fixed", range = [-2.5, 7.0] }'


def session(text):
    return parse_session(text.encode(), "mine.toml")


def one_part(pitch="", **more):
    lines = [f"{name} = {value}" for name, value in more.items()]
    return session("\n".join(["[[part]]", *lines, "[part.pitch]", 'field = "x"', pitch]))


def note(voices, number=0, **told):
    voice = voices[number].candidate
    plain = DecodedNote(
        onset_s=0.0,
        duration_s=voice.duration_s[0],
        midi_note=voice.midi_notes[0],
        level_db=voice.level_db[0],
        pan=voice.pan[0],
        instrument=voice.name,
        candidate=number,
        confidence=1.0,
    )
    return dataclasses.replace(plain, **told)


SPECS = st.fixed_dictionaries(
    {
        "parameter": st.sampled_from(["pitch", "duration", "volume", "pan"]),
        "scale": st.sampled_from(["", 'scale = "c major"', 'scale = "c chromatic"']),
        "quantize": st.sampled_from(["", 'quantize = "nearest"']),
        "polarity": st.sampled_from(["up", "down"]),
        "transform": st.sampled_from(["", 'transform = "log"', 'transform = "symlog"']),
    }
)


@given(asked=SPECS, value=st.floats(-1e6, 1e6), error=st.floats(-1, 1))
def test_error_bars_hold_the_value_that_was_played(asked, value, error):
    """The real mapping forward, an error of the decoder's size, and back."""
    pitch = asked["parameter"] == "pitch"
    lines = [f'polarity = "{asked["polarity"]}"', FIXED, asked["transform"]]
    if pitch and asked["scale"]:
        lines += [asked["scale"], asked["quantize"]]
    table = asked["parameter"]
    text = f'[[part]]\n[part.{table}]\nfield = "x"\n' + "\n".join(lines)
    played = session(text)
    (voice,) = voices_of(played, ["a"], ["y", "x"] if not pitch else ["x"]).voices
    spec = getattr(voice.part, table)
    forward = make_source(spec, field="x", counts=ScoreCounts())
    parameter = forward.read({"x": value}, 0.0)
    if math.isnan(forward.value):  # a logarithm of what has none plays a rest, or the middle
        return
    sizes = {"pitch": 0.25, "duration": 0.015, "volume": 1.0, "pan": 0.1}
    measured = parameter + 0.99 * error * sizes[table]
    told = {"pitch": "midi_note", "duration": "duration_s", "volume": "level_db", "pan": "pan"}
    reader = Reader([voice], {})
    column = "x"
    assert column in reader.columns
    (row,), _ = reader.rows([note([voice], **{told[table]: measured})])
    found = row.values[column]
    slack = 1e-9 * max(1.0, abs(value))
    assert found.low - slack <= value <= found.high + slack
    assert found.low <= found.value <= found.high


def test_a_part_that_is_humanised_has_wider_error_bars():
    assert HUMANIZED == {"duration": humanize.LATER_S, "volume": humanize.LEVEL_DB}
    (plain_voice,) = voices_of(
        session(f"[[part]]\n[part.volume]\nfield = 1\n{FIXED}"), ["a"]
    ).voices
    part = msgspec.structs.replace(plain_voice.part, humanize=True)
    plain, varied = (
        Reader([voice], {}).rows([note([voice], level_db=-20.0)])[0][0].values["field_1"]
        for voice in (plain_voice, plain_voice._replace(part=part))
    )
    assert varied.width == pytest.approx(1.5 * plain.width)


@given(place=st.floats(0, 1), quantize=st.sampled_from(["equal", "nearest"]))
def test_the_steps_of_a_scale_leave_no_place_out(place, quantize):
    part = one_part(f'scale = "d dorian"\nquantize = "{quantize}"\n{FIXED}').parts[0]
    forward = make_source(part.pitch, field="x", counts=ScoreCounts())
    found = place_of(part.pitch, forward.read({"x": -2.5 + 9.5 * place}, 0.0), 0.0)
    assert found.low - 1e-9 <= place <= found.high + 1e-9
    assert found.width < 0.2


def test_a_range_that_nobody_knows_leaves_the_place_and_one_that_is_given_the_value():
    (voice,) = voices_of(load_session("article"), ["eta"]).voices
    assert Reader([voice], {}).columns == ("re_place", "im_place", "modulus_place")
    reader = Reader([voice], {"re": (-5.0, 10.0), "modulus": (0.0, 12.0)})
    assert reader.columns == ("re", "im_place", "modulus")
    lowest, highest = voice.candidate.midi_notes[0], voice.candidate.midi_notes[-1]
    (row,), _ = reader.rows([note([voice], midi_note=lowest)])
    assert row.values["re"].low == -5.0
    assert row.values["modulus"].high == pytest.approx(12.0)  # the softest is the greatest
    (row,), _ = reader.rows([note([voice], midi_note=highest)])
    assert row.values["re"].high == 10.0


def test_an_end_at_which_values_are_clamped_is_open():
    (voice,) = voices_of(one_part(FIXED), ["a"]).voices
    reader = Reader([voice], {})
    lowest, highest = voice.candidate.midi_notes[0], voice.candidate.midi_notes[-1]
    (low,), _ = reader.rows([note([voice], midi_note=lowest)])
    (high,), _ = reader.rows([note([voice], midi_note=highest)])
    assert (low.values["x"].low, high.values["x"].high) == (-math.inf, math.inf)
    assert math.isfinite(low.values["x"].high)


@pytest.mark.parametrize(
    ("pitch", "ranges", "words"),
    [
        ("", {"y": (0.0, 1.0)}, "found 'y'; the notes tell x"),
        ('rescale = { mode = "rank" }', {"x": (0.0, 1.0)}, "plays its rank"),
        ('transform = "log"', {"x": (0.0, 1.0)}, "must be above 0"),
    ],
)
def test_a_range_that_turns_nothing_back_is_refused(pitch, ranges, words):
    voices = voices_of(one_part(pitch), ["a"]).voices
    with pytest.raises(UsageError, match=words):
        Reader(voices, ranges)


def test_a_range_that_the_session_fixes_is_none_of_anybody_else():
    voices = voices_of(one_part(FIXED), ["a"]).voices
    with pytest.raises(UsageError, match="range x: the session fixes it; leave it out"):
        Reader(voices, {"x": (0.0, 5.0)})
    text = (
        f'[[part]]\npitch = {{ field = "x", {FIXED} }}\n'
        'duration = { field = "x", low = 0.1, high = 0.5, rescale = { mode = "minmax" } }'
    )
    voices = voices_of(session(text), ["a"]).voices
    assert Reader(voices, {"x": (0.0, 5.0)}).columns == ("x",)


def test_a_range_that_a_live_listener_does_not_keep_to_is_doubted():
    voices = voices_of(one_part(), ["a"]).voices
    (doubt,) = Reader(voices, {"x": (0.0, 5.0)}).remarks
    assert doubt.startswith("range x: right for a table")
    assert Reader(voices, {}).remarks == ()


def test_a_range_that_moves_is_doubted_and_one_of_the_whole_table_is_not():
    (voice,) = voices_of(load_session("demo"), ["eta"]).voices
    (doubt,) = Reader([voice], {"re": (-5.0, 10.0)}).remarks
    assert doubt.startswith("range re: the session's own follows the data")
    (voice,) = voices_of(load_session("article"), ["eta"]).voices
    assert Reader([voice], {"re": (-5.0, 10.0)}).remarks == ()


def test_error_bars_are_as_wide_as_a_note_is_uncertain():
    voices = voices_of(load_session("article"), ["eta"]).voices
    reader = Reader(voices, {})
    low, high = (
        reader.rows([note(voices, duration_s=0.3, level_db=-30.0, error=error)])[0][0].values
        for error in (NoteError(duration_s=0.01, level_db=0.5), NoteError(0.01, 0.04, 0.25, 2.0))
    )
    assert high["im_place"].width == pytest.approx(4 * low["im_place"].width)
    assert high["modulus_place"].width > 3.5 * low["modulus_place"].width
    assert high["re_place"] == low["re_place"]  # a step of the scale is exact


def test_what_can_not_be_undone_is_in_the_name():
    voices = voices_of(one_part('transform = ["rate", "log"]\nsmooth = 3'), ["a"]).voices
    assert Reader(voices, {}).columns == ("x_rate_log_smooth_place",)
    voices = voices_of(one_part('transform = ["rate", "log"]'), ["a"]).voices
    assert Reader(voices, {"x_rate": (1.0, 1e6)}).columns == ("x_rate",)


def test_a_field_that_is_the_pitch_itself_is_told_in_its_unit():
    voices = voices_of(one_part('unit = "hz"'), ["a"]).voices
    (row,), _ = Reader(voices, {}).rows([note(voices, midi_note=69.0)])
    assert row.values["x"].value == pytest.approx(440.0)
    assert row.values["x"].holds(445.0)
    assert not row.values["x"].holds(450.0)


def test_a_gain_is_told_by_a_level_that_never_changes():
    voices = voices_of(one_part(FIXED), ["a"]).voices
    notes = [note(voices, onset_s=float(i), level_db=-18.0 - 12.5) for i in range(5)]
    rows, gain = Reader(voices, {}).rows(notes)
    assert gain == pytest.approx(-12.5)
    assert rows[0].note.level_db == pytest.approx(-18.0)


LEVELS = st.lists(st.floats(0, 1), min_size=5, max_size=20)
GAINS = st.one_of(st.floats(-40, -15), st.floats(15, 40))


@given(levels=LEVELS, gain=GAINS)
def test_a_gain_puts_levels_that_change_where_they_may_be(levels, gain):
    """Where both ends of the range are played, and no level can have been without the gain."""
    (voice,) = voices_of(load_session("article"), ["eta"]).voices
    low, high = voice.candidate.level_db
    played = [low + (high - low) * level for level in (0.0, *levels, 1.0)]
    notes = [note([voice], onset_s=float(i), level_db=x + gain) for i, x in enumerate(played)]
    rows, found = Reader([voice], {}).rows(notes)
    assert found == pytest.approx(gain)
    assert [row.note.level_db for row in rows] == pytest.approx(played)


@given(levels=LEVELS, wrong=st.floats(-20, 20))
def test_a_level_that_is_read_wrong_makes_no_gain(levels, wrong):
    (voice,) = voices_of(load_session("article"), ["eta"]).voices
    low, high = voice.candidate.level_db
    played = [low + (high - low) * level for level in (*levels, *levels, *levels)]
    told = [*played, played[0] + wrong]
    notes = [note([voice], onset_s=float(i), level_db=x) for i, x in enumerate(told)]
    assert Reader([voice], {}).rows(notes)[1] == 0


def test_the_length_of_notes_in_a_row_is_told_by_where_the_next_begins():
    (voice,) = voices_of(load_session("article"), ["eta"]).voices
    reader = Reader([voice], {"im": (0.0, 1.0)})
    onsets, lengths = [0.0], [0.2, 0.4, 0.3, 0.5]
    for length in lengths:
        onsets.append(onsets[-1] + length)
    notes = [
        note([voice], onset_s=onset, duration_s=length - 0.02)
        for onset, length in zip(onsets, [*lengths, 0.3], strict=True)
    ]
    rows, _ = reader.rows(notes)
    told = [0.1 + 0.4 * row.values["im"].value for row in rows]
    assert told == pytest.approx([*lengths, 0.28], abs=1e-9)


def test_each_stream_of_a_session_of_wildcards_has_a_voice():
    voices = voices_of(Session(), ["a", "b", "c"], ["x"]).voices
    assert [voice.stream for voice in voices] == ["a", "b", "c"]
    assert len({voice.candidate for voice in voices}) == 3
    assert len({voice.candidate.pan for voice in voices}) == 3


def test_streams_that_sound_alike_are_told_as_one():
    found = voices_of(load_session("article"), ["eta", "zeta"])
    assert [voice.stream for voice in found.voices] == ["eta|zeta"]
    assert found.remarks == ("eta|zeta: nothing tells these streams apart",)


@pytest.mark.parametrize(
    ("name", "words"),
    [("sensor", "held and glides"), ("drone", "held and glides")],
)
def test_voices_that_glide_are_not_decoded(name, words):
    with pytest.raises(UsageError, match=words):
        voices_of(load_session(name), ["a"])


@pytest.mark.parametrize(
    ("streams", "words"),
    [([], "found 0 streams"), (["a", "a"], "twice"), (["a\x1b"], "printable"), ([""], "printable")],
)
def test_streams_that_are_none_are_refused(streams, words):
    with pytest.raises(UsageError, match=words):
        voices_of(Session(), streams)


def test_a_stream_that_no_part_plays_is_refused():
    with pytest.raises(UsageError, match="they play host\\*"):
        voices_of(session('[[part]]\nstream = "host*"'), ["boiler"])


def test_names_are_made_up_that_the_patterns_match():
    assert numbered_streams(Session(), 2) == ("1", "2")
    assert numbered_streams(session('[[part]]\nstream = "host*/cpu"'), 2) == (
        "host1/cpu",
        "host2/cpu",
    )
    two = session('[[part]]\nstream = "a"\n[[part]]\nstream = "b"')
    assert numbered_streams(two, 5) == ("a", "b")
    both = session('[[part]]\nstream = "b*"\n[[part]]\nstream = "a"')
    assert numbered_streams(both, 2) == ("a", "b1", "b2")


def test_an_instrument_that_hangs_on_a_field_is_listened_for_in_all_its_forms():
    text = '[[part]]\n[part.instrument]\nfield = "y"\ndefault = "flute"\nabove = [[5, "brass"]]\n'
    voices = voices_of(session(text), ["a"]).voices
    assert {voice.candidate.name for voice in voices} == {"flute", "brass"}


def test_an_interval_holds_what_lies_in_it():
    assert Interval(1, 2, 3).holds(3)
    assert not Interval(1, 2, 3).holds(3.1)
    assert msgspec.json.encode(Interval(1, 2, 3)) == b"[1,2,3]"
