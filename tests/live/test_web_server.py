"""Who is let in to the page, what is refused and counted, and that nobody disturbs the sound."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress

import aiohttp
import pytest

from streamson import Listener, Publisher
from streamson.errors import UsageError
from streamson.live.web.access import Access, Role, parse_address
from streamson.live.web.limits import (
    KEPT_FOR_HOSTS,
    MAX_BROWSERS,
    MAX_COMMANDS_OF_GUESTS,
    MAX_CONNECTIONS,
    MAX_METRIC_STREAMS,
    REQUEST_S,
)
from streamson.live.web.sound import HEADER
from streamson.live.web.steering import Steering
from streamson.model.command import Mute, Snapshot
from streamson.session.load import parse_session
from streamson.wire.control.client import CommandClient
from tests.conftest import until
from tests.live.conftest import ANY_PORT, Page


def ask(port, path="/", *, host=None, method="GET", body=b"", timeout=20, **headers):
    """Return status, headers and body of a request, as it is said on the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = b""
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                answer += part
    head, _, rest = answer.partition(b"\r\n\r\n")
    first, *others = head.decode().split("\r\n")
    named = dict(line.lower().split(": ", 1) for line in others)
    return int(first.split()[1]), named, rest


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A page for all those who leave it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("standing"))
        with Listener(ANY_PORT, output="none", feed=ANY_PORT) as listener:
            page = Page(listener.feed_endpoint)
            yield page
            _code, _out, err = page.end()
    assert "Traceback" not in err, err


def test_the_page_and_its_parts_are_there_with_headers_that_keep_others_out(standing):
    status, headers, body = ask(standing.port)
    assert status == 200
    assert b"<title>streamson</title>" in body
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    for name in ("app.js", "worklet.js", "receiver.js", "style.css", "icon.svg"):
        status, headers, body = ask(standing.port, f"/{name}")
        assert (status, bool(body)) == (200, True), name
        assert b"http://" not in body.replace(b"http://www.w3.org/", b""), name


@pytest.mark.parametrize(
    "path",
    [
        *("/../server.py", "/page/index.html", "/..%2fserver.py", "/app.js/../../hub.py"),
        *("/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/recordings/../../etc/passwd"),
        *("/recordings/1", "/recordings/-1", "/listen.wav", "/sound?form=wav", "/static/app.js"),
    ],
)
def test_no_path_leads_to_another_file(standing, path):
    status, _, body = ask(standing.port, path)
    assert status == 404
    assert b"root:" not in body


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "evil.example:5580"}, 421),
        ({"host": "127.0.0.1.evil.example"}, 421),
        ({"host": "[broken"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "audio"}, 403),
        ({"Sec_Fetch_Site": "same-site", "Sec_Fetch_Dest": "script"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"method": "POST"}, 405),
        ({"method": "DELETE"}, 405),
        ({"method": "POST", "Content_Length": "1000000000"}, 405),
        ({"Content_Length": "1000000000"}, 413),
    ],
)
def test_who_comes_from_elsewhere_or_brings_something_is_refused_and_counted(
    standing, request_of, status
):
    before = standing.metrics()["streamson_page_refused"]
    for path in ("/", "/view", "/sound", "/listen.mp3", "/metrics"):
        assert ask(standing.port, path, **request_of)[0] == status
    assert standing.metrics()["streamson_page_refused"] == before + 5


def test_a_header_without_end_is_refused(standing):
    assert ask(standing.port, X="x" * 100_000)[0] == 400
    assert ask(standing.port)[0] == 200


def test_other_addresses_than_this_machines_take_a_token(listener, open_page):
    page = open_page(listener.feed_endpoint, "--address", "0.0.0.0:0")
    assert len(page.lines) == 2
    guest = page.lines[1].partition("token=")[2]
    assert guest
    assert guest != page.token
    for path in ("/", "/app.js", "/view", "/sound", "/listen.ogg", "/metrics", "/recordings/1"):
        assert ask(page.port, path)[0] == 401
        assert ask(page.port, f"{path}?token=wrong")[0] == 401
        assert ask(page.port, path, Cookie=f"streamson-{page.port}={guest[:-1]}")[0] == 401
    assert ask(page.port, "/healthz")[0] == 200  # tells nothing but that it is well
    status, headers, _ = ask(page.port, f"/?token={page.token}")
    assert (status, headers["location"]) == (303, "/")  # the token is not to stay in the address
    cookie = headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "set-cookie" not in ask(page.port, "/?token=wrong")[1]
    assert ask(page.port, Cookie=f"streamson-{page.port}={page.token}")[0] == 200
    assert ask(page.port, f"/metrics?token={guest}")[0] == 200
    assert ask(page.port, f"/recordings/1?token={guest}")[0] == 403


