"""Peers that mean harm to a listener's feed and to what takes its commands, as plain TCP sockets.

As in `tests.wire.attackers`: to loopback only, for a bounded time.
"""

import contextlib
import multiprocessing
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from itertools import count

from tests.wire import attackers
from tests.wire.attackers import COMMAND, GREETING, LONG, MAX_SECONDS, MORE, RETRY_S, frame

SUBSCRIBE = b"\x01"
UNSUBSCRIBE = b"\x00"


def connect(endpoint: str, kind: str, timeout_s: float = 5.0) -> socket.socket:
    """Return a connection that has greeted as a socket of a kind, and was greeted.

    libzmq ends one that sends anything before that.
    """
    named = b"\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind.encode()
    peer = attackers.connect(endpoint, greet=False, timeout_s=timeout_s)
    try:
        peer.sendall(GREETING + frame(b"\x05READY" + named, COMMAND))
        _receive(peer, len(GREETING))
        _, size = _receive(peer, 2)
        _receive(peer, size)
    except BaseException:
        peer.close()
        raise
    return peer


def _receive(peer: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        if not (more := peer.recv(size - len(found))):
            raise ConnectionResetError
        found += more
    return found


def flood(
    endpoint: str, kind: str, seconds: float, messages: Callable[[], Iterator[bytes]]
) -> None:
    """Send as fast as it goes, read nothing, and connect again whenever the connection is cut."""
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    while time.monotonic() < end:
        try:
            with connect(endpoint, kind) as peer:
                for message in messages():
                    peer.sendall(message)
                    if time.monotonic() > end:
                        return
        except OSError:
            time.sleep(RETRY_S)


def _again(message: bytes) -> Callable[[], Iterator[bytes]]:
    def messages() -> Iterator[bytes]:
        while True:
            yield message

    return messages


def commands(feed: str, control: str, seconds: float) -> None:
    """Send commands that are right, by the thousand."""
    flood(control, "DEALER", seconds, _again(frame(b'{"command": "hear_all"}') * 100))


def snapshots(feed: str, control: str, seconds: float) -> None:
    """Ask for all that is known, and read none of it."""
    flood(control, "DEALER", seconds, _again(frame(b'{"command": "snapshot"}')))


def rubbish_commands(feed: str, control: str, seconds: float) -> None:
    """Send what is no command."""
    chance = random.Random(1)
    contents = [chance.randbytes(chance.randint(0, 60)) for _ in range(200)]
    contents += [b'{"command": "mute_stream", "stream": "' + b"x" * 190 + b'"}'] * 50
    messages = b"".join(frame(content) for content in contents)
    flood(control, "DEALER", seconds, _again(messages))


def giant_frames(feed: str, control: str, seconds: float) -> None:
    """Send frames of ten megabytes, and heads of frames of as much as can be said."""
    for endpoint, kind in ((feed, "SUB"), (control, "DEALER")):
        flood(endpoint, kind, seconds / 4, _again(frame(bytes(10_000_000))))
        head = bytes([LONG]) + (2**63 - 1).to_bytes(8, "big")
        flood(endpoint, kind, seconds / 4, lambda head=head: iter([head, bytes(1_000_000)]))


def endless_commands(feed: str, control: str, seconds: float) -> None:
    """Send a message that has no end, of empty parts."""
    flood(control, "DEALER", seconds, _again(frame(b"", MORE) * 50_000))


def endless_subscriptions(feed: str, control: str, seconds: float) -> None:
    """Send a message that has no end to the feed."""
    flood(feed, "SUB", seconds, _again(frame(bytes(200), MORE) * 1_000))


def many_parts(feed: str, control: str, seconds: float) -> None:
    """Send messages of many parts that do end."""
    flood(control, "DEALER", seconds, _again(frame(b"", MORE) * 5_000 + frame(b"")))


def garbage(feed: str, control: str, seconds: float) -> None:
    """Send plain noise, with and without greeting, and greetings with bytes changed."""
    chance = random.Random(2)
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    while time.monotonic() < end:
        for endpoint in (feed, control):
            with contextlib.suppress(OSError):
                peer = attackers.connect(endpoint, greet=False)
                greeting = bytearray(GREETING)
                if chance.random() < 0.5:
                    greeting[chance.randrange(len(greeting))] ^= 1 << chance.randrange(8)
                with peer:
                    if chance.random() < 0.7:
                        peer.sendall(greeting)
                    peer.sendall(chance.randbytes(chance.randint(1, 2_000)))


def subscriptions(feed: str, control: str, seconds: float) -> None:
    """Subscribe to whatever there may be, by the ten thousand, in long words."""

    def messages() -> Iterator[bytes]:
        for number in count():
            words = (f"{number * 100 + i:08}" * 6 for i in range(100))
            yield b"".join(frame(SUBSCRIBE + word.encode()) for word in words)

    flood(feed, "SUB", seconds, messages)


def coming_and_going(feed: str, control: str, seconds: float) -> None:
    """Subscribe to all and to nothing in turns: whoever comes is told how things stand."""
    pair = b"".join(
        frame(SUBSCRIBE + topic + b"\0") + frame(UNSUBSCRIBE + topic + b"\0")
        for topic in (b"hello", b"state", b"streams", b"statistics", b"json/streams")
    )
    flood(feed, "SUB", seconds, _again(pair * 100))


def ping_and_reset(feed: str, control: str, seconds: float) -> None:
    """Send heartbeats among messages and reset the connection: libzmq 4.3.5 may abort of that."""
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    ping = frame(b"\x04PING" + bytes(2), COMMAND)
    doors = ((feed, "SUB", SUBSCRIBE + b"x"), (control, "DEALER", b"{}"))
    while time.monotonic() < end:
        for endpoint, kind, content in doors:
            with contextlib.suppress(OSError), connect(endpoint, kind) as peer:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        peer.send((frame(content) * 3 + ping) * 2_000)


def half_open(feed: str, control: str, seconds: float) -> None:
    """Hold connections that say half a greeting, and others that say nothing; come again."""
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    while time.monotonic() < end:
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                for endpoint in (feed, control):
                    with contextlib.suppress(OSError):
                        peer = attackers.connect(endpoint, greet=False, timeout_s=0.2)
                        stack.enter_context(peer)
                        peer.sendall(GREETING[:20])
            time.sleep(0.5)


def many_connections(feed: str, control: str, seconds: float, number: int = 1_000) -> None:
    """Open connections to both, as they should be, and hold them."""
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            for endpoint, kind in ((feed, "SUB"), (control, "DEALER")):
                with contextlib.suppress(OSError):
                    stack.enter_context(connect(endpoint, kind, timeout_s=0.5))
        while time.monotonic() < end:
            time.sleep(0.05)


def passing_readers(feed: str, control: str, seconds: float) -> None:
    """Come, subscribe to what nobody tells, and go, some thousand times a second."""
    chance = random.Random(3)
    end = time.monotonic() + min(seconds, MAX_SECONDS)
    while time.monotonic() < end:
        words = (chance.randbytes(chance.randint(1, 60)) for _ in range(100))
        messages = b"".join(frame(SUBSCRIBE + word) for word in words)
        with contextlib.suppress(OSError), connect(feed, "SUB", timeout_s=0.5) as peer:
            peer.sendall(messages)


ATTACKS: dict[str, Callable[[str, str, float], None]] = {
    "commands": commands,
    "snapshots": snapshots,
    "rubbish-commands": rubbish_commands,
    "giant-frames": giant_frames,
    "endless-commands": endless_commands,
    "endless-subscriptions": endless_subscriptions,
    "many-parts": many_parts,
    "garbage": garbage,
    "subscriptions": subscriptions,
    "coming-and-going": coming_and_going,
    "ping-and-reset": ping_and_reset,
    "half-open": half_open,
    "many-connections": many_connections,
    "passing-readers": passing_readers,
}


@contextlib.contextmanager
def attacking(
    name: str, feed: str, control: str, *, peers: int = 1, seconds: float = 60.0
) -> Iterator[None]:
    """Attack from processes of their own until the block is left."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=ATTACKS[name], args=(feed, control, seconds), daemon=True)
        for _ in range(peers)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()
