"""Why nobody lets a socket in: what ZeroMQ knows of it, and how it goes on trying.

A peer that is refused is told by a number; libzmq then never tries again (4.3.5). So the socket is
connected anew now and then, and what was refused is said in words: once, until it changes.
"""

import itertools
import random
import time
from contextlib import suppress
from typing import Any, Final

import zmq
from zmq.utils.monitor import recv_monitor_message

from streamson.errors import StreamsonError
from streamson.keys.folder import KeyFolder
from streamson.keys.grant import HEAR, OPTIONS, PUBLISH, STEER, Role
from streamson.wire.sockets.endpoint import parse_endpoint

QUIET_S: Final = 0.4
"""A connection that does not come about for so long is looked into."""

AGAIN_S: Final = 1.0
"""Time between two tries, give or take a third: a thousand must not come at once."""

UNEXPLAINED: Final = 3
"""Where a peer closes so often without a word, it can't read what it is sent. Once it may be that
its answer came too late."""

_EVENTS: Final = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
)
_GIVES_UP: Final = (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
"""After these libzmq does not try again."""

_PORTS: Final = {PUBLISH: "for points", HEAR: "of a feed", STEER: "for commands"}

_numbers: Final = itertools.count()


class Refusals:
    """Looks after a socket that connects; the socket's thread uses it.

    Parameters
    ----------
    socket
        The socket.
    endpoint
        To where it connects, with the key.
    role
        What it is to be allowed there.

    Attributes
    ----------
    reason
        Why it is not let in, for a person; empty where it is, or nobody is there.
    """

    def __init__(self, socket: zmq.Socket[Any], endpoint: str, role: Role) -> None:
        self.reason = ""
        self._socket = socket
        self._address, self._key = parse_endpoint(endpoint)
        self._role = role
        self._monitor: zmq.Socket[bytes] | None = None
        self._look_at = time.monotonic() + QUIET_S
        self._again_at = 0.0
        self._unexplained = 0
        self._gave_up = False

    def watch(self) -> None:
        """See all that happens; before the socket is connected.

        Without it a socket is connected anew once where nobody is there: fit for many sockets, each
        of which would take two more, but not for those on which it is quiet though somebody is.
        """
        self._monitor = self._socket.get_monitor_socket(
            _EVENTS, f"inproc://refusals-{next(_numbers)}"
        )

    def look(self) -> None:
        """Find out why nobody is there, and try again; to be called while that is so, often."""
        now = time.monotonic()
        if now < self._look_at:
            return
        if self._monitor is None:
            try:
                self.watch()
            except zmq.ZMQError:  # there are too many sockets: then it is not known
                self._look_at = float("inf")
                return
            self._connect(now)  # what was refused before nobody saw
        assert self._monitor is not None
        while self._monitor.poll(0):
            self._take(recv_monitor_message(self._monitor))
        if self._gave_up and now >= self._again_at:
            self._connect(now)

    def settle(self) -> None:
        """Take in that somebody is there."""
        self.reason = ""
        self._unexplained = 0
        self._look_at = time.monotonic() + QUIET_S

    def close(self) -> None:
        """Close what it looks through; before the socket is closed."""
        if self._monitor is not None:
            if not self._socket.closed:
                self._socket.disable_monitor()
            self._monitor.close(0)
            self._monitor = None

    def _connect(self, now: float) -> None:
        self._gave_up = False
        self._again_at = now + AGAIN_S * random.uniform(2 / 3, 4 / 3)  # noqa: S311
        with suppress(zmq.ZMQError):  # it let go of it by itself
            self._socket.disconnect(self._address)
        self._socket.connect(self._address)

    def _take(self, told: Any) -> None:
        event = told["event"]
        self._gave_up = event in _GIVES_UP
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.reason = ""
            self._unexplained = 0
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self.reason = self._not_allowed()
        elif event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL and self._key is None:
            self.reason = (
                f"{self._address} asks for keys: connect with the line that "
                "'streamson keys show' prints there"
            )
        elif event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
            if self.reason == self._unknown():  # which holds this, and is said already
                return
            self.reason = (
                f"{self._address} asks for no keys, or speaks another protocol; it is reached by "
                "the endpoint without the #"
            )
        elif event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            self._unexplained += 1
            if self._unexplained >= UNEXPLAINED and not self.reason:
                self.reason = self._unknown()

    def _unknown(self) -> str:
        """Return what may be so where a peer closes without a word."""
        if self._key is None:  # one that is busy closes before it has said that it asks for keys
            return (
                f"{self._address} asks for keys, or is no port {_PORTS[self._role]}: it closes "
                "each connection; where it asks for keys, 'streamson keys show' there prints the "
                "line to connect with"
            )
        return (
            f"{self._address} has another key than the endpoint says, or asks for none, or is no "
            f"port {_PORTS[self._role]}; 'streamson keys show' there prints the endpoint, and "
            "without the # it is reached where nobody is asked for keys"
        )

    def _not_allowed(self) -> str:
        try:
            key = KeyFolder.of_machine().pair().public
        except StreamsonError:
            key = "KEY"
        return (
            f"{self._address} does not let this machine {self._role}; to allow it, there: "
            f"streamson keys allow NAME {key} {OPTIONS[self._role]}"
        )
