"""A bound socket that receives frames: bounded, guarded, and what is no single frame is counted."""

import logging
from typing import Final

import msgspec
import zmq

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.wire.guard import ConnectionGuard
from streamson.wire.handover import Handed
from streamson.wire.limits import (
    HANDSHAKE_MS,
    MAX_FRAME_BYTES,
    RECEIVE_BUFFER_BYTES,
    RECEIVE_HIGH_WATER_MARK,
)
from streamson.wire.sockets import bind, descriptor_of, set_keepalive

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
    """

    multipart: int = 0
    shed: int = 0
    cut: int = 0


class FrameSocket:
    """A bound SUB socket.

    Parameters
    ----------
    endpoint
        Where to bind; ``tcp://127.0.0.1:*`` takes a free port.
    watch_memory
        Whether the process does nothing else, so that its memory tells how much waits.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.
    restarts
        As of `Reception`; a socket in this process has none.

    Raises
    ------
    UsageError
        If the endpoint is malformed.
    StreamsonError
        If the port is in use.
    """

    restarts: Final = 0

    def __init__(self, endpoint: str, *, watch_memory: bool = False) -> None:
        # The consumer binds: a frame over the limit would cut off a connecting SUB for good.
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_keepalive(self._socket)
        self._socket.subscribe(b"")
        self._counts = FrameCounts()
        self._handed = Handed()
        self._limited = RateLimitedLog(_log)
        self._parts = 0
        self._guard = ConnectionGuard(self._socket, self._handed, watch_memory=watch_memory)
        try:
            self.endpoint = bind(self._socket, endpoint)
        except BaseException:
            self._guard.close()
            raise

    @property
    def counts(self) -> FrameCounts:
        """What was kept back so far."""
        self._counts.cut = self._guard.cut
        return self._counts

    def wait(self, timeout_s: float, *others: int) -> bool:
        """Return whether a frame has come; wait at most `timeout_s`, or for another descriptor."""
        poller = zmq.Poller()
        for one in (self._socket, *others):
            poller.register(one, zmq.POLLIN)
        came = self._socket in dict(poller.poll(int(timeout_s * 1000)))
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
            frames.append(frame.bytes)
            size += len(frame)
        return frames

    def close(self) -> None:
        """Close the socket; publishers stop sending. Say what was left out of the log."""
        if not self._socket.closed:
            self._guard.close()
            self._socket.close()
            self._limited.flush()

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
