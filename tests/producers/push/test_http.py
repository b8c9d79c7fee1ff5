"""What programs send by HTTP, sent by real ones to the real command."""

import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
import zlib

import pytest

from streamson.producers.base.sample import MAX_SAMPLES
from streamson.wire.points.receiver import Receiver
from tests.conftest import until
from tests.producers.push.serving import JSON, Serving, answered, lately, request
from tests.producers.servers import ROOT, accepts, free_port, needs

COMMAND = [sys.executable, "-m", "streamson", "produce", "http"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def serving(produce):
    return Serving(produce)


def curl(*words: str, **options) -> tuple[str, str]:
    """Run curl; return what it was answered, and the status."""
    command = [needs("curl"), "-sS", "--max-time", "20", "-w", "\n%{http_code}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, **options)
    text, _, status = done.stdout.rpartition("\n")
    return text, status


def test_what_curl_sends_is_heard(serving):
    body = '{"temperature": 71.3, "pump": {"on": true, "name": "p1"}, "note": "warm"}'
    assert curl("-d", body, f"{serving.url}/boiler") == ("", "204")
    assert curl("-X", "PUT", "-H", "Content-Type: application/json", "-d", "5", serving.url) == (
        "",
        "204",
    )
    assert curl("-d", "level=12.5&unit=cm", f"{serving.url}/tank/north/") == ("", "204")
    assert serving.points(3) == [
        ("boiler", {"temperature": 71.3, "pump.on": 1}),
        ("http", {"value": 5}),
        ("tank/north", {"level": 12.5}),
    ]
    assert all(lately(point.time) for point in serving.producing.points)
    code, err = serving.producing.interrupt()
    assert code == 130
    assert f"http: send numbers to {serving.url}/NAME\n" in err
    assert "http: 3 requests with 3 points\n" in err
    assert "http: 3 points sent, 0 dropped\n" in err


def test_what_the_documents_show_is_heard(serving):
    needs("curl")
    section = (ROOT / "docs/producers.md").read_text().partition("\n## http\n")[2]
    shown = section.partition("```sh\n")[2].partition("```")[0]
    assert shown.count("curl") == 4
    program = shown.replace("5590", str(serving.port)).replace("sleep 1", "sleep 0.01")
    done = subprocess.run(["bash", "-ec", program], capture_output=True, check=True, timeout=20)
    assert done.stdout == b""  # nothing is wrong
    assert serving.points(7) == [
        ("boiler", {"temperature": 71.3, "pump.on": 1}),
        ("tank/north", {"level": 12.5}),
        ("series", {"v": 1}),
        ("series", {"v": 2}),
        *(("steps", {"step": number}) for number in (1, 2, 3)),
    ]


def test_a_list_is_a_point_each_and_a_large_one_is_taken_by_parts(serving):
    two = [{"t": 1, "time": 1_700_000_000}, {"t": 2, "time": "2023-11-14T22:13:21Z"}]
    assert serving.post("/a", two).status == 204
    serving.points(2)
    assert [point.time for point in serving.producing.points] == [1_700_000_000, 1_700_000_001]
    assert (
        serving.post("/b", {"site": "x", "points": [{"v": i} for i in range(3_000)]}).status == 204
    )
    assert [fields["v"] for _, fields in serving.points(3_002)[2:]] == list(range(3_000))


def test_lines_are_heard_as_they_come_while_the_request_goes_on(serving):
    command = [needs("curl"), "-sS", "-N", "-T", "-", f"{serving.url}/live"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sending:
        for number in range(5):
            sending.stdin.write(b'{"load": %d}\n' % number)
            sending.stdin.flush()
            assert serving.points(number + 1)[number] == ("live", {"load": number})
        sending.stdin.close()
        sending.stdin = None
        assert sending.communicate() == (b"", None)
        assert sending.returncode == 0


def test_good_lines_beside_bad_ones_are_heard_and_the_first_bad_one_is_told(serving):
    body = b'{"a": 1}\n\n{"a": \n{"name": "x"}\nnull and void\n{"a": 2}'
    status, text, _ = serving.post("/lines", body, {"Content-Type": "application/x-ndjson"})
    assert status == 400
    assert text.startswith("line 3: no JSON: ")
    assert serving.points(2) == [("lines", {"a": 1}), ("lines", {"a": 2})]
    _, err = serving.producing.interrupt()
    assert "http: 2 points that can't be read left out\n" in err
    assert "http: 1 point without numbers left out\n" in err
    assert "request that can't be read" not in err  # it was, but for two lines


def test_a_time_that_can_t_be_read_is_told_and_counted(serving):
    assert serving.post("/x", b'{"time": "yesterday", "v": 1}', JSON)[0] == 204
    assert serving.points(1) == [("x", {"v": 1})]
    _, err = serving.producing.interrupt()
    assert "http: a time that can't be read, now is taken: yesterday\n" in err
    assert "http: 1 time that can't be read\n" in err


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (b"", JSON, "no numbers found"),
        (b"   ", JSON, "no numbers found"),
        (b"{", JSON, "no JSON: "),
        (b"\xff\x00", JSON, "no JSON: "),
        (b'{\n"a": 1\n', JSON, "no JSON: "),
        (b'{"name": "x"}', JSON, "no numbers found"),
        (b"name=x", FORM, "no numbers found"),
        (b'{"t": 71.3,}', FORM, "no JSON: JSON is malformed: trailing comma"),
        (b'\n[{"v": NaN}]', FORM, "no JSON: "),
        (b'{"v": 1e999}', FORM, "no JSON: "),
        (b"\xff=1", FORM, "neither JSON nor a form"),
        (b"&".join(b"a=1" for _ in range(1_500)), FORM, "neither JSON nor a form"),
        (b'{"a": 1}', {"Content-Encoding": "gzip"}, "no gzip: "),
        (gzip.compress(b'{"a": 1}')[:-9], {"Content-Encoding": "gzip"}, "in the middle"),
    ],
)
def test_garbage_is_answered_with_the_reason(body, headers, told, produce, request):
    serving = request.getfixturevalue("shared")
    status, text, _ = serving.post("/x", body, headers)
    assert status == 400
    assert told in text


@pytest.fixture(scope="module")
def shared():
    """A server for tests that need no points: it prints them."""
    port = free_port()
    command = [*COMMAND, "--dry-run", "--address", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        until(lambda: accepts(port), "the server")

        class Shared(Serving):
            def __init__(self):
                self.port = port
                self.process = process

        yield Shared()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def test_a_document_of_too_many_points_is_told_so(serving):
    assert serving.post("/a", [1, *[{"x": 1}] * MAX_SAMPLES]).status == 204
    serving.points(MAX_SAMPLES)
    status, text, _ = serving.post("/a", [{"x": 2}] * (MAX_SAMPLES + 1))
    assert (status, text.partition("; ")[2]) == (413, "send lines\n")
    assert len(serving.points(2 * MAX_SAMPLES)) == 2 * MAX_SAMPLES


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:]),
    "deflate": zlib.compress,
    "Deflate": lambda body: zlib.compress(body)[2:-4],
    "identity": bytes,
}


