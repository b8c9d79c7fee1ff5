"""Publisher and receiver over real sockets: nothing lost unseen, and nobody stopped by rubbish."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import zmq

from streamson.errors import MessageError, StreamsonError, UsageError
from streamson.model.point import Batch
from streamson.wire.limits import MAX_MESSAGE_BYTES, MAX_POINTS_A_SECOND, MAX_TIME_S
from streamson.wire.points import publisher as publisher_module
from streamson.wire.points.publisher import Publisher
from streamson.wire.points.receiver import TURN_S, Receiver
from streamson.wire.points.reception import LEAST_FRAMES
from streamson.wire.sockets.frame_socket import (
    MAX_TAKEN_BYTES,
    MAX_TAKEN_FRAMES,
    FrameCounts,
    FrameSocket,
)
from tests.conftest import DEADLINE_S, family_of, until

ANY_PORT = "tcp://127.0.0.1:*"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such process")


class Ear:
    """A receiver that is served while a test waits: only then do publishers hear of it."""

    def __init__(self, endpoint=ANY_PORT):
        self.receiver = Receiver(endpoint)
        self.endpoint = self.receiver.endpoint
        self.messages = []

    @property
    def counts(self):
        return self.receiver.counts

    def listen(self, condition, what):
        def served():
            self.messages += self.receiver.receive(0.005)
            return condition()

        until(served, what)

    def await_messages(self, count):
        self.listen(lambda: len(self.messages) >= count, f"{count} messages")

    def close(self):
        self.receiver.close()


@pytest.fixture
def ear():
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture
def publisher(ear):
    with Publisher(ear.endpoint, wait_s=0) as publisher:
        ear.listen(lambda: publisher.listening, "the connection")
        yield publisher


def bound_when_free(endpoint):
    """Return a socket that has taken a port as soon as its owner was gone."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    rival = socket.socket()
    rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def bound():
        with contextlib.suppress(OSError):
            rival.bind((host, int(port)))
            rival.listen()
            return True

    until(bound, "the port")
    return rival


@pytest.fixture
def frames():
    with contextlib.closing(FrameSocket(ANY_PORT)) as frames:
        yield frames


def test_every_point_arrives_in_order(ear, publisher):
    for i in range(5_000):
        assert publisher.send("eta", re=float(i), im=None)
    ear.await_messages(5_000)
    assert [message.fields["re"] for message in ear.messages] == [float(i) for i in range(5_000)]
    assert [message.sequence for message in ear.messages] == list(range(5_000))
    assert {message.source for message in ear.messages} == {publisher.source}
    assert ear.messages[0].time == pytest.approx(time.time(), abs=DEADLINE_S)
    assert (ear.counts.points_received, ear.counts.points_lost, ear.counts.messages_refused) == (
        5_000,
        0,
        0,
    )
    assert (publisher.sent, publisher.dropped) == (5_000, 0)


def test_batches_and_points_share_a_sequence(ear, publisher):
    publisher.send("x", a=1)
    publisher.send_batch("x", {"a": [1, 2, 3]}, times=np.arange(3))
    publisher.send("x", a=1)
    publisher.send("y", a=1)
    ear.await_messages(4)
    assert [message.sequence for message in ear.messages] == [0, 1, 4, 0]
    assert isinstance(ear.messages[1], Batch)
    assert (ear.counts.points_received, ear.counts.points_lost) == (6, 0)


def test_gaps_are_counted(ear, publisher):
    publisher.send("x", a=1)
    publisher._sequences["x"] += 7
    publisher.send("x", a=1)
    publisher._sequences["x"] = 0  # a producer that begins anew under its old name loses nothing
    publisher.send("x", a=1)
    publisher.send("x", a=1)
    ear.await_messages(4)
    assert ear.counts.points_lost == 7


def test_numbers_that_jump_further_than_can_have_been_sent_are_a_new_beginning(
    ear, publisher, caplog
):
    publisher.send("x", a=1)
    for jump in (2**40, 2**61, 5):
        publisher._sequences["x"] += jump
        publisher.send("x", a=1)
    ear.await_messages(4)
    assert ear.counts.points_lost == 5
    assert "began anew" in caplog.text


