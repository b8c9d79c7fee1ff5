"""Keys over real sockets: who is allowed is heard, and whoever is not knows why."""

import contextlib
import logging
import os
import socket
import threading
import time

import pytest
import zmq

from streamson.errors import StreamsonError, UsageError
from streamson.keys.folder import KeyFolder
from streamson.keys.grant import Grant
from streamson.model.command import Answer, Mute
from streamson.model.feed import EVENT
from streamson.wire.control.client import AGAIN_MS, CommandClient
from streamson.wire.control.server import CommandServer
from streamson.wire.feed.publisher import FeedPublisher
from streamson.wire.feed.reader import FeedReader
from streamson.wire.points.publisher import Publisher
from streamson.wire.points.receiver import Receiver
from streamson.wire.sockets.endpoint import (
    control_endpoint,
    is_local,
    keys_for,
    parse_endpoint,
    with_key,
)
from streamson.wire.sockets.gatekeeper import Gatekeeper
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


class Machine:
    """A folder of keys, and what uses it."""

    def __init__(self, path, monkeypatch):
        self.folder = KeyFolder(path)
        self.key = self.folder.make_pair().public
        self._monkeypatch = monkeypatch

    def __enter__(self):
        self._monkeypatch.setenv("STREAMSON_KEYS", str(self.folder.path))
        return self

    def __exit__(self, *_):
        self._monkeypatch.delenv("STREAMSON_KEYS", raising=False)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return lambda name: Machine(tmp_path / name, monkeypatch)


class Ear:
    """A receiver that asks for keys, served while a test waits."""

    def __init__(self, machine):
        with machine:
            self.receiver = Receiver(ANY_PORT, security="keys")
        self.endpoint = f"{self.receiver.endpoint}#{machine.key}"
        self.heard = []

    def until(self, condition, what):
        def served():
            self.heard += [message.stream for message in self.receiver.receive(0.01)]
            return condition()

        until(served, what)


@pytest.fixture
def home(machine):
    return machine("home")


@pytest.fixture
def ear(home):
    ear = Ear(home)
    yield ear
    ear.receiver.close()


@contextlib.contextmanager
def publishing(machine, endpoint):
    with machine, Publisher(endpoint, wait_s=0) as publisher:
        yield publisher


def test_who_is_allowed_is_heard(home, machine, ear):
    web = machine("web")
    home.folder.allow("web", Grant(key=web.key, publish=("*",)))
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: publisher.listening, "the connection")
        publisher.send("web/cpu", x=1.0)
        ear.until(lambda: ear.heard == ["web/cpu"], "the point")
    assert ear.receiver.counts.connections_refused == 0


def test_an_unknown_key_is_refused_on_both_sides_until_it_is_allowed(home, machine, ear, caplog):
    web = machine("web")
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: not publisher.listening and publisher.refusal, "the refusal")
        assert f"streamson keys allow NAME {web.key} --publish" in publisher.refusal
        assert not publisher.send("web/cpu", x=1.0)
        ear.until(lambda: ear.receiver.counts.connections_refused, "the count")
        ear.until(lambda: web.key in caplog.text, "the line in the log")
        refused = f"refused a connection from 127.0.0.1: the key {web.key} is not allowed here"
        assert refused in caplog.text
        home.folder.allow("web", Grant(key=web.key, publish=("*",)))
        ear.until(lambda: publisher.listening, "to be let in")
        assert not publisher.refusal
        publisher.send("web/cpu", x=1.0)
        ear.until(lambda: ear.heard == ["web/cpu"], "the point")


