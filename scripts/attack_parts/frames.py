"""What is sent: frames as honest programs send them, with something wrong in them."""

import random
from collections.abc import Iterator

import msgspec
import numpy as np

from scripts.attack_parts.peers import CurvePeer, Peer
from streamson.model.command import (
    Acknowledge,
    ChangeSession,
    HearAll,
    Mute,
    MuteStream,
    SetVolume,
    Snapshot,
)
from streamson.model.feed import MESSAGE_TYPES
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.wire.points.codec import encode
from tests.wire.attackers import COMMAND, LONG, MORE, frame

LIES = (
    # MessagePack: a list, a map, a text, bytes of four thousand million; one of many, and none.
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\x7f\xff"),
    *(b"\xdc\xff\xff", b"\xde\xff\xff", b"\xc1", b"\xc7\xff\x01", b"\xd9\xff"),
    # Depth without end, in both encodings.
    *(b"\x91" * 2_000, b"\x81\xa1x" * 1_000, b"[" * 2_000, b'{"fields":' * 500, b"\x82" * 500),
    # Numbers that are none, and what is of another type.
    *(b"1e999", b"NaN", b"-Infinity", b"\xcb\x7f\xf8" + bytes(6), b"\xcb\xff\xf0" + bytes(6)),
    *(b"\xcf" + b"\xff" * 8, b"1" * 5_000, b"\xc0", b"\xc3", b"null", b"true", b'""', b"[]", b"{}"),
    # What steers a terminal or turns a line around, what is no UTF-8, and ends of names.
    *(b"\x1b[31m\x1b]0;title\x07", b"\x9b2J", "\u202e\u2028".encode(), b"\r\n\x08", b"%s%n"),
    *(b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0", b"\\u0000", b"\\ud800", b"n" * 300),
)
"""Bytes that have no place where they are put."""

MANY_PARTS = 1_200
"""More than a message may have before its sender is cut off."""

_COMMANDS = (
    SetVolume(id=1, volume_db=-6.0),
    Mute(id=2, muted=False),
    MuteStream(id=3, stream="s1"),
    HearAll(id=4),
    Acknowledge(id=5, stream="s1", field="x"),
    ChangeSession(id=6, name="none of them"),
    Snapshot(id=7),
)
"""Such as leave the honest streams as they are, should one of them come out right."""


def seeds(kind: str, chance: random.Random) -> list[bytes]:
    """Return what honest programs send to a socket."""
    match kind:
        case "points":
            return list(_points(chance))
        case "feed":
            topics = [topic.encode() + b"\0" for topic in MESSAGE_TYPES]
            topics += [b"json/" + topic for topic in topics] + [b""]
            return [sign + topic for topic in topics for sign in (b"\x01", b"\0")]
        case _:
            coders = (msgspec.json.encode, msgspec.msgpack.encode)
            return [code(command) for command in _COMMANDS for code in coders]


def _points(chance: random.Random) -> Iterator[bytes]:
    for number in range(40):
        fields = {f"f{i}": chance.uniform(-1e3, 1e3) for i in range(chance.randint(1, 5))}
        point = DataPoint(f"s{number % 8}", fields, 1.7e9 + number, "seed", number)
        yield encode(point, chance.choice(("json", "msgpack")))
        columns = {name: np.arange(4.0) * value for name, value in fields.items()}
        batch = Batch(f"b{number % 4}", columns, np.arange(4.0) + 1.7e9, "seed", 4 * number)
        yield encode(batch, chance.choice(("json", "msgpack")))
    yield encode(Goodbye("s1", "seed"))


def mutated(chance: random.Random, content: bytes) -> bytes:
    """Return bytes with some flipped, cut, doubled or put in, or plain noise now and then."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randint(0, 300))
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 5, 20))):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at:at] = chance.randbytes(chance.randint(1, 9))
            case 2:
                del changed[at : at + chance.randint(1, 9)]
            case 3:
                changed[at:at] = changed[max(at - 9, 0) : at]
            case _ if at < len(changed):
                changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xC1, 0xCB, 0xDF, 0xFF, 0x1B, 0x0A))
    return bytes(changed)


def malformed(chance: random.Random, content: bytes) -> bytes:
    """Return a frame's content that is mutated, cut short, or has a lie put in."""
    luck = chance.random()
    if luck < 0.7:
        return mutated(chance, content)
    at = chance.randrange(len(content) + 1)
    if luck < 0.8:
        return content[:at]
    return content[:at] + chance.choice(LIES) + content[at + chance.randrange(9) :]


def sent(chance: random.Random, kind: str, content: bytes) -> bytes:
    """Return what goes to a socket of a kind in the place of a frame's content.

    Who sends to a feed what is no subscription is cut off at once: so most begin as such.
    """
    if kind == "feed" and chance.random() < 0.999:
        return content[:1] + malformed(chance, content[1:])[:255]
    return malformed(chance, content)


def last_words(chance: random.Random, peer: Peer) -> bytes:
    """Return what breaks the protocol itself, so that a connection ends with it."""
    choices = [_lying_head(chance), _command(chance), chance.randbytes(chance.randint(1, 500))]
    choices.append(peer.wire(b"", MORE) * MANY_PARTS)
    choices.append(peer.wire(b"\x09SUBSCRIBE" + chance.randbytes(300), COMMAND)[:-5])
    if isinstance(peer, CurvePeer):
        choices += _lying_messages(chance, peer)
    return chance.choice(choices)


def _lying_head(chance: random.Random) -> bytes:
    """Return a frame's head that promises too much, or what does not come, or is none."""
    size = chance.choice(
        (0, 1, 255, 256, 4_096, 2**21 + 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1)
    )
    flags = chance.choice((0, LONG, LONG | MORE, LONG | COMMAND, 7, 8, 0x80, 0xFF))
    content = chance.randbytes(chance.randint(0, 300))
    if flags & LONG:
        return bytes([flags]) + size.to_bytes(8, "big") + content
    return bytes([flags, size % 256]) + content


def _command(chance: random.Random) -> bytes:
    """Return a command that has no place there, or is cut short."""
    name = chance.choice(
        (b"PING", b"PONG", b"SUBSCRIBE", b"CANCEL", b"JOIN", b"ERROR", b"READY", b"")
    )
    size = chance.choice((len(name), 0, 255, len(name) + 1))
    body = bytes([size]) + name + chance.randbytes(chance.randint(0, 40))
    return frame(body[: chance.randint(0, len(body))], COMMAND)


def _lying_messages(chance: random.Random, peer: CurvePeer) -> list[bytes]:
    """Return messages that are encrypted, and wrong otherwise."""
    good = peer.message(b"\0" + chance.randbytes(20))
    changed = bytearray(good)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return [
        frame(good) + frame(good),  # a number that came before
        frame(bytes(changed)),
        frame(good[: chance.randrange(len(good))]),
        frame(good, MORE),
        frame(good, COMMAND),
        frame(peer.message(b"")),  # nothing, not even flags
        frame(peer.message(bytes([chance.randrange(256)]) + chance.randbytes(9))),
        frame(
            peer.message(bytes([COMMAND]) + chance.choice((b"\x04PING\0", b"\x09SUBSCRIBE", b"")))
        ),
        frame(b"\x07MESSAGE"),
        frame(b"\x05READY" + chance.randbytes(60), COMMAND),
        frame(b"\x05ERROR\xff", COMMAND),
    ]
