"""What Telegraf and InfluxDB's clients write, to the real command."""

import gzip
import http.client
import json
import socket

import pytest

from tests.producers.push.serving import Serving, answered

# As Telegraf's outputs influxdb, influxdb_v2 and http say it.
TELEGRAF = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "Telegraf/1.34.0 Go/1.24"}
PACKED = {**TELEGRAF, "Content-Encoding": "gzip"}

BODY = b"""\
cpu,cpu=cpu-total,host=web1 usage_user=12.5,usage_idle=84.25 1700000000000000000
cpu,cpu=cpu0,host=web1 usage_user=25,usage_idle=75 1700000000000000000
mem,host=web1 free=2147483648i,used_percent=48.5 1700000000000000000
disk,device=sda1,fstype=ext4,host=web1,mode=rw,path=/var/my\\ data free=12u 1700000000000000000
system,host=web1 uptime_format="1 day,  2:03",load1=0.5 1700000000000000000
"""


@pytest.fixture
def serving(produce):
    return Serving(produce, row="Telegraf, collectd")


def test_what_telegraf_writes_is_heard(serving):
    assert serving.request("POST", "/query?q=CREATE+DATABASE+%22telegraf%22", b"").status == 200
    answer = serving.request("POST", "/write?db=telegraf", gzip.compress(BODY), PACKED)
    assert (answer.status, answer.text) == (204, "")
    assert serving.points(5) == [
        ("web1/cpu/cpu-total", {"usage_user": 12.5, "usage_idle": 84.25}),
        ("web1/cpu/cpu0", {"usage_user": 25, "usage_idle": 75}),
        ("web1/mem", {"free": 2**31, "used_percent": 48.5}),
        ("web1/disk/sda1/ext4/rw/var/my data", {"free": 12}),
        ("web1/system", {"load1": 0.5}),
    ]
    assert {point.time for point in serving.producing.points} == {1_700_000_000.0}
    code, err = serving.producing.interrupt()
    assert code == 130
    assert "left out" not in err
    assert "http: 5 points sent, 0 dropped" in err


def test_clients_of_influxdb_2_are_answered(serving):
    ping = serving.request("GET", "/ping", None, {})
    assert (ping.status, ping.text) == (204, "")
    assert ping.headers["X-Influxdb-Version"]
    assert serving.request("HEAD", "/ping", None, {}).status == 204
    health = serving.request("GET", "/health", None, {})
    assert (health.status, json.loads(health.text)["status"]) == (200, "pass")
    write = "/api/v2/write?org=home&bucket=sensors&precision=s"
    headers = {**TELEGRAF, "Authorization": "Token any"}
    assert (
        serving.request("POST", write, b"heat,room=hall t=21.5 1700000000", headers).status == 204
    )
    assert serving.points(1) == [("heat/hall", {"t": 21.5})]
    assert serving.producing.points[0].time == 1_700_000_000
    answer = serving.request("POST", "/api/v2/write?precision=h2", b"", headers)
    assert answer.status == 400
    assert json.loads(answer.text)["message"].startswith("precision: found 'h2'")


def test_bad_lines_are_told_and_good_ones_beside_them_heard(serving):
    answer = serving.request("POST", "/write", b"a x=1\nb x=oops\nc\nd x=4\n", TELEGRAF)
    told = "partial write: line 2: field 'x': found 'oops'; a number such as 1.5, 2i or 3u, true, "
    assert answer.status == 400
    assert json.loads(answer.text)["error"].startswith(told)
    assert json.loads(answer.text)["error"].endswith("dropped=2")
    assert serving.points(2) == [("a", {"x": 1}), ("d", {"x": 4})]
    _, err = serving.producing.interrupt()
    assert "2 points that can't be read left out" in err


def test_streams_and_fields_are_chosen(produce):
    words = "--stream", "{measurement}-{cpu}", "--fields", "usage_u*,load1"
    serving = Serving(produce, *words, row="Telegraf, collectd")
    serving.request("POST", "/write", BODY, TELEGRAF)
    assert serving.points(3) == [
        ("cpu-cpu-total", {"usage_user": 12.5}),
        ("cpu-cpu0", {"usage_user": 25}),
        ("system-", {"load1": 0.5}),
    ]


def test_a_long_body_is_heard_as_it_comes_and_whole(serving):
    """Sent in pieces: what is there already is heard before the rest is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=20)
    connection.putrequest("POST", "/api/v2/write")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()

    def send(piece):
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    send(b"early x=1\n")
    assert serving.points(1) == [("early", {"x": 1})]
    for number in range(0, 50_000, 500):
        lines = range(number, number + 500)
        send(b"".join(b"m,host=h%d x=%d %d\n" % (i % 20, i, 10**18 + i) for i in lines))
    connection.send(b"0\r\n\r\n")
    found = {}
    points = serving.producing.await_points(50_001)
    assert answered(connection).status == 204
    connection.close()
    for point in points[1:]:
        found.setdefault(point.stream, []).append(point.fields["x"])
    assert found == {f"h{h}/m": list(range(h, 50_000, 20)) for h in range(20)}


def test_the_command_ends_at_once_in_the_middle_of_a_body(serving):
    with socket.create_connection(("127.0.0.1", serving.port)) as sock:
        sock.sendall(
            b"POST /write HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\na x=1\n"
        )
        serving.points(1)
        code, _ = serving.producing.interrupt()
    assert code == 130
