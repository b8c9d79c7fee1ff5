"""The receiving end: one bound SUB socket whose messages are decoded, checked and counted."""

import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import msgspec
import zmq

from streamson.errors import MessageError
from streamson.wire.codec import decode
from streamson.wire.limits import (
    DEFAULT_ENDPOINT,
    MAX_FRAME_BYTES,
    MAX_TRACKED_SOURCES,
    RECEIVE_HIGH_WATER_MARK,
)
from streamson.wire.point import Batch, DataPoint
from streamson.wire.sockets import bind, set_heartbeat

MESSAGES_A_TURN: Final = 1_000
"""After so many messages `Receiver.receive` returns, so that its caller can see to other things."""

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
    """

    received: int = 0
    lost: int = 0
    refused: int = 0


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
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_heartbeat(self._socket)
        self._socket.subscribe(b"")
        self.endpoint = bind(self._socket, endpoint)
        self.counts = ReceiverCounts()
        self._next: OrderedDict[tuple[str, str], int] = OrderedDict()

    def receive(self, timeout_s: float) -> Iterator[DataPoint | Batch]:
        """Yield what has come, after waiting at most `timeout_s` for the first message.

        Ends when nothing more waits, or after `MESSAGES_A_TURN` messages.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            return
        for _ in range(MESSAGES_A_TURN):
            try:
                frame = self._socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            if self._socket.getsockopt(zmq.RCVMORE):
                self._skip_rest()
                self._refuse("multipart message; a message is a single frame")
                continue
            try:
                message = decode(frame, time.time())
            except MessageError as error:
                self._refuse(str(error))
                continue
            self._count(message)
            yield message

    def close(self) -> None:
        """Close the socket; publishers stop sending."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _skip_rest(self) -> None:
        while self._socket.getsockopt(zmq.RCVMORE):
            self._socket.recv(zmq.DONTWAIT)

    def _refuse(self, reason: str) -> None:
        self.counts.refused += 1
        # A line at 1, 10, 100, ...: a peer that sends only rubbish must not fill the log.
        if str(self.counts.refused).strip("0") == "1":
            _log.warning("%d message(s) refused; the last: %s", self.counts.refused, reason)

    def _count(self, message: DataPoint | Batch) -> None:
        size = len(message) if isinstance(message, Batch) else 1
        self.counts.received += size
        if message.sequence is None:
            return
        key = message.stream, message.source
        expected = self._next.get(key)
        # A first number may be any: this listener may have come later than the producer. A lower
        # one than expected is a producer that started again under the same name.
        if expected is not None and message.sequence > expected:
            self.counts.lost += message.sequence - expected
            _log.warning("%s: %d point(s) lost", message.stream, message.sequence - expected)
        self._next[key] = message.sequence + size
        self._next.move_to_end(key)
        if len(self._next) > MAX_TRACKED_SOURCES:
            self._next.popitem(last=False)
