"""The feed's two ends: what is published reaches who subscribed, encoded once; where it may be."""

import contextlib
import os
import socket
import threading
import time
from itertools import count

import msgspec
import psutil
import pytest
import zmq

from streamson.errors import MessageError, StreamsonError, UsageError
from streamson.model.event.recordings import RecordingEnded
from streamson.model.event.steering import Caption
from streamson.model.feed import (
    AUDIO,
    EVENT,
    HELLO,
    LEVEL,
    MESSAGE_TYPES,
    NOTE,
    STATE,
    AudioBlock,
    EventTold,
    Hello,
    Level,
)
from streamson.wire import outgoing
from streamson.wire.control.server import CommandServer
from streamson.wire.feed.publisher import FeedPublisher
from streamson.wire.feed.reader import FeedReader
from streamson.wire.sockets.endpoint import control_endpoint
from tests.conftest import until
from tests.wire import attackers, feed_attackers

ANY_PORT = "tcp://127.0.0.1:*"


def hello(**changed):
    found = {
        "program": "test",
        "endpoint": "tcp://127.0.0.1:1",
        "output": "none",
        "plays": False,
        "sample_rate": 44_100,
        "channels": 2,
        "sessions": ("original",),
    }
    return Hello(**found | changed)


def level(frame):
    return Level(frame=frame, peak_dbfs=(-1.0, None), rms_dbfs=(-3.0, None))


@pytest.fixture
def publisher():
    publisher = FeedPublisher(ANY_PORT)
    yield publisher
    publisher.close()


@pytest.fixture
def subscribed(publisher):
    """Subscribes plain sockets, as any language has them, and waits until the publisher knows."""
    context = zmq.Context()
    sockets = []

    def subscribe(*prefixes):
        reader = context.socket(zmq.SUB)
        reader.linger = 0
        sockets.append(reader)
        for prefix in prefixes:
            reader.subscribe(prefix)
        reader.connect(publisher.endpoint)
        came = set()
        until(lambda: came.update(publisher.wait(0.01)) or came, "the subscription")
        return reader

    yield subscribe
    for reader in sockets:
        reader.close()
    context.term()


def received(reader):
    assert reader.poll(5_000)
    return reader.recv()


def test_each_topic_comes_in_messagepack_and_in_json(publisher, subscribed):
    packed, as_json = subscribed(b"level\0"), subscribed(b"json/level\0")
    publisher.send(LEVEL, level(64))
    topic, _, payload = received(packed).partition(b"\0")
    assert (topic, msgspec.msgpack.decode(payload)["frame"]) == (b"level", 64)
    topic, _, payload = received(as_json).partition(b"\0")
    expected = {"frame": 64, "peak_dbfs": [-1, None], "rms_dbfs": [-3, None]}
    assert (topic, msgspec.json.decode(payload)) == (b"json/level", expected)


def test_what_nobody_subscribed_to_is_not_even_encoded(publisher, subscribed, monkeypatch):
    encoded = []
    monkeypatch.setattr(
        "streamson.wire.feed.publisher.encoded",
        lambda message, encode: encoded.append(encode) or outgoing.encoded(message, encode),
    )
    publisher.send(LEVEL, level(0))
    assert not encoded
    readers = [subscribed(b"level\0") for _ in range(5)]
    publisher.send(LEVEL, level(64))
    assert len(encoded) == 1
    frames = {received(reader) for reader in readers}
    assert len(frames) == 1


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [
        (b"", set(MESSAGE_TYPES)),
        (b"json/", set(MESSAGE_TYPES)),
        (b"st", {"state", "streams", "statistics"}),
        (b"note\0", {NOTE}),
        (b"json/audio\0", {AUDIO}),
    ],
)
def test_a_subscription_is_the_beginning_of_a_topic(publisher, subscribed, prefix, wanted):
    subscribed(prefix)
    assert {topic for topic in MESSAGE_TYPES if publisher.wants(topic)} == wanted


