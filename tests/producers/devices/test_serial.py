"""The serial producer at a pseudo-terminal that is unplugged and plugged in again."""

import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from streamson.producers.devices.serial import MAX_STREAMS
from tests.conftest import until
from tests.producers.servers import free_port, needs, server, words_of


class Board:
    """A board at a serial port, whose cable is socat."""

    def __init__(self, folder):
        self.port = folder / "port"
        self._end = folder / "board"
        self._running = None
        self.plug_in()

    def plug_in(self):
        ends = [f"pty,raw,echo=0,link={path}" for path in (self._end, self.port)]
        is_there = [self._end.exists, self.port.exists]
        self._running = server(
            [needs("socat"), *ends], lambda: all(one() for one in is_there), "socat"
        )
        self._running.__enter__()
        self._out = os.open(self._end, os.O_WRONLY | os.O_NOCTTY)

    def unplug(self):
        os.close(self._out)
        self._running.__exit__(None, None, None)
        for link in (self._end, self.port):
            link.unlink(missing_ok=True)

    def print(self, data):
        os.write(self._out, data)

    def hear(self, producing, line=b"hello:1\n"):
        """Print a line again and again until one more point arrives."""
        before = len(producing.points)

        def came():
            assert producing.process.poll() is None, producing.process.stderr.read()
            self.print(line)
            producing.points += producing.receiver.receive(0.02)
            return len(producing.points) > before

        until(came, "a point")


@pytest.fixture
def board(tmp_path):
    board = Board(tmp_path)
    yield board
    board.unplug()


def await_value(producing, name, value):
    """Wait for a point that has a value; return it."""

    def came():
        producing.points += producing.receiver.receive(0.01)
        return any(point.fields.get(name) == value for point in producing.points)

    until(came, f"{name} {value}")
    return next(p for p in producing.points if p.fields.get(name) == value)


def test_lines_of_all_kinds_arrive(board, produce):
    words = words_of("a board on a serial port", port=f"/dev/ttyUSB0 -> {board.port}")
    serial = produce(*words)
    board.hear(serial)
    began = time.time()
    board.print(b'T:21.5,H:40\r\n7.25\n1,2,3\r\n{"p": {"x": 5}}\nboiler/flow 6\nW=8W\n')
    point = await_value(serial, "W", 8)
    *_, plotted, bare, columns, json, topic, pair = [
        (point.stream, point.fields) for point in serial.points if "hello" not in point.fields
    ]
    # What lacks the first field of all, hello, is heard as a stream of its own.
    assert plotted == ("port/T", {"T": 21.5, "H": 40})
    assert bare == ("port/c1", {"c1": 7.25})
    assert columns == ("port/c1", {"c1": 1, "c2": 2, "c3": 3})
    assert json == ("port/p.x", {"p.x": 5})
    assert topic == ("boiler/flow", {"value": 6})
    assert pair == ("port/W", {"W": 8})
    assert began - 1 <= point.time <= time.time()
    started = time.monotonic()
    code, err = serial.interrupt()
    assert (code, time.monotonic() - started < 2) == (130, True)
    assert "serial: " in err


def test_it_is_heard_again_when_the_cable_is_back(board, produce):
    serial = produce("serial", str(board.port), "--stream", "greenhouse", "--fields", "T,h*")
    board.hear(serial)
    board.unplug()
    until_said = time.monotonic()
    board.plug_in()
    board.print(b"T:1,x:2\n")
    board.hear(serial, b"T:3,x:4\n")
    assert time.monotonic() - until_said < 5
    assert serial.points[-1].stream == "greenhouse"
    assert serial.points[-1].fields == {"T": 3}
    code, err = serial.interrupt()
    assert code == 130
    assert err.count("it is gone; trying until it is there") == 1
    assert err.count("there again after") == 1


