"""What the HTTP server does not let happen: floods, bombs, endless bodies, silence."""

import asyncio
import gzip
import http.client
import logging
import random
import re
import resource
import socket
import subprocess
import threading
import time
import zlib
from contextlib import ExitStack, contextmanager, suppress

import pytest

from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push import connections, http_server, intake
from streamson.producers.push.access import Access
from streamson.producers.push.address import Address, bind
from streamson.producers.push.body import BodyRequest
from streamson.producers.push.http_limits import MAX_CONNECTIONS, RETRY_AFTER_S
from streamson.producers.push.http_server import HttpServer
from streamson.producers.push.intake import Intake
from streamson.producers.push.json_body import JSON_ROUTE
from tests.conftest import memory_of, until
from tests.producers.push.serving import JSON, Serving, answered, request
from tests.producers.servers import needs

CONNECTIONS = 1_000
HALF = b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Le"


class Inside:
    """A server within this process, whose limits a test may change."""

    def __init__(self):
        bound = bind(Address("127.0.0.1", 0), socket.SOCK_STREAM, "--address")
        self.port = bound.getsockname()[1]
        self.queue = AsyncioQueue(
            lambda queue: HttpServer(queue, Access(None), {}, None, ()).serve(bound)
        )
        self.readings = iter(self.queue)
        until(self._answers, "the server")

    def _answers(self):
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def inside(caplog):
    caplog.set_level(logging.INFO)
    inside = Inside()
    yield inside
    inside.queue.close()


@contextmanager
def many_connections(port, number):
    """Open connections, each of which has said half of what it should."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, number + 200)), hard))
    with ExitStack() as opened:
        for _ in range(number):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.send(HALF)
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_who_say_nothing_keep_nobody_out(produce):
    serving = Serving(produce)
    with many_connections(serving.port, CONNECTIONS):
        for number in range(20):
            began = time.monotonic()
            assert serving.post("/a", {"x": number}).status == 204
            assert time.monotonic() - began < 1
        held = [fields["x"] for _, fields in serving.points(20)]
    assert held == list(range(20))
    _, err = serving.producing.interrupt()
    cut = int(re.search(r"http: (\d+) connections too many left out", err)[1])
    assert CONNECTIONS - MAX_CONNECTIONS <= cut <= CONNECTIONS + 30


def test_who_is_heard_keeps_the_connection_while_the_silent_ones_go(inside):
    connection = http.client.HTTPConnection("127.0.0.1", inside.port, timeout=10)
    connection.connect()
    kept = connection.sock
    with ExitStack() as opened:
        for number in range(2 * MAX_CONNECTIONS):
            if number % 100 == 0:
                connection.request("POST", "/a", b"1")
                assert answered(connection).status == 204
                assert connection.sock is kept
            address = ("127.0.0.1", inside.port)
            opened.enter_context(socket.create_connection(address)).send(HALF)
    connection.close()


def test_an_upload_without_end_is_cut_and_memory_stays_as_it_was(produce):
    serving = Serving(produce)
    serving.post("/a", {"x": 1})
    pid = serving.producing.process.pid
    before = memory_of(pid)
    # Who says how much comes is told before anything does.
    said = {**JSON, "Content-Length": str(2 << 30), "Expect": "100-continue"}
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=10)
    connection.putrequest("POST", "/a")
    for name, value in said.items():
        connection.putheader(name, value)
    connection.endheaders()
    status, _, headers = answered(connection)
    assert (status, headers["Connection"]) == (413, "close")
    connection.close()
    curl = [needs("curl"), "-sS", "--max-time", "20", "-T", "-", f"{serving.url}/zeros"]
    with open("/dev/zero", "rb") as zeros:
        done = subprocess.run(curl, stdin=zeros, capture_output=True, text=True, check=False)
    assert "a document of JSON of more than 4194304 bytes" in done.stdout
    for bomb in (packed_bomb(b"\0"), packed_bomb(b"\n")):
        assert len(bomb) < 300_000
        status, text, _ = serving.post("/bomb", bomb, {**JSON, "Content-Encoding": "gzip"})
        assert status == 413, text
    assert memory_of(pid) - before < 40_000_000
    assert serving.post("/a", {"x": 2}).status == 204
    assert serving.points(2) == [("a", {"x": 1}), ("a", {"x": 2})]
    assert "http: 4 requests too large left out" in serving.producing.interrupt()[1]


def packed_bomb(byte: bytes, size: int = 1 << 27) -> bytes:
    """Return 128 megabytes of one byte, packed."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    piece = byte * (1 << 24)
    return b"".join(packer.compress(piece) for _ in range(size >> 24)) + packer.flush()


