"""A relay of a feed: who reads behind it knows as much as who reads the listener itself."""

import contextlib
import threading
import time

import pytest

from streamson.errors import StreamsonError
from streamson.live import feed_relay
from streamson.live.feed_relay import FeedRelay
from streamson.live.mirror import Mirror
from streamson.model.event.streams import StreamRecovered
from streamson.model.feed import (
    AUDIO,
    EVENT,
    HELLO,
    LEVEL,
    MESSAGE_TYPES,
    NOTE,
    PAST,
    SESSION,
    STATE,
    STATISTICS,
    STREAMS,
    AudioBlock,
    EventTold,
    Past,
    SessionTold,
    Streams,
)
from streamson.wire.feed.publisher import FeedPublisher
from streamson.wire.feed.reader import FeedReader
from tests.conftest import free_endpoint, until
from tests.live.made_up import LEGEND, ROWS_A_MESSAGE, hello, row, state, statistics

ANY_PORT = "tcp://127.0.0.1:*"


def event(number):
    return EventTold(
        number=number,
        time=float(number),
        sentence=f"event {number}",
        event=StreamRecovered(frame=number, name="x", silent_s=3.0),
    )


class Running:
    """A relay in a thread of its own."""

    def __init__(self, source, endpoint=ANY_PORT):
        self.relay = FeedRelay(source, endpoint)
        self.endpoint = self.relay.endpoint
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stopping.is_set():
            self.relay.turn()

    def close(self):
        self._stopping.set()
        self._thread.join()
        self.relay.close()


class Reading:
    """A reader, what it knows, and all that came."""

    def __init__(self, endpoint, *topics):
        self.reader = FeedReader(endpoint, topics or (STATE, STREAMS, EVENT, PAST, STATISTICS))
        self.mirror = Mirror()
        self.came = []

    def read(self):
        for topic, message in self.reader.receive(0.02):
            self.came.append((topic, message))
            self.mirror.update(topic, message)
        return True

    def messages(self, topic):
        self.read()
        return [message for found, message in self.came if found == topic]

    def close(self):
        self.reader.close()


@pytest.fixture
def opened():
    """Opens publishers, relays and readers, and closes all at the end."""
    with contextlib.ExitStack() as stack:

        def open_one(kind, *arguments):
            found = kind(*arguments)
            stack.callback(found.close)
            return found

        yield open_one


class Listener:
    """What a listener tells of two thousand streams, to whoever has come just now."""

    def __init__(self, endpoint=ANY_PORT, run="1", streams=2_000):
        self.publisher = FeedPublisher(endpoint)
        self.endpoint = self.publisher.endpoint
        self.run = run
        told = [row(f"s{number}", legend=LEGEND) for number in range(streams)]
        self._rows = [
            Streams(frame=1, count=streams, rows=tuple(told[first : first + ROWS_A_MESSAGE]))
            for first in range(0, streams, ROWS_A_MESSAGE)
        ]
        self.events = [event(number) for number in range(1, 31)]
        self.wanted = set()
        self._stopping = threading.Event()
        self._tell = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def tell(self, topic, message):
        self._tell.append((topic, message))

    def _run(self):
        due = 0.0
        while not self._stopping.is_set():
            asked = self.publisher.wait(0.01)
            self.wanted = {topic for topic in MESSAGE_TYPES if self.publisher.wants(topic)}
            if HELLO in asked:
                self.publisher.send(HELLO, hello(run=self.run))
            if STATE in asked:
                self.publisher.send(STATE, state(volume_db=-9.0))
            if STATISTICS in asked:
                self.publisher.send(STATISTICS, statistics())
            if PAST in asked:
                self.publisher.send(PAST, Past(events=tuple(self.events[-20:])))
            if SESSION in asked:
                for number in (1, 2, 3):
                    told = SessionTold(number=number, name=f"s{number}", text="")
                    self.publisher.send(SESSION, told)
            if STREAMS in asked or time.monotonic() > due:
                due = time.monotonic() + 0.5
                for message in self._rows:
                    self.publisher.send(STREAMS, message)
            while self._tell:
                self.publisher.send(*self._tell.pop(0))

    def close(self):
        self._stopping.set()
        self._thread.join()
        self.publisher.close()


def run_of(found):
    """Return which run of the listener is told of; None before any is."""
    hello = found.mirror.hello
    return hello and hello.run


def listener_again(opened, *arguments):
    """Open a listener where there was one: ZeroMQ lets go of a port a moment after it is closed."""
    found = []

    def bound():
        with contextlib.suppress(StreamsonError):
            found.append(opened(Listener, *arguments))
        return found

    until(bound, "the port")
    return found[0]


@pytest.mark.parametrize("relays", [1, 2])
def test_each_newcomer_knows_how_things_stand(opened, relays):
    listener = opened(Listener)
    source = listener
    for _ in range(relays):
        source = opened(Running, source.endpoint)
    for _ in range(3):
        found = opened(Reading, source.endpoint)
        mirror = found.mirror
        until(lambda found=found: found.read() and len(found.mirror.rows) == 2_000, "the streams")
        until(
            lambda found=found, mirror=mirror: (
                found.read() and mirror.hello and mirror.state and mirror.statistics
            ),
            "the rest",
        )
        assert mirror.hello.run == "1"
        assert mirror.state.volume_db == -9.0
        assert all(row.legend for row in mirror.rows.values())
        until(lambda found=found: found.read() and found.mirror.events, "what was before")
        assert [event.number for event in mirror.events] == list(range(11, 31))
    assert listener.publisher.readers == 1


