"""Events: what happens is told to every subscriber in one order, and recorded in the same."""

import json
import threading

import msgspec
import pytest

from streamson import Listener, Publisher
from streamson.errors import UsageError
from streamson.listener.event_bus import MAX_WAITING, EventBus
from streamson.model.event.any_event import AnyEvent
from streamson.model.event.devices import DeviceLost
from streamson.model.event.steering import MAX_CAPTION_CHARS, Caption, VolumeChanged
from streamson.model.event.streams import PointsLost
from streamson.session.load import parse_session
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"
ALERTS = parse_session(b"[[alert]]\nabove = 10\n[[part]]\n", "alerts.toml")


def test_all_subscribers_get_all_events_in_one_order_under_load():
    """Eight threads emit while another delivers."""
    bus, heard = EventBus(), [[], []]
    for one in heard:
        bus.subscribe(one.append)
    emitting = threading.Event()

    def emit(thread):
        for number in range(1_000):
            bus.emit(PointsLost(frame=number, points=thread))

    def deliver():
        while not emitting.is_set():
            bus.deliver()

    delivering = threading.Thread(target=deliver)
    delivering.start()
    threads = [threading.Thread(target=emit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    emitting.set()
    delivering.join()
    bus.deliver()
    assert heard[0] == heard[1]
    assert len(heard[0]) + bus.dropped == 8_000
    for number in range(8):
        frames = [event.frame for event in heard[0] if event.points == number]
        assert frames == sorted(set(frames))


def test_events_that_nobody_delivers_are_bounded_and_counted():
    bus, heard = EventBus(), []
    bus.subscribe(heard.append)
    for number in range(MAX_WAITING + 7):
        bus.emit(VolumeChanged(frame=number, volume_db=0.0))
    bus.deliver()
    assert bus.dropped == 7
    assert [event.frame for event in heard] == list(range(7, MAX_WAITING + 7))


def test_what_happens_while_it_plays(tmp_path):
    heard = []
    folder = tmp_path / "take"
    with (
        Listener(ANY_PORT, session=ALERTS, output="none", record=folder) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        listener.subscribe(heard.append)
        names = lambda: [msgspec.to_builtins(event)["event"] for event in heard]  # noqa: E731
        publisher.send("web/cpu", load=5)
        publisher.send("web/cpu", load=11.5)
        until(lambda: "alert_raised" in names(), "the alert")
        publisher.send("web/cpu", load=2)
        until(lambda: "alert_cleared" in names(), "its end")
        listener.set_volume(-20)
        until(lambda: "volume_changed" in names(), "the volume")
        listener.change_session("orchestra")
        until(lambda: "session_changed" in names(), "the session")
    told = [name for name in names() if name != "recording_started"]
    assert told == [
        *("alert_raised", "alert_cleared", "volume_changed", "session_changed"),
        *(["volume_changed"] if told.count("volume_changed") > 1 else []),
        "recording_ended",
    ]
    raised = next(event for event in heard if event.sentence.endswith("above 10"))
    assert (raised.stream, raised.field, raised.value) == ("web/cpu", "load", 11.5)
    frames = [event.frame for event in heard]
    assert all(0 <= frame <= listener.engine.frame for frame in frames)
    rows = [json.loads(line) for line in (folder / "changes.jsonl").read_text().splitlines()]
    assert rows[0]["volume_db"] == -20
    assert any("session" in row for row in rows)
    encoded = [msgspec.json.encode(event) for event in heard]
    assert [msgspec.json.decode(event, type=AnyEvent) for event in encoded] == heard


def test_a_subscriber_that_fails_ends_nothing(caplog):
    heard = []

    def fail(event):
        raise ZeroDivisionError(event)

    with (
        Listener(ANY_PORT, session=ALERTS, output="none") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        listener.subscribe(fail)
        listener.subscribe(heard.append)
        for value in (20, 1, 20, 1):
            publisher.send("s", x=value)
        until(lambda: listener.stats().alerts >= 1, "an alert")
        until(lambda: heard, "the other one")
        assert not listener.finished


def test_a_caption_is_an_event_and_a_line(caplog):
    heard = []
    with Listener(ANY_PORT, output="none") as listener:
        listener.subscribe(heard.append)
        until(lambda: listener.engine.frame, "the first frame")
        before = listener.engine.frame
        listener.caption("Now it rises.")
        until(lambda: heard, "the caption")
        (caption,) = heard
        assert before <= caption.frame <= listener.engine.frame
        with pytest.raises(UsageError, match="caption of 201 characters; up to 200"):
            listener.caption("x" * (MAX_CAPTION_CHARS + 1))
    assert heard == [Caption(frame=caption.frame, text="Now it rises.")]
    assert "Now it rises." in caplog.messages
    assert msgspec.json.decode(msgspec.json.encode(caption), type=AnyEvent) == caption


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (PointsLost(frame=0, points=1), "1 point lost on the way"),
        (VolumeChanged(frame=0, volume_db=None), "muted"),
        (
            DeviceLost(frame=0, device="USB", retry_s=2.0),
            'sound device "USB" is gone; going on without sound, looking for it every 2 s',
        ),
    ],
)
def test_an_event_has_a_sentence(event, sentence):
    assert event.sentence == sentence