def test_a_large_body_is_not_waited_for(produce):
    serving = Serving(produce)
    lines = (b'{"x": 1}' + b" " * 100 + b"\n") * 12_000  # for which curl asks first whether it may
    command = [needs("curl"), "-sS", "-v", "-H", "Content-Type: application/x-ndjson"]
    done = subprocess.run(
        [*command, "-H", "Expect: 100-continue", "--data-binary", "@-", f"{serving.url}/a"],
        input=lines,
        capture_output=True,
        check=True,
    )
    assert b"< HTTP/1.1 100 Continue" in done.stderr
    assert b"< HTTP/1.1 204 No Content" in done.stderr
    _, err = serving.producing.interrupt()
    assert "http: 1 request with 12000 points\n" in err
    assert "dropped so far" not in err


def test_whoever_says_nothing_more_is_cut_off(inside, monkeypatch, caplog):
    monkeypatch.setattr(connections, "REQUEST_S", 0.1)
    monkeypatch.setattr(http_server, "PIECE_S", 0.1)
    body = b'POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"x": 1}\n{'
    for said in (b"", HALF, body):
        with socket.create_connection(("127.0.0.1", inside.port), timeout=10) as slow:
            slow.sendall(said)
            with suppress(ConnectionResetError):
                assert slow.recv(1_000) == b""
    assert next(inside.readings).fields == {"x": 1}
    inside.queue.close()
    assert "2 connections that stayed silent left out" in caplog.messages
    assert "1 connection that stopped within a body left out" in caplog.messages


def test_who_was_heard_and_says_half_of_something_is_cut_off(inside, monkeypatch, caplog):
    monkeypatch.setattr(http_server, "KEEPALIVE_S", -0.9)  # to which a second is added
    with socket.create_connection(("127.0.0.1", inside.port), timeout=10) as slow:
        slow.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n5")
        assert slow.recv(1_000).startswith(b"HTTP/1.1 204 ")
        slow.sendall(HALF)
        with suppress(ConnectionResetError):
            assert slow.recv(1_000) == b""
    inside.queue.close()
    assert "1 connection that stayed silent left out" in caplog.messages


@pytest.mark.parametrize("length", [b"Content-Length: 99", b"Transfer-Encoding: chunked"])
def test_what_came_before_a_body_broke_off_is_heard(inside, caplog, length):
    head = b"POST /a HTTP/1.1\r\nHost: localhost\r\n" + length + b"\r\n\r\n"
    size = b"" if b"99" in length else b"b\r\n"
    with socket.create_connection(("127.0.0.1", inside.port)) as broken:
        broken.sendall(head + size + b'{"x": 1}\n{"' + (b"\r\n" if size else b""))
        assert next(inside.readings).fields == {"x": 1}
    until(lambda: any("broke off" in one for one in caplog.messages), "its end")
    assert request(inside.port, "POST", "/a", b"2").status == 204
    assert not [one for one in caplog.messages if "failed" in one]


def test_who_sends_more_than_can_go_is_told_to_come_back_and_nothing_is_dropped(
    inside, monkeypatch
):
    monkeypatch.setattr(intake, "FULL_S", 0.2)
    body = b"".join(b'{"x": %d}\n' % number for number in range(20_000))
    status, _, headers = request(inside.port, "POST", "/a", body)
    assert (status, headers["Retry-After"]) == (429, str(RETRY_AFTER_S))
    assert request(inside.port, "POST", "/a", b'{"x": 1}').status == 429
    taken = [next(inside.readings).fields["x"] for _ in range(5_001)]
    assert taken == list(range(5_001))
    assert request(inside.port, "POST", "/a", b'{"x": -1}').status == 204
    assert next(inside.readings).fields == {"x": -1}
    assert inside.queue.dropped == 0


def test_who_sends_faster_than_it_goes_is_held_up_and_nothing_is_lost(inside):
    body = b"".join(b'{"x": %d}\n' % number for number in range(50_000))
    statuses = []
    sending = threading.Thread(
        target=lambda: statuses.append(request(inside.port, "POST", "/a", body).status)
    )
    sending.start()
    taken = [next(inside.readings).fields["x"] for _ in range(50_000)]
    sending.join()
    assert taken == list(range(50_000))
    assert statuses == [204]


def test_a_body_is_no_longer_than_its_route_allows():
    async def come():
        for _ in range(200):
            yield b'{"x": 1}\n'

    asked = BodyRequest("/a", {}, {}, StreamTemplate("{path}"), ())
    for limit, status in ((1_799, 413), (1_800, 204)):
        taking = Intake(PushQueue()).take(JSON_ROUTE._replace(max_bytes=limit), asked, "", come())
        assert asyncio.run(taking).status == status


