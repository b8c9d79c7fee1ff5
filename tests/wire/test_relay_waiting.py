"""What waits for a place that is behind: nobody waits for another's flood, or loses for it."""

import time
from collections import Counter

import zmq
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.point import DataPoint
from streamson.wire.points.codec import decode, encode
from streamson.wire.relay import waiting
from streamson.wire.relay.destination import Destination
from streamson.wire.relay.waiting import TURN_BYTES, Waiting
from tests.conftest import until


def emptied(found):
    """Return what waits, in the order in which it goes."""
    frames = []
    while found:
        frames.append(found.first()[0])
        found.remove_first()
    return frames


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3_000), st.booleans())))
def test_each_source_is_handed_on_in_its_order_and_nothing_is_lost(steps):
    found = Waiting()
    put, gone = {"a": [], "b": [], "c": []}, []
    for number, (source, size, goes) in enumerate(steps):
        frame = b"%s%d %s" % (source.encode(), number, bytes(size))
        put[source].append(frame)
        found.put((source, frame, 1))
        if goes:
            gone.append(found.first()[0])
            found.remove_first()
        assert len(found) == found.points == number + 1 - len(gone)
    gone += emptied(found)
    for source, frames in put.items():
        assert [frame for frame in gone if frame.startswith(source.encode())] == frames
    assert len(gone) == len(steps)
    assert found._bytes == 0


def test_a_calm_source_waits_for_one_turn_of_a_flood():
    found = Waiting()
    for number in range(10_000):
        found.put(("flood", b"flood %d" % number, 1))
    for number in range(5):
        for _ in range(100):
            found.remove_first() if found.first() else None
        found.put(("calm", b"calm %d" % number, 1))
        order = []
        while b"calm %d" % number not in order:
            order.append(found.first()[0])
            found.remove_first()
        assert len(order) <= TURN_BYTES // 100


def test_sources_that_wait_have_the_same_share_in_bytes_whatever_the_size_of_their_messages():
    found = Waiting()
    for _ in range(20):
        found.put(("large", bytes(200_000), 1))
    for _ in range(20_000):
        found.put(("small", b"small", 1))
    gone = Counter()
    for _ in range(10_000):
        frame, _ = found.first()
        gone["small" if frame == b"small" else "large"] += len(frame) + 150
        found.remove_first()
    assert abs(gone["small"] - gone["large"]) <= 200_150 + 2 * TURN_BYTES


def test_what_there_is_no_room_for_is_the_oldest_of_who_has_most(monkeypatch):
    monkeypatch.setattr(waiting, "MAX_WAITING_BYTES", 100_000)
    found = Waiting()
    lost = 0
    for number in range(5_000):
        found.put(("flood", b"flood %d" % number, 2))
        if number % 50 == 0:
            found.put(("calm", b"calm %d" % number, 1))
        lost += found.make_room()
        assert found._bytes <= 100_000
    order = emptied(found)
    assert [frame for frame in order if frame[:4] == b"calm"] == [
        b"calm %d" % number for number in range(0, 5_000, 50)
    ]
    of_flood = [int(frame[6:]) for frame in order if frame[:5] == b"flood"]
    assert of_flood == list(range(5_000 - len(of_flood), 5_000))
    assert lost == 2 * (5_000 - len(of_flood))


def test_many_sources_are_bounded_as_one_is(monkeypatch):
    monkeypatch.setattr(waiting, "MAX_WAITING_BYTES", 100_000)
    found = Waiting()
    lost = 0
    for number in range(2_000):
        found.put((f"source {number}", b"x", 1))
        lost += found.make_room()
    assert 50 <= found.points <= 100
    assert lost + len(emptied(found)) == 2_000
    assert found._bytes == 0


class Stuck:
    """A listener that takes nothing until it is asked to."""

    def __init__(self):
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.rcvhwm = 1
        self._socket.rcvbuf = 1_024
        self._socket.subscribe(b"")
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"

    def pause(self):
        """Take nothing for a moment, in which the socket sees to who connected."""
        self._socket.poll(0)
        time.sleep(0.001)

    def take(self):
        """Return the streams of what has come."""
        streams = []
        while self._socket.poll(1):
            streams.append(decode(self._socket.recv()).stream)
        return streams

    def close(self):
        self._context.destroy(0)


def test_a_place_that_was_behind_hears_the_calm_first():
    """Little of a flood is ahead of what waits, in the queues of ZeroMQ and of the kernel."""
    far = Stuck()
    place = Destination(far.endpoint)
    count, calm = 30_000, 50
    try:
        until(lambda: far.pause() or place.look(0.0) or place.is_there, "the listener")
        flood = [
            ("flood", encode(DataPoint("flood", {"v": 1.0}, 1.0, "flood", number)), 1)
            for number in range(count)
        ]
        place.send(flood)
        sent = -1
        while sent != (sent := place.statistics.points_sent):
            for _ in range(20):
                far.pause()
                place.look(0.0)
        place.send(
            [
                ("calm", encode(DataPoint("calm", {"v": 1.0}, 1.0, "calm", number)), 1)
                for number in range(calm)
            ]
        )
        streams = []
        until(
            lambda: place.look(0.0) or streams.extend(far.take()) or streams.count("calm") == calm,
            "the calm",
        )
        assert streams.count("flood") < 3_000
        until(
            lambda: place.look(0.0) or streams.extend(far.take()) or len(streams) >= count + calm,
            "the flood",
        )
        assert place.statistics.points_lost == 0
    finally:
        place.close()
        far.close()