def test_a_revoked_key_loses_its_connection_and_no_other_does(home, machine, ear, caplog):
    web, mail = machine("web"), machine("mail")
    for name, one in (("web", web), ("mail", mail)):
        home.folder.allow(name, Grant(key=one.key, publish=("*",)))
    with publishing(web, ear.endpoint) as first, publishing(mail, ear.endpoint) as second:
        ear.until(lambda: first.listening and second.listening, "the connections")
        first.send("web", x=1.0)
        second.send("mail", x=1.0)
        ear.until(lambda: sorted(ear.heard) == ["mail", "web"], "both points")
        revoked_at = time.monotonic()
        home.folder.revoke("web")
        ear.until(lambda: not first.listening, "the cut")
        assert time.monotonic() - revoked_at < 2.0
        ear.until(lambda: not first.listening and first.refusal, "the reason")
        assert second.listening
        second.send("mail", x=2.0)
        ear.until(lambda: ear.heard.count("mail") == 2, "the other")
    assert ear.receiver.counts.points_lost == 0
    assert "its key may publish no more: web" in caplog.text
    assert "other streams only" not in caplog.text


def test_what_a_revoked_key_sent_before_it_was_cut_off_is_none_of_its_streams(
    home, machine, ear, caplog
):
    web = machine("web")
    home.folder.allow("web", Grant(key=web.key, publish=("*",)))
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: publisher.listening, "the connection")
        publisher.send("web/cpu", x=1.0)
        ear.until(lambda: ear.heard, "the point")
        for number in range(20_000):  # more than is on its way to the listener's thread
            publisher.send("web/cpu", x=float(number))
        home.folder.revoke("web")
        ear.until(lambda: ear.receiver.counts.messages_refused, "what still came")
        ear.until(lambda: "messages refused" in caplog.text or "1 message" in caplog.text, "log")
    assert "the key web may publish nothing here any more; the last was web/cpu" in caplog.text
    assert "other streams only" not in caplog.text


def test_streams_that_a_key_may_not_publish_are_refused(home, machine, ear, caplog):
    web = machine("web")
    home.folder.allow("web", Grant(key=web.key, publish=("web/*",)))
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: publisher.listening, "the connection")
        for stream in ("mail", "web/cpu", "webx"):
            publisher.send(stream, x=1.0)
        ear.until(lambda: ear.heard == ["web/cpu"], "what is allowed")
        ear.until(lambda: ear.receiver.counts.messages_refused == 2, "the count")
        ear.until(lambda: "web may publish other streams only" in caplog.text, "the log")
        home.folder.allow("web", Grant(key=web.key, publish=("m*",)))
        ear.until(lambda: publisher.send("mail", x=2.0) and "mail" in ear.heard, "the change")


@pytest.mark.parametrize("role", ["hear", "steer"])
def test_a_key_with_another_role_may_not_publish(home, machine, ear, caplog, role):
    web = machine("web")
    home.folder.allow("web", Grant(key=web.key, **{role: True}))
    with publishing(web, ear.endpoint) as publisher:
        ear.until(lambda: not publisher.listening and publisher.refusal, "the refusal")
        ear.until(lambda: "the key of web may not publish here" in caplog.text, "the log")


def test_who_has_no_key_or_the_wrong_one_of_the_listener_is_told(machine, ear):
    web, other = machine("web"), machine("other")
    plain = ear.receiver.endpoint
    for endpoint, words in (
        (plain, "asks for keys"),  # one that is busy closes before it has said so
        (f"{plain}#{other.key}", "has another key than the endpoint says"),
    ):
        with publishing(web, endpoint) as publisher:
            ear.until(lambda: not publisher.listening and publisher.refusal, "the refusal")
            assert words in publisher.refusal
    with (
        Receiver(ANY_PORT) as open_to_all,
        publishing(web, f"{open_to_all.endpoint}#{other.key}") as publisher,
    ):
        until(lambda: not publisher.listening and publisher.refusal, "the refusal")
        assert "asks for no keys" in publisher.refusal or "or asks for none" in publisher.refusal
    assert ear.heard == []


NULL_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + bytes(32)
"""Of a peer that asks for no keys: ZMTP 3.0, rfc.zeromq.org/spec/23."""


