"""So many new connections a second: who comes too fast waits outside, and gets in."""

import socket
import sys
import threading

import pytest

from streamson.wire.sockets.accept_limit import AcceptLimit
from tests.conftest import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the door stays open")


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def connects(server, timeout_s):
    """Return whether somebody gets in within a time."""
    try:
        socket.create_connection(server.getsockname(), timeout=timeout_s).close()
    except TimeoutError:
        return False
    return True


def test_who_comes_too_fast_waits_outside_and_gets_in_by_himself(listening):
    limit = AcceptLimit(10, 2)
    limit.listen(listening.fileno())
    assert [limit.take(0.0), limit.take(0.0), limit.take(0.0)] == [False, False, True]
    assert limit.is_closed
    assert limit.opens_in_s(0.0) == pytest.approx(0.1)
    assert not connects(listening, 0.1)
    got_in = threading.Event()
    waiting = threading.Thread(target=lambda: connects(listening, 10) and got_in.set())
    waiting.start()
    limit.look(0.05)
    assert limit.is_closed
    limit.look(0.2)
    assert not limit.is_closed
    until(got_in.is_set, "who waited outside")
    waiting.join()
    limit.close()


def test_connections_that_are_there_go_on_while_the_door_is_closed(listening):
    limit = AcceptLimit(10, 1)
    limit.listen(listening.fileno())
    with (
        socket.create_connection(listening.getsockname()) as there,
        listening.accept()[0] as accepted,
    ):
        limit.take(0.0)
        assert limit.take(0.0)
        there.sendall(b"heard")
        assert accepted.recv(10) == b"heard"
    limit.close()


def test_what_comes_in_time_is_never_kept_out():
    limit = AcceptLimit(10, 3)
    assert not any(limit.take(i / 10) for i in range(100))


def test_a_socket_that_takes_no_filter_stays_open(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "door"))
        server.listen()
        limit = AcceptLimit(10, 1)
        limit.listen(server.fileno())
        limit.take(0.0)
        limit.take(0.0)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(tmp_path / "door"))
        limit.close()
