"""The receiving end: one bound SUB socket whose messages are decoded, checked and counted."""

import logging
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import msgspec
import numpy as np
import zmq

from streamson.errors import MessageError
from streamson.limited_log import LimitedLog
from streamson.wire.codec import decode
from streamson.wire.guard import ConnectionGuard
from streamson.wire.handed import Handed
from streamson.wire.limits import (
    DEFAULT_ENDPOINT,
    HANDSHAKE_MS,
    MAX_FRAME_BYTES,
    MAX_TIME_S,
    MIN_TIME_S,
    RECEIVE_BUFFER_BYTES,
    RECEIVE_HIGH_WATER_MARK,
)
from streamson.wire.point import Batch, DataPoint
from streamson.wire.sequences import Sequences
from streamson.wire.sockets import bind, set_keepalive

MESSAGES_A_TURN: Final = 1_000
"""After so many messages `Receiver.receive` returns, so that its caller can see to other things."""

TURN_S: Final = 0.05
"""It also returns after so long, its caller's work included: 1,000 large messages take 20 s."""

SHED_FRAME_BYTES: Final = 64 << 10
"""Messages larger than this are dropped undecoded while too many bytes wait: these cost most."""

MAX_PARTS: Final = 1_000
"""A message of more parts is no mistake in a program: its peer is cut off."""

PARTS_AT_ONCE: Final = 10_000
"""Parts that are skipped before the time is looked at: 10 ms."""

_log = logging.getLogger(__name__)


class ReceiverCounts(msgspec.Struct):
    """What a receiver has seen so far.

    Attributes
    ----------
    received
        Points that were decoded.
    lost
        Points whose sequence numbers never came.
    refused
        Messages that broke the format or a limit.
    shed
        Large messages dropped undecoded, because more came than could be read.
    times_replaced
        Points whose time no clock can show, replaced by the time at which they came.
    """

    received: int = 0
    lost: int = 0
    refused: int = 0
    shed: int = 0
    times_replaced: int = 0


class Receiver:
    """Receive data points from any number of publishers.

    Parameters
    ----------
    endpoint
        Where to bind, such as ``tcp://127.0.0.1:5570``; ``tcp://127.0.0.1:*`` takes a free port.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.
    counts
        What came, was lost and was refused.

    Raises
    ------
    UsageError
        If the endpoint is malformed.
    StreamsonError
        If the port is in use.
    """

    def __init__(self, endpoint: str = DEFAULT_ENDPOINT) -> None:
        # The consumer binds: a frame over the limit would cut off a connecting SUB for good.
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_keepalive(self._socket)
        self._socket.subscribe(b"")
        self.counts = ReceiverCounts()
        self._handed = Handed()
        self._limited = LimitedLog(_log)
        self._sequences = Sequences(self._limited)
        self._parts = 0
        self._guard = ConnectionGuard(self._socket, self._handed)
        try:
            self.endpoint = bind(self._socket, endpoint)
        except BaseException:
            self._guard.close()
            raise

    @property
    def connections_cut(self) -> int:
        """Connections that were cut off, because they brought too much, or nothing at all."""
        return self._guard.cut

    def receive(self, timeout_s: float) -> Iterator[DataPoint | Batch]:
        """Yield what has come, after waiting at most `timeout_s` for the first message.

        Ends when nothing more waits, or after `MESSAGES_A_TURN` messages, or after `TURN_S`.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            self._handed.emptied += 1
            return
        end = time.monotonic() + TURN_S
        for _ in range(MESSAGES_A_TURN):
            try:
                frame = self._socket.recv(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                self._handed.emptied += 1
                return
            message = self._take(frame)
            now = time.monotonic()
            if message is not None:
                self._count(message, now)
                yield message
            if now > end:
                return

    def close(self) -> None:
        """Close the socket; publishers stop sending. Say what was left out of the log."""
        if not self._socket.closed:
            self._guard.close()
            self._socket.close()
            self._limited.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, frame: zmq.Frame) -> DataPoint | Batch | None:
        """Return the message of a frame, or None where there is none to be heard."""
        descriptor = _descriptor(frame)
        self._handed.take(descriptor, len(frame), ends=not frame.more)
        if self._parts or frame.more:
            self._skip_parts(frame, descriptor)
            return None
        if self._handed.shed and len(frame) > SHED_FRAME_BYTES:
            self.counts.shed += 1
            self._limited.warning("shed", "more comes than can be read: large messages are dropped")
            return None
        try:
            return self._with_possible_time(decode(frame.bytes, time.time()))
        except MessageError as error:
            self._refuse(str(error))
            return None

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
            self._refuse("multipart message; a message is a single frame")

    def _refuse(self, reason: str) -> None:
        self.counts.refused += 1
        self._limited.warning(
            "refused", "%d message(s) refused; the last: %s", self.counts.refused, reason
        )

    def _with_possible_time(self, message: DataPoint | Batch) -> DataPoint | Batch:
        if isinstance(message, Batch):
            impossible = ~((message.times >= MIN_TIME_S) & (message.times < MAX_TIME_S))
            if count := int(np.count_nonzero(impossible)):
                self._replaced(message, float(message.times[impossible][0]), count)
                message.times[impossible] = time.time()
            return message
        if MIN_TIME_S <= message.time < MAX_TIME_S:
            return message
        self._replaced(message, message.time, 1)
        return msgspec.structs.replace(message, time=time.time())

    def _replaced(self, message: DataPoint | Batch, found: float, count: int) -> None:
        self.counts.times_replaced += count
        self._limited.warning(
            "time",
            "%s: found time %g; seconds since 1970 are allowed. Taken as of now.",
            message.stream,
            found,
        )

    def _count(self, message: DataPoint | Batch, now: float) -> None:
        size = len(message) if isinstance(message, Batch) else 1
        self.counts.received += size
        if message.sequence is not None:
            self.counts.lost += self._sequences.lost(message, message.sequence, size, now)


def _descriptor(frame: zmq.Frame) -> int:
    """Return the descriptor through which a frame came, or -1: ZMTP 1.0 does not tell."""
    try:
        return int(frame.get(zmq.SRCFD))
    except zmq.ZMQError:
        return -1