@contextlib.contextmanager
def closing_at_once(answers_after=10**9):
    """A server that closes each connection: the first ones without a word. Yield it and a list
    of whom it answered."""
    came = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                ours, _ = server.accept()
                came.append(len(came) >= answers_after)
                if came[-1]:
                    ours.sendall(NULL_GREETING)
                    with contextlib.suppress(OSError):
                        ours.settimeout(1)
                        while ours.recv(64):
                            pass
                ours.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}", came
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_who_asks_for_no_keys_is_told_of_once_however_late_its_answers_come(machine, caplog):
    other = machine("other")
    with (
        closing_at_once(answers_after=12) as (address, came),
        publishing(machine("web"), f"{address}#{other.key}") as publisher,
    ):
        until(lambda: not publisher.listening and sum(came) > 3, "its answers")
    (line,) = [line for line in caplog.messages if address in line]
    assert "asks for none" in line


def test_who_shows_no_key_is_told_where_each_connection_is_closed_without_a_word():
    with closing_at_once() as (address, _), FeedReader(address, [EVENT]) as reader:
        until(lambda: list(reader.receive(0.05)) or reader.refusal, "why")
        assert "asks for keys, or is no port of a feed" in reader.refusal
        assert "streamson keys show" in reader.refusal


def test_who_steers_waits_between_two_tries_to_connect():
    with closing_at_once() as (address, came), CommandClient(address) as client:
        with pytest.raises(StreamsonError, match="it closes each connection"):
            client.call(Mute(), 3.0)
        assert 2 <= len(came) <= 1 + 3_000 / AGAIN_MS


def test_thousands_of_keys_cost_little_and_one_of_them_is_revoked_at_once(home, monkeypatch):
    """The folder is looked at often, its files now and then, whoever knocks."""
    folder = home.folder.path / "allowed"
    home.folder.allow("web", Grant(key="ab" * 32, publish=("*",)))
    text = (folder / "web.toml").read_text()
    for number in range(2_000):
        (folder / f"k{number}.toml").write_text(text.replace("ab" * 32, f"{number:064x}"))
    looks = []
    looked = KeyFolder.changed_at
    monkeypatch.setattr(KeyFolder, "changed_at", lambda self: looks.append(1) or looked(self))
    with contextlib.closing(Gatekeeper(home.folder)) as gatekeeper:
        assert gatekeeper.may("ab" * 32, "publish")
        begin = time.monotonic()
        while time.monotonic() < begin + 2.0:
            gatekeeper.lets_in("cd" * 32, "publish", "127.0.0.1")
        assert len(looks) <= 1 + 2.0 / 0.25
        before = len(looks)
        home.folder.revoke("web")
        assert not gatekeeper.lets_in("cd" * 32, "publish", "127.0.0.1")
        assert len(looks) == before + 1
        assert not gatekeeper.may("ab" * 32, "publish")
        assert gatekeeper.revocations == 1
        (folder / "k1.toml").write_text(text.replace("ab" * 32, "ef" * 32))  # as it is
        until(lambda: gatekeeper.look() or gatekeeper.may("ef" * 32, "publish"), "the new key")


def test_a_refusal_is_said_once(home, machine, ear, caplog):
    with publishing(machine("web"), ear.endpoint) as publisher, caplog.at_level(logging.WARNING):
        ear.until(lambda: not publisher.listening and publisher.refusal, "the refusal")
        refused = ear.receiver.counts.connections_refused
        ear.until(
            lambda: (
                not publisher.send("s", x=1.0)
                and ear.receiver.counts.connections_refused > refused + 1
            ),
            "more tries",
        )
    for words in ("does not let this machine publish", "points are dropped until they are taken"):
        assert sum(words in line for line in caplog.messages) == 1
    assert not any("nobody listens" in line for line in caplog.messages)


