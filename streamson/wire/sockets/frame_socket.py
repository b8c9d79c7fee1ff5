"""A bound socket that receives frames: bounded, guarded, and what is no single frame is counted."""

import logging
from typing import Final

import msgspec
import zmq

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.keys.folder import KeyFolder
from streamson.keys.grant import PUBLISH, pattern_for
from streamson.model.limits import MAX_STREAM_CHARS
from streamson.wire.limits import (
    HANDSHAKE_MS,
    MAX_FRAME_BYTES,
    RECEIVE_BUFFER_BYTES,
    RECEIVE_HIGH_WATER_MARK,
)
from streamson.wire.probe import is_probe
from streamson.wire.sockets.connecting import bind, descriptor_of, set_keepalive
from streamson.wire.sockets.guard import ConnectionGuard
from streamson.wire.sockets.handover import Handed
from streamson.wire.sockets.known_peers import KnownPeers, gatekeeper_of
from streamson.wire.sockets.notices import Notices

SHED_FRAME_BYTES: Final = 64 << 10
"""Messages larger than this are dropped undecoded while too many bytes wait: these cost most."""

MAX_TAKEN_FRAMES: Final = 1_024
MAX_TAKEN_BYTES: Final = 64 << 10
"""Frames are taken until they are so many, or so many bytes: the last one may go beyond."""

MAX_PARTS: Final = 1_000
"""A message of more parts is no mistake in a program: its peer is cut off."""

PARTS_AT_ONCE: Final = 10_000
"""Parts that are skipped before the time is looked at: 10 ms."""

_log = logging.getLogger(__name__)


class FrameCounts(msgspec.Struct, array_like=True):
    """What a socket kept back.

    Attributes
    ----------
    multipart
        Messages of several parts.
    shed
        Large messages dropped, because more came than could be read.
    cut
        Connections that were cut off, because they brought too much, or nothing at all.
    strangers
        Connections that were not let in, because their keys are not allowed here.
    forbidden
        Messages of streams that their sender's key may not publish.
    """

    multipart: int = 0
    shed: int = 0
    cut: int = 0
    strangers: int = 0
    forbidden: int = 0

    def __add__(self, other: "FrameCounts") -> "FrameCounts":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return FrameCounts(*(one + another for one, another in pairs))


