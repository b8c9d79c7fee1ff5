"""A place to which a relay hands on what comes: a socket of its own, so that it holds up no other.

What waits is bounded in bytes, and taken from each source in turn, which neither ZeroMQ nor the
kernel does: so little waits in their queues, and the rest here.
"""

import logging
import socket as sockets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from os import dup
from typing import Final

import zmq

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.keys.grant import PUBLISH
from streamson.model.point import Goodbye
from streamson.model.relay import DestinationStatistics
from streamson.wire.points.untaken import Untaken
from streamson.wire.relay.loop_probe import STREAM as PROBES
from streamson.wire.relay.loop_probe import LoopProbe
from streamson.wire.relay.waiting import Outgoing, Waiting
from streamson.wire.sockets.connecting import connect, descriptor_of, sending_socket
from streamson.wire.sockets.endpoint import parse_endpoint
from streamson.wire.sockets.notice import MAX_NOTICE_BYTES
from streamson.wire.sockets.refusals import Refusals

SOCKET_HIGH_WATER_MARK: Final = 128
"""Messages that wait in the socket: 128 MB of the largest, and no point waits for its turn here
as long as fewer come than 100,000 a second."""

UNSENT_BYTES: Final = 16 << 10
"""What waits in the kernel that is not on its way yet. Its own bound is 4 MB: 60,000 points of a
flood, behind which a calm source's would wait for half a second. What is on its way is not bounded
by it, so however far the place is, no less goes there."""

MAX_SUBSCRIPTION_BYTES: Final = 2 * MAX_NOTICE_BYTES
MAX_SUBSCRIPTIONS: Final = 1_000
"""Of a place, and in a turn: a listener sends one."""

WELCOME_AGAIN_S: Final = 1.0
"""Who comes more often gets the last values no more often than this."""

LINGER_MS: Final = 300

_SUBSCRIBED: Final = b"\x01"

_log = logging.getLogger(__name__)