def test_half_a_line_at_first_is_no_number(board, produce):
    done = threading.Event()

    def print_bytes():
        while not done.is_set():
            for byte in b"v:123456789\n":
                board.print(bytes([byte]))
                done.wait(0.0005)

    printing = threading.Thread(target=print_bytes)
    printing.start()
    try:
        serial = produce("serial", str(board.port))
        points = serial.await_points(5)
    finally:
        done.set()
        printing.join()
    assert {tuple(point.fields.items()) for point in points} == {(("v", 123_456_789),)}
    assert "left out" not in serial.interrupt()[1]


def test_noise_is_counted_and_survived_and_streams_are_bounded(board, produce):
    serial = produce("serial", str(board.port))
    board.hear(serial)
    board.print(b"\xff\xa5\x80\n\x1b[31mwords\n" + b"9" * 5_000 + b"\n")
    for start in range(0, MAX_STREAMS + 2, 100):
        board.print(b"".join(b"t/%d %d\n" % (i, i) for i in range(start, start + 100)))
    board.print(b"hello:0,end:1\n")
    await_value(serial, "end", 1)
    code, err = serial.interrupt()
    assert code == 130
    assert len({point.stream for point in serial.points}) == MAX_STREAMS
    assert "1 line that is no text (is --baud right?) left out" in err
    assert "1 line without wanted numbers left out" in err
    assert "1 line of more than 4096 bytes left out" in err
    assert f"101 lines of more than {MAX_STREAMS} streams left out" in err
    assert "\x1b" not in err


def test_a_port_on_a_server_is_read(produce):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serial = produce("serial", f"socket://127.0.0.1:{listening.getsockname()[1]}")
        listening.settimeout(20)
        connected, _ = listening.accept()
        with connected:
            until(lambda: _sent(connected, serial), "a point")
        connected, _ = listening.accept()
        with connected:
            before = len(serial.points)
            until(lambda: _sent(connected, serial) > before, "a point", 5)
    assert serial.points[-1].fields == {"x": 1}
    assert serial.interrupt()[0] == 130


def _sent(connected, serial):
    connected.sendall(b"x:1\n")
    serial.points += serial.receiver.receive(0.02)
    return len(serial.points)


def refused(*words, prefix=()):
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "streamson", "produce", "serial", "--dry-run", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_bad_options_are_explained(tmp_path):
    there = ("there are: /dev/", "this machine has none now. Is the cable plugged in?")
    code, err = refused("/dev/no\x1bne")
    assert code == 2
    assert "PORT: found '/dev/no\\x1bne', which is not there; " in err
    assert any(text in err for text in there)
    code, err = refused()
    assert (code, "PORT is missing; " in err) == (2, True)
    assert any(text in err for text in there)
    code, err = refused("hwgrep://no such board")
    assert (code, any(text in err for text in there)) == (2, True)
    code, err = refused("hwgrep://(")
    assert (code, "'(' is no regular expression" in err) == (2, True)
    code, err = refused("ftp://board")
    assert (code, "allowed: a port, or an address with hwgrep://, socket://" in err) == (2, True)
    code, err = refused(f"socket://127.0.0.1:{free_port()}")
    assert (code, "can't be opened: nobody listens there\n" in err) == (1, True)
    (tmp_path / "file").touch()
    code, err = refused(str(tmp_path / "file"))
    assert (code, "is no serial port; " in err) == (2, True)
    code, err = refused("/dev/none", "--baud", "0")
    assert (code, "--baud" in err) == (2, True)


def test_who_may_not_read_it_is_told_how_to(board):
    os.chmod(board.port, 0)
    # Root may read everything but without these.
    prefix = [needs("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]
    code, err = refused(str(board.port), prefix=prefix if os.geteuid() == 0 else ())
    assert code == 1
    assert f"{board.port} can't be opened: permission denied. It belongs to the group " in err
    assert "sudo usermod -aG " in err


def test_two_do_not_take_each_others_bytes(board, produce):
    serial = produce("serial", str(board.port))
    board.hear(serial)
    code, err = refused(str(board.port))
    assert (code, "another program has it" in err) == (1, True)