def test_what_a_source_claims_to_have_lost_is_bounded_by_time(ear, publisher):
    publisher.send("x", a=1)
    for _ in range(100):
        publisher._sequences["x"] += MAX_POINTS_A_SECOND // 10
        publisher.send("x", a=1)
    ear.await_messages(101)
    assert ear.counts.points_lost < 100 * MAX_POINTS_A_SECOND // 10


@pytest.mark.parametrize("absurd", [1e300, -1e300, -1.0, MAX_TIME_S])
def test_a_time_that_no_clock_shows_is_replaced_and_counted(ear, publisher, absurd, caplog):
    publisher.send("x", a=1, time=absurd)
    publisher.send_batch("x", {"a": [1, 2, 3]}, times=[1.4e9, absurd, 0.0])
    ear.await_messages(2)
    assert ear.messages[0].time == pytest.approx(time.time(), abs=DEADLINE_S)
    assert list(ear.messages[1].times[[0, 2]]) == [1.4e9, 0.0]  # what was recorded stays
    assert ear.messages[1].times[1] == pytest.approx(time.time(), abs=DEADLINE_S)
    assert ear.counts.times_replaced == 2
    assert "x: found time" in caplog.text


def test_a_turn_ends_in_time_whatever_its_caller_does(ear, publisher):
    for _ in range(200):
        publisher.send("x", a=1)
    begin = time.monotonic()
    until(lambda: ear.receiver._source.wait(0), "a message")
    for _ in ear.receiver.receive(1.0):
        time.sleep(0.01)
    assert time.monotonic() - begin < 10 * TURN_S


def test_a_producer_of_the_largest_batches_is_slowed_down_not_cut(frames):
    column = np.arange(60_000.0)
    taken = []
    with Publisher(frames.endpoint, wait_s=0) as publisher:
        until(lambda: frames.wait(0.01) or publisher.listening, "the connection")
        for _ in range(60):
            publisher.send_batch("x", {"a": column}, times=column)
        # It is not read meanwhile: what waits here is bounded, the rest waits at the producer.
        connections = frames._guard._connections
        until(lambda: connections and next(iter(connections.values())).received > 8e6, "bytes")
        until(lambda: taken.extend(frames.take()) or len(taken) == 60, "all batches")
    assert frames.counts == FrameCounts()


