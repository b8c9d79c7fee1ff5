"""Syslog: what logger and rsyslog send, over UDP and TCP, and what no syslog is."""

import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.model.point import DataPoint
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push.syslog import MAX_CONNECTIONS, MAX_STREAMS, _Messages
from streamson.producers.push.syslog_framing import MAX_MESSAGE_BYTES, SyslogFraming
from streamson.producers.push.syslog_message import parse_syslog
from streamson.wire.points.codec import encode
from tests.conftest import until
from tests.producers.servers import ROOT, accepts, free_port, needs, server, words_of

NOW = datetime(2026, 11, 27, 19, 0).timestamp()


def parse(text):
    return parse_syslog(text.encode(), NOW)


def local(*date):
    return datetime(*date).timestamp()


@pytest.mark.parametrize(
    ("text", "severity", "stream", "rest", "time"),
    [
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed on /dev/pts/8",  # RFC 3164, 5.4
            *(2, "mymachine/su", "'su root' failed on /dev/pts/8", local(2026, 10, 11, 22, 14, 15)),
        ),
        (
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 - \ufeffan app",
            *(5, "mymachine.example.com/evntslog", "an app", 1_065_910_455.003),
        ),
        ("<13>Nov  7 20:00:01 root: x=1", 5, "/root", "x=1", local(2026, 11, 7, 20, 0, 1)),
        ("<13>Dec 31 23:59:59 h t: x", 5, "h/t", "x", local(2026, 12, 31, 23, 59, 59)),
        ("<13>Jan  2 2025 00:00:01 h t: x", 5, "h/t", "x", local(2025, 1, 2, 0, 0, 1)),
        ("<13>Nov  7 20:00:01 h words without a tag", 5, "h/", "words without a tag", None),
        ("<13>Feb 30 20:00:01 h t: x", 5, "h/t", "x", None),
        ("<13>Xyz  7 20:00:01 h t: x", 5, "h/t", "x", None),
        (
            "<30>2026-11-27T18:00:00.500000+00:00 vm app[12]: took 5 ms",  # as rsyslog forwards
            *(6, "vm/app", "took 5 ms", 1_795_802_400.5),
        ),
        ("<14>hello 5\0", 6, "/", "hello 5", None),  # as Python's SysLogHandler sends
        ("<191>app: x", 7, "/app", "x", None),
        ("<0>1 - - - - - -", 0, "/", "", None),
        ('<9>1 - h p - - [a@1 x="1"]', 1, "h/p", "", None),
    ],
)
def test_messages_as_programs_write_them(text, severity, stream, rest, time):
    found = parse(text)
    labels = found.labels
    assert (found.severity, found.text) == (severity, rest)
    assert f"{labels.get('host', '')}/{labels.get('program', '')}" == stream
    assert time is None or found.time == pytest.approx(time, abs=1e-5)
    assert (found.time is None) == (time is None) or "without a tag" in rest


def test_structured_data_brings_numbers_but_those_of_the_protocol_itself():
    found = parse(
        '<14>1 - h p 7 id [timeQuality tzKnown="1"][a@1 load="2.5" of="x\\"]y 3"][b@2 n="4"] text 5'
    )
    assert found.numbers == {"load": 2.5, "n": 4}
    assert found.text == "text 5"
    assert found.labels == {
        "host": "h",
        "program": "p",
        "pid": "7",
        "id": "id",
        "facility": "user",
        "severity": "informational",
    }
    assert parse('<14>1 - h p - - [a@1 load="2.5] text').numbers == {}


@pytest.mark.parametrize("text", ["", "hello", "<192>x", "<>x", "<1234>x", " ", "<-1>x", "\ufeff"])
def test_what_has_no_priority_is_none(text):
    with pytest.raises(MessageError, match="priority"):
        parse(text)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_are_a_message_or_none(data, priority):
    for attempt in (data, b"<%d>" % priority + data, b"<13>1 - - - - - [a@1 " + data):
        try:
            found = parse_syslog(attempt, NOW)
        except MessageError:
            continue
        assert 0 <= found.severity <= 7
        assert len(found.labels) >= 2


