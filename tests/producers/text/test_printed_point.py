"""What --dry-run prints is read back as it was."""

import io
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamson.model.limits import MAX_FIELDS, MAX_STREAM_CHARS
from streamson.producers.base.sink import PointPrinter
from streamson.producers.base.stream_template import clean_name
from streamson.producers.text.line_reader import LineReader
from streamson.producers.text.printed_point import LEVELS, parse_printed_point

NAMES = st.text(min_size=1, max_size=60).filter(lambda name: name.isprintable() and name.strip())
STREAMS = NAMES.map(clean_name).filter(lambda name: name.upper() not in LEVELS)
VALUES = st.none() | st.floats(-1.7e308, 1.7e308)
TIMES = st.floats(0, 4e9)


def printed(stream, fields, time):
    out = io.StringIO()
    PointPrinter(out).send(stream, fields, time=time)
    return out.getvalue()


@given(STREAMS, st.dictionaries(NAMES, VALUES, min_size=1, max_size=MAX_FIELDS), TIMES)
@example("web/{a=b}", {"a=b": 5.0, "=": -1.0, "time": 1e9}, 1.5)
def test_a_printed_point_is_read_back(stream, fields, time):
    (parsed,) = LineReader().parse(printed(stream, fields, time))
    assert parsed.topic == "_".join(stream.split())
    # Blanks in names become underscores, so that two may be one.
    words = {"_".join(name.split()): value for name, value in fields.items()}
    assert parsed.fields.keys() == words.keys()
    for name, value in words.items():
        assert parsed.fields[name] == (None if value is None else pytest.approx(value, rel=1e-14))
    assert parsed.time == pytest.approx(math.floor(time * 1e3) / 1e3, abs=1.1e-3)


@given(STREAMS, st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), TIMES)
def test_what_was_read_back_is_printed_the_same(stream, fields, time):
    once = printed(stream, fields, time)
    parsed = parse_printed_point(once.strip())
    assert printed(parsed.topic, parsed.fields, parsed.time + 1e-6) == once


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-27T18:54:17.250Z INFO percent=97.5",
        "2026-11-27T18:54:17.250Z web1/cpu",
        "2026-11-27T18:54:17.250Z web1/cpu took long",
        "2026-11-27T18:54:17.250Z web1/cpu x=1 and y=2",
        "2026-11-27T18:54:17.250Z web1/cpu x=fast",
        "2026-99-27T18:54:17.250Z web1/cpu x=1",
        "2026-11-27T18:54:17.250Z  x=1",
        f"2026-11-27T18:54:17.250Z {'x' * (MAX_STREAM_CHARS + 1)} x=1",
        "2026-11-27 18:54:17.250Z+1 web1/cpu x=1",
        "",
    ],
)
def test_other_lines_are_none(line):
    assert parse_printed_point(line) is None


def test_a_log_of_the_same_form_is_read_as_one():
    (parsed,) = LineReader().parse("2026-11-27T18:54:17.250Z INFO percent=97.5 host=a")
    assert (parsed.topic, parsed.fields, parsed.time) == ("", {"percent": 97.5}, 1795805657.25)