@pytest.mark.parametrize("size", [100, 1_000, MAX_TAKEN_BYTES + 1])
def test_frames_are_taken_in_bounded_portions(frames, size):
    with Publisher(frames.endpoint, wait_s=0) as publisher:
        until(lambda: frames.wait(0.01) or publisher.listening, "the connection")
        publisher.send_batch("x", {"a": np.arange(size // 8)})
        for _ in range(2 * MAX_TAKEN_FRAMES):
            publisher._socket.send(bytes(size))
        taken = [frames.take()]
        sent = 2 * MAX_TAKEN_FRAMES + 1
        until(lambda: taken.append(frames.take()) or sum(map(len, taken)) == sent, "all")
    for portion in taken:
        assert len(portion) <= MAX_TAKEN_FRAMES
        assert sum(map(len, portion[:-1])) < MAX_TAKEN_BYTES


def test_a_closed_frame_socket_leaves_no_thread():
    with contextlib.closing(FrameSocket(ANY_PORT)):
        assert "connections" in [thread.name for thread in threading.enumerate()]
    assert "connections" not in [thread.name for thread in threading.enumerate()]


@on_linux
def test_a_closed_receiver_leaves_no_process():
    before = family_of(os.getpid())
    with Receiver(ANY_PORT):
        assert len(family_of(os.getpid())) == len(before) + 1
    assert family_of(os.getpid()) == before


@on_linux
def test_a_receiver_that_is_killed_leaves_no_process():
    program = "import os, time; from streamson.wire.points.receiver import Receiver; Receiver('tcp://127.0.0.1:*');"
    program += "print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        family = family_of(process.pid)
        assert len(family) == 2
        process.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), "the end")


@on_linux
def test_the_process_that_receives_is_replaced_when_it_dies(ear, publisher, caplog):
    for restart in (1, 2):
        os.kill(ear.receiver._source._child.pid, signal.SIGKILL)
        ear.listen(lambda n=restart: ear.counts.receiver_restarts == n, "a restart")
        count = len(ear.messages)
        ear.listen(lambda n=count: publisher.send("x", a=1) and len(ear.messages) > n, "a point")
    assert "died and was replaced (1 so far)" in caplog.text
    assert "(2 so far)" not in caplog.text  # once a minute


@on_linux
def test_nobody_waits_for_the_flood_of_another(ear, publisher):
    with Publisher(ear.endpoint, wait_s=0) as flooding:
        ear.listen(lambda: flooding.listening, "the second connection")
        for number in range(3_000):
            flooding.send("flood", x=float(number))
        came = []
        while "calm" not in came:
            for message in ear.receiver.receive(0.05):
                came.append(message.stream)
                time.sleep(0.001)  # so long is what a listener does with each
                if len(came) == 1_000:
                    publisher.send("calm", x=1.0)
    assert len(came) < 1_000 + 10 * LEAST_FRAMES


@on_linux
def test_what_was_kept_back_is_counted_over_the_deaths_of_the_process(ear):
    refused = 0
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        socket.connect(ear.endpoint)

        def refused_more():
            socket.send_multipart([b"more", b"and more"])
            return ear.counts.messages_refused > refused

        for restart in (1, 2, 3):
            ear.listen(refused_more, "a refusal")
            os.kill(ear.receiver._source._child.pid, signal.SIGKILL)
            ear.listen(lambda n=restart: ear.counts.receiver_restarts == n, "a restart")
            refused = ear.counts.messages_refused
        socket.close(0)
    assert refused >= 3


@on_linux
def test_an_endpoint_that_was_taken_meanwhile_is_bound_once_it_is_free(ear, publisher, caplog):
    os.kill(ear.receiver._source._child.pid, signal.SIGKILL)
    with contextlib.closing(bound_when_free(ear.endpoint)):
        ear.listen(lambda: "nothing is received: can't listen on" in caplog.text, "the failure")
        assert "the port is in use" in caplog.text
    ear.listen(lambda: publisher.send("x", a=1) and ear.messages, "a point")


def test_who_comes_while_the_listener_reads_nothing_is_welcomed():
    with Receiver("tcp://127.0.0.1:*") as receiver:
        for name in "abcd":
            with Publisher(receiver.endpoint, source=name) as publisher:
                assert publisher.wait_for_listener(DEADLINE_S), name
                assert publisher.send(name, x=1.0)
        came = []
        until(lambda: came.extend(receiver.receive(0.1)) or len(came) == 4, "what each sent")


def test_two_publishers_of_one_stream_do_not_disturb_each_other(ear, publisher):
    with Publisher(ear.endpoint, wait_s=0, encoding="json") as other:
        ear.listen(lambda: other.listening, "the connection")
        for _ in range(100):
            publisher.send("x", a=1)
            other.send("x", a=2)
        ear.await_messages(200)
    assert ear.counts.points_lost == 0


def test_nothing_is_sent_while_nobody_listens_and_a_new_listener_hears_the_next_point(ear, caplog):
    with Publisher(ear.endpoint, wait_s=0) as publisher:
        ear.listen(lambda: publisher.listening, "the connection")
        publisher.send("x", a=1)
        ear.await_messages(1)
        endpoint = ear.endpoint
        ear.close()
        until(lambda: not publisher.listening, "the loss to be noticed")
        with caplog.at_level("WARNING"):
            assert not publisher.send("x", a=2)
            assert not publisher.send("x", a=2)
        assert publisher.dropped == 2
        assert caplog.text.count("nobody listens on") == 1
        again = Ear(endpoint)
        again.listen(lambda: publisher.listening, "the connection")
        assert publisher.send("x", a=3)
        again.await_messages(1)
        assert again.messages[0].fields == {"a": 3.0}
        assert again.counts.points_lost == 0
        again.close()


def test_a_listener_that_does_not_read_makes_drops_that_are_counted(monkeypatch):
    monkeypatch.setattr("streamson.wire.points.publisher.SEND_HIGH_WATER_MARK", 10)
    with zmq.Context() as context, context.socket(zmq.SUB) as slow:
        slow.setsockopt(zmq.RCVHWM, 10)
        slow.subscribe(b"")
        port = slow.bind_to_random_port("tcp://127.0.0.1")
        with Publisher(f"tcp://127.0.0.1:{port}", wait_s=0) as publisher:
            until(lambda: slow.poll(5) + publisher.listening, "the connection")
            payload = {f"field{i}": float(i) for i in range(60)}
            sent = [publisher.send("x", payload) for _ in range(20_000)]
            assert publisher.sent == sum(sent)
            assert publisher.dropped == len(sent) - sum(sent) > 0
            assert publisher._sequences["x"] == 20_000  # so the listener sees a gap


def test_one_short_program_gets_its_only_point_through(ear):
    def program():
        with Publisher(ear.endpoint) as publisher:
            assert publisher.send("boiler", temperature=71.3)

    thread = threading.Thread(target=program)
    thread.start()
    ear.await_messages(1)
    thread.join()
    assert ear.messages[0].fields == {"temperature": 71.3}


def test_rubbish_is_refused_and_counted(ear):
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.connect(ear.endpoint)
        ear.listen(lambda: socket.poll(0), "the connection")
        socket.send(b"rubbish")
        socket.send_multipart([b'x\0{"fields": {"a": 1}}', b"more", b"and more"])
        socket.send(b"x\0{" + b" " * MAX_MESSAGE_BYTES)
        socket.send(b'x\0{"fields": {"a": 1}}')
        ear.await_messages(1)
        socket.close(0)
    assert ear.counts.messages_refused == 3
    assert ear.messages[0].fields == {"a": 1.0}


def test_a_frame_that_would_eat_the_memory_only_cuts_off_its_sender(ear, publisher):
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.connect(ear.endpoint)
        ear.listen(lambda: socket.poll(0), "the connection")
        socket.send(bytes(17 << 20))
        publisher.send("x", a=1)
        ear.await_messages(1)
        socket.close(0)
    assert ear.messages[0].fields == {"a": 1.0}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: p.send("x", a="hot"), r"stream 'x', field 'a': found 'hot'; a number or None"),
        (lambda p: p.send("x", a=[1]), "found"),
        (lambda p: p.send("x"), "fields are allowed"),
        (lambda p: p.send("", a=1), "printable"),
        (lambda p: p.send("x", {"": 1}), "length >= 1"),
        (lambda p: p.send_batch("x", {"a": [1, 2], "b": [1]}), "differ in length"),
        (lambda p: p.send_batch("x", {"a": ["hot"]}), "column 'a': found 'hot'; numbers"),
        (lambda p: p.send_batch("x", {}), "length >= 1"),
    ],
)
def test_mistakes_of_a_program_are_explained_to_it(publisher, call, words):
    with pytest.raises(MessageError, match=words):
        call(publisher)
    assert (publisher.sent, publisher.dropped) == (0, 0)