@given(
    st.sampled_from([b"<13>", b"<13>Nov  7 20:00:01 h t: ", b"<13>1 - h p - - "]),
    st.lists(st.binary(max_size=80) | st.text(max_size=80).map(str.encode), max_size=5),
)
def test_any_text_is_a_point_that_can_be_sent_or_is_counted(head, texts):
    queue = PushQueue()
    messages = _Messages(StreamTemplate("{host}/{program}"), (), queue)
    for text in texts:
        messages.take(head + text, "10.0.0.1")
    queue.end()
    for reading in queue:
        encode(DataPoint(reading.stream, dict(reading.fields), reading.time or 0.0))


LINES = st.binary(min_size=1, max_size=40).map(
    lambda data: b"<13>" + data.translate(None, b"\n\0\r ") + b"x"
)


@given(st.lists(st.tuples(LINES, st.booleans()), max_size=8), st.data())
def test_frames_are_found_however_a_connection_cuts_them(messages, data):
    sent = b"".join(b"%d %b" % (len(m), m) if counts else m + b"\n" for m, counts in messages)
    framing, found = SyslogFraming(pytest.fail), []
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        found += framing.feed(sent[:size])
        sent = sent[size:]
    assert found == [message for message, _ in messages]
    assert framing.close() == b""


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_are_frames_or_none(chunks):
    framing = SyslogFraming(pytest.fail)
    for chunk in chunks:
        assert all(0 < len(frame) <= len(b"".join(chunks)) for frame in framing.feed(chunk))
    framing.close()


def test_frames_that_are_too_long_are_left_out_and_no_more_of_them_is_held():
    told = []
    framing = SyslogFraming(lambda: told.append(1))
    long = b"<13>" + b"x" * (3 * MAX_MESSAGE_BYTES)
    assert list(framing.feed(long)) == []
    assert len(framing._buffer) == 0
    assert list(framing.feed(b"xx\n<13>a\n")) == [b"<13>a"]
    assert list(framing.feed(b"%d %b<13>b\n" % (len(long), long))) == [b"<13>b"]
    assert len(told) == 2
    assert list(framing.feed(b"<13>without an end")) == []
    assert framing.close() == b"<13>without an end"