class FrameSocket:
    """A bound SUB socket.

    Parameters
    ----------
    endpoint
        Where to bind; ``tcp://127.0.0.1:*`` takes a free port.
    watch_memory
        Whether the process does nothing else, so that its memory tells how much waits.
    keys
        Who may publish what, where keys are asked for.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.
    restarts
        As of `Reception`; a socket in this process has none.

    Raises
    ------
    UsageError
        If the endpoint is malformed, or this machine has no key and needs one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    restarts: Final = 0

    def __init__(
        self, endpoint: str, *, watch_memory: bool = False, keys: KeyFolder | None = None
    ) -> None:
        self._gatekeeper = None if keys is None else gatekeeper_of(keys)
        context = zmq.Context.instance() if self._gatekeeper is None else self._gatekeeper.context
        # The consumer binds: a frame over the limit would cut off a connecting SUB for good.
        self._socket: zmq.Socket[bytes] = context.socket(zmq.SUB)
        if self._gatekeeper is not None:
            self._gatekeeper.secure(self._socket, PUBLISH)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_keepalive(self._socket)
        self._socket.subscribe(b"")
        self._counts = FrameCounts()
        self._handed = Handed(is_encrypted=keys is not None)
        self._limited = RateLimitedLog(_log)
        self._parts = 0
        self._guard = ConnectionGuard(self._socket, self._handed, watch_memory=watch_memory)
        self._publishers = KnownPeers(self._guard, self._gatekeeper, PUBLISH)
        self._notices: Notices | None = None
        if self._gatekeeper is not None:
            self._notices = Notices(self._socket, self._gatekeeper)
        try:
            self.endpoint = bind(self._socket, endpoint)
        except BaseException:
            self._guard.close()
            if self._gatekeeper is not None:
                self._gatekeeper.close()
            raise

    @property
    def counts(self) -> FrameCounts:
        """What was kept back so far."""
        self._counts.cut = self._guard.cut
        self._counts.strangers = 0 if self._gatekeeper is None else self._gatekeeper.refused
        return self._counts

    def wait(self, timeout_s: float, *others: int) -> bool:
        """Return whether a frame has come; wait at most `timeout_s`, or for another descriptor."""
        poller = zmq.Poller()
        for one in (self._socket, *others):
            poller.register(one, zmq.POLLIN)
        came = self._socket in dict(poller.poll(int(timeout_s * 1000)))
        self._publishers.look()
        if self._notices is not None:
            self._notices.look()
        if not came:
            self._handed.emptied += 1
        return came

    def take(self, most: int = MAX_TAKEN_FRAMES) -> list[bytes]:
        """Return frames that have come: at most so many of them, and fewer where they are large."""
        frames: list[bytes] = []
        size = 0
        while len(frames) < most and size < MAX_TAKEN_BYTES:
            try:
                frame = self._socket.recv(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                self._handed.emptied += 1
                break
            descriptor = descriptor_of(frame)
            self._handed.take(descriptor, len(frame), ends=not frame.more)
            if self._parts or frame.more:
                self._skip_parts(frame, descriptor)
                break  # there may be many like it, and what was taken is waited for
            if self._handed.shed and len(frame) > SHED_FRAME_BYTES:
                self._shed()
                most //= 2  # so that what takes long ends too
                continue
            size += len(frame)
            if self._gatekeeper is None or self._may_publish(frame, descriptor):
                frames.append(frame.bytes)
        return frames

    def close(self) -> None:
        """Close the socket; publishers stop sending. Say what was left out of the log."""
        if not self._socket.closed:
            self._guard.close()
            self._socket.close()
            if self._gatekeeper is not None:
                self._gatekeeper.close()
            if self._notices is not None:
                self._notices.close()
            self._limited.flush()

    def _may_publish(self, frame: zmq.Frame, descriptor: int) -> bool:
        """Return whether who sent a frame may publish points of its stream."""
        assert self._gatekeeper is not None
        key = self._publishers.key_of(frame, descriptor)
        content = frame.buffer
        stream = bytes(content[: 4 * MAX_STREAM_CHARS]).partition(b"\0")[0]
        if self._gatekeeper.may_publish(key, stream):
            return True
        if self._gatekeeper.may(key, PUBLISH) and is_probe(content):
            return True
        self._counts.forbidden += 1
        self._refuse(key, stream)
        return False

    def _refuse(self, key: str, stream: bytes) -> None:
        """Say on both sides that a key may not publish a stream."""
        assert self._gatekeeper is not None
        assert self._notices is not None
        self._notices.refuse(key, stream)
        grant, name = self._gatekeeper.grant_of(key), self._gatekeeper.name_of(key)
        found = stream.decode(errors="replace")
        what, advice = "nothing here any more", ""  # and is cut off in a moment
        if grant is not None and grant.publish:
            what = "other streams only"
            options = grant.options(pattern_for(found))
            advice = f"; to allow it: streamson keys allow {name} {key} {options}"
        self._limited.warning(
            "forbidden",
            "%s refused: the key %s may publish %s; the last was %s%s",
            *(counted(self._counts.forbidden, "message"), name, what),
            *(printable(found), printable(advice)),
        )

    def _skip_parts(self, frame: zmq.Frame, descriptor: int) -> None:
        """Read the parts of a message, or `PARTS_AT_ONCE`; in a short loop, for there may be many.

        All of a message's parts are there when its first one is.
        """
        size = parts = 0
        while frame.more and parts < PARTS_AT_ONCE:
            frame = self._socket.recv(zmq.DONTWAIT, copy=False)
            size += len(frame)
            parts += 1
        self._handed.take(descriptor, size + 2 * parts, ends=not frame.more)
        if self._parts < MAX_PARTS <= self._parts + parts:
            self._guard.cut_off(descriptor, "a message of many parts; one is allowed")
        self._parts += parts + 1
        if not frame.more:
            self._parts = 0
            self._counts.multipart += 1
            self._limited.warning(
                "multipart",
                "%s refused; a message is a single frame",
                counted(self._counts.multipart, "multipart message"),
            )

    def _shed(self) -> None:
        self._counts.shed += 1
        self._limited.warning("shed", "more comes than can be read: large messages are dropped")
