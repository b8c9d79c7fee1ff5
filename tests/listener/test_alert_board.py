"""Alerts that are not over: listed, acknowledged, and gone when they are, also without a word."""

import threading

import pytest

from streamson.errors import UsageError
from streamson.listener.alert_board import MAX_ALERTS, AlertBoard
from streamson.model.command import Acknowledge, ChangeSession
from streamson.model.event.alerts import AlertAcknowledged, AlertCleared, AlertRaised
from streamson.model.event.steering import SessionChanged
from streamson.session.load import parse_session
from tests.listener.watching import watched


class Board:
    """A board, and the alerts that are active."""

    def __init__(self):
        self.active = set()
        self.events = []
        self.board = AlertBoard(
            is_active=lambda stream, field: (stream, field) in self.active,
            on_event=self.events.append,
        )

    def raise_alert(self, stream, field="x", value=9.0):
        self.active.add((stream, field))
        self.board.on_event(
            AlertRaised(
                frame=1,
                stream=stream,
                field=field,
                value=value,
                kind="above",
                low=None,
                high=5.0,
                time=0.0,
            )
        )

    def clear(self, stream, field="x", *, is_over=True):
        if is_over:
            self.active.discard((stream, field))
        self.board.on_event(
            AlertCleared(frame=2, stream=stream, field=field, value=1, kind="above", time=0.0)
        )

    @property
    def listed(self):
        return [(alert.stream, alert.field, alert.acknowledged) for alert in self.board.alerts()]


@pytest.fixture
def board():
    return Board()


def test_alerts_are_listed_until_they_are_over(board):
    board.raise_alert("a")
    board.raise_alert("b", "y")
    assert board.listed == [("a", "x", False), ("b", "y", False)]
    assert board.board.alerts()[0].sentence == "a: x is 9, above 5"
    board.clear("a")
    assert board.listed == [("b", "y", False)]


def test_one_that_ends_without_a_word_is_gone_and_others_of_its_stream_stay(board):
    board.raise_alert("a", "x")
    board.raise_alert("a", "y")
    board.active.remove(("a", "x"))  # its session is not in force any more
    assert board.listed == [("a", "y", False)]


def test_a_field_with_two_alerts_is_listed_until_both_are_over(board):
    board.raise_alert("a", value=6.0)
    board.raise_alert("a", value=9.0)
    board.clear("a", is_over=False)
    assert board.listed == [("a", "x", False)]
    board.clear("a")
    assert board.listed == []


def test_one_that_is_raised_again_is_to_be_acknowledged_again(board):
    board.raise_alert("a")
    assert board.board.acknowledge("a", "x", frame=3) == 1
    assert board.listed == [("a", "x", True)]
    assert board.board.acknowledge("a", "x", frame=4) == 0  # known already
    assert board.events == [AlertAcknowledged(frame=3, stream="a", field="x")]
    board.clear("a")
    board.raise_alert("a")
    assert board.listed == [("a", "x", False)]


@pytest.mark.parametrize(
    ("stream", "field", "known"),
    [
        ("", "", {"ax", "ay", "bx"}),
        ("a", "", {"ax", "ay"}),
        ("", "x", {"ax", "bx"}),
        ("b", "x", {"bx"}),
    ],
)
def test_all_or_some_are_acknowledged(board, stream, field, known):
    for one in ("ax", "ay", "bx"):
        board.raise_alert(*one)
    assert board.board.acknowledge(stream, field, frame=0) == len(known)
    assert {s + f for s, f, is_known in board.listed if is_known} == known


@pytest.mark.parametrize(
    ("stream", "field", "words"),
    [
        ("", "", "no alert$"),
        ("a", "z", "no alert of a z$"),
        ("\x1b[31m", "", r"no alert of \\x1b\[31m"),
    ],
)
def test_what_is_none_can_not_be_acknowledged(board, stream, field, words):
    if stream:
        board.raise_alert("a")
    with pytest.raises(UsageError, match=words):
        board.board.acknowledge(stream, field, frame=0)
    assert board.events == []


def test_alerts_without_end_are_bounded(board):
    for i in range(MAX_ALERTS + 10):
        board.raise_alert(f"s{i}")
    assert len(board.listed) == MAX_ALERTS
    assert board.listed[0][0] == "s10"


def test_an_acknowledgement_brings_back_nothing(board):
    """One thread acknowledges while another clears and raises."""
    stopping = threading.Event()

    def acknowledge():
        while not stopping.is_set():
            try:
                board.board.acknowledge("", "", frame=0)
            except UsageError:
                continue

    thread = threading.Thread(target=acknowledge)
    thread.start()
    for _ in range(2_000):
        board.raise_alert("a")
        board.clear("a")
        assert board.listed == []
    stopping.set()
    thread.join()


def test_alerts_of_a_listener_are_told_acknowledged_and_over():
    session = parse_session(
        b"[[part]]\n[[alert]]\nfield = 'x'\nabove = 5\nduration = 0\n"
        b"[[alert]]\nfield = 'y'\nabove = 5\nduration = 0\n",
        "alerts.toml",
    )
    with watched(session=session) as (_, publisher, watcher):
        publisher.send("pump", x=9.0, y=1.0)
        raised = watcher.event(AlertRaised)
        assert (raised.stream, raised.field, raised.value) == ("pump", "x", 9)
        state = watcher.state(lambda state: state.alerts)
        (alert,) = state.alerts
        assert (alert.sentence, alert.acknowledged) == ("pump: x is 9, above 5", False)
        watcher.until(
            lambda: any(
                row.state == "alert" for told in watcher.told["streams"] for row in told.rows
            ),
            "the row to say it",
        )
        answer = watcher.call(Acknowledge(stream="pump"))
        assert answer.text == "1 alert acknowledged"
        assert answer.result["alerts"][0]["acknowledged"] is True
        assert watcher.event(AlertAcknowledged).field == "x"
        watcher.state(lambda state: state.alerts and state.alerts[0].acknowledged)
        assert watcher.call(Acknowledge()).text == "0 alerts acknowledged"
        assert watcher.refused(Acknowledge(stream="pum")) == "there is no alert of pum"
        publisher.send("pump", x=1.0, y=1.0)
        assert watcher.event(AlertCleared).field == "x"
        watcher.until(lambda: not watcher.told["state"][-1].alerts, "the end of the alert")


def test_alerts_of_a_session_of_before_are_over():
    session = parse_session(b"[[part]]\n[[alert]]\nabove = 5\nduration = 0\n", "alerts.toml")
    with watched(session=session) as (_, publisher, watcher):
        publisher.send("pump", x=9.0)
        watcher.state(lambda state: state.alerts)
        watcher.call(ChangeSession(name="geiger"))
        watcher.event(SessionChanged)
        watcher.until(lambda: not watcher.told["state"][-1].alerts, "the end of the alert")
        assert watcher.refused(Acknowledge()) == "there is no alert"
