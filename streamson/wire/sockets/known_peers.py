"""The keys behind a socket's connections, so that a key that is revoked loses those it has."""

from typing import TYPE_CHECKING

import zmq

from streamson.keys.folder import KeyFolder
from streamson.keys.grant import Role
from streamson.wire.sockets.guard import ConnectionGuard

if TYPE_CHECKING:
    from streamson.wire.sockets.gatekeeper import Gatekeeper


class KnownPeers:
    """Knows a connection from its first message on; one thread may use it.

    Parameters
    ----------
    guard
        Of the socket's connections.
    gatekeeper
        Who lets them in; None: everybody comes in, and nothing is to be known.
    role
        What they are to be allowed.
    """

    def __init__(self, guard: ConnectionGuard, gatekeeper: "Gatekeeper | None", role: Role) -> None:
        self._guard = guard
        self._gatekeeper = gatekeeper
        self._role: Role = role
        self._keys: dict[int, str] = {}
        self._revocations = 0 if gatekeeper is None else gatekeeper.revocations

    def meet(self, frame: zmq.Frame, descriptor: int) -> None:
        """Take in who sent a frame through a descriptor."""
        if self._gatekeeper is not None:
            self.key_of(frame, descriptor)

    def key_of(self, frame: zmq.Frame, descriptor: int) -> str:
        """Return the key of who sent a frame through a descriptor; empty where nobody did.

        ZeroMQ itself ends the subscriptions of a reader who has gone.
        """
        try:
            key = str(frame.get("User-Id"))
        except zmq.ZMQError:
            return ""
        self._keys[descriptor] = key
        return key

    def look(self) -> None:
        """Cut the connections whose keys are allowed no more; to be called often.

        ZeroMQ does not tell whose those are that sent nothing so far: they have to show their keys
        again, which takes a moment.
        """
        if self._gatekeeper is None:
            return
        self._gatekeeper.look()
        if self._gatekeeper.revocations == self._revocations:
            return
        self._revocations = self._gatekeeper.revocations
        known = self._keys
        self._keys = {}
        for descriptor in self._guard.descriptors:
            key = known.get(descriptor)
            if key is None:
                self._guard.cut_off(descriptor, "a key was revoked; it has to show its own again")
            elif self._gatekeeper.may(key, self._role):
                self._keys[descriptor] = key
            else:
                name = self._gatekeeper.name_of(key)
                self._guard.cut_off(descriptor, f"its key may {self._role} no more: {name}")


def gatekeeper_of(keys: KeyFolder) -> "Gatekeeper":
    """Return a gatekeeper; what it takes is loaded where somebody is asked for keys, only there."""
    from streamson.wire.sockets.gatekeeper import Gatekeeper

    return Gatekeeper(keys)