def test_what_happens_goes_on_once(opened):
    listener = opened(Listener)
    relay = opened(Running, listener.endpoint)
    first = opened(Reading, relay.endpoint)
    until(lambda: first.messages(PAST), "what was before")
    listener.tell(EVENT, event(31))
    until(lambda: first.messages(EVENT), "the event")
    second = opened(Reading, listener.endpoint)  # for whom the listener says again what was
    until(lambda: second.messages(HELLO) and second.messages(PAST), "the second reader")
    third = opened(Reading, relay.endpoint)
    until(lambda: third.messages(PAST), "what was before")
    assert [event.number for event in third.mirror.events] == list(range(12, 32))
    assert first.messages(EVENT) == [event(31)]
    assert [event.number for event in first.mirror.events] == list(range(11, 32))


def test_sound_is_read_only_while_somebody_wants_it(opened):
    listener = opened(Listener)
    relay = opened(Running, listener.endpoint)
    found = opened(Reading, relay.endpoint)
    until(lambda: found.messages(HELLO), "the listener")
    assert not listener.wanted & {AUDIO, NOTE, LEVEL}
    sound = opened(Reading, relay.endpoint, AUDIO)
    until(lambda: AUDIO in listener.wanted, "the wish")
    blocks = [AudioBlock(frame=882 * n, time=1.0, samples=bytes(8 * 882)) for n in range(50)]
    for block in blocks:
        listener.tell(AUDIO, block)
    until(lambda: len(sound.messages(AUDIO)) == 50, "the sound")
    assert sound.messages(AUDIO) == blocks
    assert not found.messages(AUDIO)
    sound.reader.unsubscribe(AUDIO)
    until(lambda: sound.read() and AUDIO not in listener.wanted, "the end of the wish")


def test_the_last_two_sessions_are_told(opened):
    listener = opened(Listener)
    relay = opened(Running, listener.endpoint)
    first = opened(Reading, relay.endpoint, SESSION)
    until(lambda: first.messages(SESSION), "sessions")
    late = opened(Reading, relay.endpoint, SESSION)
    until(lambda: len(late.messages(SESSION)) == 2, "sessions")
    assert [told.number for told in late.messages(SESSION)] == [2, 3]


def test_a_listener_that_begins_anew_is_told_anew(opened):
    where = free_endpoint()
    listener = Listener(where, "1")
    relay = opened(Running, where)
    found = opened(Reading, relay.endpoint)
    until(lambda: found.messages(PAST), "the first run")
    listener.close()
    again = listener_again(opened, where, "2", 5)
    until(lambda: found.read() and run_of(found) == "2", "the second run")
    late = opened(Reading, relay.endpoint)
    until(lambda: late.messages(PAST) and late.mirror.rows, "what is known now")
    assert late.mirror.hello.run == "2"
    assert len(late.mirror.rows) == 5
    again.tell(EVENT, event(31))
    until(lambda: late.messages(EVENT), "an event")


def test_who_was_being_told_of_streams_hears_no_more_of_those_of_a_run_that_is_over(
    opened, monkeypatch
):
    monkeypatch.setattr(feed_relay, "PORTIONS_AT_ONCE", 1)
    where = free_endpoint()
    listener = Listener(where, "1", 10_000)
    relay = opened(Running, where)
    knowing = opened(Reading, relay.endpoint)
    until(lambda: knowing.read() and len(knowing.mirror.rows) == 10_000, "the first run")
    found = opened(Reading, relay.endpoint, STREAMS)
    until(lambda: found.messages(HELLO), "the welcome")
    monkeypatch.setattr(feed_relay, "PORTIONS_AT_ONCE", 0)
    listener.close()
    listener_again(opened, where, "2", 5)
    until(lambda: found.read() and run_of(found) == "2", "the second run")
    found.came.clear()
    monkeypatch.setattr(feed_relay, "PORTIONS_AT_ONCE", 20)
    until(lambda: len(found.messages(STREAMS)) > 2, "its streams")
    names = {row.name for message in found.messages(STREAMS) for row in message.rows}
    assert names == {f"s{number}" for number in range(5)}


def test_a_newcomer_learns_nothing_of_a_listener_that_has_gone_until_it_is_back(opened):
    where = free_endpoint()
    listener = Listener(where)
    relay = opened(Running, where)
    until(lambda: relay.relay.is_there, "the listener")
    listener.close()
    until(lambda: not relay.relay.is_there, "its end")
    found = opened(Reading, relay.endpoint)
    until(lambda: relay.relay.readers, "the reader")
    for _ in range(10):
        assert not found.messages(HELLO)
    listener_again(opened, where)  # the same run: only the connection was cut
    until(lambda: found.messages(HELLO) and found.mirror.rows, "the listener")
