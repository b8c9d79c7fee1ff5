"""A limited rate: the last value always goes, in its time; all are accounted for."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.producers.base.rate_limit import RateLimit
from streamson.wire.points.publisher import Publisher
from streamson.wire.points.receiver import Receiver
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


class Received:
    """A sink that keeps what it is given, and when."""

    endpoint = "here"
    listening = True

    def __init__(self):
        self.sent = self.dropped = 0
        self.points = []

    def wait_for_listener(self, timeout_s=None):
        return True

    def send(self, stream, fields, /, *, time=None):
        self.points.append((stream, fields["x"], _clock()))
        self.sent += 1
        return True

    def send_batch(self, stream, columns, /, *, times=None):
        for value in columns["x"]:
            self.send(stream, {"x": value})
        return True


def _clock():
    return time.monotonic()


@settings(max_examples=20)
@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=30))
def test_the_last_value_of_each_stream_goes_and_all_are_accounted_for(streams):
    sink = Received()
    with RateLimit(sink, 1_000) as limit:
        for number, stream in enumerate(streams):
            limit.send(stream, {"x": number})
    last = {stream: number for number, stream in enumerate(streams)}
    for stream, number in last.items():
        of_stream = [x for name, x, _ in sink.points if name == stream]
        assert of_stream[-1] == number
        assert of_stream == sorted(of_stream)
        assert of_stream[0] == streams.index(stream)
    assert sink.sent + limit.left_out == len(streams)


def test_what_came_too_early_goes_by_itself_when_it_is_time():
    sink = Received()
    with RateLimit(sink, 10) as limit:
        for number in range(50):
            limit.send("a", {"x": number})
        until(lambda: len(sink.points) == 2, "the last point")
        (_, first, at), (_, last, later) = sink.points
        assert (first, last) == (0, 49)
        assert later - at >= 0.1
    assert limit.left_out == 48


@pytest.mark.parametrize(("rate", "expected"), [(100, list(range(9, 1_000, 10))), (0.5, [999])])
def test_a_batch_is_thinned_evenly_and_keeps_its_last_point(rate, expected):
    sink = Received()
    with RateLimit(sink, rate) as limit:
        times = np.linspace(0, 1, 1_000)
        limit.send_batch("a", {"x": np.arange(1_000.0)}, times=times)
    assert [x for _, x, _ in sink.points] == expected
    assert limit.left_out == 1_000 - len(expected)


def test_a_publisher_behind_it_is_used_by_one_thread_at_a_time():
    with (
        Receiver(ANY_PORT) as receiver,
        Publisher(receiver.endpoint) as publisher,
        RateLimit(publisher, 200) as limit,
    ):
        assert limit.wait_for_listener(10)
        received = []

        def all_sent():
            for stream in range(50):
                limit.send(f"s/{stream}", {"x": 1.0})
            assert limit.listening
            received.extend(receiver.receive(0.001))
            return len(received) > 2_000

        until(all_sent, "two thousand points")
        limit.close()
        while more := list(receiver.receive(0.1)):
            received.extend(more)
    assert len(received) == publisher.sent
    assert publisher.dropped == 0


def test_a_point_that_cant_be_sent_while_it_waits_ends_nothing(caplog):
    with (
        Receiver(ANY_PORT) as receiver,
        Publisher(receiver.endpoint) as publisher,
        RateLimit(publisher, 10) as limit,
    ):
        assert limit.wait_for_listener(10)
        limit.send("s", {"x": 1.0})
        limit.send("s", {f"x{number}": 1.0 for number in range(100)})
        until(lambda: "a reading left out" in caplog.text, "the refusal")
        limit.send("s", {"x": 2.0})
        limit.send("s", {"x": 3.0})
        received = []
        until(lambda: received.extend(receiver.receive(0.01)) or len(received) >= 2, "the others")
    assert received[0].fields == {"x": 1.0}
    assert received[-1].fields["x"] in (2.0, 3.0)


def test_a_point_that_waits_goes_before_the_batch_after_it():
    sink = Received()
    with RateLimit(sink, 10) as limit:
        limit.send("a", {"x": 0.0})
        limit.send("a", {"x": 1.0})
        limit.send_batch("a", {"x": np.arange(2.0, 102.0)}, times=np.linspace(0, 10, 100))
    values = [x for _, x, _ in sink.points]
    assert values == sorted(values)
    assert values[:2] == [0.0, 1.0]
    assert values[-1] == 101.0