def test_packed_bodies_are_unpacked(serving):
    body = b"".join(b'{"a": %d, "name": "hall"}\n' % number for number in range(4_000))
    for number, (encoding, pack) in enumerate(PACKERS.items(), 1):
        status, text, _ = serving.post("/packed", pack(body), {"Content-Encoding": encoding})
        assert (status, text) == (204, "")
        points = serving.points(4_000 * number)[-4_000:]
        assert [fields["a"] for _, fields in points] == list(range(4_000))


def test_an_unknown_packing_is_refused_with_those_that_are_known(shared):
    status, text, headers = shared.post("/a", b"x", {"Content-Encoding": "br"})
    assert status == 415
    assert "found content encoding 'br'; allowed: gzip, deflate" in text
    assert headers["Accept-Encoding"] == "gzip, deflate"


def test_other_methods_are_told_which_are_allowed(shared):
    for method in ("GET", "DELETE", "OPTIONS", "PATCH"):
        status, text, headers = shared.request(method, "/boiler")
        assert (status, headers["Allow"]) == (405, "POST, PUT")
        assert f"found {method}; allowed here: POST, PUT" in text


def test_one_connection_carries_many_requests(serving):
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=20)
    for number in range(50):
        connection.request("POST", "/a", json.dumps({"n": number}), JSON)
        assert answered(connection).status == 204
        if not number:
            first = connection.sock
    assert connection.sock is first
    connection.close()
    assert [fields["n"] for _, fields in serving.points(50)] == list(range(50))


def test_names_and_fields_are_chosen(produce):
    serving = Serving(produce, "--stream", "{site}/{path}/{room.name}", "--fields", "t*,h")
    body = {"site": "north\x1b[31m", "room": {"name": "hall"}, "temp": 21, "h": 40, "x": 3}
    assert serving.post("/air%2fin", body).status == 204
    assert serving.post("/air", {"x": 5}).status == 204
    assert serving.post("/air", {"t": 5}).status == 204
    assert serving.points(2) == [
        ("north [31m/air/in/hall", {"temp": 21, "h": 40}),
        ("air", {"t": 5}),
    ]
    _, err = serving.producing.interrupt()
    assert "http: 1 point without wanted fields left out\n" in err
    assert "\x1b" not in err


