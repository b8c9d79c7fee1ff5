"""A bound socket for readers and those who steer: guarded, and beyond this machine asking for keys.

It lives in the listener's process, which no peer may end. ZeroMQ up to 4.3.5 aborts where a peer is
reset whose bytes it had ceased to read (zeromq/libzmq issue 4841); so it never ceases, and what
waits is bounded by the guard, in bytes, instead of by a high-water mark.
"""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import zmq

from streamson.keys.folder import KeyFolder
from streamson.keys.grant import Role
from streamson.wire.limits import (
    HANDSHAKE_MS,
    LAST_WORDS_MS,
    LOCAL_RECEIVE_BUFFER_BYTES,
    LOCAL_SEND_BUFFER_BYTES,
    MAX_FEED_READERS,
    MAX_LOCAL_WAITING_BYTES,
    MAX_NEW_READERS,
    MAX_NEW_READERS_A_SECOND,
)
from streamson.wire.sockets.accept_limit import AcceptLimit
from streamson.wire.sockets.connecting import bind, descriptor_of, set_keepalive
from streamson.wire.sockets.guard import ConnectionGuard
from streamson.wire.sockets.handover import CURVE_BYTES, Handed
from streamson.wire.sockets.known_peers import KnownPeers, gatekeeper_of

UNCOUNTED_HIGH_WATER_MARK: Final = 1_000
"""Messages that wait of a peer whose bytes nobody counts: of ``ipc://``, and of other systems."""

HANDSHAKE_BYTES: Final = 1_024
"""A peer's keys and what it says of itself are a frame too, of some 300 bytes."""

NOBODY: Final = -1
"""The descriptor of a peer that ZeroMQ does not name: it speaks a protocol of before 2013."""

NO_OPTIONS: Final[Mapping[int, int]] = MappingProxyType({})


class GuardedSocket:
    """One thread may use it.

    Parameters
    ----------
    kind
        Of the socket, such as `zmq.ROUTER`.
    endpoint
        Where to bind; ``tcp://127.0.0.1:*`` takes a free port.
    role
        What those may whose keys are allowed.
    keys
        Whose those are; None: nobody is asked for one.
    option
        What chooses another endpoint, for messages.
    max_frame_bytes, max_message_bytes
        Of what comes.
    high_water_mark
        Messages that wait for one peer.
    options
        What else to set.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.

    Raises
    ------
    UsageError
        If there is no endpoint of this form, or this machine has no key and needs one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    def __init__(
        self,
        kind: int,
        endpoint: str,
        *,
        role: Role,
        keys: KeyFolder | None,
        option: str,
        max_frame_bytes: int,
        max_message_bytes: int,
        high_water_mark: int,
        options: Mapping[int, int] = NO_OPTIONS,
    ) -> None:
        is_counted = sys.platform == "linux" and endpoint.startswith("tcp://")
        self._handed = Handed(is_encrypted=keys is not None)
        self._gatekeeper = None if keys is None else gatekeeper_of(keys)
        context = zmq.Context.instance() if self._gatekeeper is None else self._gatekeeper.context
        self._socket: zmq.Socket[bytes] = context.socket(kind)
        if self._gatekeeper is not None:
            self._gatekeeper.secure(self._socket, role)
        self._socket.setsockopt(zmq.RCVHWM, 0 if is_counted else UNCOUNTED_HIGH_WATER_MARK)
        if is_counted:
            self._socket.setsockopt(zmq.RCVBUF, LOCAL_RECEIVE_BUFFER_BYTES)
        self._socket.setsockopt(zmq.SNDBUF, LOCAL_SEND_BUFFER_BYTES)
        self._socket.setsockopt(zmq.SNDHWM, high_water_mark)
        if keys is not None:
            max_frame_bytes = max(max_frame_bytes + CURVE_BYTES, HANDSHAKE_BYTES)
        self._socket.setsockopt(zmq.MAXMSGSIZE, max_frame_bytes)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self._socket.setsockopt(zmq.LINGER, LAST_WORDS_MS)
        set_keepalive(self._socket)
        for name, value in options.items():
            self._socket.setsockopt(name, value)
        self._guard = ConnectionGuard(
            *(self._socket, self._handed),
            max_connections=MAX_FEED_READERS,
            accept_limit=AcceptLimit(MAX_NEW_READERS_A_SECOND, MAX_NEW_READERS),
            max_message_bytes=max_message_bytes,
            max_waiting_bytes=MAX_LOCAL_WAITING_BYTES,
            high_water_mark=0,
        )
        self._peers = KnownPeers(self._guard, self._gatekeeper, role)
        try:
            self.endpoint = bind(self._socket, endpoint, option)
        except BaseException:
            self._guard.close()
            if self._gatekeeper is not None:
                self._gatekeeper.close()
            raise

    @property
    def connections(self) -> int:
        """How many there are."""
        return self._guard.connections

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._guard.cut

    @property
    def refused(self) -> int:
        """Connections that were not let in, because their keys are not allowed."""
        return 0 if self._gatekeeper is None else self._gatekeeper.refused

    @property
    def brought(self) -> dict[int, int]:
        """Bytes that were read of each connection, by its descriptor."""
        return {one: self._handed.bytes.get(one, 0) for one in self._guard.descriptors}

    def wait(self, timeout_s: float) -> bool:
        """Return whether something has come; wait at most so long for it."""
        came = bool(self._socket.poll(int(timeout_s * 1000)))
        self._handed.emptied += not came
        self._peers.look()
        return came

    def receive(self) -> tuple[zmq.Frame, int] | None:
        """Return a frame that has come, and its sender's descriptor; None where there is none."""
        try:
            frame = self._socket.recv(zmq.DONTWAIT, copy=False)
        except zmq.Again:
            self._handed.emptied += 1
            return None
        descriptor = descriptor_of(frame)
        self._peers.meet(frame, descriptor)
        return frame, descriptor

    def receive_quickly(self) -> bytes | None:
        """Return what has come as `receive` does, whoever sent it: to get through a flood.

        The guard is not told, so that it takes the bytes for some that wait, and cuts off who
        brought many of them.
        """
        try:
            return self._socket.recv(zmq.DONTWAIT)
        except zmq.Again:
            self._handed.emptied += 1
            return None

    def skip_parts(self) -> None:
        """Leave out what is left of a message of which a part was received quickly."""
        while self._socket.getsockopt(zmq.RCVMORE):
            self._socket.recv(zmq.DONTWAIT)

    def take(self, descriptor: int, size: int, *, ends: bool) -> None:
        """Tell the guard what was received, as of `Handed.take`."""
        self._handed.take(descriptor, size, ends=ends)

    def send(self, *parts: bytes) -> None:
        """Send a message, without waiting for anybody.

        Raises
        ------
        zmq.ZMQError
            It can't be, where the socket's kind and options want that to be told.
        """
        self._socket.send_multipart(parts, zmq.DONTWAIT)

    def cut_off(self, descriptor: int, reason: str) -> None:
        """Cut a connection because of what it sent."""
        self._guard.cut_off(descriptor, reason)

    def close(self) -> None:
        """Close it; can be called again."""
        if not self._socket.closed:
            self._guard.close()  # before the socket: it asks it what happens
            self._socket.close()
            if self._gatekeeper is not None:
                self._gatekeeper.close()

    @property
    def closed(self) -> bool:
        """Whether it is."""
        return self._socket.closed
