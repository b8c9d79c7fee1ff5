"""What a producer that says goodbye leaves behind: nothing that lasts, and nothing forgotten."""

from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.model.point import DataPoint
from streamson.score.score import Score
from streamson.session.load import parse_session

RATE = 1_000
HOT = b'[[alert]]\nfield = "x"\nabove = 10\nrepeat = "10s"'


def test_an_alert_ends_with_its_stream_and_is_told_anew_once_that_is_back():
    happened = []
    score = Score(parse_session(HOT, "hot.toml"), sample_rate=RATE, on_event=happened.append)

    def publish(value, second):
        return score.process(DataPoint("boiler", {"x": value}, second), second * RATE)

    def alerts_of(stream):
        (found,) = [one for one in score.stream_statistics() if one.name == stream]
        return found.state, score.has_alert(stream, "x"), score.alerts_active

    publish(50.0, 0)
    assert alerts_of("boiler") == ("alert", True, 1)
    assert [note for note in score.flush(11 * RATE) if note.foreground]  # it sounds again
    score.end("boiler", 12 * RATE)
    assert alerts_of("boiler") == ("ended", False, 0)
    assert not [note for note in score.flush(60 * RATE) if note.foreground]

    publish(50.0, 70)
    assert alerts_of("boiler") == ("alert", True, 1)
    publish(5.0, 80)
    assert alerts_of("boiler") == ("live", False, 0)
    told = [type(event) for event in happened if isinstance(event, AlertRaised | AlertCleared)]
    assert told == [AlertRaised, AlertRaised, AlertCleared]
