"""The sending end: one PUB-side socket that connects to a listener and numbers what it sends."""

import logging
import os
import secrets
import socket as host
import time as clock
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import numpy as np
import zmq

from streamson._closable import Closable
from streamson.errors import MessageError, UsageError
from streamson.keys.grant import PUBLISH
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.wire.limits import (
    DEFAULT_ENDPOINT,
    MAX_GOODBYES,
    MAX_NUMBERED_STREAMS,
    SEND_HIGH_WATER_MARK,
)
from streamson.wire.points.codec import Encoding, encode
from streamson.wire.points.columns import batch_columns
from streamson.wire.points.untaken import Untaken
from streamson.wire.sockets.connecting import connect, sending_socket
from streamson.wire.sockets.refusals import Refusals

LINGER_MS: Final = 500
"""How long `Publisher.close` may take to hand over what was sent."""

_log = logging.getLogger(__name__)


class Publisher(Closable):
    """Publish data points to a listener.

    The socket connects in the background and again whenever the listener comes back. Nothing is
    sent, and nothing waits, while nobody listens, which is logged once. One thread at a time may
    use a publisher.

    Parameters
    ----------
    endpoint
        Where the listener is bound, such as ``tcp://127.0.0.1:5570``; ``tcp://HOST:PORT#KEY``
        where it asks for keys, as ``streamson keys show`` prints it there.
    source
        Who publishes; by default host name, process and a random part, so that the listener can
        count what got lost between the two.
    wait_s
        The first send waits at most this long for a listener. 0 never waits: points sent before
        the connection stands are dropped and counted.
    encoding
        ``"msgpack"`` or ``"json"``.

    Attributes
    ----------
    sent, dropped
        Points handed to the network, and points dropped because nobody listened or the listener
        was too slow.
    refused
        Of the points sent, those that the listener did not take, because this machine's key may
        not publish their streams there: as far as the listener told so. It is logged once for each
        stream, with what to do.

    Raises
    ------
    UsageError
        If the endpoint is not one that ZeroMQ can connect to, or it has a key, and this machine
        has none.

    Examples
    --------
    >>> with Publisher(wait_s=0) as publisher:
    ...     publisher.send("boiler", temperature=71.3, pressure=2.1)
    False
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        source: str | None = None,
        wait_s: float = 2.0,
        encoding: Encoding = "msgpack",
    ) -> None:
        if encoding not in ("msgpack", "json"):
            raise UsageError(f'encoding {encoding!r}: "msgpack" or "json" are allowed')
        self.endpoint = endpoint
        self.source = _default_source() if source is None else source
        self.sent = 0
        self.dropped = 0
        self._encoding: Encoding = encoding
        self._told = False
        self._told_refusal = ""
        self._wait_s = wait_s
        self._sequences: dict[str, int] = {}
        self._topics: set[bytes] = set()
        self._socket = sending_socket(SEND_HIGH_WATER_MARK, LINGER_MS)
        connect(self._socket, endpoint)
        self._refusals = Refusals(self._socket, endpoint, PUBLISH)
        self._untaken = Untaken(endpoint)

    @property
    def refused(self) -> int:
        """As the class says."""
        return self._untaken.points

    @property
    def listening(self) -> bool:
        """Whether a listener is connected at this moment."""
        if self._socket.closed:
            return False
        self._read_subscriptions()
        if self._topics:
            self._refusals.settle()
        else:
            self._refusals.look()
            self._say_refusal()
        return bool(self._topics)

    @property
    def refusal(self) -> str:
        """Why the listener does not let this publisher in, for a person; empty where it does."""
        return self._refusals.reason

    def wait_for_listener(self, timeout_s: float | None = None) -> bool:
        """Wait until a listener is connected; None waits without end. Return whether one is.

        Raises
        ------
        UsageError
            It is closed.
        """
        self._check_open()
        deadline = None if timeout_s is None else clock.monotonic() + timeout_s
        while not self.listening:
            remaining = 0.2 if deadline is None else deadline - clock.monotonic()
            if remaining <= 0:
                return False
            # Short polls, so that Ctrl-C is heard at once on every platform.
            self._socket.poll(int(min(remaining, 0.2) * 1000) + 1)
        return True

    def send(
        self,
        stream: str,
        fields: Mapping[str, float | None] | None = None,
        /,
        *,
        time: float | None = None,
        **values: float | None,
    ) -> bool:
        """Publish one point.

        Parameters
        ----------
        stream
            The stream's name.
        fields, **values
            The point's fields; None, NaN and infinities are missing values.
        time
            When it was measured, seconds since 1970; now if omitted.

        Returns
        -------
        bool
            Whether the point was handed to the network.

        Raises
        ------
        MessageError
            If a name, a value or the size is not allowed.
        UsageError
            It is closed.
        """
        if not isinstance(fields, Mapping | None) or not (fields or values):
            raise MessageError(
                f"stream {stream!r}: found {fields!r}; fields are allowed, such as temperature=71.3"
            )
        given = {**(fields or {}), **values}
        numbers = {name: _number(stream, name, value) for name, value in given.items()}
        when = clock.time() if time is None else float(time)
        sequence = self._sequences.get(stream, 0)
        point = DataPoint(stream, numbers, when, self.source, sequence)
        return self._send(stream, encode(point, self._encoding), 1)

    def skip(self, stream: str, points: int = 1) -> None:
        """Take in that points of a stream were lost before they were sent: listeners count them.

        Parameters
        ----------
        stream
            The stream's name.
        points
            How many.
        """
        self._use_numbers(stream, points)

    def send_batch(
        self,
        stream: str,
        columns: Any,
        /,
        *,
        times: Any = None,
    ) -> bool:
        """Publish several points of one stream in one message.

        Parameters
        ----------
        stream
            The stream's name.
        columns
            Field name to values, all of one length; or a frame of pandas, Polars, Arrow, or of any
            library that narwhals knows, also a lazy one.
        times
            When each was measured: seconds since 1970, moments, or the name of the column that
            says so. If omitted, it is what the frame's first column of moments, or its index of
            moments, says; else now. Moments without a zone are UTC.

        Returns
        -------
        bool
            Whether the batch was handed to the network.

        Raises
        ------
        MessageError
            If a name, a value, a length or the size is not allowed.
        StreamsonError
            If a lazy frame can't be computed.
        UsageError
            It is closed.
        """
        try:
            fields, when = batch_columns(columns, times)
        except (MessageError, ValueError) as error:
            raise MessageError(f"batch for {stream!r}: {error}") from None
        count = max((array.size for array in fields.values()), default=0)
        when = np.full(count, clock.time()) if when is None else when
        batch = Batch(stream, fields, when, self.source, self._sequences.get(stream, 0))
        return self._send(stream, encode(batch, self._encoding), count)

    def close(self) -> None:
        """Say goodbye, hand over what was sent, for at most half a second, and disconnect.

        A listener does not wait for points of the streams that this publisher sent.
        """
        if self._socket.closed:
            return
        with suppress(zmq.Again):
            if self.listening:
                for stream in islice(self._sequences, MAX_GOODBYES):
                    frame = encode(Goodbye(stream, self.source), self._encoding)
                    self._socket.send(frame, zmq.DONTWAIT)
        self._await_notice()
        self._untaken.close()
        self._refusals.close()
        self._socket.close()

    def _send(self, stream: str, frame: bytes, count: int) -> bool:
        self._check_open()
        if self._wait_s > 0:
            self.wait_for_listener(self._wait_s)
            self._wait_s = 0
        if not self.listening:
            self.dropped += count
            self._say_dropped()
            return False
        self._told = False
        # A number is used up even if the send fails: so the listener counts the loss as well.
        self._use_numbers(stream, count)
        self.sent += count  # before: an interrupt may come as soon as it has gone
        try:
            self._socket.send(frame, zmq.DONTWAIT)
        except zmq.Again:
            self.sent -= count
            self.dropped += count
            return False
        self._untaken.sent(stream, count)
        return True

    def _check_open(self) -> None:
        if self._socket.closed:
            raise UsageError("the publisher is closed; one that is made anew can send")

    def _await_notice(self) -> None:
        """Wait a moment for a word about streams that were begun just now: they may be refused."""
        while (left_s := self._untaken.awaited_until - clock.monotonic()) > 0 and self.listening:
            self._socket.poll(int(left_s * 1000) + 1)

    def _say_refusal(self) -> None:
        """Say once why nobody takes points; those of who waits for that are not dropped."""
        if self.refusal != self._told_refusal:
            self._told_refusal = self.refusal
            if self.refusal:
                _log.error("%s", self.refusal)

    def _say_dropped(self) -> None:
        """Say once that points are, until some go again."""
        if self._told:
            return
        self._told = True
        if self.refusal:
            _log.warning("points are dropped until they are taken on %s", self.endpoint)
            return
        _log.warning(
            "nobody listens on %s: points are dropped; start one with: streamson listen --bind %s",
            *(self.endpoint, self.endpoint),
        )

    def _use_numbers(self, stream: str, points: int) -> None:
        self._sequences[stream] = self._sequences.get(stream, 0) + points
        if len(self._sequences) > MAX_NUMBERED_STREAMS:
            del self._sequences[next(iter(self._sequences))]

    def _read_subscriptions(self) -> None:
        while self._socket.poll(0):
            message = self._socket.recv(zmq.DONTWAIT)
            if self._untaken.take(message):
                continue
            if message[:1] == b"\x01":
                if not self._topics:
                    self._untaken.begin()
                self._topics.add(message[1:])
            else:
                self._topics.discard(message[1:])


def _default_source() -> str:
    return f"{host.gethostname()[:64]}-{os.getpid()}-{secrets.token_hex(4)}"


def _number(stream: str, name: str, value: float | None) -> float:
    try:
        return float("nan") if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        raise MessageError(
            f"stream {stream!r}, field {name!r}: found {value!r}; a number or None is allowed"
        ) from None
