"""A relay: what comes goes on unchanged, to each place by itself, and to who comes late."""

import contextlib
import threading
import time
import weakref

import numpy as np
import pytest
import zmq

from streamson import Publisher
from streamson.errors import UsageError
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.wire.points.codec import decode, encode
from streamson.wire.points.receiver import Receiver
from streamson.wire.relay import destination, last_values, loop_probe, waiting
from streamson.wire.relay.destination import Destination
from streamson.wire.relay.last_values import LastValues
from streamson.wire.relay.relay import Relay
from streamson.wire.relay.same_place import check_places
from tests.conftest import free_endpoint, until

ANY_PORT = "tcp://127.0.0.1:*"


class Running:
    """A relay in a thread of its own."""

    def __init__(self, destinations, endpoint=ANY_PORT):
        self.relay = Relay(destinations, endpoint)
        self.endpoint = self.relay.endpoint
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stopping.is_set():
            self.relay.turn()

    @property
    def statistics(self):
        return self.relay.statistics

    @property
    def there(self):
        return [one.is_there for one in self.relay.destinations]

    def close(self):
        self._stopping.set()
        self._thread.join()
        self.relay.close()


class Far:
    """Who takes points at the end of the way."""

    def __init__(self, endpoint=ANY_PORT):
        self.receiver = Receiver(endpoint)
        self.endpoint = self.receiver.endpoint
        self.messages = []
        self.ended = []

    def has(self, count):
        """Read on; return whether so many messages came."""
        self.messages += self.receiver.receive(0.01)
        self.ended += [
            goodbye
            for goodbye in self.receiver.take_goodbyes()
            if not goodbye.stream.startswith(loop_probe.STREAM)
        ]
        return len(self.messages) >= count

    def close(self):
        self.receiver.close()


@pytest.fixture
def opened():
    """Opens relays, publishers and receivers, and closes all at the end."""
    with contextlib.ExitStack() as stack:

        def open_one(kind, *arguments, **settings):
            found = kind(*arguments, **settings)
            stack.callback(found.close)
            return found

        yield open_one