def test_what_is_sent_can_not_be_read_on_the_way(home, machine, ear):
    web = machine("web")
    home.folder.allow("web", Grant(key=web.key, publish=("*",)))
    passed = bytearray()
    host, _, port = ear.receiver.endpoint.removeprefix("tcp://").rpartition(":")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        passing(server, (host, int(port)), passed),
        publishing(web, f"tcp://127.0.0.1:{server.getsockname()[1]}#{home.key}") as publisher,
    ):
        ear.until(lambda: publisher.listening, "the connection")
        for _ in range(20):
            publisher.send("a-name-to-be-seen", field_to_be_seen=1.0)
        ear.until(lambda: len(ear.heard) == 20, "the points")
    assert len(passed) > 1_000
    assert b"to-be-seen" not in passed
    assert b"field_to_be_seen" not in passed


@contextlib.contextmanager
def passing(server, target, passed):
    """Hand on what comes to a server, and keep a copy."""

    def carry(source, sink):
        with contextlib.suppress(OSError):
            while content := source.recv(65_536):
                passed.extend(content)
                sink.sendall(content)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    ends = []

    def accept():
        with contextlib.suppress(OSError):
            ours, _ = server.accept()
            theirs = socket.create_connection(target)
            ends.extend((ours, theirs))
            for pair in ((ours, theirs), (theirs, ours)):
                threads.append(threading.Thread(target=carry, args=pair))
                threads[-1].start()

    threads = []
    accepting = threading.Thread(target=accept)
    accepting.start()
    yield
    accepting.join()
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    for end in ends:
        end.close()


@contextlib.contextmanager
def serving(home):
    """Serve a feed, and commands that do nothing, in a thread, where keys are asked for."""
    stopping = threading.Event()
    asked = set()
    with home:
        feed = FeedPublisher(ANY_PORT, security="keys")
        commands = CommandServer(ANY_PORT, security="keys")

    def serve():
        while not stopping.is_set():
            asked.update(feed.wait(0.01))
            commands.serve(lambda _: Answer(ok=True, text="done"), 0.01)

    thread = threading.Thread(target=serve)
    thread.start()
    yield feed, commands, asked
    stopping.set()
    thread.join()
    feed.close()
    commands.close()


def test_hearing_and_steering_are_allowed_apart(home, machine):
    ear, hand = machine("ear"), machine("hand")
    home.folder.allow("ear", Grant(key=ear.key, hear=True))
    home.folder.allow("hand", Grant(key=hand.key, steer=True))
    with serving(home) as (feed, commands, asked):
        for one, word in ((ear, ""), (hand, "does not let this machine hear")):
            with one, FeedReader(feed.endpoint, [EVENT]) as reader:
                if word:
                    with pytest.raises(StreamsonError, match=word):
                        reader.wait_for_hello(2)
                else:
                    until(lambda: EVENT in asked, "the subscription")
        for one, word in ((hand, ""), (ear, "does not let this machine steer")):
            with one, CommandClient(f"{commands.endpoint}#{home.key}") as client:
                if word:
                    with pytest.raises(StreamsonError, match=word):
                        client.call(Mute())
                else:
                    assert client.call(Mute()).text == "done"
        with hand, CommandClient(f"{commands.endpoint}#{home.key}") as client:
            assert client.call(Mute()).ok
            home.folder.revoke("hand")
            until(lambda: commands.cut, "the cut")
            until(lambda: "does not let this machine steer" in refusal_of(client), "the refusal")
    assert commands.taken == 2  # the last was of a key that was allowed no more


def refusal_of(client):
    """Return why a command was not carried out: its connection may be cut as it is sent."""
    with pytest.raises(StreamsonError) as raised:
        client.call(Mute(), 1.0)
    return str(raised.value)


def test_garbage_half_open_connections_and_http_do_no_harm(home, machine, ear):
    web = machine("web")
    home.folder.allow("web", Grant(key=web.key, publish=("*",)))
    host, _, port = ear.receiver.endpoint.removeprefix("tcp://").rpartition(":")
    with contextlib.ExitStack() as stack:
        for content in (b"", b"\0" * 999, b"GET / HTTP/1.1\r\n\r\n", os.urandom(5_000)) * 50:
            end = stack.enter_context(socket.create_connection((host, int(port))))
            with contextlib.suppress(OSError):
                end.sendall(content)
        with publishing(web, ear.endpoint) as publisher:
            # While connections come and go by the hundred, the guard may cut one that is honest.
            ear.until(lambda: publisher.send("web", x=1.0) and "web" in ear.heard, "a point")


