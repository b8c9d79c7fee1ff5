"""Names of notes and scales."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.music.pitch import hz_to_midi, midi_to_hz, midi_to_note, note_to_midi, pitch_class
from streamson.music.scala import parse_scl
from streamson.music.scales import SCALES, nearest_scale, parse_scale


@pytest.mark.parametrize(
    ("name", "midi_note"),
    [
        ("G3", 55),
        ("c6", 84),
        ("A4", 69),
        ("C#4", 61),
        ("Db4", 61),
        ("db4", 61),
        ("BB3", 58),
        ("b3", 59),
        ("Cb4", 59),
        ("B#3", 60),
        ("F♯2", 42),
        ("E♭2", 39),
        ("C-1", 0),
        ("G9", 127),
    ],
)
def test_names_of_notes(name, midi_note):
    assert note_to_midi(name) == midi_note


@pytest.mark.parametrize("name", ["", "H3", "C", "C##4", "G#9", "Cb-1", "C10", "4", "C 4", "Cx4"])
def test_what_is_not_a_note(name):
    with pytest.raises(ValueError, match=r"is not the name of a note|lies outside C-1 to G9"):
        note_to_midi(name)


@given(st.integers(0, 127))
def test_name_and_midi_note_are_inverse(midi_note):
    assert note_to_midi(midi_to_note(midi_note)) == midi_note


@given(st.floats(0, 127))
def test_frequency_and_midi_note_are_inverse(midi_note):
    assert hz_to_midi(midi_to_hz(midi_note)) == pytest.approx(midi_note, abs=1e-9)


def test_known_frequencies():
    assert midi_to_hz(69) == 440
    assert midi_to_hz(55) == pytest.approx(195.9977, abs=1e-4)
    assert midi_to_hz(84) == pytest.approx(1046.5023, abs=1e-4)


def test_the_scale_of_the_article():
    assert parse_scale("C major").notes(55, 84) == tuple(
        k + 20 for k in range(35, 65) if k % 12 not in {0, 2, 5, 7, 10}
    )


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("c major pentatonic", (60, 62, 64, 67, 69, 72)),
        ("A minor", (60, 62, 64, 65, 67, 69, 71, 72)),
        ("bb  Blues", (61, 63, 64, 65, 68, 70)),
        ("d dorian", (60, 62, 64, 65, 67, 69, 71, 72)),
        ("f# chromatic", tuple(range(60, 73))),
        ("g major chord", (62, 67, 71)),
        ("c rast", (60, 62, 63.5, 65, 67, 69, 70.5, 72)),
        ("c 5 edo", (60, 62.4, 64.8, 67.2, 69.6, 72)),
        ("a 12edo", tuple(range(60, 73))),
    ],
)
def test_notes_of_a_scale(text, notes):
    assert parse_scale(text).notes(60, 72) == notes


def test_both_ends_are_included_and_fractions_left_out():
    assert parse_scale("c chromatic").notes(60.5, 62.5) == (61, 62)
    assert parse_scale("c major").notes(61, 61) == ()


@pytest.mark.parametrize("name", SCALES)
@given(root=st.sampled_from("cdefgab"), accidental=st.sampled_from(["", "#", "b"]))
def test_a_scale_has_its_root_and_as_many_notes_an_octave(name, root, accidental):
    notes = parse_scale(f"{root}{accidental} {name}").notes(36, 47.99)
    assert len(notes) == len(SCALES[name])
    assert pitch_class(root + accidental) in {note % 12 for note in notes}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("c majr", "c major"),
        ("F# MINR", "f# minor"),
        ("majr", "c major"),
        ("d dorain", "d dorian"),
        ("c xyz", None),
        ("", None),
        ("c 0 edo", None),
        ("c 73 edo", None),
    ],
)
def test_nearest_scale(text, meant):
    assert nearest_scale(text) == meant
    with pytest.raises(ValueError, match="is not a"):
        parse_scale(text)


BOHLEN_PIERCE = b"""! bp.scl
!
Bohlen-Pierce, some of its steps
 3
!
 146.304 cents are the first
 9/7
 3
"""


def test_a_scala_file_goes_on_in_its_own_period():
    scale = parse_scl(BOHLEN_PIERCE, 60)
    twelfth = 12 * math.log2(3)
    steps = (0, 1.46304, 12 * math.log2(9 / 7))
    expected = [60 + k * twelfth + step for k in (-1, 0, 1) for step in steps]
    expected = [note for note in expected if 45 <= note <= 82]
    assert scale.notes(45, 82) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "a description and a number of notes are missing"),
        (b"x\nmany\n", "line 2: 'many' is not a number of notes, 1 to 999"),
        (b"x\n2\n3/2\n", "line 2 says 2 notes, but 1 follow"),
        (b"x\n1\nabc\n", "line 3: 'abc' is neither cents (701.955) nor a ratio (3/2)"),
        (b"x\n1\n3/0\n", "line 3: '3/0' is neither"),
        (b"x\n1\n-3/2\n", "line 3: '-3/2' is neither"),
        (b"x\n1\n.\n", "line 3: '.' is neither"),
        (b"x\n! no\n1\n0.0\n", "line 4: the last pitch, the period, must be above 1/1"),
        (b"x\n1\n99999999.9\n", "beyond what can be played"),
        (b"x" * 70_000, "more than 65536 bytes"),
    ],
)
def test_what_is_no_scala_file(content, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse_scl(content, 60)