async def told(socket, topic):
    """Return the next message of a topic."""
    async for message in socket:
        found = json.loads(message.data)
        if found["topic"] == topic:
            return found["message"]
    pytest.fail(f"no {topic}")


async def converse(page, steps, token=""):
    """Open a view, and do something with it."""
    url = f"http://127.0.0.1:{page.port}/view?token={token}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as view:
        return await steps(view)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_guests_see_and_do_not_steer(listener, open_page):
    page = open_page(listener.feed_endpoint, "--address", "0.0.0.0:0", "--insecure")

    async def steps(view):
        assert (await told(view, "welcome"))["steers"] is False
        await view.send_str('{"command": "mute", "id": 1}')
        refused = await told(view, "answer")
        await view.send_str('{"command": "snapshot", "id": 2}')
        return refused, await told(view, "answer")

    refused, snapshot = run(converse(page, steps))
    assert (refused["ok"], refused["id"]) == (False, 1)
    assert "guests" in refused["text"]
    assert snapshot["ok"] is True
    assert listener.stats().commands == 1  # the snapshot alone came to the listener

    async def steer(view):
        await view.send_str('{"command": "mute"}')
        return await told(view, "answer")

    assert run(converse(page, steer, page.token))["result"]["muted"] is True


def test_a_newcomer_is_told_at_once_how_things_stand(listener, page, publish):
    publish("a/<b>x</b>", percent=3.0)

    async def steps(view):
        hello = await told(view, "hello")
        state = await told(view, "state")
        streams = await told(view, "streams")
        await view.send_str('{"ping": 12.5}')
        pong = await told(view, "pong")
        return hello, state, streams, pong

    # The page's server knows of the stream a moment after the listener.
    until(lambda: "streamson_stream_points_total" in str(page.metrics()), "the stream")
    hello, state, streams, pong = run(converse(page, steps))
    assert hello["endpoint"] == listener.endpoint
    assert state["muted"] is False
    assert [row["name"] for row in streams["rows"]] == ["a/<b>x</b>"]
    assert streams["rows"][0]["legend"][0]["follows"][0]["parameter"] == "pitch"
    assert pong["ping"] == 12.5
    assert abs(pong["time"] - time.time()) < 10


@pytest.mark.parametrize(
    "request_text",
    [
        *("", "{", "[]", "null", '"x"', '{"command": 3}', '{"command": "fly"}', '{"ping": "x"}'),
        *(
            '{"command": "volume", "volume_db": 99}',
            '{"command": "session", "name": "/etc/passwd"}',
        ),
        *('{"command": "mute_stream", "stream": "none"}', '{"command": "mute", "more": 1}'),
    ],
)
def test_what_is_no_command_is_answered_with_what_is_allowed(standing, request_text):
    async def steps(view):
        await view.send_str(request_text)
        return await told(view, "answer")

    answer = run(converse(standing, steps))
    assert answer["ok"] is False
    assert answer["text"]


def test_a_browser_that_wants_too_much_is_dropped(listener, page):
    async def steps(view):
        with suppress(ConnectionError):
            for _ in range(5_000):
                await view.send_str('{"command": "mute", "muted": false}')
        async for _ in view:
            pass
        return view.close_code

    assert run(converse(page, steps)) in (4_009, 1006)
    assert listener.stats().commands <= 60
    large = '{"command": "' + 100_000 * "x" + '"}'

    async def send_large(view):
        await view.send_str(large)
        async for _ in view:
            pass
        return view.close_code

    assert run(converse(page, send_large)) == 1009
    assert ask(page.port)[0] == 200


def test_a_token_that_is_none_of_ours_is_not_kept(standing):
    """Whoever may steer without one is not made a guest by a link of somebody else."""
    for token in ("wrong", "%0d%0aX:1", "%00"):
        status, headers, _ = ask(standing.port, f"/?token={token}")
        assert (status, headers["location"]) == (303, "/")
        assert "set-cookie" not in headers


def test_a_browser_that_pings_without_end_is_dropped(page, connect):
    flood = connect()
    flood.sendall(_upgrade(page, "/view"))
    with suppress(OSError):
        for _ in range(10_000):
            flood.sendall(100 * (b"\x89\xfd\0\0\0\0" + 125 * b"p"))
    until(lambda: page.metrics()["streamson_page_browsers"] == 0, "the drop")
    assert ask(page.port)[0] == 200


def _upgrade(page, path):
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


