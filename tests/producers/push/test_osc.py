"""OSC: what oscsend and python-osc send, bundles with their times, and what no OSC is."""

import socket
import struct
import subprocess
import sys
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from streamson.errors import MessageError
from streamson.producers.push.osc import MAX_STREAMS
from streamson.producers.push.osc_packet import MAX_DEPTH, parse_osc
from tests.conftest import until
from tests.producers.servers import free_port, needs, words_of

NOW = 1_795_802_400.0


def message(address, *arguments):
    """Return a message as python-osc writes it; an argument may be (type, value)."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        if isinstance(argument, tuple):
            builder.add_arg(argument[1], argument[0])
        else:
            builder.add_arg(argument)
    return builder.build().dgram


def bundle(tag, *contents):
    """Return a bundle of packets, with a time tag in seconds since 1970."""
    parts = b"".join(struct.pack(">i", len(part)) + part for part in contents)
    return b"#bundle\0" + struct.pack(">Q", int((tag + 2_208_988_800) * 2**32)) + parts


def parse(data):
    return list(parse_osc(data, NOW))


@pytest.mark.parametrize(
    ("arguments", "numbers", "words"),
    [
        ((440.0,), {"value": 440}, {}),
        ((7,), {"value": 7}, {}),
        ((True,), {"value": 1}, {}),
        ((False,), {"value": 0}, {}),
        ((("h", 2**40), ("d", 0.1)), {"1": 2**40, "2": 0.1}, {}),
        (("fader", 0.5, True), {"2": 0.5, "3": 1}, {"1": "fader"}),
        ((("b", b"12345"), 3), {"2": 3}, {}),
        ((("N", None), ("m", (1, 2, 3, 4)), ("r", 5), ("t", (None, 0)), 8), {"5": 8}, {}),
        (([1, [2, 3.5]], 4), {"1": 1, "2": 2, "3": 3.5, "4": 4}, {}),
        ((float("nan"), float("inf"), 1.0), {"3": 1}, {}),
        ((), {"value": 1}, {}),
        (("text",), {}, {"1": "text"}),
        (tuple(range(70)), {str(i + 1): i for i in range(64)}, {}),
    ],
)
def test_arguments_are_fields(arguments, numbers, words):
    if ("t", (None, 0)) in arguments:  # python-osc does not write times
        data = b"/a\0\0,Nmrti\0\0" + bytes(4 + 4 + 8) + struct.pack(">i", 8)
    else:
        data = message("/a", *arguments)
    (found,) = parse(data)
    assert (found.address, found.words, found.time) == ("/a", words, None)
    assert found.numbers == pytest.approx(numbers)


def test_types_that_python_osc_skips_without_their_value_do_not_shift_the_others():
    data = b"/a\0\0,cSf\0\0\0\0" + struct.pack(">i", 65) + b"sym\0" + struct.pack(">f", 0.5)
    (found,) = parse(data)
    assert (found.numbers, found.words) == ({"3": 0.5}, {"2": "sym"})
    (found,) = parse(b"/a\0\0,fzf\0\0\0\0" + struct.pack(">f", 0.5) + bytes(8))
    assert found.numbers == {"1": 0.5}


def test_times_of_bundles_are_those_of_their_messages():
    inner = bundle(NOW - 2.5, message("/late", 1.0))
    data = bundle(NOW + 0.25, message("/a", 1.0), inner, message("/b", 2.0))
    assert [(m.address, m.time) for m in parse(data)] == [
        ("/a", NOW + 0.25),
        ("/late", NOW - 2.5),
        ("/b", NOW + 0.25),
    ]
    immediately = b"#bundle\0" + struct.pack(">Q", 1) + b"\0\0\0\x04/a\0\0"
    zero = b"#bundle\0" + bytes(8) + b"\0\0\0\x04/a\0\0"
    assert [m.time for m in parse(immediately) + parse(zero)] == [None, None]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no OSC"),
        (b"hello", "no OSC"),
        (b"/a", "cut off"),
        (b"/a\0\0f\0\0\0", "without types"),
        (b"/a\0\0,ii\0\0\0\0\x01", "cut off"),
        (b"/a\0\0,b\0\0" + struct.pack(">i", -12), "cut off"),
        (b"/\xff\0\0", "cut off"),
        (b"#bundle\0", "cut off"),
        (b"#bundle\0" + bytes(8) + struct.pack(">i", -4) + bytes(8), "cut off"),
        (b"#bundle\0" + bytes(8) + struct.pack(">i", 100) + b"/a\0\0", "cut off"),
    ],
)
def test_what_is_wrong_is_said(data, why):
    with pytest.raises(MessageError, match=why):
        parse(data)


def test_zeros_that_reaktor_leaves_out_at_the_end_are_read():
    data = message("/a", 2.0)
    assert data.endswith(b"\x40\0\0\0")
    assert parse(data[:-3])[0].numbers == {"value": 2}


def test_bundles_in_bundles_end_somewhere():
    data = message("/a", 1.0)
    for _ in range(MAX_DEPTH):
        data = bundle(NOW, data)
    assert len(parse(data)) == 1
    for _ in range(2_000):
        data = bundle(NOW, data)
    with pytest.raises(MessageError, match=f"more than {MAX_DEPTH} bundles"):
        parse(data)


def test_what_is_good_in_a_bundle_is_taken():
    found = parse_osc(bundle(NOW, message("/a", 1.0), b"none", message("/b", 1.0)), NOW)
    assert next(found).address == "/a"
    with pytest.raises(MessageError, match="no OSC"):
        next(found)


VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.booleans(),
)


@given(st.lists(VALUES, min_size=2, max_size=20))
def test_what_python_osc_writes_is_read(values):
    (found,) = parse(message("/x/y", *values))
    assert found.numbers == {str(i): float(value) for i, value in enumerate(values, 1)}


PIECES = st.sampled_from([b"/a\0\0", b"#bundle\0", b",ifsb\0\0\0", b",[TF]t\0\0", bytes(8)])


@given(st.lists(st.one_of(st.binary(max_size=12), PIECES), max_size=30).map(b"".join))
def test_any_bytes_are_messages_or_none(data):
    try:
        found = parse(data)
    except MessageError:
        return
    assert all(m.address.startswith("/") and len(m.numbers) <= 64 for m in found)


def start(produce, *words):
    """Start it on a port of its own, and wait until datagrams can come."""
    port = free_port()
    producing = produce(*words, "--address", f"127.0.0.1:{port}")
    process = psutil.Process(producing.process.pid)

    def listens():
        assert producing.process.poll() is None, producing.process.stderr.read()
        return any(at.laddr.port == port for at in process.net_connections("udp"))

    until(listens, "the producer")
    return producing, port


def send(port, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(data, ("127.0.0.1", port))


def test_what_oscsend_sends_arrives(produce):
    osc, port = start(produce, *words_of("OSC"))
    send = [needs("oscsend"), "127.0.0.1", str(port)]
    began = time.time()
    subprocess.run([*send, "/synth/1/freq", "f", "440"], check=True, timeout=20)
    subprocess.run([*send, "/pad", "isT", "3", "left"], check=True, timeout=20)
    freq, pad = osc.await_points(2)
    assert (freq.stream, freq.fields) == ("synth/1/freq", {"value": 440})
    assert (pad.stream, pad.fields) == ("pad", {"1": 3, "3": 1})
    assert began <= freq.time <= time.time()
    code, err = osc.interrupt()
    assert (code, "osc: 2 points sent, 0 dropped" in err) == (130, True)


def test_bundles_keep_their_time_and_names_and_fields_are_chosen(produce):
    osc, port = start(produce, "osc", "--stream", "{host}/{address}/{1}", "--fields", "value,[23]")
    when = time.time() - 30
    builder = OscBundleBuilder(when)
    for arguments in (("left", 1.0, 2.0, 3.0), (5.0,), ("only words",)):
        one = OscMessageBuilder("/pad")
        for argument in arguments:
            one.add_arg(argument)
        builder.add_content(one.build())
    send(port, builder.build().dgram)
    left, pad = osc.await_points(2)
    assert (left.stream, left.fields) == ("127.0.0.1/pad/left", {"2": 1, "3": 2})
    assert (pad.stream, pad.fields) == ("127.0.0.1/pad", {"value": 5})
    assert left.time == pad.time == pytest.approx(when, abs=1e-5)
    _, err = osc.interrupt()
    assert "1 message without wanted numbers left out" in err


def test_garbage_is_counted_and_survived_and_streams_are_bounded(produce):
    osc, port = start(produce, "osc")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port))
        for data in (
            b"\x1b[31mred",
            b"#bundle\0" + bytes(8) + struct.pack(">i", -4),
            b"/a\0\0,zz\0",
        ):
            udp.send(data)
        for number in range(MAX_STREAMS + 3):
            udp.send(message(f"/s/{number}", number))
            if number % 50 == 49:
                osc.await_points(number + 1 if number < MAX_STREAMS else MAX_STREAMS)
        udp.send(message("/s/0", -1))
        points = osc.await_points(MAX_STREAMS + 1)
    assert points[-1].stream == "s/0"
    code, err = osc.interrupt()
    assert code == 130
    assert "1 message that is no OSC left out" in err
    assert "1 message that is cut off or garbled left out" in err
    assert "1 message without wanted numbers left out" in err
    assert f"3 messages of more than {MAX_STREAMS} streams left out" in err
    assert "\x1b" not in err


def test_a_sender_that_was_killed_and_one_in_its_place_are_heard(produce):
    osc, port = start(produce, "osc")
    code = (
        "import time\nfrom pythonosc.udp_client import SimpleUDPClient\n"
        f"client = SimpleUDPClient('127.0.0.1', {port})\n"
        "while True:\n    client.send_message('/s', 1.0)\n    time.sleep(0.02)\n"
    )
    for _ in range(2):
        before = len(osc.points)
        with subprocess.Popen([sys.executable, "-c", code]) as sender:
            osc.await_points(before + 3)
            sender.kill()
    assert osc.interrupt()[0] == 130


def test_a_producer_that_was_killed_listens_again_at_once(produce):
    first, port = start(produce, "osc")
    first.process.kill()
    first.process.wait()
    again = produce("osc", "--address", str(port))

    def came():
        send(port, message("/s", 1.0))
        again.points += again.receiver.receive(0.01)
        return again.points

    until(came, "a point", 5)


def test_bad_options_are_explained():
    def refused(*words):
        command = [sys.executable, "-m", "streamson", "produce", "osc", "--dry-run", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    code, err = refused("--address", "0.0.0.0:9000")
    assert (code, "--insecure" in err) == (2, True)
    code, err = refused("--stream", "{adress}")
    assert (code, 'did you mean "address"?' in err) == (2, True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        code, err = refused("--address", str(taken.getsockname()[1]))
    assert (code, "the port is in use" in err) == (1, True)