@pytest.mark.parametrize("prefix", [b"notes", b"note\0x", b"\xff", b"x" * 50])
def test_a_subscription_to_what_is_not_told_is_none(publisher, prefix):
    with zmq.Context() as context, context.socket(zmq.SUB) as reader:
        reader.linger = 0
        reader.subscribe(prefix)
        reader.connect(publisher.endpoint)
        asked = []
        until(
            lambda: asked.append(publisher.wait(0.01)) or any(publisher._socket.brought.values()),
            "its subscription",
        )
        assert not any(asked)
        assert not any(map(publisher.wants, MESSAGE_TYPES))


def test_newcomers_to_what_others_read_already_are_noticed(publisher, subscribed):
    subscribed(b"hello\0")
    with zmq.Context() as context, context.socket(zmq.SUB) as second:
        second.linger = 0
        second.subscribe(b"hello\0")
        second.connect(publisher.endpoint)
        assert publisher.wait(5) == {HELLO}


def test_a_topic_is_wanted_until_its_last_reader_has_gone(publisher, subscribed):
    first, second = subscribed(b"note\0"), subscribed(b"note\0")
    first.unsubscribe(b"note\0")
    first.close()
    until(lambda: publisher.wait(0.01) is not None and publisher.readers == 1, "the first to go")
    assert publisher.wants(NOTE)
    second.close()
    until(lambda: publisher.wait(0.01) is not None and not publisher.wants(NOTE), "the second")


def test_a_path_that_is_no_text_is_told_as_escapes(publisher, subscribed):
    packed, as_json = subscribed(b"event\0"), subscribed(b"json/event\0")
    path = os.fsdecode(b"/tmp/\xff.wav")
    ended = RecordingEnded(frame=1, path=path, seconds=1.0)
    told = EventTold(number=1, time=0.0, sentence=ended.sentence, event=ended)
    publisher.send(EVENT, told)
    found = msgspec.msgpack.decode(received(packed).partition(b"\0")[2])
    assert found["event"]["path"] == r"/tmp/\udcff.wav"
    assert found["event"]["event"] == "recording_ended"
    assert msgspec.json.decode(received(as_json).partition(b"\0")[2]) == found


def test_sound_survives_the_way_as_bytes(publisher, subscribed):
    reader = subscribed(b"audio\0")
    block = AudioBlock(frame=64, time=1.5, samples=bytes(range(256)))
    publisher.send(AUDIO, block)
    payload = received(reader).partition(b"\0")[2]
    assert msgspec.msgpack.decode(payload, type=AudioBlock) == block


def serving(publisher, turns):
    """Let a publisher serve in a thread, which sends something of each kind every turn."""
    stopping = threading.Event()

    def run():
        for number in count():
            if stopping.is_set():
                return
            if HELLO in publisher.wait(0.01):
                publisher.send(HELLO, hello())
            turns(number)

    thread = threading.Thread(target=run)
    thread.start()
    return stopping, thread


def test_a_reader_gets_hello_and_what_it_subscribed_to(publisher):
    stopping, thread = serving(publisher, lambda number: publisher.send(LEVEL, level(number)))
    try:
        with FeedReader(publisher.endpoint, [LEVEL]) as reader:
            assert reader.wait_for_hello(5).program == "test"
            frames = []
            until(
                lambda: frames.extend(m.frame for t, m in reader.receive(0.1)) or len(frames) > 9,
                "levels",
            )
            assert frames == list(range(frames[0], frames[0] + len(frames)))
            reader.unsubscribe(LEVEL)
            until(lambda: not publisher.wants(LEVEL), "the end of the subscription")
    finally:
        stopping.set()
        thread.join()


def test_an_event_that_a_later_version_tells_ends_no_reader(publisher):
    class Later(msgspec.Struct, tag="later", tag_field="event"):
        frame: int

    caption = Caption(frame=3, text="words")

    def turn(number):
        for event in (Later(7), caption):
            told = {"number": number, "time": 0.0, "sentence": "", "event": event}
            publisher.send(EVENT, told)

    stopping, thread = serving(publisher, turn)
    try:
        with FeedReader(publisher.endpoint, [EVENT]) as reader:
            reader.wait_for_hello(5)
            found = []
            until(
                lambda: (
                    found.extend(m.event for t, m in reader.receive(0.1) if t == EVENT)
                    or len(found) > 5
                ),
                "events",
            )
            assert set(found) == {caption}
    finally:
        stopping.set()
        thread.join()


