"""The websocket producer against websocketd, which lets any program speak on a WebSocket."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streamson.producers.pull.websocket import command
from tests.producers.pull.serving import (
    assert_heard_again,
    await_told,
    certificate,
    refused,
)
from tests.producers.servers import accepts, free_port, needs, server, words_of


class Websocketd:
    """A program of Python, started for each connection; what it prints is sent, line by line."""

    def __init__(self, folder: Path, program: str, *options: str) -> None:
        self.port = free_port()
        script = folder / "program.py"
        script.write_text(program)
        self._command = [needs("websocketd"), "--address", "127.0.0.1", "--port", str(self.port)]
        self._command += [*options, sys.executable, "-u", str(script)]
        self._opened = ExitStack()
        self.start()

    def start(self) -> None:
        self._opened.enter_context(
            server(self._command, lambda: accepts(self.port), "websocketd", start_new_session=True)
        )

    def kill(self) -> None:
        self._opened.close()

    def url(self, path: str = "", scheme: str = "ws") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Websocketd]]:
    started = []

    def serve(program: str, *options: str) -> Websocketd:
        started.append(Websocketd(tmp_path, program, *options))
        return started[-1]

    yield serve
    for one in started:
        one.kill()


WAIT = "\nimport sys\nsys.stdin.read()\n"
COUNT = (
    "import time\n"
    "for n in range(10_000):\n"
    '    print(f\'{{"n": {n}, "word": "a"}}\')\n'
    "    time.sleep(0.1)\n"
)


def test_messages_become_points_as_the_documents_show_it(serve, produce):
    served = serve(COUNT)
    words = words_of("a WebSocket", port=f"127.0.0.1:8080 -> 127.0.0.1:{served.port}")
    producing = produce(*words)
    points = producing.await_points(3)
    assert [point.fields for point in points[:3]] == [{"n": n} for n in range(3)]
    assert points[0].stream == f"127.0.0.1:{served.port}/feed"
    interrupted = time.monotonic()
    code, err = producing.interrupt()
    assert time.monotonic() - interrupted < 1
    assert code == 130
    assert "sent, 0 dropped" in err


def test_lines_with_topics_are_streams_of_their_own(serve, produce):
    lines = ("home/hall 21.5", "home/attic 25", "T=3", "2", "T=4")
    served = serve("".join(f"print('{line}')\n" for line in lines) + WAIT)
    producing = produce("websocket", served.url("x"))
    here = f"127.0.0.1:{served.port}/x"
    assert [(point.stream, point.fields) for point in producing.await_points(5)] == [
        (f"{here}/home/hall", {"value": 21.5}),
        (f"{here}/home/attic", {"value": 25}),
        (here, {"T": 3}),
        (f"{here}/value", {"value": 2}),
        (here, {"T": 4}),
    ]


def test_that_nothing_comes_is_told_once_it_is_connected(serve, produce):
    served = serve(WAIT)
    producing = produce("websocket", served.url())
    assert producing.process.stderr.readline().endswith(": connected; nothing came so far\n")


def test_what_is_to_be_sent_is_sent_in_order_after_each_connection(serve, produce, tmp_path):
    # It tells how many words each message has, and ends after three.
    served = serve("for _ in range(3):\n    print(len(input().split()))")
    (tmp_path / "login").write_text("my s3cret is this\n")
    words = ("--send", "one", "--send", "one two", "--send-file", "login")
    producing = produce("websocket", served.url(), *words)
    assert [point.fields["value"] for point in producing.await_points(6)] == 2 * [4, 1, 2]
    _, err = producing.interrupt()
    assert "there again" in err
    assert "s3cret" not in err


def test_a_server_is_shown_a_token_and_headers_and_offered_a_subprotocol(serve, produce, tmp_path):
    program = (
        "import os\n"
        "shown = ('AUTHORIZATION', 'X_NAME', 'SEC_WEBSOCKET_PROTOCOL')\n"
        "found = [os.environ.get(f'HTTP_{name}') for name in shown]\n"
        "print(found == ['Bearer s3cret', 'me', 'a,b'])"
    )
    served = serve(program + WAIT)
    (tmp_path / "token").write_text("s3cret")
    words = ("--token-file", "token", "--header", "X-Name: me", "--protocol", "a")
    producing = produce("websocket", served.url(), *words, "--protocol", "b")
    assert producing.await_points(1)[0].fields == {"value": 1}


def test_binary_messages_are_texts_in_utf_8(serve, produce):
    program = (
        "import sys, time\n"
        "for part in ('{\"t\": 1}'.encode(), b'\\xff\\xfe', '21.5 °C'.encode()):\n"
        "    sys.stdout.buffer.write(part); sys.stdout.flush(); time.sleep(0.2)" + WAIT
    )
    served = serve(program, "--binary")
    producing = produce("websocket", served.url())
    assert [point.fields for point in producing.await_points(2)] == [{"t": 1}, {"value": 21.5}]
    _, err = producing.interrupt()
    assert "1 message of binary data left out" in err


def test_garbage_is_counted_and_survived(serve, produce):
    lines = ["\x1b]no", json.dumps({"n": 1, "s": "A"}), '{"n": ', json.dumps({"p": 2, "s": "B"})]
    program = "".join(f"print({line!r})\n" for line in lines)
    served = serve(program + WAIT)
    producing = produce("websocket", served.url(), "--fields", "p", "--stream", "{s}")
    (point,) = producing.await_points(1)
    assert (point.stream, point.fields) == ("B", {"p": 2})
    _, err = producing.interrupt()
    assert "2 messages without numbers left out" in err
    assert "1 message without wanted fields left out" in err
    assert "\x1b" not in err


def test_a_message_that_is_too_long_costs_a_connection_only(serve, produce, tmp_path):
    program = (
        "import os\n"
        f"seen = {str(tmp_path / 'seen')!r}\n"
        "if not os.path.exists(seen):\n"
        "    open(seen, 'w').close()\n"
        "    print('1' * 5_000_000)\n"
        "print(2)"
    )
    served = serve(program + WAIT)
    producing = produce("websocket", served.url())
    assert producing.await_points(1)[0].fields == {"value": 2}
    _, err = producing.interrupt()
    assert "1 message longer than 4 MB left out" in err


def test_a_server_that_was_killed_is_heard_again(serve, produce):
    served = serve(COUNT)
    producing = produce("websocket", served.url())
    producing.await_points(2)
    served.kill()
    said = await_told(producing, "trying until it is there")
    point = assert_heard_again(producing, served.start)
    assert point.fields["n"] < 5
    _, err = producing.interrupt()
    assert (said + err).count("trying until it is there") == 1
    assert err.count("there again") == 1


def test_a_secure_one_is_trusted_by_its_authoritys_file(serve, produce, tmp_path):
    made, key = certificate(tmp_path)
    served = serve(COUNT, "--ssl", "--sslcert", str(made), "--sslkey", str(key))
    producing = produce("websocket", served.url(scheme="wss"), "--ca-file", str(made))
    producing.await_points(1)
    doubting = produce("websocket", served.url(scheme="wss"))
    await_told(doubting, "its certificate is not trusted")


def test_what_is_no_websocket_is_told(web, produce):
    web.write("a.json", "{}")
    producing = produce("websocket", web.url("a.json").replace("http", "ws"))
    await_told(producing, "it answers with 200, as no WebSocket does")
    missing = produce("websocket", web.url("missing").replace("http", "ws"))
    await_told(missing, "404 Not Found")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Missing argument"),
        (("http://a/",), "begins with ws:// or wss://"),
        (("ws://me:pw@a/",), "--password-file"),
        (("ws://a/", "--send-file", "missing"), "can't be read: No such file"),
        (("ws://a/", "--send-file", "long"), "up to 65536 bytes"),
        (("ws://a/", "--header", "Cookie: x"), "--header @FILE"),
        (("ws://a/", "--stream", ""), "with labels in braces"),
    ],
)
def test_bad_options_are_explained(tmp_path, monkeypatch, words, expected):
    monkeypatch.chdir(tmp_path)
    Path("long").write_text("x" * 70_000)
    assert expected in refused(command, words)