def refused(*words):
    done = subprocess.run(
        [sys.executable, "-m", "streamson", "produce", "syslog", "--dry-run", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_bad_options_are_explained():
    code, err = refused("--address", "0.0.0.0:5514")
    assert code == 2
    assert "can't ask who sends" in err
    assert "--insecure" in err
    code, err = refused("--address", "127.0.0.1:99999")
    assert (code, "found '127.0.0.1:99999'; [HOST:]PORT is allowed" in err) == (2, True)
    code, err = refused("--address", "no.such.host.invalid:5514", "--insecure")
    assert (code, "this machine does not have that address" in err) == (1, True)
    code, err = refused("--stream", "{hots}")
    assert (code, 'did you mean "host"?' in err) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, err = refused("--address", str(taken.getsockname()[1]))
    assert code == 1
    assert "the port is in use" in err
    code, err = refused("--address", "192.0.2.1:5514", "--insecure")
    assert (code, "this machine does not have that address" in err) == (1, True)


@pytest.fixture
def listening(produce):
    """The documented command, on a port of its own."""
    port = free_port()
    producing = produce(*words_of("syslog"), "--address", f"127.0.0.1:{port}")
    until(lambda: accepts(port) or producing.process.poll() is not None, "the producer")
    producing.port = port
    return producing


def logger(producing, *words, **options):
    port = ["-n", "127.0.0.1", "-P", str(producing.port)]
    subprocess.run([needs("logger"), *port, *words], check=True, timeout=20, **options)


def connect(producing):
    return socket.create_connection(("127.0.0.1", producing.port), timeout=20)


@pytest.mark.parametrize(
    "how",
    [
        ("-d", "--rfc3164"),
        ("-d", "--rfc5424"),
        ("-T", "--rfc3164"),
        ("-T", "--rfc5424"),
        ("-T", "--rfc5424", "--octet-count"),
    ],
)
def test_what_logger_sends_arrives(listening, how):
    began = int(time.time())
    logger(listening, *how, "-t", "boiler", "-p", "daemon.warning", "T=21.5C flow=3")
    logger(listening, *how, "-t", "door", "-p", "auth.crit", "somebody is there")
    boiler, door = sorted(listening.await_points(2), key=lambda point: point.stream)
    host = socket.gethostname()
    assert (boiler.stream, door.stream) == (f"{host}/boiler", f"{host}/door")
    assert boiler.fields == {"severity": 4, "T": 21.5, "flow": 3}
    assert next(iter(boiler.fields)) == "severity"
    assert door.fields == {"severity": 2}
    assert began <= boiler.time <= time.time()
    code, err = listening.interrupt()
    assert (code, "syslog: 2 points sent, 0 dropped" in err) == (130, True)


def test_streams_and_fields_are_chosen(produce):
    port = free_port()
    chosen = produce(
        *("syslog", "--address", str(port), "--stream", "{severity}/{facility}/{pid}"),
        *("--fields", "T,l*"),
    )
    until(lambda: accepts(port), "the producer")
    chosen.port = port
    logger(chosen, "-T", "--id=7", "-p", "mail.err", "T=1 load=2 flow=3")
    logger(chosen, "-T", "no number 5")
    (point,) = chosen.await_points(1)
    assert (point.stream, point.fields) == ("error/mail/7", {"T": 1, "load": 2})
    _, err = chosen.interrupt()
    assert "1 message without wanted fields left out" in err


@contextmanager
def rsyslog(folder, target):
    """Run rsyslog, which forwards what comes to its socket."""
    program = needs("rsyslogd")
    sock = folder / "log"
    (folder / "rsyslog.conf").write_text(
        'module(load="imuxsock" SysSock.Use="off")\n'
        f'input(type="imuxsock" Socket="{sock}" RateLimit.Interval="0")\n'
        f'global(workDirectory="{folder}")\n{target}\n'
    )
    sock.unlink(missing_ok=True)
    pid = folder / "pid"
    pid.unlink(missing_ok=True)
    command = [program, "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(pid)]
    with server(command, sock.exists, "rsyslog") as process:
        yield process, sock


def log_to(sock, text, tag="boiler"):
    subprocess.run([needs("logger"), "-u", str(sock), "-t", tag, text], check=True, timeout=20)


def documented_lines():
    """Return the lines for rsyslog that docs/producers.md shows."""
    return re.findall(r"^\*\.\* .*5514.*$", (ROOT / "docs/producers.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("line", documented_lines())
def test_rsyslog_forwards_and_is_heard_again_after_it_was_killed(line, listening, tmp_path):
    target = line.replace("5514", str(listening.port))
    with rsyslog(tmp_path, target) as (process, sock):
        log_to(sock, "T=1.5")
        first = listening.await_points(1)[-1]
        assert first.stream == f"{socket.gethostname()}/boiler"
        assert first.fields == {"severity": 5, "T": 1.5}
        assert abs(first.time - time.time()) < 20
        process.kill()
        process.wait()
    back = time.monotonic()
    with rsyslog(tmp_path, target) as (_, sock):
        log_to(sock, "T=2.5")
        assert listening.await_points(2)[-1].fields["T"] == 2.5
        assert time.monotonic() - back < 5
    assert listening.interrupt()[0] == 130


@pytest.mark.parametrize("line", documented_lines())
def test_rsyslog_finds_a_producer_that_was_killed_and_is_back(line, listening, produce, tmp_path):
    with rsyslog(tmp_path, line.replace("5514", str(listening.port))) as (_, sock):
        log_to(sock, "T=1")
        listening.await_points(1)
        listening.process.kill()
        listening.process.wait()
        log_to(sock, "T=2")  # which nobody takes
        log_to(sock, "T=2")
        again = produce("syslog", "--address", str(listening.port))
        until(lambda: accepts(listening.port), "the producer")
        back = time.monotonic()

        def came():
            log_to(sock, "T=3")
            again.points += again.receiver.receive(0.05)
            return any(point.fields["T"] == 3 for point in again.points)

        until(came, "a message")
        assert time.monotonic() - back < 5


def test_rsyslog_forwards_rfc_5424_with_counted_octets_and_over_udp(listening, tmp_path):
    target = "\n".join(
        f'action(type="omfwd" target="127.0.0.1" port="{listening.port}" protocol="{protocol}" '
        f'template="RSYSLOG_SyslogProtocol23Format" {framing})'
        for protocol, framing in (("tcp", 'TCP_Framing="octet-counted"'), ("udp", ""))
    )
    with rsyslog(tmp_path, target) as (_, sock):
        log_to(sock, "T=1.5")
        points = listening.await_points(2)
    assert [point.fields for point in points] == 2 * [{"severity": 5, "T": 1.5}]
    assert points[0].time == points[1].time


def test_garbage_is_counted_and_survived(listening):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", listening.port))
        for data in (b"hello", b"<999>x", b"\xff\x00\x1b[31m", b"<13>" + b"x" * 20_000):
            udp.send(data)
    with connect(listening) as tcp:
        tcp.sendall(b"POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n<13>a: T=99\n")
        assert tcp.recv(1) == b""  # cut off: a page in a browser can't play
    with connect(listening) as tcp:
        tcp.sendall(b"<13>a: T=1\n99999 <13>b: x\ngarbage\n<13>without end")
    with connect(listening) as tcp:
        tcp.sendall(b"<13>ok: T=5")  # its end is the connection's
    until_points(listening, 1, "ok")
    code, err = listening.interrupt()
    assert code == 130
    assert "2 messages without a priority left out" in err
    assert "1 message with a wrong priority left out" in err
    assert f"2 messages of more than {MAX_MESSAGE_BYTES} bytes left out" in err
    assert [point.stream for point in listening.points] == ["127.0.0.1/a", "127.0.0.1/ok"]
    assert "of a connection that speaks no syslog left out: POST / HTTP/1.1\\r\\n" in err
    assert "\x1b" not in err


def until_points(producing, count, program):
    """Wait for points of a program; return them."""
    found = []

    def came():
        producing.points += producing.receiver.receive(0.01)
        found[:] = [p for p in producing.points if p.stream.endswith(f"/{program}")]
        return len(found) >= count

    until(came, f"{count} points of {program}")
    return found


def test_connections_and_streams_are_bounded(listening):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", listening.port))
    opened = [connect(listening) for _ in range(MAX_CONNECTIONS)]
    try:
        for number, tcp in enumerate(opened):
            tcp.sendall(b"<13>c%d: x\n" % number)
        listening.await_points(MAX_CONNECTIONS)
        with connect(listening) as one_more:
            assert one_more.recv(1) == b""
        # What is left of the streams, and two more.
        lines = [b"<13>s%d: x\n" % i for i in range(MAX_STREAMS - MAX_CONNECTIONS + 2)]
        opened[0].sendall(b"".join(lines))
        opened[0].sendall(b"<13>c0: T=7\n")
        assert until_points(listening, 2, "c0")[-1].fields["T"] == 7
    finally:
        for tcp in opened:
            tcp.close()
    _, err = listening.interrupt()
    assert len({point.stream for point in listening.points}) == MAX_STREAMS
    assert f"2 messages of more than {MAX_STREAMS} streams left out" in err
    assert f"1 message of more than {MAX_CONNECTIONS} connections at a time left out" in err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what it drops")
def test_datagrams_that_the_kernel_drops_are_told(listening):
    process = psutil.Process(listening.process.pid)
    process.suspend()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", listening.port))
        for _ in range(20_000):
            udp.send(b"<13>flood: " + b"x" * 1_000)
    process.resume()
    listening.await_points(1)
    _, err = listening.interrupt()
    lost = int(re.search(r"(\d+) datagrams lost", err)[1])
    assert 0 < lost < 20_000
    assert lost + len(listening.points) <= 20_000


def test_ctrl_c_ends_it_within_a_second(listening):
    with connect(listening) as tcp:
        tcp.sendall(b"<13>a: T=1\n")
        listening.await_points(1)
        began = time.monotonic()
        code, _ = listening.interrupt()
    assert code == 130
    assert time.monotonic() - began < 2
