"""Words for a person: what is played of each stream."""

import pytest

from streamson.rescaling.extents import Source, extents_of
from streamson.score.legend import legend
from streamson.session.load import load_session, parse_session
from streamson.session.schema import Session


def line_of(session, *fields, extents=None, name="s"):
    ((stream, line),) = legend(session, {name: fields}, extents)
    assert stream == name
    return line


def test_the_article():
    assert line_of(load_session("article"), "re", "im", "modulus", "t", name="eta") == (
        "eta: re -> pitch G3..C6, im -> duration 0.1..0.5 s, "
        "modulus -> volume -22.3..-36.3 dBFS, sine"
    )


def test_a_table_tells_the_values_between_which_it_is_mapped():
    extents = extents_of([({"x": float(i)}, 0.0) for i in range(60)], [Source("x")])
    assert line_of(Session(), "x", extents=extents) == "s: x -> pitch D3..G5 (0..59), epiano"


def test_live_what_is_known_beforehand_is_told():
    assert line_of(Session(), "percent", "free") == (
        "s: percent -> pitch D3..G5 (0..100), free -> volume -26..-14 dBFS (equalised), epiano"
    )


def test_streams_by_themselves_are_told_apart():
    lines = [line for _, line in legend(Session(), {"a": ("x",), "b": ("x",)})]
    assert lines == [
        "a: x -> pitch D3..G5 (equalised), epiano",
        "b: x -> pitch D2..G4 (equalised), strings",
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("pitch = { field = 'y' }", "nothing, for its pitch is to follow the field y; there is x"),
        ("pitch = { field = 2 }", "nothing, for its pitch is to follow the field number 2"),
        ("pan = { field = 'y' }", "x -> pitch G3..C6 (equalised), pan has no field y, sine"),
        ("pitch = { field = 'x', unit = 'hz' }", "x -> pitch, sine"),
        ("pitch = { field = 'x', polarity = 'down' }", "x -> pitch C6..G3 (equalised), sine"),
        ("pitch = { value = 'A4' }", "pitch A4, sine"),
        (
            "pitch = { transform = ['rate', 'log'], rescale = { mode = 'fixed', range = [1, 3] } }",
            "log of rate of x -> pitch G3..C6 (1..3), sine",
        ),
        (
            "pitch = { rescale = { mode = 'equalize', window = 50 } }",
            "x -> pitch G3..C6 (equalised), sine",
        ),
        ("instrument = 'strings'\nwidth = 0.2", "x -> pitch G3..C6 (equalised), strings"),
        ("instrument = { field = 'x', default = 'bell', above = [[1, 'harp']] }", "by x"),
    ],
)
def test_what_a_part_plays(part, words):
    assert words in line_of(parse_session(f"[[part]]\n{part}".encode(), "t.toml"), "x")