def test_guests_hold_up_nobody_who_steers():
    async def steps():
        steering = Steering(CommandClient("tcp://127.0.0.1:9"))  # nobody answers there
        asked = [
            asyncio.create_task(steering.carry_out(Snapshot(), Role.GUEST))
            for _ in range(MAX_COMMANDS_OF_GUESTS + 1)
        ]
        await asyncio.sleep(0)
        steered = asyncio.create_task(steering.carry_out(Mute(), Role.HOST))
        answers = [await one for one in (*asked, steered)]
        await asyncio.to_thread(steering.close)
        return answers

    *asked, steered = run(steps())
    assert ["too many" in answer.text for answer in asked] == [
        *(False for _ in range(MAX_COMMANDS_OF_GUESTS)),
        True,
    ]
    assert "nobody takes commands" in steered.text


def test_guests_leave_room_for_who_steers(listener, open_page):
    page = open_page(listener.feed_endpoint, "--address", "0.0.0.0:0", "--insecure")
    url = f"http://127.0.0.1:{page.port}/view"

    async def steps():
        async with aiohttp.ClientSession() as session:
            room = MAX_BROWSERS - KEPT_FOR_HOSTS
            guests = [await session.ws_connect(url) for _ in range(room)]
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)
            host = await session.ws_connect(f"{url}?token={page.token}")
            return len(guests), (await told(host, "welcome"))["steers"]

    assert run(steps()) == (MAX_BROWSERS - KEPT_FOR_HOSTS, True)


@pytest.fixture
def connect(page):
    """Open connections, which are closed at the end."""
    sockets = []

    def connect_one():
        sockets.append(socket.create_connection(("127.0.0.1", page.port), 5))
        return sockets[-1]

    yield connect_one
    for one in sockets:
        one.close()


def test_a_thousand_silent_connections_are_cut_and_the_page_goes_on(listener, page, connect):
    for _ in range(1_000):
        with suppress(OSError):
            # Never the end of it.
            connect().sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    until(lambda: _answers(page), "the page", 2 * REQUEST_S)
    metrics = page.metrics()
    # Of those that the system took: it lets go of some by itself where they come too fast.
    assert metrics["streamson_page_refused"] > MAX_CONNECTIONS
    assert metrics["streamson_page_connections"] <= MAX_CONNECTIONS
    # The clock in place of a device is a thread of this process, which opens them all.
    stats = listener.stats()
    assert stats.blocks_missed <= stats.blocks / 100


def _answers(page):
    try:
        return ask(page.port, timeout=1)[0] == 200
    except (OSError, ValueError, IndexError):
        return False


@pytest.mark.slow
def test_who_reads_nothing_is_dropped_while_others_hear(listener, page, steady, connect):
    steady(3)
    with Publisher(listener.endpoint) as publisher:
        for number in range(MAX_METRIC_STREAMS):  # more than the system's buffers take
            publisher.send(f"a/rather/long/name/{number}", **{f"field{n}": 1.0 for n in range(16)})
    until(lambda: listener.stats().streams > MAX_METRIC_STREAMS, "the streams")
    until(
        lambda: len(page.metrics()) > 16 * MAX_METRIC_STREAMS, "what is told of them", every_s=0.3
    )
    player = f"HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n"
    for path in ("/listen.mp3", "/listen.ogg", "/metrics"):
        _stall(connect(), f"GET {path} {player}".encode())
    for path in ("/sound", "/view"):
        _stall(connect(), _upgrade(page, path))
    stopping, frames = threading.Event(), []

    async def hear():
        url = f"http://127.0.0.1:{page.port}/sound"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as view:
            async for message in view:
                frames.append(message.data)
                if stopping.is_set():
                    return

    hearing = threading.Thread(target=run, args=(hear(),))
    hearing.start()
    # Nothing of them is left: not among those who hear, nor a connection.
    # It is asked now and then: to tell of so many streams is work.
    until(lambda: page.metrics()["streamson_page_hearers"] == 1, "the drops", 60, every_s=0.3)
    until(lambda: page.metrics()["streamson_page_connections"] == 2, "the cuts", 60, every_s=0.3)
    assert page.metrics()["streamson_page_dropped"] >= 3
    before = len(frames)
    until(lambda: len(frames) > before + 20, "the sound of the other")
    stopping.set()
    hearing.join()
    ends = None
    for message in frames:
        _kind, count, _rate, frame, _time = HEADER.unpack_from(message)
        assert ends in (None, frame)
        ends = frame + count


def _stall(connection, request):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.sendall(request)


def test_more_pages_than_there_is_room_for_are_refused(page):
    async def steps():
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{page.port}/view"
            views = [await session.ws_connect(url) for _ in range(MAX_BROWSERS)]
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url)
            for view in views:
                await view.close()
            return refused.value.status

    assert run(steps()) == 503


