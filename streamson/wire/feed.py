"""The feed: what a listener tells, published to whoever subscribes; and the reader of it.

A message is one frame, ``topic, 0x00, payload``, as on the wire. A subscription to ``note`` brings
MessagePack, one to ``json/note`` JSON. Each is encoded once, however many readers there are, and
not at all where nobody subscribed to it.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import zmq

from streamson.errors import MessageError, StreamsonError
from streamson.model.feed import HELLO, MESSAGE_TYPES, Message
from streamson.wire.guard import ConnectionGuard
from streamson.wire.handover import Handed
from streamson.wire.limits import (
    FEED_HIGH_WATER_MARK,
    HANDSHAKE_MS,
    MAX_FEED_MESSAGE_BYTES,
    MAX_FEED_READERS,
    MAX_SUBSCRIPTION_BYTES,
    RECEIVE_HIGH_WATER_MARK,
)
from streamson.wire.local import check_local
from streamson.wire.sockets import bind, connect, descriptor_of, set_keepalive

JSON: Final = "json/"
"""Before the topic: in JSON."""

MAX_SUBSCRIPTIONS_A_TURN: Final = 1_000
MAX_SUBSCRIPTIONS: Final = 4_096
"""Different ones at a time: our own readers have 16 in all."""

_encode_msgpack: Final = msgspec.msgpack.Encoder().encode
_encode_json: Final = msgspec.json.Encoder().encode


class FeedPublisher:
    """A bound socket that publishes messages; one thread may use it.

    Parameters
    ----------
    endpoint
        Where to bind, reachable from this machine alone; ``tcp://127.0.0.1:*`` takes a free port.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.

    Raises
    ------
    UsageError
        If other machines could reach the endpoint, or there is none of this form.
    StreamsonError
        If the port is in use.
    """

    def __init__(self, endpoint: str) -> None:
        check_local(endpoint, "--feed")
        # Verbose, because it is the only way to know of a newcomer to what others read already.
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.setsockopt(zmq.SNDHWM, FEED_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_SUBSCRIPTION_BYTES)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_keepalive(self._socket)
        self._handed = Handed()
        self._subscriptions: set[bytes] = set()
        self._guard = ConnectionGuard(
            *(self._socket, self._handed),
            max_connections=MAX_FEED_READERS,
            max_message_bytes=MAX_SUBSCRIPTION_BYTES,
        )
        try:
            self.endpoint = bind(self._socket, endpoint)
        except BaseException:
            self._guard.close()
            raise

    @property
    def readers(self) -> int:
        """How many are connected."""
        return self._guard.connections

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._guard.cut

    def wait(self, timeout_s: float) -> bool:
        """Take in who subscribed; return whether somebody did. Wait at most so long for it."""
        newcomers = False
        if not self._socket.poll(int(timeout_s * 1000)):
            self._handed.emptied += 1
            return newcomers
        for _ in range(MAX_SUBSCRIPTIONS_A_TURN):
            try:
                frame = self._socket.recv(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                self._handed.emptied += 1
                break
            self._handed.take(descriptor_of(frame), len(frame), ends=True)
            newcomers |= self._take(frame.bytes)
        return newcomers

    def wants(self, topic: str) -> bool:
        """Return whether anybody subscribed to a topic."""
        return self._wants(topic.encode()) or self._wants(f"{JSON}{topic}".encode())

    def send(self, topic: str, message: Message) -> None:
        """Publish a message, in the encodings that anybody subscribed to."""
        for name, encode in ((topic, _encode_msgpack), (f"{JSON}{topic}", _encode_json)):
            encoded = name.encode()
            if self._wants(encoded):
                self._socket.send(b"%s\0%s" % (encoded, encode(message)), zmq.DONTWAIT)

    def close(self) -> None:
        """Close the socket."""
        if not self._socket.closed:
            self._guard.close()
            self._socket.close()

    def _take(self, subscription: bytes) -> bool:
        """Note a subscription, or its end; return whether it is one."""
        topic = subscription[1:]
        if subscription[:1] == b"\x01" and len(self._subscriptions) < MAX_SUBSCRIPTIONS:
            self._subscriptions.add(topic)
            return True
        if subscription[:1] == b"\x00":
            self._subscriptions.discard(topic)
        return False  # what is neither is a message, which nobody is to send here

    def _wants(self, topic: bytes) -> bool:
        return any((topic + b"\0").startswith(prefix) for prefix in self._subscriptions)


class FeedReader:
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
        self._topics = {HELLO, *topics}
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {
            topic: msgspec.msgpack.Decoder(MESSAGE_TYPES[topic]) for topic in self._topics
        }
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, high_water_mark)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FEED_MESSAGE_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1_000)
        set_keepalive(self._socket)
        for topic in sorted(self._topics):
            self.subscribe(topic)
        connect(self._socket, endpoint)

    def fileno(self) -> int:
        """Return the descriptor to wait for, at its edge: read until nothing is there."""
        return int(self._socket.getsockopt(zmq.FD))

    def subscribe(self, topic: str) -> None:
        """Read a topic from now on."""
        self._decoders[topic] = msgspec.msgpack.Decoder(MESSAGE_TYPES[topic])
        self._socket.subscribe(topic.encode() + b"\0")

    def unsubscribe(self, topic: str) -> None:
        """Read a topic no more."""
        self._socket.unsubscribe(topic.encode() + b"\0")

    def receive(self, timeout_s: float) -> Iterator[tuple[str, Any]]:
        """Yield topics and messages that have come, after waiting so long at most for the first.

        Raises
        ------
        MessageError
            If what comes is no feed.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            return
        while True:
            try:
                frame = self._socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            yield self._decoded(frame)

    def wait_for_hello(self, timeout_s: float) -> Any:
        """Return the listener's `Hello`.

        Raises
        ------
        StreamsonError
            If it does not come in time: nobody is there.
        """
        deadline = monotonic() + timeout_s
        while (remaining := deadline - monotonic()) > 0:
            for topic, message in self.receive(min(remaining, 0.2)):
                if topic == HELLO:
                    return message
        raise StreamsonError(
            f"no listener tells anything on {self.endpoint}. Start one there: "
            f"streamson listen --feed {self.endpoint}"
        )

    def close(self) -> None:
        """Close the socket."""
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

    def _decoded(self, frame: bytes) -> tuple[str, Any]:
        name, _, payload = frame.partition(b"\0")
        with suppress(UnicodeDecodeError, KeyError, msgspec.MsgspecError, RecursionError):
            topic = name.decode()
            return topic, self._decoders[topic].decode(payload)
        raise MessageError(f"{self.endpoint}: what comes there is not the feed of a listener")
