"""Peers as plain TCP sockets that speak ZMTP, with keys and without, and can lie at each step.

ZMTP 3.0 is rfc.zeromq.org/spec/23, its CURVE rfc.zeromq.org/spec/26.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple, Self

from nacl.bindings import (
    crypto_box,
    crypto_box_afternm,
    crypto_box_beforenm,
    crypto_box_keypair,
    crypto_box_open,
    crypto_scalarmult_base,
)

from tests.wire import attackers
from tests.wire.attackers import COMMAND, LONG, frame

KINDS = {"points": b"XPUB", "feed": b"SUB", "control": b"DEALER"}
"""What somebody says to be who connects to each socket."""

_TIMEOUT_S = 2.0
_SEGMENT_BYTES = 256
_SEND_BUFFER_BYTES = 4_096
"""What is sent is soon read on the other side, or is not sent."""

_GREETING_BYTES = 64
_KEY_BYTES = 32
_MAX_ANSWER_BYTES = 1_024


class Door(NamedTuple):
    """A socket that is attacked, and what its attackers know.

    Attributes
    ----------
    kind
        One of `KINDS`.
    endpoint
        Where it is bound, without a key.
    server_key
        Its public key; None where it asks for none.
    secret
        The secret key of who is let in; None: attackers make up their own.
    """

    kind: str
    endpoint: str
    server_key: bytes | None = None
    secret: bytes | None = None


class Peer:
    """A connection without keys.

    Parameters
    ----------
    door
        To which.
    """

    mechanism = b"NULL"

    def __init__(self, door: Door) -> None:
        self._kind = KINDS[door.kind]
        self.socket = attackers.connect(
            door.endpoint, greet=False, timeout_s=_TIMEOUT_S, segment_bytes=_SEGMENT_BYTES
        )
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def handshake(self) -> Iterator[bytes]:
        """Yield what is to be sent next; read the answer to that before the next."""
        yield self._greeting()
        self._receive(_GREETING_BYTES)
        yield frame(b"\x05READY" + self._metadata(), COMMAND)
        self._answer()

    def greet(self) -> Self:
        """Send it all, as it should be; return this."""
        for step in self.handshake():
            self.socket.sendall(step)
        return self

    def wire(self, payload: bytes, flags: int = 0) -> bytes:
        """Return a frame as it travels."""
        return frame(payload, flags)

    def drain(self) -> None:
        """Read what has come: who reads nothing is sent nothing more."""
        timeout_s = self.socket.gettimeout()
        self.socket.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while self.socket.recv(65_536):
                pass
        self.socket.settimeout(timeout_s)

    def drain_to_the_end(self, timeout_s: float) -> None:
        """Say that nothing more comes, and read until the other side has closed, or for a while.

        Who closes at once resets the connection, and what was sent last is not read.
        """
        end = time.monotonic() + timeout_s
        self.socket.shutdown(socket.SHUT_WR)
        self.socket.settimeout(timeout_s)
        while self.socket.recv(65_536) and time.monotonic() < end:
            pass

    def _greeting(self) -> bytes:
        head = b"\xff" + bytes(8) + b"\x7f\x03\x00"
        return head + self.mechanism.ljust(20, b"\0") + bytes(32)

    def _metadata(self) -> bytes:
        name = b"Socket-Type"
        return bytes([len(name)]) + name + len(self._kind).to_bytes(4, "big") + self._kind

    def _receive(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            if not (more := self.socket.recv(size - len(found))):
                raise ConnectionResetError
            found += more
        return found

    def _answer(self) -> bytes:
        """Return the other side's next command."""
        flags, size = self._receive(2)
        if flags & LONG:
            size = int.from_bytes(bytes([size]) + self._receive(7), "big")
        if size > _MAX_ANSWER_BYTES:
            raise ConnectionResetError
        return self._receive(size)


class CurvePeer(Peer):
    """A connection with a key: the door's allowed one, or one that nobody knows."""

    mechanism = b"CURVE"

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        assert door.server_key is not None
        self._server_key = door.server_key
        self._secret = door.secret or os.urandom(_KEY_BYTES)
        self._public = crypto_scalarmult_base(self._secret)
        self._short_public, self._short_secret = crypto_box_keypair()
        self._shared = b""
        self.nonce = 0

    def handshake(self) -> Iterator[bytes]:
        yield self._greeting()
        self._receive(_GREETING_BYTES)
        yield self._hello()
        opened = self._welcome(self._answer())
        short_server_key, cookie = opened[:_KEY_BYTES], opened[_KEY_BYTES:]
        self._shared = crypto_box_beforenm(short_server_key, self._short_secret)
        yield self._initiate(cookie, short_server_key)
        if not self._answer().startswith(b"\x05READY"):
            raise ConnectionRefusedError("the key is not allowed")

    def wire(self, payload: bytes, flags: int = 0) -> bytes:
        return frame(self.message(bytes([flags]) + payload))

    def message(self, content: bytes) -> bytes:
        """Return the MESSAGE command of flags and payload."""
        nonce = self._next()
        box = crypto_box_afternm(content, b"CurveZMQMESSAGEC" + nonce, self._shared)
        return b"\x07MESSAGE" + nonce + box

    def _next(self) -> bytes:
        self.nonce += 1
        return self.nonce.to_bytes(8, "big")

    def _hello(self) -> bytes:
        nonce = self._next()
        secret = self._short_secret
        box = crypto_box(bytes(64), b"CurveZMQHELLO---" + nonce, self._server_key, secret)
        body = b"\x05HELLO\x01\x00" + bytes(72) + self._short_public + nonce + box
        return frame(body, COMMAND)

    def _welcome(self, welcome: bytes) -> bytes:
        nonce = b"WELCOME-" + welcome[8:24]
        return crypto_box_open(welcome[24:], nonce, self._server_key, self._short_secret)

    def _initiate(self, cookie: bytes, short_server_key: bytes) -> bytes:
        vouch_nonce = os.urandom(16)
        vouch = vouch_nonce + crypto_box(
            self._short_public + self._server_key,
            b"VOUCH---" + vouch_nonce,
            *(short_server_key, self._secret),
        )
        nonce = self._next()
        content = self._public + vouch + self._metadata()
        box = crypto_box_afternm(content, b"CurveZMQINITIATE" + nonce, self._shared)
        return frame(b"\x08INITIATE" + cookie + nonce + box, COMMAND)
