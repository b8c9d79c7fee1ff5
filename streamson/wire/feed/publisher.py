"""The sending end of the feed: what a listener tells, published to whoever subscribes.

A message is one frame, ``topic, 0x00, payload``, as on the wire. A subscription to ``note`` brings
MessagePack, one to ``json/note`` JSON. Each is encoded once, however many readers there are, and
not at all where nobody subscribed to it.
"""

from typing import Final

import msgspec
import zmq

from streamson.keys.grant import HEAR
from streamson.model.feed import MESSAGE_TYPES, Message
from streamson.wire.feed.subscriptions import Subscriptions
from streamson.wire.limits import (
    FEED_HIGH_WATER_MARK,
    MAX_SUBSCRIPTION_BYTES,
    MAX_SUBSCRIPTIONS_BYTES,
)
from streamson.wire.outgoing import encoded
from streamson.wire.sockets.endpoint import Security, keys_for
from streamson.wire.sockets.guarded_socket import NOBODY, GuardedSocket

JSON: Final = "json/"
"""Before the topic: in JSON."""

CALM_SUBSCRIPTIONS: Final = 100
"""In a turn; of more nobody asks who sent them."""

MAX_SUBSCRIPTIONS_A_TURN: Final = 20_000

_SUBSCRIBED: Final = b"\x01"
_UNSUBSCRIBED: Final = b"\x00"

_encode_msgpack: Final = msgspec.msgpack.Encoder().encode
_encode_json: Final = msgspec.json.Encoder().encode
_FORMS: Final = {
    topic: ((f"{topic}\0".encode(), _encode_msgpack), (f"{JSON}{topic}\0".encode(), _encode_json))
    for topic in MESSAGE_TYPES
}
"""Of each topic, how its messages begin, and what encodes the rest."""

_TOPICS: Final = {start: topic for topic, forms in _FORMS.items() for start, _ in forms}

_NOTHING: Final = frozenset[str]()
_BEGINNINGS: Final = {
    start[:end]: frozenset(
        topic for other, topic in _TOPICS.items() if other.startswith(start[:end])
    )
    for start in _TOPICS
    for end in range(len(start) + 1)
}
"""The subscriptions that bring something, and the topics that each is to."""


class FeedPublisher:
    """A bound socket that publishes messages; one thread may use it.

    Parameters
    ----------
    endpoint
        Where to bind; ``tcp://127.0.0.1:*`` takes a free port.
    security
        Who has to show a key that may hear, as of `wire.sockets.endpoint.keys_for`.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port, and the key that readers have to know.

    Raises
    ------
    UsageError
        If there is no endpoint of this form, or this machine has no key and needs one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    def __init__(self, endpoint: str, *, security: Security = "auto") -> None:
        keys = keys_for(endpoint, security, "--feed")
        self._socket = GuardedSocket(
            *(zmq.XPUB, endpoint),
            role=HEAR,
            keys=keys,
            option="--feed",
            max_frame_bytes=MAX_SUBSCRIPTION_BYTES,
            max_message_bytes=MAX_SUBSCRIPTION_BYTES,
            high_water_mark=FEED_HIGH_WATER_MARK,
            # The only way to know of a newcomer to what others read already, and who ends what.
            options={zmq.XPUB_VERBOSER: 1},
        )
        key = "" if keys is None else f"#{keys.pair().public}"
        self.endpoint = self._socket.endpoint + key
        self._subscriptions = Subscriptions()
        self._prefixes: frozenset[bytes] = frozenset()
        self._wanted: frozenset[bytes] = frozenset()

    @property
    def readers(self) -> int:
        """How many are connected."""
        return self._socket.connections

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._socket.cut

    @property
    def refused(self) -> int:
        """Connections that were not let in."""
        return self._socket.refused

    def wait(self, timeout_s: float) -> set[str]:
        """Take in who subscribed; return to which topics. Wait at most so long for the first."""
        asked: set[str] = set()
        if not self._socket.wait(timeout_s):
            self._look()
            return asked
        for number in range(MAX_SUBSCRIPTIONS_A_TURN):
            if (received := self._receive(number)) is None:
                break
            asked |= self._take(*received)
        self._look()
        brought = self._socket.brought
        if sum(brought.values()) > MAX_SUBSCRIPTIONS_BYTES:
            self._socket.cut_off(max(brought, key=brought.__getitem__), "too many subscriptions")
        return asked

    def wants(self, topic: str) -> bool:
        """Return whether anybody subscribed to a topic."""
        return any(start in self._wanted for start, _ in _FORMS[topic])

    def send(self, topic: str, message: Message) -> None:
        """Publish a message, in the encodings that anybody subscribed to."""
        for start, encode in _FORMS[topic]:
            if start in self._wanted:
                self._socket.send(start + encoded(message, encode))

    def close(self) -> None:
        """Close the socket; what was sent has a moment to arrive. Can be called again."""
        self._wanted = frozenset()
        self._socket.close()

    def _look(self) -> None:
        """Take in what is read now."""
        prefixes = self._subscriptions.look(self._socket.brought)
        if prefixes != self._prefixes:
            self._prefixes = prefixes
            self._wanted = frozenset(
                start for start in _TOPICS if start.startswith(tuple(prefixes))
            )

    def _receive(self, number: int) -> tuple[bytes, int] | None:
        """Return what came as the so manyth of a turn, and who sent it; None where nothing did."""
        if number >= CALM_SUBSCRIPTIONS:
            content = self._socket.receive_quickly()
            return None if content is None else (content, NOBODY)
        if (received := self._socket.receive()) is None:
            return None
        frame, descriptor = received
        self._socket.take(descriptor, len(frame), ends=not frame.more)
        content = frame.bytes
        if content[:1] not in (_SUBSCRIBED, _UNSUBSCRIBED):
            self._socket.cut_off(descriptor, "what it sent is no subscription")
        return content, descriptor

    def _take(self, content: bytes, sender: int) -> frozenset[str]:
        """Take in a subscription, or its end; return the topics that somebody subscribed to."""
        prefix = content[1:]
        if (topics := _BEGINNINGS.get(prefix)) is None:
            return _NOTHING  # nothing is ever told there
        if content[:1] == _SUBSCRIBED:
            self._subscriptions.add(prefix, sender, self._socket.brought)
            return topics
        if content[:1] == _UNSUBSCRIBED:
            self._subscriptions.end(prefix, sender)
        return _NOTHING
