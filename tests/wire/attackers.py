"""Peers that mean harm, as plain TCP sockets: what they send no ZeroMQ library would.

Each attack goes to loopback only, lasts a bounded time, and returns how many bytes or connections
it brought. From a shell: ``python -m tests.wire.attackers NAME ENDPOINT SECONDS``.
"""

import contextlib
import multiprocessing
import resource
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count

import msgspec

MAX_SECONDS = 120.0
MAX_CONNECTIONS = 5_000
RETRY_S = 0.02
MORE, LONG, COMMAND = 1, 2, 4

# ZMTP 3.0 (rfc.zeromq.org/spec/23): signature, version, mechanism, no server, filler.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_SOCKET_TYPE = b"\x0bSocket-Type" + (4).to_bytes(4, "big") + b"XPUB"


def frame(payload: bytes, flags: int = 0) -> bytes:
    """Return a frame as it travels."""
    if len(payload) < 256:
        return bytes([flags, len(payload)]) + payload
    return bytes([flags | LONG]) + len(payload).to_bytes(8, "big") + payload


READY = frame(b"\x05READY" + _SOCKET_TYPE, COMMAND)


def connect(
    endpoint: str, *, greet: bool = True, timeout_s: float = 5.0, segment_bytes: int = 0
) -> socket.socket:
    """Return a connection to an endpoint on loopback, after the greetings if they are wanted.

    A segment as large as loopback has it does not fit into the little that a feed takes at a time:
    then the kernel sends it after a pause of 0.2 s or more.
    """
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    if host not in ("127.0.0.1", "localhost"):
        raise ValueError(f"{endpoint}: attacks go to loopback only")
    peer = socket.socket()
    try:
        peer.settimeout(timeout_s)
        if segment_bytes:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment_bytes)
        peer.connect((host, int(port)))
    except BaseException:
        peer.close()
        raise
    if greet:
        peer.sendall(GREETING + READY)
    return peer


def flood(endpoint: str, seconds: float, messages: Callable[[], Iterator[bytes]]) -> int:
    """Send as fast as it goes; connect again whenever the connection is cut; return the bytes."""
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    sent = 0
    while time.monotonic() < end:
        try:
            with connect(endpoint) as peer:
                for message in messages():
                    peer.sendall(message)
                    sent += len(message)
                    if time.monotonic() > end:
                        return sent
        except OSError:
            time.sleep(RETRY_S)
    return sent


def _again(message: bytes) -> Iterator[bytes]:
    while True:
        yield message