def plain(endpoint, *frames):
    """Send frames as a program of another language does that numbers nothing."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as sender:
        sender.linger = 1_000
        sender.connect(endpoint)
        assert sender.poll(5_000)
        for frame in frames:
            sender.send(frame)


@pytest.mark.parametrize("relays", [1, 2])
def test_points_and_batches_arrive_as_they_were_sent(opened, relays):
    far = opened(Far)
    first = far
    for _ in range(relays):
        first = opened(Running, [first.endpoint])
        until(lambda first=first: all(first.there), "the next one")
    publisher = opened(Publisher, first.endpoint, source="plant")
    for number in range(100):
        publisher.send("boiler", temperature=number / 3, time=1e9 + number)
        publisher.send_batch("hall/é", {"a": [1.0, number], "b": [0.5, float("nan")]}, times=[5, 6])
    until(lambda: far.has(200), "all")
    points = [message for message in far.messages if not message.is_batch]
    batches = [message for message in far.messages if message.is_batch]
    assert points == [
        DataPoint("boiler", {"temperature": number / 3}, 1e9 + number, "plant", number)
        for number in range(100)
    ]
    assert [(one.stream, one.source, one.sequence) for one in batches] == [
        ("hall/é", "plant", 2 * number) for number in range(100)
    ]
    assert batches[7].columns["a"].tolist() == [1.0, 7.0]
    assert np.isnan(batches[7].columns["b"][1])
    assert batches[7].times.tolist() == [5.0, 6.0]
    assert far.receiver.counts.points_lost == 0
    stats = first.statistics
    assert (stats.points_received, stats.points_lost, stats.messages_refused) == (300, 0, 0)
    assert stats.destinations[0].points_sent == 300


def test_each_destination_gets_all(opened):
    far = [opened(Far) for _ in range(3)]
    relay = opened(Running, [one.endpoint for one in far])
    until(lambda: all(relay.there), "the three")
    publisher = opened(Publisher, relay.endpoint)
    for number in range(50):
        publisher.send("x", v=number)
    for one in far:
        until(lambda one=one: one.has(50), "all points")
        assert one.receiver.counts.points_lost == 0


def test_who_comes_late_gets_the_last_values_once(opened):
    where = free_endpoint()
    relay = opened(Running, [where])
    publisher = opened(Publisher, relay.endpoint, source="a")
    for number in range(10):
        publisher.send("single", {"v": number}, time=100.0 + number)
    publisher.send_batch("columns", {"v": [1.0, 2.0, 3.0]}, times=[7.0, 8.0, 9.0])
    before = time.time()
    plain(relay.endpoint, b'no time\0{"fields": {"v": 4}}')
    until(lambda: relay.statistics.points_received == 14, "the points")
    after = time.time()
    far = opened(Far, where)
    until(lambda: far.has(3), "the last values")
    columns, timeless, single = sorted(far.messages, key=lambda message: message.stream)
    assert single == DataPoint("single", {"v": 9.0}, 109.0, "a", 9)
    assert columns == DataPoint("columns", {"v": 3.0}, 9.0, "a", 2)
    assert timeless.fields == {"v": 4.0}
    assert before <= timeless.time <= after
    publisher.send("single", {"v": 10}, time=110.0)
    until(lambda: far.has(4), "the next point")
    assert far.messages[3:] == [DataPoint("single", {"v": 10.0}, 110.0, "a", 10)]
    assert far.receiver.counts.points_lost == 0
    assert relay.statistics.destinations[0].last_values_sent == 3


def test_who_comes_back_gets_them_again_and_those_who_stayed_do_not(opened):
    stays, where = opened(Far), free_endpoint()
    relay = opened(Running, [stays.endpoint, where])
    publisher = opened(Publisher, relay.endpoint)
    until(lambda: relay.there[0], "the one that stays")
    publisher.send("x", v=1)
    until(lambda: stays.has(1), "the point")
    for _ in range(2):
        comes = Far(where)
        until(lambda comes=comes: comes.has(1), "the last value")
        comes.close()
        until(lambda: not relay.there[1], "its end")
    publisher.send("x", v=2)
    until(lambda: stays.has(2), "the next point")
    assert [message.fields["v"] for message in stays.messages] == [1.0, 2.0]
    assert relay.statistics.destinations[1].arrivals == 2


def test_a_goodbye_goes_on_and_nothing_is_kept_after_it(opened):
    far, where = opened(Far), free_endpoint()
    relay = opened(Running, [far.endpoint, where])
    until(lambda: relay.there[0], "the listener")
    with Publisher(relay.endpoint, source="a") as publisher:
        publisher.send("ends", v=1)
        until(lambda: far.has(1), "the point")
    stays = opened(Publisher, relay.endpoint)
    stays.send("stays", v=1)
    until(lambda: far.has(2) and far.ended, "the goodbye")
    assert far.ended == [Goodbye("ends", "a")]
    late = opened(Far, where)
    until(lambda: late.has(1), "what stays")
    assert [message.stream for message in late.messages] == ["stays"]
    assert far.receiver.counts.messages_refused == 0


def test_what_is_no_point_is_refused_here(opened):
    far = opened(Far)
    relay = opened(Running, [far.endpoint])
    until(lambda: all(relay.there), "the listener")
    plain(relay.endpoint, b"nonsense", b'x\0{"fields": {}}', b'x\0{"fields": {"v": 1}}')
    until(lambda: far.has(1), "the point")
    assert far.receiver.counts.messages_refused == 0
    assert relay.statistics.messages_refused == 2


class Stuck:
    """A listener that takes nothing any more."""

    def __init__(self):
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.rcvhwm = 1
        self._socket.rcvbuf = 1_024
        self._socket.subscribe(b"")
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"

    def subscribes(self):
        """Let the socket see to who connected, as it does while it is read."""
        self._socket.poll(1)
        return True

    def close(self):
        self._context.destroy(0)


def test_one_that_is_stuck_loses_its_own_points_alone(opened, monkeypatch, caplog):
    monkeypatch.setattr(waiting, "MAX_WAITING_BYTES", 1 << 20)
    stuck, far = opened(Stuck), opened(Far)
    relay = opened(Running, [stuck.endpoint, far.endpoint])
    until(lambda: stuck.subscribes() and all(relay.there), "both")
    publisher = opened(Publisher, relay.endpoint)
    size, count = 4_000, 400  # 32 kB each
    for number in range(count):
        publisher.send_batch("x", {"v": np.full(size, number)}, times=np.zeros(size))
        until(lambda number=number: far.has(number + 1), "the batch")
    assert far.receiver.counts.points_lost == 0
    until(lambda: relay.statistics.destinations[1].points_sent == size * count, "the last count")
    of_stuck, of_far = relay.statistics.destinations
    assert of_far.points_lost == 0
    assert of_stuck.points_lost > 0
    left = size * count - of_stuck.points_sent - of_stuck.points_lost
    assert 0 < left * 16 <= 1 << 20
    told = [record.getMessage() for record in caplog.records if "takes less" in record.getMessage()]
    assert len(told) == 1
    assert stuck.endpoint in told[0]


def test_what_waits_for_one_that_goes_is_counted(opened):
    stuck = Stuck()
    relay = opened(Running, [stuck.endpoint])
    until(lambda: stuck.subscribes() and all(relay.there), "it")
    publisher = opened(Publisher, relay.endpoint)
    size, count = 4_000, 400
    for _ in range(count):
        publisher.send_batch("x", {"v": np.zeros(size)}, times=np.zeros(size))
    until(lambda: relay.statistics.points_received == size * count, "all")
    stuck.close()
    until(lambda: not any(relay.there), "its end")
    found = relay.statistics.destinations[0]
    assert found.points_lost > 0
    assert found.points_sent + found.points_lost + found.points_missed == size * count


def circle(opened, *, listener=None):
    """Return two relays that hand on to each other, and where producers connect."""
    ends = [free_endpoint(), free_endpoint()]
    behind = [] if listener is None else [listener.endpoint]
    first = opened(Running, [ends[1], *behind], ends[0])
    return first, opened(Running, [ends[0]], ends[1])


def test_a_circle_of_two_relays_is_found_said_and_cut(opened, caplog):
    far = opened(Far)
    first, second = circle(opened, listener=far)
    until(lambda: any(r.relay.destinations[0].leads_back for r in (first, second)), "the cut")
    until(lambda: first.there[1], "the listener")
    plain(second.endpoint, *[b'x\0{"fields": {"v": 1}}'] * 10)
    plain(first.endpoint, *[b'y\0{"fields": {"v": 1}}'] * 10)
    until(lambda: [m.stream for m in far.messages].count("y") == 10 or far.has(1_000), "points")
    received = -1
    while received != (received := first.statistics.points_received):
        time.sleep(0.2)
        far.has(1)
    # Each relay gets each point once, or, by the way that is left, from the other.
    assert first.statistics.points_received <= 20
    assert second.statistics.points_received <= 20
    assert [message.stream for message in far.messages].count("y") == 10
    assert "comes back here" in caplog.text


def test_a_circle_that_is_opened_is_found_to_be_so(opened, monkeypatch):
    monkeypatch.setattr(loop_probe, "INTERVAL_S", 0.1)
    monkeypatch.setattr(loop_probe, "ANSWER_S", 0.3)
    ends = [free_endpoint(), free_endpoint()]
    first = opened(Running, [ends[1]], ends[0])
    second = Running([ends[0]], ends[1])
    try:
        until(lambda: any(r.relay.destinations[0].leads_back for r in (first, second)), "the cut")
    finally:
        second.close()
    far = opened(Far, ends[1])  # where there was a relay there is a listener now
    publisher = opened(Publisher, first.endpoint)
    until(lambda: first.there[0], "the listener")
    until(lambda: not first.relay.destinations[0].leads_back, "the end of the cut")
    publisher.send("x", v=1)
    until(lambda: far.has(1), "the point")


def test_the_probe_is_over_where_nothing_comes_back(monkeypatch):
    probe = loop_probe.LoopProbe()
    itself = decode(probe.frame)
    assert probe.is_due(0.0)
    assert not probe.is_due(9.9)
    assert not probe.has_returned(Goodbye("another"))
    assert not probe.comes_back
    assert probe.has_returned(itself)
    assert probe.comes_back
    assert not probe.is_over(1e9)  # nothing was sent since
    assert probe.is_due(20.0)
    assert not probe.is_over(20.0 + loop_probe.ANSWER_S / 2)
    assert probe.has_returned(itself)
    assert not probe.is_over(1e9)
    assert probe.is_due(40.0)
    assert probe.is_over(40.0 + loop_probe.ANSWER_S)
    assert not probe.comes_back


def streams_of(kept):
    return [decode(frame).stream for _, frame in kept.frames()]


def test_last_values_are_bounded_in_number(monkeypatch, caplog):
    monkeypatch.setattr(last_values, "MAX_LAST_VALUES", 3)
    kept = LastValues()
    for number in range(5):
        kept.put(DataPoint(f"s{number}", {"v": 1.0}, 1.0), 0.0)
        kept.put(DataPoint("s1", {"v": float(number)}, 1.0), 0.0)
    assert streams_of(kept) == ["s3", "s4", "s1"]
    assert kept.left_out == 2
    assert len([r for r in caplog.records if "not kept" in r.getMessage()]) == 1


def test_last_values_are_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(last_values, "MAX_LAST_BYTES", 100_000)
    kept = LastValues()
    wide = {f"{number:0200}": 1.0 for number in range(64)}
    for number in range(20):
        kept.put(DataPoint(f"s{number}", wide, 1.0), 0.0)
    assert 5 <= len(kept) <= 8
    for number in range(20):
        kept.end(Goodbye(f"s{number}"))
    kept.put(DataPoint("x", {"v": 1.0}, 1.0), 0.0)
    assert (len(kept), kept.left_out) == (1, 13)


def test_last_values_are_forgotten_after_an_hour():
    kept = LastValues()
    kept.put(DataPoint("old", {"v": 1.0}, 1.0), 0.0)
    kept.put(DataPoint("new", {"v": 1.0}, 1.0), 60.0)
    kept.forget_old(3_600.0)
    assert streams_of(kept) == ["new"]


def test_a_goodbye_of_one_source_lets_what_another_brought_be():
    kept = LastValues()
    kept.put(DataPoint("x", {"v": 1.0}, 1.0, "a"), 0.0)
    kept.put(DataPoint("x", {"v": 2.0}, 1.0, "b"), 0.0)
    kept.end(Goodbye("x", "a"))
    assert streams_of(kept) == ["x"]
    kept.end(Goodbye("x", "b"))
    assert streams_of(kept) == []


def test_what_is_kept_of_a_batch_is_not_the_batch():
    kept = LastValues()
    batch = Batch("x", {"v": np.zeros(60_000)}, np.arange(60_000.0), "a", 7)
    kept.put(batch, 0.0)
    ((source, frame),) = kept.frames()
    assert source == "a"
    assert decode(frame) == DataPoint("x", {"v": 0.0}, 59_999.0, "a", 60_006)
    gone = weakref.ref(batch.times)
    del batch
    assert gone() is None


@pytest.mark.parametrize(
    ("bound", "destinations", "message"),
    [
        ("tcp://127.0.0.1:5570", ["tcp://127.0.0.1:5570"], "itself is bound"),
        ("tcp://127.0.0.1:5570", ["tcp://localhost:5570"], "itself is bound"),
        ("tcp://0.0.0.0:5570", ["tcp://127.0.0.9:5570"], "itself is bound"),
        ("tcp://*:5570", [f"tcp://127.0.0.1:5570#{'ab' * 32}"], "itself is bound"),
        ("tcp://[::]:5570", ["tcp://127.0.0.1:5570"], "itself is bound"),
        ("ipc:///run/x", ["ipc:///run/x"], "itself is bound"),
        ("tcp://127.0.0.1:5570", ["tcp://h:1", "tcp://h:1"], "given twice"),
        ("tcp://127.0.0.1:5570", ["tcp://localhost:1", "tcp://127.0.0.1:1"], "the same place"),
    ],
)
def test_a_circle_or_a_place_twice_is_explained(bound, destinations, message):
    with pytest.raises(UsageError, match=message):
        check_places(bound, destinations, "--bind")


@pytest.mark.parametrize(
    ("bound", "destinations"),
    [
        ("tcp://127.0.0.1:5570", ["tcp://127.0.0.1:5571", "tcp://127.0.0.2:5570"]),
        ("tcp://0.0.0.0:5570", ["tcp://192.0.2.1:5570"]),
        ("tcp://127.0.0.1:*", ["tcp://127.0.0.1:5570", "ipc:///run/x"]),
    ],
)
def test_other_places_are_let_be(bound, destinations):
    check_places(bound, destinations, "--bind")


def test_a_subscription_again_and_again_brings_last_values_once_a_second(opened):
    far = zmq.Context()
    taker = far.socket(zmq.XSUB)
    port = taker.bind_to_random_port("tcp://127.0.0.1")
    place = opened(Destination, f"tcp://127.0.0.1:{port}")
    now = time.monotonic()
    welcomed = 0

    def look():
        nonlocal welcomed
        taker.poll(1)
        if place.look(now):
            welcomed += 1
            place.welcome([("x", encode(Goodbye("x")))])
        return place.is_there

    try:
        taker.send(b"\x01")
        until(look, "the first subscription")
        for number in range(100):
            taker.send(b"\x01%d" % number)
        until(lambda: look() and place.statistics.arrivals == 101, "all of them")
        assert welcomed == 1
        now += destination.WELCOME_AGAIN_S
        look()
        assert welcomed == 2
    finally:
        far.destroy(0)


def test_the_last_value_is_not_taken_twice_by_who_has_it(opened):
    far = opened(Far)
    relay = opened(Running, [far.endpoint])
    until(lambda: all(relay.there), "the listener")
    publisher = opened(Publisher, relay.endpoint)
    publisher.send("single", v=1)
    publisher.send_batch("columns", {"v": [1.0, 2.0, 3.0]})
    until(lambda: far.has(2), "both")
    # Another relay with the same points takes this one's place, as after a cut connection.
    again = opened(Destination, far.endpoint)
    until(lambda: again.look(time.monotonic()), "the connection")
    again.welcome(relay.relay._last_values.frames())
    until(lambda: not far.has(3) and far.receiver.counts.points_repeated == 2, "the repetition")
    publisher.send_batch("columns", {"v": [4.0, 5.0]})
    until(lambda: far.has(3), "the next batch")
    assert far.receiver.counts.points_lost == 0