def test_nobody_there_is_said_in_time():
    with FeedReader("tcp://127.0.0.1:9", ()) as reader:
        begin = time.monotonic()
        with pytest.raises(StreamsonError, match=r"streamson listen --feed tcp://127\.0\.0\.1:9"):
            reader.wait_for_hello(0.3)
        assert time.monotonic() - begin < 1


@pytest.mark.parametrize("frame", [b"", b"hello", b"hello\0", b"hello\0{}", b"\xff\0\x80"])
def test_what_is_no_feed_is_said(frame):
    with zmq.Context() as context, context.socket(zmq.XPUB) as stranger:
        stranger.linger = 0
        port = stranger.bind_to_random_port("tcp://127.0.0.1")
        with FeedReader(f"tcp://127.0.0.1:{port}", ()) as reader:
            reader._socket.subscribe(b"")
            assert stranger.recv() == b"\x01hello\0"
            assert stranger.recv() == b"\x01"
            stranger.send(frame)
            with pytest.raises(MessageError, match="not the feed of a listener"):
                list(reader.receive(5))


NO_ENDPOINTS = [
    "tcp://127.0.0.1",
    "tcp://:5571",
    "tcp://",
    "ipc://",
    "udp://127.0.0.1:5571",
    "inproc://feed",
    "ws://127.0.0.1:5571",
    "pgm://127.0.0.1:5571",
    "127.0.0.1:5571",
    "5571",
    "",
]


@pytest.mark.parametrize("endpoint", NO_ENDPOINTS)
@pytest.mark.parametrize("kind", [FeedPublisher, CommandServer])
def test_what_is_no_endpoint_is_explained(kind, endpoint):
    with pytest.raises(UsageError) as raised:
        kind(endpoint)
    assert raised.value.exit_code == 2
    assert repr(endpoint) in str(raised.value)
    assert 'the form is "tcp://HOST:PORT"' in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "endpoint",
    [ANY_PORT, "tcp://127.3.2.1:*", "tcp://localhost:*", "tcp://[::1]:*", "ipc://*"],
)
def test_this_machines_own_addresses_work(endpoint):
    if "::1" in endpoint and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    publisher = FeedPublisher(endpoint)
    stopping, thread = serving(publisher, lambda number: None)
    try:
        with FeedReader(publisher.endpoint, ()) as reader:
            assert reader.wait_for_hello(5).channels == 2
        assert control_endpoint(publisher.endpoint)
    finally:
        stopping.set()
        thread.join()
        publisher.close()


def has_ipv6():
    with socket.socket(socket.AF_INET6) as asked:
        return asked.connect_ex(("::1", 9)) != 99


def test_a_port_in_use_names_the_option():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StreamsonError, match=r"port is in use.* with --feed") as raised:
            FeedPublisher(endpoint)
        assert raised.value.exit_code == 1
        with pytest.raises(StreamsonError, match=r"in use.* --feed, whose next one takes commands"):
            CommandServer(endpoint)


def test_a_port_that_was_just_closed_can_be_had_again():
    with socket.create_server(("127.0.0.1", 0)) as held:
        threading.Timer(0.2, held.close).start()
        endpoint = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        with contextlib.closing(FeedPublisher(endpoint)) as publisher:
            assert publisher.endpoint == endpoint


def test_the_last_port_has_none_after_it():
    with pytest.raises(UsageError, match="up to 65534"):
        control_endpoint("tcp://127.0.0.1:65535")


def test_a_file_is_not_deleted_for_a_feed(tmp_path):
    path = tmp_path / "precious"
    path.write_text("words")
    with pytest.raises(UsageError, match="there is a file"):
        FeedPublisher(f"ipc://{path}")
    assert path.read_text() == "words"