def multipart(endpoint: str, seconds: float, part_bytes: int = 60_000) -> int:
    """Send messages that have no end."""
    parts = frame(bytes(part_bytes), MORE) * max(1, 500_000 // (part_bytes + 2))
    return flood(endpoint, seconds, lambda: _again(parts))


def tiny_multipart(endpoint: str, seconds: float) -> int:
    """Send messages that have no end, of empty parts: each takes 64 bytes where it costs 2."""
    return multipart(endpoint, seconds, 0)


def ended_multipart(endpoint: str, seconds: float, parts: int = 100_000) -> int:
    """Send messages of very many parts that do end."""
    message = frame(b"", MORE) * parts + frame(b"")
    return flood(endpoint, seconds, lambda: _again(message))


def large_batch(columns: int = 15, values: int = 65_536) -> bytes:
    """Return the message that takes longest to decode: lists of numbers of a byte each."""
    payload = {"columns": {f"c{i}": [1] * values for i in range(columns)}}
    return b"flood\0" + msgspec.msgpack.encode(payload)


def large(endpoint: str, seconds: float) -> int:
    """Send the largest messages that are taken."""
    message = frame(large_batch())
    return flood(endpoint, seconds, lambda: _again(message))


def large_and_gone(endpoint: str, seconds: float) -> int:
    """Send a dozen large messages and disconnect, again and again."""
    message = frame(large_batch())
    return flood(endpoint, seconds, lambda: iter([message] * 12))


def ping_and_reset(endpoint: str, seconds: float) -> int:
    """Send points and heartbeats as fast as it goes and reset the connection, again and again.

    It makes libzmq 4.3.5 abort: "Assertion failed: !_io_error", issue 4841 of zeromq/libzmq.
    """
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    ping = frame(b"\x04PING" + bytes(2), COMMAND)
    part = (frame(b'flood\0{"fields": {"x": 1}}') * 3 + ping) * 2_000
    sent = 0
    while time.monotonic() < end:
        with contextlib.suppress(OSError), connect(endpoint) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    sent += peer.send(part)
        time.sleep(0.001)
    return sent


def gaps(endpoint: str, seconds: float, step: int = 1_000) -> int:
    """Send points whose numbers jump."""

    def messages() -> Iterator[bytes]:
        for i in count():
            payload = {"fields": {"x": i % 10}, "source": "gaps", "sequence": i * step % 2**62}
            yield frame(b"flood\0" + msgspec.msgpack.encode(payload))

    return flood(endpoint, seconds, messages)


def huge_gaps(endpoint: str, seconds: float) -> int:
    """Send points whose numbers jump beyond what can have been sent."""
    return gaps(endpoint, seconds, 2**40)


def rubbish(endpoint: str, seconds: float) -> int:
    """Send messages that are refused, with what would steer a terminal."""
    message = frame(b"flood\0" + msgspec.msgpack.encode({"fields": {"\x1b[31m\nstreamson: ": 1}}))
    return flood(endpoint, seconds, lambda: _again(message * 1000))


def absurd_times(endpoint: str, seconds: float) -> int:
    """Send points of a time that no clock shows."""
    message = frame(b"flood\0" + msgspec.msgpack.encode({"fields": {"x": 1}, "time": 1e300}))
    return flood(endpoint, seconds, lambda: _again(message))


@contextlib.contextmanager
def idle(endpoint: str, connections: int) -> Iterator[list[socket.socket]]:
    """Open connections that never say a word, and hold them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(connections, MAX_CONNECTIONS)
    if soft < wanted + 100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, wanted + 100), hard))
    with contextlib.ExitStack() as stack:
        peers = []
        for _ in range(wanted):
            # A full queue of the listener makes the kernel wait: the next one may get in.
            with contextlib.suppress(OSError):
                peer = connect(endpoint, greet=False, timeout_s=0.5)
                peers.append(stack.enter_context(peer))
        yield peers


def idle_for(endpoint: str, seconds: float, connections: int = 2_000) -> int:
    """Hold idle connections for a while."""
    with idle(endpoint, connections) as peers:
        time.sleep(min(seconds, MAX_SECONDS))
        return len(peers)


ATTACKS: dict[str, Callable[[str, float], int]] = {
    "multipart": multipart,
    "tiny-multipart": tiny_multipart,
    "ended-multipart": ended_multipart,
    "large": large,
    "large-and-gone": large_and_gone,
    "ping-and-reset": ping_and_reset,
    "gaps": gaps,
    "huge-gaps": huge_gaps,
    "rubbish": rubbish,
    "absurd-times": absurd_times,
    "idle": idle_for,
}


@contextlib.contextmanager
def attacking(name: str, endpoint: str, *, peers: int = 1, seconds: float = 30.0) -> Iterator[None]:
    """Attack from processes of their own until the block is left."""
    context = multiprocessing.get_context("spawn")
    attackers = [
        context.Process(target=ATTACKS[name], args=(endpoint, seconds), daemon=True)
        for _ in range(peers)
    ]
    for attacker in attackers:
        attacker.start()
    try:
        yield
    finally:
        for attacker in attackers:
            attacker.kill()
            attacker.join()


if __name__ == "__main__":
    _, name, endpoint, seconds = sys.argv
    print(ATTACKS[name](endpoint, float(seconds)))
