"""A recording knows whose producer said goodbye: whoever hears it again is not told of silence."""

import msgspec
import pytest

from streamson import Publisher
from streamson.model.event.streams import StreamStale
from streamson.model.point import DataPoint
from streamson.offline.past_inputs import PastRecording
from streamson.offline.resynthesize import rescore, resynthesize
from streamson.recording.manifest import CHANGES
from streamson.recording.reader import Recording
from streamson.recording.rows import ChangeRow, point_row, read_rows
from streamson.session.load import parse_session
from tests.conftest import until
from tests.recording.conftest import recorded

SESSION = parse_session(b"[notices]\nstale = true\n[[part]]\n[[alert]]\nabove = 99", "s.toml")
RATE = 44_100


@pytest.fixture
def take(tmp_path):
    """A recording of a stream that says goodbye, comes back, and says it again."""
    folder = tmp_path / "take"
    with recorded(folder) as (listener, _):
        for _ in range(2):
            with Publisher(listener.endpoint) as publisher:
                publisher.send("job", x=1.0)
                until(lambda: listener.stream_stats()[:1], "the point")
                until(lambda: listener.stream_stats()[0].state == "live", "the stream")
            until(lambda: listener.stream_stats()[0].state == "ended", "the goodbye")
            # What comes next comes later, in frames as well.
            later = listener.engine.frame + RATE // 10
            until(lambda later=later: listener.engine.frame > later, "sound")
    return folder


def test_goodbyes_are_in_it_among_the_points(take):
    received = [type(message).__name__ for _, message in Recording(take).received()]
    assert received == ["DataPoint", "Goodbye"] * 2
    assert [row.ended for row in read_rows(take / CHANGES, ChangeRow)] == ["job", "job"]
    assert max(abs(block).max() for block in resynthesize(Recording(take))) > 0  # none is a volume


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_who_said_goodbye_is_silent_by_right(take, says_goodbye):
    points = [("job", i) for i in range(20)] + [("other", i) for i in range(20, 40)]
    rows = (point_row(DataPoint(name, {"x": 1.0}, i), i * RATE, i) for name, i in points)
    (take / "points.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    goodbye = msgspec.json.encode(ChangeRow(20 * RATE, ended="job")) + b"\n"
    (take / CHANGES).write_bytes(goodbye if says_goodbye else b"")
    told = ["silent"] * (not says_goodbye)
    assert [alert.kind for alert in PastRecording(take, SESSION).alerts()] == told
    events = []
    assert list(rescore(Recording(take), SESSION, events.append))
    assert sum(isinstance(event, StreamStale) for event in events) == len(told)
