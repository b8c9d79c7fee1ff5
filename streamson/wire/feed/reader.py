"""The reading end of the feed: it finds a listener that comes back, and says why one stays out."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any

import msgspec
import zmq

from streamson._closable import Closable
from streamson.errors import MessageError, StreamsonError
from streamson.keys.grant import HEAR
from streamson.model.feed import EVENT, HELLO, MESSAGE_TYPES, PAST
from streamson.wire.limits import MAX_FEED_MESSAGE_BYTES
from streamson.wire.sockets.connecting import connect, set_keepalive
from streamson.wire.sockets.endpoint import bound_endpoint, parse_endpoint
from streamson.wire.sockets.name_lookup import NameLookup
from streamson.wire.sockets.refusals import Refusals


class FeedReader(Closable):
    """Reads a listener's feed, and finds it again where it comes back.

    Parameters
    ----------
    endpoint
        Where it is.
    topics
        What to read.
    high_water_mark
        Messages that wait before some are lost.

    Raises
    ------
    UsageError
        If the endpoint is not one that ZeroMQ can connect to.
    """

    def __init__(
        self, endpoint: str, topics: Iterable[str], *, high_water_mark: int = 1_000
    ) -> None:
        self.endpoint = endpoint
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {}
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, high_water_mark)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FEED_MESSAGE_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_keepalive(self._socket)
        for topic in dict.fromkeys((HELLO, *topics)):
            self.subscribe(topic)
        self._refusals = Refusals(self._socket, endpoint, HEAR)
        self._refusals.watch()
        try:
            connect(self._socket, endpoint)
        except BaseException:
            self._refusals.close()
            raise

    @property
    def refusal(self) -> str:
        """Why the listener does not let this reader in, for a person; empty where it does."""
        return self._refusals.reason

    def fileno(self) -> int:
        """Return the descriptor to wait for, at its edge: read until nothing is there."""
        return int(self._socket.getsockopt(zmq.FD))

    def subscribe(self, topic: str) -> None:
        """Read a topic from now on; the listener tells at once how things stand there."""
        self._decoders[topic] = msgspec.msgpack.Decoder(MESSAGE_TYPES[topic])
        self._socket.subscribe(topic.encode() + b"\0")

    def unsubscribe(self, topic: str) -> None:
        """Read a topic no more."""
        self._socket.unsubscribe(topic.encode() + b"\0")

    def receive(self, timeout_s: float) -> Iterator[tuple[str, Any]]:
        """Yield topics and messages until none waits, after waiting so long at most for the first.

        Events of a kind that this version does not know are left out.

        Raises
        ------
        MessageError
            If what comes is no feed.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            self._refusals.look()
            return
        self._refusals.settle()
        while True:
            try:
                frame = self._socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            topic, message = self._decoded(frame)
            if message is not None:
                yield topic, message

    def wait_for_hello(self, timeout_s: float) -> Any:
        """Return the listener's `Hello`.

        Raises
        ------
        StreamsonError
            If it does not come in time: nobody is there, or this machine is not let in.
        """
        deadline = monotonic() + timeout_s
        address = parse_endpoint(self.endpoint).address
        lookup = NameLookup(address)
        while (remaining := deadline - monotonic()) > 0:
            for topic, message in self.receive(min(remaining, 0.2)):
                if topic == HELLO:
                    return message
        if self.refusal:
            raise StreamsonError(self.refusal)
        if problem := lookup.problem(0):
            raise StreamsonError(f"{address}: {problem}")
        raise StreamsonError(
            f"no listener tells anything on {address}. Start one there: streamson listen --feed "
            f"{bound_endpoint(self.endpoint)}"
        )

    def close(self) -> None:
        """Close the socket."""
        self._refusals.close()
        self._socket.close()

    def _decoded(self, frame: bytes) -> tuple[str, Any]:
        """Return topic and message; None in its place for an event that is not known here."""
        name, _, payload = frame.partition(b"\0")
        with suppress(UnicodeDecodeError, KeyError, msgspec.MsgspecError, RecursionError):
            topic = name.decode()
            decoder = self._decoders[topic]
            try:
                return topic, decoder.decode(payload)
            except msgspec.ValidationError:
                if topic in (EVENT, PAST):
                    return topic, None
                raise
        raise MessageError(f"{self.endpoint}: what comes there is not the feed of a listener")
