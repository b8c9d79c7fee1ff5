"""Who publishes what its key may not is told so on its own side, and nobody else is."""

import contextlib
import time

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from streamson.keys.grant import Grant, pattern_for
from streamson.model.point import DataPoint, Goodbye
from streamson.wire import probe
from streamson.wire.points import untaken
from streamson.wire.points.codec import encode
from streamson.wire.points.publisher import Publisher
from streamson.wire.points.untaken import Untaken
from streamson.wire.relay.loop_probe import LoopProbe
from streamson.wire.relay.relay import Relay
from streamson.wire.sockets import notices
from streamson.wire.sockets.connecting import connect
from streamson.wire.sockets.frame_socket import FrameSocket
from streamson.wire.sockets.notice import MAX_NOTICE_BYTES, PREFIX, Notice, NoticeCode
from tests.conftest import until
from tests.wire.test_keys import ANY_PORT, Ear, Machine, publishing

LISTENER, PUBLISHER, OTHER = "ab" * 32, "cd" * 32, "ef" * 32
ENDS_EARLY_S = 0.5


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return lambda name: Machine(tmp_path / name, monkeypatch)


@pytest.fixture
def home(machine):
    return machine("home")


@pytest.fixture
def ear(home):
    ear = Ear(home)
    yield ear
    ear.receiver.close()


def lines(caplog, word):
    return [line for line in caplog.messages if word in line]


def allowed(home, machine, *patterns, **roles):
    home.folder.allow("web", Grant(key=machine.key, publish=patterns, **roles))


@given(
    name=st.text(max_size=64),
    publish=st.lists(st.text(min_size=1, max_size=200), max_size=100),
    had_another=st.booleans(),
)
def test_a_notice_is_read_by_whose_it_is_and_by_nobody_else(name, publish, had_another):
    notice = Notice(name, tuple(publish), hear=True, steer=False, had_another=had_another)
    topic = NoticeCode(LISTENER, PUBLISHER).topic(notice)
    assert len(topic) <= MAX_NOTICE_BYTES + 100
    read = NoticeCode(LISTENER, PUBLISHER).read(topic)
    assert read in (notice, Notice(name, (), hear=True, steer=False, had_another=had_another))
    assert NoticeCode(LISTENER, OTHER).read(topic) is None
    assert NoticeCode(OTHER, PUBLISHER).read(topic) is None


@given(st.binary(max_size=300))
def test_what_is_no_notice_is_none(content):
    code = NoticeCode(LISTENER, PUBLISHER)
    assert code.read(content) is None
    start = code.topic(Notice("web", ("x",), hear=False, steer=False, had_another=False))[:-30]
    code.read(start + content)  # by chance it may be one; it is never an error


def test_a_notice_tells_nothing_to_who_does_not_know_the_key():
    code = NoticeCode(LISTENER, PUBLISHER)
    one, other = (
        code.topic(Notice("web", ("secret-host/*",), hear=False, steer=False, had_another=False))
        for _ in range(2)
    )
    assert b"secret" not in one
    assert one != other


def test_who_publishes_what_it_may_not_is_told_what_and_what_to_do(home, machine, ear, caplog):
    web = machine("web")
    allowed(home, web, "web/*", "host [1]", hear=True)
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: publisher.listening, "the connection")
        for number in range(3):
            publisher.send("mail/queue", x=float(number))
        publisher.send("web/cpu", x=1.0)
        ear.until(lambda: publisher.listening and publisher.refused == 3, "the notice")
        publisher.send_batch("mail/queue", {"x": [1.0, 2.0]})
        for stream in ("www", "www", "mail/age"):
            publisher.send(stream, x=1.0)
        ear.until(lambda: ear.heard == ["web/cpu"], "what is allowed")
        assert (publisher.sent, publisher.dropped, publisher.refused) == (9, 0, 8)
    address = ear.receiver.endpoint
    assert lines(caplog, "takes no points") == [
        f"{address} takes no points of mail/queue: this machine's key may publish web/*, host [1] "
        f"there; to allow it, there: streamson keys allow web {web.key} --publish 'web/*' "
        "--publish 'host [1]' --publish 'mail/*' --hear",
        f"{address} takes no points of www either; that takes --publish www too",
        f"{address} takes no points of mail/age either",
    ]
    ear.until(lambda: ear.receiver.counts.messages_refused, "the count at the listener")
    ear.until(lambda: lines(caplog, "may publish other streams only"), "its log")
    (line,) = lines(caplog, "may publish other streams only")
    assert f"to allow it: streamson keys allow web {web.key} --publish 'web/*'" in line


