"""Who attacks the sockets, each in a process of its own: by frames, by handshakes, by numbers."""

import contextlib
import random
import socket
import time
from collections import deque
from collections.abc import Callable

from scripts.attack_parts.frames import last_words, mutated, seeds, sent
from scripts.attack_parts.peers import CurvePeer, Door, Peer
from tests.wire import attackers
from tests.wire.attackers import MORE

MAX_SECONDS = 400.0
HELD = 500
"""Connections that one attacker holds at a time; with one more the oldest ends."""

FRAMES = {"points": 2_000, "feed": 2_000, "control": 160}
"""Frames of one connection: a feed takes 128 kB of subscriptions, and who sends more than 200
commands in a second is not read any more."""

AT_ONCE = 20
LAST_S = 0.5
RETRY_S = 0.02
MULTIPART = 0.01
"""Share of the frames that say that more parts follow."""

OPENINGS = (
    b"",
    attackers.GREETING[:1],
    attackers.GREETING[:11],
    attackers.GREETING[:40],
    attackers.GREETING,
    attackers.GREETING.replace(b"NULL", b"PLAIN"),
    attackers.GREETING.replace(b"NULL\0\0\0\0\0", b"CURVE\0\0\0\0"),
    attackers.GREETING.replace(b"NULL\0\0\0", b"GSSAPI\0"),
    b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x02\0\0",  # ZMTP 2.0
    b"\x01\0\x02\0x",  # ZMTP 1.0
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n" + b'\x01\0\x16\0{"command":"mute"}',
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(80),  # TLS
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x1b[2J\x1b]0;title\x07\r\n" * 10,
)
"""What those say first who do not mean ZeroMQ, or never go on."""


def send_frames(door: Door, count: int, seed: int) -> int:
    """Send so many malformed frames, over as many connections as that takes; return how many."""
    chance = random.Random(seed)
    known = seeds(door.kind, chance)
    end = time.monotonic() + MAX_SECONDS
    done = 0
    while done < count and time.monotonic() < end:
        try:
            with _peer(door).greet() as peer:
                for _ in range(FRAMES[door.kind] // AT_ONCE):
                    peer.socket.sendall(b"".join(_some(chance, door.kind, known, peer)))
                    done += AT_ONCE
                    peer.drain()
                peer.socket.sendall(last_words(chance, peer))
                peer.drain_to_the_end(LAST_S)
        except OSError:
            time.sleep(RETRY_S * chance.random())
    return done


def _some(chance: random.Random, kind: str, known: list[bytes], peer: Peer) -> list[bytes]:
    contents = [sent(chance, kind, chance.choice(known)) for _ in range(AT_ONCE)]
    return [peer.wire(one, MORE * (chance.random() < MULTIPART)) for one in contents]


def lie_in_handshakes(door: Door, count: int, seed: int) -> int:
    """Do so many handshakes, with something wrong in a step of each; hold some half done."""
    chance = random.Random(seed)
    held: deque[Peer] = deque()
    done = 0
    while done < count:
        who = door._replace(secret=chance.choice((None, door.secret)))
        with contextlib.suppress(OSError):
            peer = _peer(who) if chance.random() < 0.8 else Peer(who)
            held.append(peer)
            _lie(chance, peer)
            if chance.random() < 0.5:
                held.pop().socket.close()
        done += 1
        if len(held) > HELD:
            held.popleft().socket.close()
    for peer in held:
        peer.socket.close()
    return done


def _lie(chance: random.Random, peer: Peer) -> None:
    wrong_at = chance.randrange(4)
    for number, step in enumerate(peer.handshake()):
        if number != wrong_at:
            peer.socket.sendall(step)
            continue
        match chance.randrange(5):
            case 0:
                peer.socket.sendall(mutated(chance, step))
            case 1:
                peer.socket.sendall(step[: chance.randrange(len(step))])
                return
            case 2:
                peer.socket.sendall(step * 2)
            case 3:
                peer.socket.sendall(step + chance.randbytes(chance.randint(1, 3_000)))
            case _:
                return  # it just stays
    peer.socket.sendall(last_words(chance, peer))


def crowd(door: Door, count: int, seed: int) -> int:
    """Open so many connections that say little, or speak another protocol; hold some of them."""
    chance = random.Random(seed)
    held: deque[socket.socket] = deque()
    for _ in range(count):
        # Where the queue of the socket is full, the kernel makes who connects wait.
        with contextlib.suppress(OSError):
            held.append(attackers.connect(door.endpoint, greet=False, timeout_s=0.5))
            held[-1].sendall(chance.choice(OPENINGS))
        if len(held) > HELD:
            held.popleft().close()
    for one in held:
        one.close()
    return count


def _peer(door: Door) -> Peer:
    return Peer(door) if door.server_key is None else CurvePeer(door)


ATTACKS: dict[str, Callable[[Door, int, int], int]] = {
    "frames": send_frames,
    "handshakes": lie_in_handshakes,
    "crowds": crowd,
}
