"""A relay of points: takes them as a listener does, and hands them on as producers do."""

import time
from collections.abc import Sequence
from typing import Final

import msgspec

from streamson._closable import Closable
from streamson.model.point import Goodbye
from streamson.model.relay import RelayStatistics
from streamson.model.source_limits import RELAY_LIMITS, SourceLimits
from streamson.wire.limits import DEFAULT_ENDPOINT
from streamson.wire.points.codec import encode
from streamson.wire.points.receiver import Receiver
from streamson.wire.relay.destination import Destination
from streamson.wire.relay.last_values import LastValues
from streamson.wire.relay.same_place import check_places
from streamson.wire.relay.waiting import Outgoing
from streamson.wire.sockets.endpoint import Security

TURN_S: Final = 0.05
BEHIND_TURN_S: Final = 0.002
"""The longest time between two looks at the destinations; and while something waits for one."""

AT_ONCE: Final = 64
"""Messages that are handed on at once where so many have come: half the work of one by one, for
ZeroMQ's thread is woken up less often."""


class Relay(Closable):
    """Hand on points from any number of producers to one or more listeners, or further relays.

    Each message goes on in the frame that brought it, so its source and its numbers stay, and a
    listener knows exactly what was lost on the whole way. What breaks a limit is refused here.
    Whoever comes gets the last value of each stream. One thread may use it.

    Parameters
    ----------
    destinations
        Where listeners or relays are bound.
    endpoint
        Where to bind; ``tcp://127.0.0.1:*`` takes a free port.
    security
        Who has to show a key, as of `wire.sockets.endpoint.keys_for`.
    limits
        What each source may bring.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.
    public_key
        That producers have to know; None where no keys are shown.
    destinations
        In the order in which they were given.

    Raises
    ------
    UsageError
        If an endpoint is malformed, a destination is given twice, or is this relay itself, or this
        machine has no key and needs one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    def __init__(
        self,
        destinations: Sequence[str],
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        security: Security = "auto",
        limits: SourceLimits = RELAY_LIMITS,
    ) -> None:
        check_places(endpoint, destinations, "--bind")
        self._began = time.monotonic()
        self._goodbyes = 0
        self._last_values = LastValues()
        self.destinations: list[Destination] = []
        self._receiver = Receiver(endpoint, security=security, limits=limits)
        self.endpoint = self._receiver.endpoint
        self.public_key = self._receiver.public_key
        try:
            for one in destinations:
                self.destinations.append(Destination(one))
        except BaseException:
            self.close()
            raise

    @property
    def statistics(self) -> RelayStatistics:
        """What came and went on so far."""
        return RelayStatistics(
            **msgspec.structs.asdict(self._receiver.counts),
            seconds=time.monotonic() - self._began,
            goodbyes=self._goodbyes,
            last_values=len(self._last_values),
            last_values_left_out=self._last_values.left_out,
            destinations=tuple(one.statistics for one in self.destinations),
        )

    def turn(self) -> None:
        """Hand on what has come, after waiting a moment for it where nothing has."""
        now = time.monotonic()
        for one in self.destinations:
            if one.look(now):
                one.welcome(self._last_values.frames())
        timeout_s = BEHIND_TURN_S if any(one.is_behind for one in self.destinations) else TURN_S
        messages: list[Outgoing] = []
        for message, frame in self._receiver.receive_frames(timeout_s):
            self._last_values.put(message, now)
            messages.append((message.source or message.stream, frame, message.size))
            if len(messages) >= AT_ONCE:
                self._hand_on(messages)
                messages = []
        self._hand_on(messages)
        for goodbye in self._receiver.take_goodbyes():
            self._end(goodbye)
        self._last_values.forget_old(now)

    def close(self) -> None:
        """Take no more, and hand on what waits as far as there is room. Can be called again."""
        self._receiver.close()
        for one in self.destinations:
            one.close()
        self._last_values.close()

    def _end(self, goodbye: Goodbye) -> None:
        """Hand on a goodbye, unless it is one of this relay's that has come back."""
        if any(one.take_probe(goodbye) for one in self.destinations):
            return
        self._goodbyes += 1
        self._last_values.end(goodbye)
        self._hand_on([(goodbye.source or goodbye.stream, encode(goodbye), 0)])

    def _hand_on(self, messages: list[Outgoing]) -> None:
        for one in self.destinations:
            one.send(messages)