def test_what_is_allowed_then_is_heard_and_counted_no_more(home, machine, ear, caplog):
    web = machine("web")
    allowed(home, web, "web/*")
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: publisher.listening, "the connection")
        publisher.send("mail", x=1.0)
        ear.until(lambda: publisher.listening and publisher.refused == 1, "the notice")
        allowed(home, web, "web/*", "www")
        ear.until(
            lambda: publisher.send("www", x=1.0) and "www" in ear.heard, "one that is allowed now"
        )
        before = publisher.refused
        publisher.send("mail", x=1.0)
        ear.until(lambda: publisher.listening and publisher.refused == before + 1, "another notice")
        allowed(home, web, "*")
        ear.until(lambda: publisher.send("mail", x=1.0) and "mail" in ear.heard, "the stream")
        before = publisher.refused
        publisher.send("mail", x=1.0)
        assert publisher.refused == before
        assert len(lines(caplog, "takes no points of mail")) == 1
        heard = publisher.sent - publisher.refused
        ear.until(lambda: len(ear.heard) >= heard, "all that was not refused")
        allowed(home, web, "web/*")
        before = publisher.refused
        ear.until(lambda: publisher.send("mail", x=1.0) and publisher.refused > before, "the news")
        assert len(lines(caplog, "takes no points of mail")) == 2  # after it was taken
        assert publisher.refused < before + 50  # what was taken before is not counted


def test_a_publisher_that_ends_at_once_knows_all_the_same(home, machine, ear):
    web = machine("web")
    allowed(home, web, "web/*")
    for stream, refused in (("mail", 2), ("web/cpu", 0)):
        with publishing(web, ear.endpoint) as publisher:
            ear.until(lambda publisher=publisher: publisher.listening, "the connection")
            publisher.send(stream, x=1.0)
            publisher.send(stream, x=2.0)
            began = time.monotonic()
            publisher.close()
            assert time.monotonic() - began < untaken.ANSWER_S + 0.3
            assert publisher.refused == refused


def test_others_see_that_nobody_came_and_learn_nothing(home, machine, ear, caplog):
    web, mail = machine("web"), machine("mail")
    allowed(home, web, "web/*")
    home.folder.allow("mail", Grant(key=mail.key, publish=("*",)))
    with (
        publishing(web, ear.endpoint) as publisher,
        publishing(mail, ear.endpoint) as other,
        mail,
        zmq.Context() as context,
        context.socket(zmq.XPUB) as plain,
    ):
        connect(plain, ear.endpoint)
        ear.until(lambda: publisher.listening and other.listening and plain.poll(0), "all of them")
        assert plain.recv() == b"\x01"
        publisher.send("secret", x=1.0)
        ear.until(lambda: publisher.listening and publisher.refused == 1, "the notice")
        ear.until(lambda: plain.poll(0), "the subscription")
        told = plain.recv()
        assert told[1:].startswith(PREFIX)
        assert b"secret" not in told
        other.send("secret", x=1.0)
        ear.until(lambda: ear.heard == ["secret"], "the other's")
        assert (other.refused, other.dropped) == (0, 0)
        plain.send(encode(DataPoint("as-before", {"x": 1.0}, 1.0)))
        ear.until(lambda: "as-before" in ear.heard, "one that knows of no notices")
        plain.setsockopt(zmq.LINGER, 0)
        home_went = ear.receiver
        home_went.close()
        until(lambda: not publisher.listening and not other.listening, "that nobody is there")
    assert not [line for line in lines(caplog, "takes no points") if "secret" not in line]


