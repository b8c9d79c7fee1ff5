"""The last lines of a listener: what they say is true, and right in number."""

import pytest

from streamson import Listener
from streamson.cli.playing import summary
from tests.live import made_up


@pytest.fixture(scope="module")
def listener():
    """One that has stopped."""
    with Listener("tcp://127.0.0.1:*", output="none") as found:
        pass
    return found


def lines(listener, **changes):
    return summary(made_up.statistics(seconds=9.0, **changes), listener).splitlines()


def test_one_of_each_is_said_as_one(listener):
    told = lines(
        listener,
        **dict.fromkeys(("notes_played", "points_received", "points_lost", "notes_late"), 1),
        **dict.fromkeys(("streams_refused", "points_of_refused_streams", "points_unplayed"), 1),
        **dict.fromkeys(("over_streams", "faults", "notes_waiting", "messages_refused"), 1),
    )
    assert told == [
        "played 1 note of 1 point in 9.0 s, 1 note still to come",
        "lost 1 point, refused 1 message, coalesced 0 points, dropped 0 notes, late 1 note",
        "1 point had no field that is played",
        "did not play 1 point of 1 or more streams: there were too many",
        "left out 1 message beyond the limits of their source: see above",
        "1 fault of streamson left something out: see above",
    ]


def test_points_that_the_bed_tells_of_are_said(listener):
    told = lines(listener, points_received=9, points_in_bed=9)
    assert len(told) == 3
    assert told[2].startswith("9 points of streams that were not in front; ")


def test_what_became_of_alerts_is_said(listener):
    told = lines(listener, alerts_sounded=1)
    assert told[-1] == "1 alert: 1 sounded"
    told = lines(listener, alerts_sounded=3, alerts_merged=490, alerts_waiting=7)
    assert told[-1] == "500 alerts: 3 sounded, 490 told with others, 7 still to be told"


def test_more_coalesced_points_than_came_are_explained(listener):
    told = lines(listener, points_received=100, notes_played=20, points_coalesced=180)
    assert "coalesced 180 points, once for each part, dropped" in told[1]


def test_notes_that_somebody_muted_are_said_and_no_silence_without_a_reason(listener):
    told = lines(listener, points_received=3, notes_muted=3)
    assert told[1].endswith("late 0 notes, muted 3 notes")
    assert len(told) == 2
    assert lines(listener, points_received=3)[2].startswith("no note came of these points")