def test_a_gatekeeper_that_has_gone_lets_nobody_in(home, machine, ear):
    """ZeroMQ by itself would let everybody in who knows the public key."""
    from streamson.wire.sockets.gatekeeper import Gatekeeper

    with home:
        gatekeeper = Gatekeeper(home.folder)
    server = gatekeeper.context.socket(zmq.SUB)
    gatekeeper.secure(server, "publish")
    server.subscribe(b"")
    port = server.bind_to_random_port("tcp://127.0.0.1")
    gatekeeper._authenticator.stop()
    web = machine("web")
    with publishing(web, f"tcp://127.0.0.1:{port}#{home.key}") as publisher:
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            server.poll(10)
            assert not publisher.listening
    server.close(0)
    gatekeeper.context.term()


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("tcp://127.0.0.1:1", True),
        ("tcp://127.3.2.1:*", True),
        ("tcp://localhost:1", True),
        ("tcp://[::1]:1", True),
        ("ipc:///run/x", True),
        ("tcp://0.0.0.0:1", False),
        ("tcp://*:1", False),
        ("tcp://eth0:1", False),
        ("tcp://[::]:1", False),
        ("tcp://[::ffff:0.0.0.0]:1", False),
        ("tcp://127.0.0.1;0.0.0.0:1", False),
        (f"tcp://{socket.gethostname()}:1", False),
        ("tcp://192.168.1.1:1", False),
    ],
)
def test_what_others_reach_asks_for_keys(tmp_path, monkeypatch, endpoint, local):
    monkeypatch.setenv("STREAMSON_KEYS", str(tmp_path))
    assert is_local(endpoint) is local
    assert keys_for(endpoint, "none", "--bind") is None
    with pytest.raises(UsageError, match="streamson keys new"):
        keys_for(endpoint, "keys", "--bind")
    if local:
        assert keys_for(endpoint, "auto", "--bind") is None
    else:
        for make in (Receiver, FeedPublisher, CommandServer):
            with pytest.raises(UsageError, match=r"other machines reach it.*--insecure"):
                make(endpoint)
    with pytest.raises(UsageError, match='"auto", "keys" or "none"'):
        keys_for(endpoint, "on", "--bind")


def test_an_endpoint_has_a_key_or_none(home):
    key = home.key
    assert parse_endpoint(f"tcp://a:1#{key.upper()}") == ("tcp://a:1", key)
    assert control_endpoint(f"tcp://a:1#{key}") == f"tcp://a:2#{key}"
    assert control_endpoint(f"ipc:///x#{key}") == f"ipc:///x.control#{key}"
    assert with_key("tcp://[::]:1", key, "loft") == f"tcp://loft:1#{key}"
    with pytest.raises(UsageError, match="64 hex digits"):
        Publisher(f"tcp://127.0.0.1:1#{key[:-1]}")


def test_a_machine_without_a_key_can_not_show_one(tmp_path, monkeypatch, home):
    monkeypatch.setenv("STREAMSON_KEYS", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="streamson keys new"):
        Publisher(f"tcp://127.0.0.1:1#{home.key}")


def test_a_machines_own_programs_have_its_key(home, ear):
    """A listener's page and its screen read its feed, whatever is allowed to others."""
    with serving(home) as (feed, commands, asked):
        with home, FeedReader(feed.endpoint, [EVENT]):
            until(lambda: EVENT in asked, "the subscription")
        with home, CommandClient(f"{commands.endpoint}#{home.key}") as client:
            assert client.call(Mute()).ok
    with publishing(home, ear.endpoint) as publisher:
        ear.until(lambda: publisher.send("any", x=1.0) and "any" in ear.heard, "a point")