def test_a_notice_is_no_listener(machine, home):
    """Whoever subscribes to nothing else takes nothing."""
    web = machine("web")
    with (
        home,
        zmq.Context() as context,
        context.socket(zmq.XSUB) as listener,
    ):
        port = listener.bind_to_random_port("tcp://127.0.0.1")
        with publishing(machine("other"), f"tcp://127.0.0.1:{port}") as publisher:
            until(lambda: not listener.poll(1) and not publisher.listening, "a moment")
            notice = Notice("web", ("x",), hear=False, steer=False, had_another=False)
            listener.send(b"\x01" + NoticeCode(home.key, web.key).topic(notice))
            deadline = time.monotonic() + ENDS_EARLY_S
            while time.monotonic() < deadline:
                listener.poll(10)
                assert not publisher.listening
        listener.setsockopt(zmq.LINGER, 0)


def test_streams_that_are_named_and_told_are_bounded(home, machine, ear, caplog, monkeypatch):
    monkeypatch.setattr(untaken, "MAX_NAMED", 3)
    web = machine("web")
    allowed(home, web, "web/*")
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: publisher.listening, "the connection")
        publisher.send("s0", x=1.0)
        ear.until(lambda: publisher.listening and publisher.refused == 1, "the notice")
        for number in range(10):
            publisher.send(f"s{number}", x=1.0)
        assert publisher.refused == 11
    said = lines(caplog, "no points of")
    assert [line.split(" no points of ")[1].split()[0].strip(":") for line in said] == [
        *("s0", "s1", "s2", "more", "7"),
    ]


def test_patterns_that_are_too_many_are_not_told_and_that_is_said(home, machine, ear, caplog):
    web = machine("web")
    allowed(home, web, *(f"host-{number}/{'x' * 50}/*" for number in range(90)))
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: publisher.listening, "the connection")
        publisher.send("mail", x=1.0)
        ear.until(lambda: publisher.listening and lines(caplog, "takes no points"), "the notice")
        publisher.send("mail", x=1.0)
        assert publisher.refused == 0
    (line,) = lines(caplog, "takes no points")
    assert "more patterns than can be told" in line


@contextlib.contextmanager
def frame_socket(home):
    with home:
        socket = FrameSocket(ANY_PORT, keys=home.folder)
    yield socket
    socket.close()


def test_notices_are_so_many_and_end(home, machine, caplog, monkeypatch):
    monkeypatch.setattr(notices, "MAX_NOTICES", 1)
    monkeypatch.setattr(notices, "NOTICE_S", 0.3)
    web, mail = machine("web"), machine("mail")
    for name, one in (("web", web), ("mail", mail)):
        home.folder.allow(name, Grant(key=one.key, publish=("allowed",)))
    with frame_socket(home) as socket:
        endpoint = f"{socket.endpoint}#{home.key}"
        with publishing(web, endpoint) as first, publishing(mail, endpoint) as second:

            def served(condition):
                def served():
                    socket.wait(0.01)
                    socket.take()
                    return condition()

                until(served, "it")

            served(lambda: first.listening and second.listening)
            first.send("x", x=1.0)
            served(lambda: first.listening and first.refused == 1)
            second.send("x", x=1.0)
            served(lambda: lines(caplog, "mail is not told that its key"))
            assert second.listening
            assert second.refused == 0
            served(lambda: first.listening and not first._untaken.is_noticed)
            second.send("x", x=1.0)
            served(lambda: second.listening and second.refused == 2)  # of the same stream, and now
            home.folder.revoke("mail")
            served(lambda: not second.listening and second.refusal)
            assert not second._untaken.is_noticed