def test_another_listeners_path_is_not_taken_but_that_of_a_dead_one_is(tmp_path):
    endpoint = f"ipc://{tmp_path / 'feed'}"
    publisher = FeedPublisher(endpoint)
    with pytest.raises(StreamsonError, match="path is in use"):
        FeedPublisher(endpoint)
    publisher.close()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    FeedPublisher(f"ipc://{tmp_path / 'dead'}").close()


def test_what_is_refused_leaves_nothing_open():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        in_use = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        threads = set(threading.enumerate())
        FeedPublisher(ANY_PORT).close()  # the context's own
        this = psutil.Process()
        until(lambda: threads.issuperset(threading.enumerate()), "threads of the first to end")
        before = this.num_fds()
        for _ in range(5):
            for endpoint in (in_use, "tcp://0.0.0.0:1", "tcp://127.0.0.1:99999"):
                with pytest.raises(StreamsonError):
                    FeedPublisher(endpoint)
                with pytest.raises(StreamsonError):
                    CommandServer(endpoint)
        assert threads.issuperset(threading.enumerate())
        until(lambda: this.num_fds() <= before, "descriptors to be closed")


def test_it_can_be_closed_twice_and_tells_nothing_more(publisher, subscribed):
    subscribed(b"level\0")
    publisher.close()
    publisher.close()
    publisher.send(LEVEL, level(0))
    assert not publisher.wants(LEVEL)


def test_what_was_told_last_arrives(publisher):
    with zmq.Context() as context, context.socket(zmq.SUB) as reader:
        reader.linger = 0
        reader.rcvhwm = 1
        reader.rcvbuf = 16_384
        reader.subscribe(b"audio\0")
        reader.connect(publisher.endpoint)
        until(lambda: publisher.wait(0.01), "the subscription")
        for frame in range(100):  # more than the system's buffers take
            publisher.send(AUDIO, AudioBlock(frame=frame, time=0.0, samples=bytes(100_000)))
        publisher.close()
        payloads = [received(reader).partition(b"\0")[2] for _ in range(100)]
    assert [msgspec.msgpack.decode(found)["frame"] for found in payloads] == list(range(100))


def test_many_who_are_cut_off_cost_nobody_else_his_connection(publisher):
    guard = publisher._socket._guard
    with zmq.Context() as context, context.socket(zmq.SUB) as first:
        first.linger = 0
        first.subscribe(b"level\0")
        first.connect(publisher.endpoint)
        until(lambda: (publisher.wait(0.01), guard.descriptors)[1], "the connection")
        (descriptor,) = guard.descriptors
        guard._left, guard._closed_emptied = 1 << 30, publisher._socket._handed.emptied
        with contextlib.ExitStack() as stack:
            for _ in range(300):  # each is cut off, for others left too much
                with contextlib.suppress(ConnectionError):
                    stack.enter_context(feed_attackers.connect(publisher.endpoint, "SUB"))
            until(lambda: publisher.cut >= 100, "the cuts")
        assert descriptor in guard.descriptors
        publisher.send(LEVEL, level(64))
        assert received(first).startswith(b"level\0")


def test_what_is_told_on_a_topic_is_of_its_kind():
    assert MESSAGE_TYPES[STATE].__name__ == "ListenerState"
    assert set(MESSAGE_TYPES) == {
        *("hello", "state", "streams", "note", "play", "session", "clock", "event", "past"),
        *("statistics", "level", "audio"),
    }


@pytest.mark.parametrize("before", [b"", b"\x01level\0", b"\x01level\0 \0level\0"])
def test_nobody_ends_what_another_reads(publisher, subscribed, before):
    """ZeroMQ tells of the end of a subscription that its sender never had as of the last one's."""
    reader = subscribed(b"level\0")
    with feed_attackers.connect(publisher.endpoint, "SUB") as peer:
        for content in (*before.split(), b"\0level\0"):
            peer.sendall(attackers.frame(content))
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            publisher.wait(0.02)
        assert publisher.wants(LEVEL)
        publisher.send(LEVEL, level(7))
        assert received(reader).startswith(b"level\0")
