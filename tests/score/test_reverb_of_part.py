"""``reverb`` of a part that many streams play: each of its notes has it, whoever plays it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.model.point import DataPoint
from streamson.score.score import Score
from streamson.session.load import parse_session

SESSION = """
    [audio]
    reverb = {}
    [attention]
    foreground = "all"
    [[part]]
    stream = "*/cpu"
    instrument = "auto"
    register = "auto"
    reverb = -6
    [[part]]
    stream = "host[0-9]/*"
    instrument = "organ"
    articulation = "continuous"
    bands = [70, 90]
    pitch = { low = "C2", high = "C3" }
    reverb = "none"
    [[part]]
    stream = "plain/*"
"""
SENDS = {"cpu": 10 ** (-6 / 20), "host": 0.0}

names = st.tuples(st.sampled_from(["host1", "host2", "web", "plain"]), st.sampled_from("ab"))
streams = names.map("/".join) | names.map(lambda name: f"{name[0]}/cpu")


@settings(max_examples=30)
@given(st.lists(st.tuples(streams, st.floats(0, 100)), min_size=1, max_size=20))
def test_every_note_goes_to_the_room_as_its_part_says(points):
    score = Score(parse_session(SESSION.encode(), "room.toml"), sample_rate=1_000)
    for number, (stream, value) in enumerate(points):
        wanted = []
        if stream.endswith("/cpu"):
            wanted.append(SENDS["cpu"])
        if stream.startswith("host"):
            wanted.append(SENDS["host"])
        if stream.startswith("plain/"):
            wanted.append(1.0)
        point = DataPoint(stream, {"percent": value}, float(number))
        sends = [note.reverb_send for note in score.process(point, 1_000 * number)]
        # Streams that no part matches play what makes sense by itself, and send what others do.
        assert sends == pytest.approx(wanted or [1.0])