def test_any_player_hears_it(page, steady, tmp_path):
    """What comes is decoded by a program of others."""
    steady(3)
    for kind, least in (("mp3", 20_000), ("ogg", 20_000)):
        path = tmp_path / f"heard.{kind}"
        with (
            path.open("wb") as file,
            urllib.request.urlopen(
                f"http://127.0.0.1:{page.port}/listen.{kind}", timeout=20
            ) as answer,
        ):
            while file.tell() < least:
                file.write(answer.read(1_024))
        told_of = subprocess.run(
            ["sox", path, "-n", "stat"], capture_output=True, text=True, check=True
        ).stderr
        figures = dict(line.split(":", 1) for line in told_of.splitlines() if ":" in line)
        assert float(figures["Length (seconds)"]) > 0.5
        assert float(figures["Maximum amplitude"]) > 0.02


def test_metrics_are_what_the_listener_counts(listener, page, publish):
    publish("host/cpu", percent=42.0)
    publish("host/cpu", percent=43.0)
    key = 'streamson_stream_value{field="percent",stream="host/cpu"}'
    until(lambda: page.metrics().get(key) == 43.0, "the value")
    until(lambda: page.metrics()["streamson_points_received_total"] == 2.0, "the statistics")
    metrics = page.metrics()
    assert metrics["streamson_up"] == 1.0
    assert metrics["streamson_streams"] == 1.0
    assert metrics['streamson_stream_points_total{stream="host/cpu"}'] == 2.0


def test_metrics_say_whose_clock_is_wrong(listener, page):
    skew = 'streamson_stream_clock_skew_seconds{stream="late/cpu"}'
    with Publisher(listener.endpoint, source="late") as publisher:

        def is_told():
            publisher.send("late/cpu", percent=1.0, time=time.time() - 3_720)
            time.sleep(0.1)
            return page.metrics().get(skew)

        until(is_told, "the skew of the stream")
        until(lambda: page.metrics()["streamson_clocks_wrong"] == 1.0, "the statistics")
    metrics = page.metrics()
    assert metrics[skew] == pytest.approx(-3_720, abs=1)
    assert metrics["streamson_worst_clock_skew_s"] == pytest.approx(-3_720, abs=1)


def test_health_says_when_the_listener_has_gone(listener, page):
    assert ask(page.port, "/healthz")[0] == 200
    listener.stop()
    until(lambda: ask(page.port, "/healthz")[0] == 503, "that it has gone")


def test_a_listener_that_took_the_place_of_another_is_shown_without_its_streams(open_page):
    with Listener(ANY_PORT, session=_at(44_100), output="none", feed=ANY_PORT) as before:
        page = open_page(before.feed_endpoint)
        with Publisher(before.endpoint) as publisher:
            publisher.send("of before", x=1.0)
        until(lambda: "of before" in str(page.metrics()), "the stream")
        until(lambda: before.stats().seconds > 1.5, "some time")

        async def steps(view):
            assert "of before" in str(await told(view, "streams"))
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{page.url}sound") as sound,
            ):
                rates = {HEADER.unpack_from((await sound.receive()).data)[2]}
                await asyncio.to_thread(before.stop)
                with Listener(
                    ANY_PORT, session=_at(48_000), output="none", feed=before.feed_endpoint
                ) as after:
                    with Publisher(after.endpoint) as publisher:
                        publisher.send("of now", x=1.0)
                    gone, names = set(), set()
                    while "of now" not in names or not gone:
                        streams = await told(view, "streams")
                        gone |= set(streams["gone"])
                        names |= {row["name"] for row in streams["rows"]}
                    while 48_000 not in rates:
                        rates.add(HEADER.unpack_from((await sound.receive()).data)[2])
            return gone, rates

        assert run(converse(page, steps)) == ({"of before"}, {44_100, 48_000})


def _at(rate):
    return parse_session(b"[[part]]\n[audio]\nsample_rate = %d\n" % rate, "rate.toml")


def test_the_page_of_nobody_says_what_to_start(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "streamson", "web", "tcp://127.0.0.1:9", "--address", "0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert "streamson listen --feed tcp://127.0.0.1:9" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("text", ["x", "", ":80", "host:", "1.2.3.4:99999", "-1", "8080x"])
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match=r"\[HOST:\]PORT"):
        parse_address(text)


def test_only_who_has_a_token_steers_from_elsewhere():
    access = Access("0.0.0.0", 80)
    assert access.role_of(None) is Role.NOBODY
    assert access.role_of("") is Role.NOBODY
    assert access.role_of(access.guest_token) is Role.GUEST
    assert access.role_of(access.token) is Role.HOST
    assert Access("0.0.0.0", 80, insecure=True).role_of("é") is Role.GUEST
    assert Access("127.0.0.1", 80).role_of(None) is Role.HOST
    assert Access("::1", 80).is_local