def test_a_relay_is_told_what_its_key_may_not_hand_on(home, machine, ear, caplog):
    web = machine("web")
    allowed(home, web, "web/*")
    with web, Relay([ear.endpoint], ANY_PORT) as relay, Publisher(relay.endpoint, wait_s=0) as one:

        def turned(condition):
            def turned():
                relay.turn()
                return condition()

            ear.until(turned, "it")

        turned(lambda: one.listening and relay.destinations[0].is_there)
        arrivals = relay.statistics.destinations[0].arrivals
        turned(
            lambda: one.send("mail", x=1.0) and relay.statistics.destinations[0].points_refused > 2
        )
        turned(lambda: one.send("web/cpu", x=1.0) and "web/cpu" in ear.heard)
        assert relay.statistics.destinations[0].arrivals == arrivals  # a notice is no newcomer
    assert set(ear.heard) == {"web/cpu"}
    (line,) = lines(caplog, "takes no points of")
    assert f"{ear.receiver.endpoint} takes no points of mail" in line


def test_a_relays_probe_passes_where_its_streams_do_not(home, machine, ear, caplog):
    web = machine("web")
    allowed(home, web, "web/*")
    frame = LoopProbe().frame
    name = frame.partition(b"\0")[0].decode()
    with web, zmq.Context() as context, context.socket(zmq.XPUB) as plain:
        connect(plain, ear.endpoint)
        ear.until(lambda: plain.poll(0), "the connection")
        plain.send(frame)
        ended = []
        ear.until(lambda: ended.extend(ear.receiver.take_ended()) or ended == [name], "the probe")
        assert ear.receiver.counts.messages_refused == 0
        for other in (
            encode(DataPoint(name, {"x": 1.0}, 1.0)),
            encode(Goodbye(name, "a source")),
            encode(Goodbye(name), "json"),
            encode(Goodbye("streamson-relay/other")),
            frame + b"\0",
            frame + frame,
            b"web/" + frame[4:],
        ):
            plain.send(other)
        ear.until(lambda: ear.receiver.counts.messages_refused == 6, "what is none")
        mine = "web/" + name[4:]  # which it may end
        ear.until(
            lambda: ended.extend(ear.receiver.take_ended()) or ended == [name, mine], "its own"
        )
        assert ear.heard == []
        plain.setsockopt(zmq.LINGER, 0)


@given(st.binary(max_size=80))
def test_only_a_probe_is_one(content):
    frame = LoopProbe().frame
    assert probe.is_probe(frame)
    assert probe.is_probe(memoryview(frame))
    assert probe.is_probe(content) is False
    assert not content or probe.is_probe(frame + content) is False


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Z")), min_size=1, max_size=200))
def test_a_pattern_fits_the_stream_that_it_was_made_for(stream):
    grant = Grant(key=PUBLISHER, publish=(pattern_for(stream),))
    assert grant.may_publish(stream)


@pytest.mark.parametrize(
    ("stream", "other"), [("[ab]", "a"), ("a*", "ab"), ("a?/x", "ab/x"), ("web3/cpu", "web31/cpu")]
)
def test_a_pattern_fits_no_others(stream, other):
    grant = Grant(key=PUBLISHER, publish=(pattern_for(stream),))
    assert grant.may_publish(stream)
    assert not grant.may_publish(other)


def test_where_nobody_shows_a_key_nothing_is_refused():
    known = Untaken("tcp://127.0.0.1:1")
    notice = Notice("web", ("x",), hear=False, steer=False, had_another=False)
    assert known.take(b"\x01" + NoticeCode(LISTENER, PUBLISHER).topic(notice))
    assert not known.take(b"\x01")
    known.sent("mail", 1)
    assert (known.points, known.is_noticed) == (0, False)