@pytest.mark.parametrize("endpoint", ["", "nonsense", "tcp://", "tcp://127.0.0.1:99999", "x://y:1"])
def test_endpoints_that_are_none_are_explained(endpoint):
    with pytest.raises(UsageError, match="the form is"):
        Publisher(endpoint)
    with pytest.raises(StreamsonError, match="can't listen on"):
        Receiver(endpoint)


def test_a_port_in_use_and_a_foreign_address_are_explained(ear):
    with pytest.raises(StreamsonError, match="the port is in use"):
        Receiver(ear.endpoint)
    with pytest.raises(StreamsonError, match="does not have that address"):
        Receiver("tcp://192.0.2.1:5570", security="none")


@pytest.mark.parametrize("encoding", ["msgpack", "json"])
def test_a_publisher_says_goodbye_for_its_streams(ear, encoding):
    with Publisher(ear.endpoint, encoding=encoding) as publisher:
        for stream in ("a", "b"):
            publisher.send(stream, x=1.0)
        publisher.send_batch("c", {"x": [1.0, 2.0]})
        ear.await_messages(3)
        assert ear.receiver.take_ended() == []
    ended = []
    ear.listen(lambda: ended.extend(ear.receiver.take_ended()) or len(ended) == 3, "goodbyes")
    assert ended == ["a", "b", "c"]
    assert (len(ear.messages), ear.counts.points_lost, ear.counts.messages_refused) == (3, 0, 0)
    publisher.close()  # again, and nothing happens


def test_streams_without_end_are_numbered_in_bounded_memory(ear, publisher, monkeypatch):
    monkeypatch.setattr(publisher_module, "MAX_NUMBERED_STREAMS", 3)
    for number in range(50):
        publisher.send(f"s/{number}", x=1.0)
    for _ in range(3):
        publisher.send("s/49", x=1.0)
    assert len(publisher._sequences) == 3
    ear.await_messages(53)
    assert [point.sequence for point in ear.messages[-4:]] == [0, 1, 2, 3]