def test_how_things_stand_is_told(serving):
    serving.post("/a", {"x": 1})
    serving.post("/a", b"{")
    status, text, headers = serving.request("GET", "/", headers={})
    assert (status, headers["Server"]) == (200, "streamson")
    assert text == ("3 requests with 1 point\n1 request that can't be read left out\n")
    assert serving.request("HEAD", "/").text == ""


def test_statsd_is_taken_beside_it(produce):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port = udp.getsockname()[1]
    serving = Serving(produce, "--statsd", str(port), "--stream", "web/{path}", "--fields", "v*,x")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"shop.stock:7|g|#host:web1\nshop.orders:1|c", ("127.0.0.1", port))
    assert serving.points(1) == [("web1/shop/stock", {"value": 7})]
    serving.post("/a", {"x": 1, "y": 2})
    until(lambda: ("web/a", {"x": 1}) in serving.points(1), "the point by HTTP")
    code, err = serving.producing.interrupt()
    assert code == 130
    assert f"http: StatsD on 127.0.0.1:{port}, UDP\n" in err


def test_a_server_that_was_killed_and_is_back_takes_what_comes(produce):
    serving = Serving(produce)
    serving.post("/a", {"x": 1})
    serving.points(1)
    serving.producing.process.kill()
    serving.producing.process.wait()
    # A sender's connection may still be there, in the state TIME_WAIT: the port is free.
    again = produce("http", "--address", str(serving.port))
    began = time.monotonic()
    until(lambda: accepts(serving.port), "the server")
    assert time.monotonic() - began < 5
    assert request(serving.port, "POST", "/a", b'{"x": 2}').status == 204
    assert again.await_points(1)[0].fields == {"x": 2}


def test_a_port_that_is_taken_is_told_at_once(produce):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, err = produce("http", "--address", str(port)).finish()
    assert code == 1
    assert f"can't listen on 127.0.0.1:{port}: the port is in use" in err
    assert "choose another port with --address" in err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--address", "here"], 2, "--address: found 'here'; [HOST:]PORT is allowed, such as 5590"),
        (["--address", "127.0.0.1:70000"], 2, "--address: found '127.0.0.1:70000'"),
        (["--address", "192.0.2.7:5590"], 1, "this machine does not have that address"),
        (["--statsd", "x:y"], 2, "--statsd: found 'x:y'; [HOST:]PORT is allowed, such as 8125"),
        (["--statsd", "0.0.0.0:0"], 2, "streamson produce statsd --insecure is for that"),
        (["--stream", "{a"], 2, "--stream: found '{a'; a name is allowed, with labels in braces"),
        (["--token-file", "none"], 2, "--token-file none: can't be read: No such file"),
    ],
)
def test_wrong_use_is_explained(produce, words, code, told):
    producing = produce("http", *words)
    found, err = producing.finish()
    assert found == code
    assert told in err


def test_ctrl_c_ends_within_a_second_whatever_goes_on(serving):
    with (
        socket.create_connection(("127.0.0.1", serving.port)) as idle,
        socket.create_connection(("127.0.0.1", serving.port)) as halfway,
    ):
        idle.send(b"POST / HT")
        halfway.send(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n")
        halfway.send(b'{"x": 1}\n{"x": 2}\n')
        serving.points(2)
        began = time.monotonic()
        code, err = serving.producing.interrupt()
        assert time.monotonic() - began < 1.5  # a second, and what Python takes to end
        assert code == 130
        assert "http: 2 points sent" in err
    assert "left out" not in err  # it was not they who broke off


def test_somebody_else_may_begin_to_listen_while_it_waits_for_a_listener(produce, tmp_path):
    later = f"ipc://{tmp_path}/later"
    port = free_port()
    command = [*COMMAND, "--address", str(port), "--endpoint", later]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr.readline() == (
            f"http: waiting for a listener on {later}; until then nothing is taken in\n"
        )
        with socket.create_server(("127.0.0.1", port)), Receiver(later):
            err = waiting.communicate(timeout=20)[1]
    assert waiting.returncode == 1
    assert "can't listen any more: Address already in use" in err
    assert "Traceback" not in err


def test_ctrl_c_ends_it_also_where_there_never_was_a_listener(tmp_path):
    port = free_port()
    command = [*COMMAND, "--address", str(port), "--endpoint", f"ipc://{tmp_path}/nobody"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waiting:
        waiting.stderr.readline()
        assert not accepts(port)  # what is sent would be lost
        waiting.send_signal(signal.SIGINT)
        err = waiting.communicate(timeout=5)[1]
    assert waiting.returncode == 130
    assert err.strip() == "http: 0 points sent, 0 dropped"