def test_its_end_closes_all_connections(inside):
    with (
        socket.create_connection(("127.0.0.1", inside.port), timeout=10) as idle,
        socket.create_connection(("127.0.0.1", inside.port), timeout=10) as halfway,
    ):
        halfway.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n1\n")
        assert next(inside.readings).fields == {"value": 1}
        began = time.monotonic()
        inside.queue.close()
        assert time.monotonic() - began < 1
        assert idle.recv(10) == b""
        assert halfway.recv(10) == b""


def test_so_many_streams_and_no_more_are_published(monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(intake, "MAX_STREAMS", 3)
    limited = Inside()
    for number in (0, 1, 2, 3, 4, 1):
        assert request(limited.port, "POST", f"/s{number}", b"5").status == 204
    limited.queue.close()
    assert [reading.stream for reading in limited.readings] == ["s0", "s1", "s2", "s1"]
    assert "2 points of more than 3 streams left out" in caplog.messages


def test_all_that_waits_to_be_complete_is_bounded(monkeypatch):
    monkeypatch.setattr(intake, "MAX_HELD_BYTES", 1_000_000)
    asked = BodyRequest("/a", {}, {}, StreamTemplate("{path}"), ())
    taking = Intake(PushQueue())

    async def take(*pieces, until=None):
        async def come():
            for piece in pieces:
                yield piece
            if until is not None:
                await until.wait()
            yield b"]"

        return (await taking.take(JSON_ROUTE, asked, "", come())).status

    async def both():
        complete = asyncio.Event()
        first = asyncio.create_task(take(b"[1", b" " * 900_000, until=complete))
        lines = asyncio.create_task(take(*[b'{"x": 1}' + b" " * 9_000 + b"\n"] * 200))
        assert await lines == 400  # which are taken as they come, but for the last one
        assert await take(b"[1" + b" " * 100_000) == 429
        assert await take(b"[1" + b" " * 90_000) == 204
        complete.set()
        assert await first == 204
        assert await take(b"[1" + b" " * 100_000) == 204

    asyncio.run(both())


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELO mail\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"POST /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\nzz\r\n",
    ],
)
def test_who_speaks_no_http_is_told_so_and_counted(inside, caplog, said):
    with socket.create_connection(("127.0.0.1", inside.port), timeout=10) as other:
        other.sendall(said)
        other.shutdown(socket.SHUT_WR)
        told = b""
        while more := other.recv(10_000):
            told += more
    assert not told or told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert request(inside.port, "POST", "/a", b'{"x": 1}').status == 204
    inside.queue.close()
    assert not [one for one in caplog.messages if "failed" in one or "rror" in one]


def test_a_mistake_of_ours_is_told_once_and_ends_nothing(inside, monkeypatch, caplog):
    monkeypatch.setattr(http_server.Intake, "take", lambda *_: 1 / 0)
    for _ in range(5):
        assert request(inside.port, "POST", "/a", b"1").status == 500
    (told,) = [one for one in caplog.messages if "a request failed here" in one]
    assert "ZeroDivisionError" in told
    monkeypatch.undo()
    assert request(inside.port, "POST", "/a", b"1").status == 204


def test_whatever_is_sent_is_answered_as_a_mistake_of_the_sender_or_taken(inside):
    chance = random.Random(7)
    pieces = [
        b'{"a": 1}',
        b"[",
        b"]",
        b"\n",
        b"a=1&b",
        b"\x1f\x8b\x08",
        b"\xff",
        b"\0",
        b'"',
        b"1e999",
    ]
    types = ["application/json", "application/x-ndjson", "application/x-www-form-urlencoded", "a/b"]
    connection = http.client.HTTPConnection("127.0.0.1", inside.port, timeout=20)
    for _ in range(300):
        body = b"".join(chance.choices(pieces, k=chance.randrange(6)))
        body = chance.choice([bytes, bytes, gzip.compress])(body)
        headers = {
            "Content-Type": chance.choice(types),
            "Content-Encoding": chance.choice(["", "", "gzip", "deflate", "br"]),
        }
        path = "/" + "".join(chance.choices(["a", "/", "%00", "%ff", "?x", "#", "..", "%0a"], k=4))
        connection.request(chance.choice(["POST", "PUT"]), path, body, headers)
        assert answered(connection).status in (204, 400, 413, 415), (path, body, headers)
    connection.close()
