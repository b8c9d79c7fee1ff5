"""Lines out of bytes: parted anyhow, half a line at first, noise; and labels with their numbers."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.producers.base.unusable import Unusable
from streamson.producers.devices.plotter_line import parse_plotter_line
from streamson.producers.devices.serial_lines import MAX_LINE_BYTES, SerialLines


def lines_of(*chunks, is_amid_line=False):
    unusable = Unusable("line")
    lines = SerialLines(unusable, is_amid_line=is_amid_line)
    return [line for chunk in chunks for line in lines.feed(chunk)], unusable.count


@pytest.mark.parametrize(
    ("data", "lines", "unusable"),
    [
        (b"1\n2\r\n3\r4\n\n\r\n5", ["1", "2", "3", "4"], 0),
        ("21 °C\n".encode(), ["21 °C"], 0),
        (b"21 \xb0C 5 \xb5m\n", ["21 °C 5 µm"], 0),
        (b"\xff\xfe\n1\n", ["1"], 1),
        (b"\0\x001\n", ["1"], 0),
        (b"x" * (MAX_LINE_BYTES + 1) + b"\n1\n", ["1"], 1),
        (b"x" * MAX_LINE_BYTES + b"\n1\n", ["x" * MAX_LINE_BYTES, "1"], 0),
    ],
)
def test_lines(data, lines, unusable):
    assert lines_of(data) == (lines, unusable)


def test_what_may_be_half_a_line_is_left_out():
    assert lines_of(b"5\n", b"6\n", is_amid_line=True) == (["6"], 0)
    assert lines_of(b"5", b"5", b"\n6\n", is_amid_line=True) == (["6"], 0)


def test_what_never_ends_is_counted_once_and_not_held():
    unusable = Unusable("line")
    lines = SerialLines(unusable, is_amid_line=False)
    for _ in range(100):
        assert list(lines.feed(b"\xa5" * 1_000)) == []
        assert len(lines._buffer) <= MAX_LINE_BYTES
    assert list(lines.feed(b"rest\nT:1\n")) == ["T:1"]
    assert unusable.count == 1


@given(st.binary(max_size=200), st.data())
def test_how_bytes_are_cut_makes_no_difference(data, draw):
    logging.getLogger("streamson.producers").setLevel(logging.CRITICAL)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=10)))
    chunks = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert lines_of(*chunks) == lines_of(data)


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("a:1,b:2", {"a": 1, "b": 2}),
        ("temp:21.5\thum:-40e-1", {"temp": 21.5, "hum": -4}),
        ("Temp C:21, Hum %: 4", {"Temp C": 21, "Hum %": 4}),
        ("x:1 y:2 z:.5", {"x": 1, "y": 2, "z": 0.5}),
        ("a:nan,b:2,c:-inf,d:1e999", {"b": 2}),
        ("12:30:05", {}),
        ("a:1,words", {}),
        ("a:1:2", {}),
        ("error: 5 of 7", {}),
        ("a:", {}),
        ("", {}),
        (",".join(f"c{i}:{i}" for i in range(70)), {f"c{i}": i for i in range(64)}),
    ],
)
def test_labels_as_the_serial_plotter_has_them(line, numbers):
    assert parse_plotter_line(line) == numbers


LABELS = st.text("abcXYZ_", min_size=1, max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(LABELS, NUMBERS, max_size=10), st.sampled_from([",", "\t", ", ", " "]))
def test_what_is_printed_is_read(numbers, between):
    line = between.join(f"{name}:{value!r}" for name, value in numbers.items())
    assert parse_plotter_line(line) == numbers


@given(st.text(st.sampled_from("a1:,. \t-+e\0é"), max_size=300))
def test_any_line_is_numbers_or_none(line):
    assert all(name.isprintable() for name in parse_plotter_line(line))
