"""Plain lines: what they say, and when."""

import pytest

from streamson.live.plain import PlainLines, summary_line
from streamson.model.event.streams import StreamRecovered
from streamson.model.feed import EVENT, HELLO, STATE, STATISTICS, STREAMS, EventTold, Streams
from tests.live import made_up


class Told:
    """Plain lines that were told of a made-up listener."""

    def __init__(self):
        self.lines = []
        self.plain = PlainLines(self.lines.append)

    def __call__(self, topic, message):
        """Return the new lines."""
        before = len(self.lines)
        self.plain.update(topic, message)
        return self.lines[before:]


@pytest.fixture
def told():
    found = Told()
    found(HELLO, made_up.hello())
    return found


def at(seconds, **changes):
    return made_up.statistics(seconds=seconds, points_received=5, streams=2, **changes)


@pytest.mark.parametrize(
    ("stats", "line"),
    [
        (made_up.statistics(seconds=3.0), "0:03  waiting for points on tcp://127.0.0.1:1"),
        (at(75.0), "1:15  a C4  2 streams, 5 points, 0 notes, load 0.0 %"),
        (
            at(75.0, points_lost=1, alerts_active=1, streams_stale=2, notes_dropped=3, lag_s=0.6),
            "1:15  a C4  2 streams, 2 silent, 1 alert, 5 points, 1 lost, 0 notes, 3 dropped, "
            "0.6 s behind, load 0.0 %",
        ),
    ],
)
def test_a_line_sums_up(stats, line):
    assert summary_line(stats, endpoint="tcp://127.0.0.1:1", last_played="a C4") == line


def test_who_follows_another_listener_gets_notes_and_no_points(told):
    where = {"endpoint": "tcp://127.0.0.1:1", "last_played": "a C4", "follows": True}
    assert summary_line(made_up.statistics(seconds=3.0), **where) == (
        "0:03  waiting for notes of the listener on tcp://127.0.0.1:1"
    )
    stats = made_up.statistics(seconds=75.0, streams=1, notes_played=1)
    assert summary_line(stats, **where) == "1:15  a C4  1 stream, 1 note, load 0.0 %"
    follower = Told()
    lines = follower(HELLO, made_up.hello(follows=True))
    lines += follower(STATISTICS, made_up.statistics(seconds=3.0))
    assert lines[0][9:] == (
        "streamson 0 plays without sound what the listener plays on tcp://127.0.0.1:5570"
    )
    assert lines[1] == "0:03  waiting for notes of the listener on tcp://127.0.0.1:5570"


def test_a_newcomer_is_greeted_and_told_which_alerts_last(told):
    assert (
        told.lines[0][8:] == " streamson 0 plays without sound what comes to tcp://127.0.0.1:5570"
    )
    known = made_up.alert("b", acknowledged=True)
    one, other = told(STATE, made_up.state(alerts=(made_up.alert("a"), known)))
    assert one[8:].startswith(" a: percent is 97, above 90, since ")
    assert other[8:].startswith(" b: percent is 97, above 90, since ")
    assert other.endswith(", which somebody knows")
    assert told(STATE, made_up.state(alerts=(made_up.alert("c"),))) == []  # its event tells it


def test_what_happens_is_told_at_once_and_harmless(told):
    event = StreamRecovered(frame=0, name="\x1b[2Jred\n", silent_s=3.0)
    (line,) = told(EVENT, EventTold(number=1, time=0.0, sentence=event.sentence, event=event))
    assert line[8:] == r" \x1b[2Jred\n: back after 3.0 s"


def test_every_ten_seconds_it_sums_up(told):
    told(STREAMS, Streams(frame=0, count=1, rows=(made_up.row("web1/cpu"),)))
    found = [seconds for seconds in range(35) if told(STATISTICS, at(float(seconds)))]
    assert found == [0, 10, 20, 30]
    assert "  web1/cpu C#4  2 streams" in told.lines[-1]


def test_of_a_listener_that_began_anew_it_sums_up_at_once(told):
    assert told(STATISTICS, at(5_000.0))
    assert told(STATISTICS, at(2.0))
    assert not told(STATISTICS, at(3.0))