class Destination:
    """A listener or a relay that this one hands on to, as a producer does.

    Parameters
    ----------
    endpoint
        Where it is bound.

    Attributes
    ----------
    endpoint
        The same, without the key that it may end with.
    is_there
        Whether somebody takes points there, as of the last `look`.

    Raises
    ------
    UsageError
        If the endpoint is not one that ZeroMQ can connect to.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = parse_endpoint(endpoint).address
        self.is_there = False
        self._topics: set[bytes] = set()
        self._waiting = Waiting()
        self._sent = self._lost = self._missed = self._held_back = 0
        self._arrivals = self._last_values = 0
        self._has_newcomer = False
        self._welcome_due = 0.0
        self._probe = LoopProbe()
        self._limited = RateLimitedLog(_log)
        self._refusal = ""
        self._socket = sending_socket(SOCKET_HIGH_WATER_MARK, LINGER_MS)
        # Who goes and comes back between two looks subscribes twice.
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_SUBSCRIPTION_BYTES)
        connect(self._socket, endpoint)
        self._refusals = Refusals(self._socket, endpoint, PUBLISH)
        self._untaken = Untaken(endpoint)

    @property
    def leads_back(self) -> bool:
        """Whether what is sent there comes back to this relay: then no points are."""
        return self._probe.comes_back

    @property
    def statistics(self) -> DestinationStatistics:
        """What went there so far."""
        return DestinationStatistics(
            endpoint=self.endpoint,
            is_there=self.is_there,
            leads_back=self.leads_back,
            arrivals=self._arrivals,
            points_sent=self._sent,
            points_refused=self._untaken.points,
            points_lost=self._lost,
            points_missed=self._missed,
            points_held_back=self._held_back,
            last_values_sent=self._last_values,
        )

    @property
    def is_behind(self) -> bool:
        """Whether something waits for it."""
        return bool(self._waiting)

    def look(self, now: float) -> bool:
        """Take in who came and went, and send what waits; return whether to `welcome` somebody.

        Parameters
        ----------
        now
            Monotonic seconds.
        """
        self._read_subscriptions()
        self._look_at_refusal()
        if self._probe.is_over(now):
            self._has_newcomer = True
            self._probe.at_once()
        if self.is_there and self._probe.is_due(now):
            self._send([(PROBES, self._probe.frame, 0)])
        self._flush()
        if not (self._has_newcomer and self.is_there and now >= self._welcome_due):
            return False
        self._has_newcomer = False
        self._welcome_due = now + WELCOME_AGAIN_S
        return not self.leads_back

    def welcome(self, frames: Iterable[tuple[str, bytes]]) -> None:
        """Send the last values to who came: whose each is, and its frame."""
        last_values = [(source, frame, 0) for source, frame in frames]
        self._last_values += len(last_values)
        self._send(last_values)

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Hand on messages, or let them wait, or count them."""
        if not self.is_there:
            self._missed += sum(points for *_, points in messages)
        elif self.leads_back:
            self._held_back += sum(points for *_, points in messages)
        else:
            self._send(messages)

    def take_probe(self, goodbye: Goodbye) -> bool:
        """Return whether a goodbye is what was sent there to see whether it comes back.

        Parameters
        ----------
        goodbye
            What came.
        """
        if not self._probe.has_returned(goodbye):
            return False
        self._lose_waiting()
        self._limited.warning(
            "loop",
            "%s: what is sent there comes back here, so nothing is sent there; "
            "let relays hand on in one direction alone",
            self.endpoint,
        )
        return True

    def close(self) -> None:
        """Send what waits as far as there is room, and close. Say what was left out of the log."""
        if not self._socket.closed:
            self._flush()
            self._lose_waiting()
            self._limited.flush()
            self._untaken.close()
            self._refusals.close()
            self._socket.close()

    def _read_subscriptions(self) -> None:
        for _ in range(MAX_SUBSCRIPTIONS):
            if not self._events() & zmq.POLLIN:
                break
            received = self._socket.recv(zmq.DONTWAIT, copy=False)
            message = received.bytes
            if self._untaken.take(message):
                continue
            if message[:1] == _SUBSCRIBED:
                _keep_little_unsent(descriptor_of(received))
                if len(self._topics) < MAX_SUBSCRIPTIONS:
                    self._topics.add(message[1:])
                self._has_newcomer = True
                self._arrivals += 1
                self._probe.at_once()
            else:
                self._topics.discard(message[1:])
        if self.is_there and not self._topics:
            self._lose_waiting()
            self._probe.reset()
        self.is_there = bool(self._topics)

    def _look_at_refusal(self) -> None:
        """Say why this relay is not let in, once, and try again; or that it is."""
        if self.is_there:
            self._refusals.settle()
        else:
            self._refusals.look()
        if self._refusals.reason not in ("", self._refusal):
            self._limited.warning("refused", "%s", self._refusals.reason)
        self._refusal = self._refusals.reason

    def _send(self, messages: Sequence[Outgoing]) -> None:
        """Send as many as there is room for, and let the others wait."""
        self._flush()
        sent = 0
        if not self._waiting:
            send = self._socket.send
            try:
                for _, frame, points in messages:
                    send(frame, zmq.DONTWAIT)
                    self._sent += points
                    self._untaken.sent_frame(frame, points)
                    sent += 1
            except zmq.Again:
                pass
        for message in messages[sent:]:
            self._waiting.put(message)
        if lost := self._waiting.make_room():
            self._lost += lost
            self._limited.warning(
                "slow",
                "%s takes less than comes: %s lost so far",
                *(self.endpoint, counted(self._lost, "point")),
            )

    def _flush(self) -> None:
        """Send what waits, as far as there is room.

        No more at a time than the socket has room for: one whose peer has just gone takes all,
        for nobody, until that is known here.
        """
        if not self._waiting or self._events() & zmq.POLLIN:
            return
        try:
            for _ in range(SOCKET_HIGH_WATER_MARK):
                frame, points = self._waiting.first()
                self._socket.send(frame, zmq.DONTWAIT)
                self._waiting.remove_first()
                self._sent += points
                self._untaken.sent_frame(frame, points)
                if not self._waiting:
                    return
        except zmq.Again:
            return

    def _events(self) -> int:
        """Return what the socket is ready for; so it learns what its connection did meanwhile."""
        return int(self._socket.getsockopt(zmq.EVENTS))

    def _lose_waiting(self) -> None:
        """Count what waits as lost: nobody is there any more."""
        self._lost += self._waiting.points
        self._waiting.clear()


def _keep_little_unsent(descriptor: int) -> None:
    """Let a connection keep no more than `UNSENT_BYTES` that are not on their way.

    It may have gone by now, and another have its descriptor: which that does not harm.
    """
    if descriptor < 0 or not hasattr(sockets, "TCP_NOTSENT_LOWAT"):
        return
    with suppress(OSError), sockets.socket(fileno=dup(descriptor)) as connection:
        connection.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