@pytest.fixture
def gatekeeper():
    """Opens gatekeepers, and closes them at the end."""
    from streamson.wire.sockets.gatekeeper import Gatekeeper

    with contextlib.ExitStack() as stack:

        def opened(folder):
            found = Gatekeeper(folder)
            stack.callback(found.close)
            return found

        yield opened


def test_who_tries_again_is_told_of_once_a_minute(home, gatekeeper, caplog):
    from streamson.wire.sockets.gatekeeper import MAX_TOLD

    keeper = gatekeeper(home.folder)
    keys = [f"{number:064x}" for number in range(MAX_TOLD)]
    for key in 3 * keys:
        assert not keeper.lets_in(key, "publish", "10.0.0.1")
    assert keeper.refused == 3 * MAX_TOLD
    assert len(caplog.messages) == MAX_TOLD
    for _ in range(3):
        assert not keeper.lets_in("f" * 64, "publish", "10.0.0.1")
    assert len(caplog.messages) == MAX_TOLD + 1


def test_each_of_two_that_are_refused_at_once_is_named(machine, ear, caplog):
    with contextlib.ExitStack() as stack:
        machines = [machine(name) for name in ("web", "db")]
        for one in machines:
            stack.enter_context(publishing(one, ear.endpoint))
        lines = [f"the key {one.key} is not allowed here" for one in machines]
        ear.until(lambda: all(line in caplog.text for line in lines), "both keys")


class Faulty(KeyFolder):
    """A folder that is read with a fault that nobody foresaw, once."""

    faults = 0

    def allowed(self):
        if self.faults:
            self.faults -= 1
            raise ZeroDivisionError
        return super().allowed()


def test_a_fault_keeps_one_connection_out_and_not_all_that_follow(
    home, machine, gatekeeper, caplog
):
    folder, web = Faulty(home.folder.path), machine("web")
    keeper = gatekeeper(folder)
    with contextlib.closing(keeper.context.socket(zmq.SUB)) as server:
        keeper.secure(server, "publish")
        server.subscribe(b"")
        port = server.bind_to_random_port("tcp://127.0.0.1")
        home.folder.allow("web", Grant(key=web.key, publish=("*",)))
        folder.faults = 1
        with publishing(web, f"tcp://127.0.0.1:{port}#{home.key}") as publisher:
            until(lambda: server.poll(10) or publisher.listening, "to be let in")
    assert "a connection is left out: ZeroDivisionError" in caplog.text


class Slow(KeyFolder):
    """A folder on a slow disk: what it says was so a moment ago."""

    slow = threading.Event()
    read = threading.Event()
    go_on = threading.Event()

    def allowed(self):
        found = super().allowed()
        if self.slow.is_set():
            self.slow.clear()
            self.read.set()
            assert self.go_on.wait(10)
        return found


def test_what_a_thread_read_before_a_key_was_revoked_never_counts_after_it(home, gatekeeper):
    folder, key = Slow(home.folder.path), "ab" * 32
    keeper = gatekeeper(folder)
    folder.allow("web", Grant(key=key, publish=("*",)))
    folder.slow.set()
    asked = threading.Thread(target=keeper.lets_in, args=(key, "publish", "10.0.0.1"))
    asked.start()
    assert folder.read.wait(10)
    home.folder.revoke("web")
    changes = keeper.changes
    looked = threading.Thread(
        target=until, args=(lambda: keeper.look() or keeper.changes > changes, "the change")
    )
    looked.start()
    looked.join(0.5)  # by then it has looked, unless it waits for the other
    folder.go_on.set()
    asked.join()
    looked.join()
    until(lambda: keeper.look() or not keeper.may(key, "publish"), "the revocation", 3)


def test_who_publishes_to_the_port_of_a_feed_is_told_that_it_may_be_one(home, machine):
    web = machine("web")
    home.folder.allow("web", Grant(key=web.key, hear=True))
    with serving(home) as (feed, _, _), publishing(web, feed.endpoint) as publisher:
        words = "or is no port for points"
        until(lambda: not publisher.listening and words in publisher.refusal, "the refusal")
