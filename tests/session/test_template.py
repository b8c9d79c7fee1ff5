"""A first session file from what was seen."""

import math

from hypothesis import given
from hypothesis import strategies as st

from streamson.model.point import DataPoint
from streamson.score.score import Score
from streamson.session.load import parse_session
from streamson.session.parse.parts import MAX_PARTS
from streamson.session.resolve import played_fields
from streamson.session.template import SeenStream, session_template

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200
)
FIELDS = st.dictionaries(NAMES, st.floats(allow_nan=True), min_size=1, max_size=6)


@given(st.dictionaries(NAMES, st.lists(FIELDS, min_size=1, max_size=3), min_size=1, max_size=5))
def test_it_is_right_whatever_was_seen(points):
    streams = {}
    for name, rows in points.items():
        streams[name] = SeenStream()
        for fields in rows:
            streams[name].see(fields)
    text = session_template(streams, endpoint="tcp://127.0.0.1:5570", seconds=10)
    session = parse_session(text.encode(), "new.toml")
    assert len(session.parts) == len(streams)
    for name, rows in points.items():
        first = next(iter(rows[0]))
        assert first in played_fields(session, name)
    # What is a comment is right, too.
    opened = "\n".join(
        line.removeprefix("# ")
        if line.startswith(("# [[", "# stream =", "# field =", "# above"))
        else line
        for line in text.split("\n")
    )
    assert len(parse_session(opened.encode(), "opened.toml").alerts) == 1


def test_a_pattern_matches_its_stream_alone():
    streams = {name: SeenStream() for name in ("a[1]", "a1", "b*", "bc", "d?")}
    for stream in streams.values():
        stream.see({"x": 1.0})
    session = parse_session(session_template(streams, endpoint="e", seconds=1).encode(), "new.toml")
    score = Score(session, sample_rate=1_000)
    for i, name in enumerate(streams):
        assert len(score.process(DataPoint(name, {"x": 1.0}, 0.0), i)) == 1


def test_ranges_are_told_and_what_is_too_much_is_left_out():
    streams = {}
    for i in range(MAX_PARTS + 2):
        streams[f"s{i}"] = SeenStream()
        for value in (1.5, math.nan, 3.25):
            streams[f"s{i}"].see({"x": value, "y": math.nan})
    text = session_template(streams, endpoint="e", seconds=2)
    assert "# 1.5 points a second" in text
    assert "# 1.5 to 3.25" in text
    assert '# volume = { field = "y" }    # no values' in text
    assert "# There is no room for 2 more streams." in text
    assert len(parse_session(text.encode(), "new.toml").parts) == MAX_PARTS
