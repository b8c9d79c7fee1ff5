"""The guard of a bound socket: no peer's bytes, and no number of peers, may take the process down.

ZeroMQ bounds the bytes of a frame and the number of messages, but neither the parts of a message
nor the bytes of all that waits: one peer could fill the memory in seconds. So the guard compares
what the kernel received from each connection (``TCP_INFO``) with what was handed to Python, and
cuts off who goes too far. Where there is no ``TCP_INFO``, on macOS and Windows, or for ``ipc://``,
only the number of connections, the bytes of a frame, and the frames that wait are bounded.

What no guard can help, that libzmq up to 4.3.5 lets a peer abort the process, `Reception` does.
"""

import itertools
import logging
import math
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Final

import zmq

from streamson._rate_limited_log import RateLimitedLog
from streamson.wire.limits import HANDSHAKE_MS, MAX_MESSAGE_BYTES, RECEIVE_HIGH_WATER_MARK
from streamson.wire.sockets.accept_limit import AcceptLimit
from streamson.wire.sockets.arrivals import Arrivals
from streamson.wire.sockets.connection import Connection, give_back_memory, resident_bytes
from streamson.wire.sockets.handover import Handed

MAX_WAITING_BYTES: Final = 24 << 20
"""Bytes that came and were not read yet, of all connections. One that sends the largest messages as
fast as it can has 9 MB here: 8 messages, and what the kernel's buffer holds."""

SHED_BYTES: Final = 18 << 20
"""When more waits, large messages are dropped undecoded, which is a hundred times faster."""

MAX_INCOMPLETE_BYTES: Final = 5 << 18
"""Bytes of messages whose end has not come, of all connections that have brought nothing else.
A part of a message costs ZeroMQ 64 bytes where it cost its peer 2: this much can take 40 MB."""

MAX_GROWN_BYTES: Final = 48 << 20
"""Memory by which a process that does nothing but receive may grow: the parts of a message are
counted too late where they are as small and as fast as can be."""

MAX_CONNECTIONS: Final = 4_096
"""Connections of producers at a time, if there are descriptors for them."""

DESCRIPTORS_FOR_CONNECTIONS: Final = 0.5
"""Share of the descriptors; the others are for files, and for connections not yet counted."""

HEARTBEAT_BYTES_A_SECOND: Final = 64
"""Bytes that are no messages and need no explanation; our own publishers send 8."""

LOOK_S: Final = 0.004
CALM_LOOK_S: Final = 0.05
"""Time between two looks, with and without bytes that wait; 4 GB a second is as fast as it gets."""

REST_S: Final = 1.0
"""So long nobody looks where nothing came since the last look, as long as the kernel does not tell
that something does: twenty looks a second are a fifth of what a listener at rest takes."""

ALERT_S: Final = 2.0
"""So long looks stay frequent after bytes waited, for who was cut comes back, and after somebody
connected: nobody knows yet what he brings."""

MAX_LOOK_S: Final = 0.2
"""The longest time between two looks, with thousands of connections."""

GIVE_BACK_S: Final = 0.5
"""Time between two times at which memory that a flood has left is given back to the system."""

LOOK_SHARE: Final = 0.05
"""Share of a core that looking may take, however many connections there are."""

_CALM_BYTES: Final = 64 << 10
_UNSEEN_BYTES: Final = 16 << 10
"""What a connection may have brought between the last look and its end: the kernel's buffer."""

_EVENT: Final = struct.Struct("=HI")
_numbers: Final = itertools.count()

_log = logging.getLogger(__name__)


class ConnectionGuard:
    """Watches the connections of a socket in a thread of its own, and cuts those that go too far.

    Parameters
    ----------
    socket
        The socket, not bound yet.
    handed
        What its reader has handed on.
    watch_memory
        Whether to hold the memory of the process within `MAX_GROWN_BYTES` more than it has now.
    max_connections
        Connections at a time, if there are descriptors for them.
    accept_limit
        How many may come a second; None: all who come.
    max_message_bytes
        Bytes of one message at most: the socket's own limit, or its reader's.
    max_waiting_bytes
        Bytes that wait at most, of all connections.
    high_water_mark
        Messages of a connection that wait before the socket ceases to read; 0: it never does.

    Attributes
    ----------
    cut
        Connections that were cut off, those included that never said that they speak ZeroMQ.
    max_connections
        How many there may be.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        handed: Handed,
        *,
        watch_memory: bool = False,
        max_connections: int = MAX_CONNECTIONS,
        accept_limit: AcceptLimit | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        high_water_mark: int = RECEIVE_HIGH_WATER_MARK,
    ) -> None:
        self.cut = 0
        self._most_memory = resident_bytes() + MAX_GROWN_BYTES if watch_memory else math.inf
        self.max_connections = _with_descriptors(max_connections)
        self._max_message_bytes = max_message_bytes
        self._max_waiting_bytes = max_waiting_bytes
        self._high_water_mark = high_water_mark
        self._socket = socket
        self._handed = handed
        self._limited = RateLimitedLog(_log)
        self._accept_limit = accept_limit
        self._connections: dict[int, Connection] = {}
        self._silent: dict[int, Connection] = {}  # oldest first; may have spoken since
        self._left = self._closed = self._closed_read_at = self._closed_emptied = 0
        self._dying = 0  # connections that were cut, and that ZeroMQ has not closed yet
        self._to_give_back = False
        self._gave_back_at = 0.0
        self._lock = threading.Lock()
        self._mark_emptied = self._mark_messages = 0
        self._emptied_before = False
        self._looked_at = time.monotonic()
        self._received = 0
        self._arrivals = Arrivals() if Arrivals.can_be_told() else None
        self._monitor = socket.get_monitor_socket(
            zmq.EVENT_LISTENING
            | zmq.EVENT_ACCEPTED
            | zmq.EVENT_HANDSHAKE_SUCCEEDED
            | zmq.EVENT_ACCEPT_FAILED
            | zmq.EVENT_DISCONNECTED
            | zmq.EVENT_CLOSED
            | zmq.EVENT_MONITOR_STOPPED,
            # By itself it is the descriptor's: another one's of a moment ago, perhaps.
            f"inproc://connections-{next(_numbers)}",
        )
        self._work, self._rest = zmq.Poller(), zmq.Poller()
        for poller in (self._work, self._rest):
            poller.register(self._monitor, zmq.POLLIN)
        if self._arrivals is not None:
            self._rest.register(self._arrivals, zmq.POLLIN)
        self._thread = threading.Thread(target=self._run, name="connections", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._connections)

    @property
    def descriptors(self) -> list[int]:
        """Of the connections."""
        return list(self._connections)

    def cut_off(self, descriptor: int, reason: str) -> None:
        """Cut a connection because of what it sent; to be called by the reader, which has read it.

        Parameters
        ----------
        descriptor
            Where it came from.
        reason
            What to say.
        """
        if (connection := self._connections.get(descriptor)) is not None:
            self._cut(connection, "bytes", reason)

    def close(self) -> None:
        """End the thread; to be called by the socket's thread before the socket is closed."""
        if not self._socket.closed:
            self._socket.disable_monitor()  # tells the thread
        self._thread.join()
        self._limited.flush()

    def _run(self) -> None:
        try:
            self._watch()
        except zmq.ContextTerminated:
            return
        finally:
            for connection in self._connections.values():
                connection.close()
            if self._accept_limit is not None:
                self._accept_limit.close()
            if self._arrivals is not None:
                self._arrivals.close()
            self._monitor.close(0)

    def _watch(self) -> None:
        due = time.monotonic() + CALM_LOOK_S
        calm_from = 0.0
        rests = False
        while True:
            now = time.monotonic()
            timeout_s = max(due - now, 0) if self._connections else 1.0
            if self._accept_limit is not None:
                timeout_s = min(timeout_s, self._accept_limit.opens_in_s(now))
            ready = dict((self._rest if rests else self._work).poll(int(timeout_s * 1000) + 1))
            told = self._monitor in ready
            if told and not self._take_event():
                return
            now = time.monotonic()
            if self._accept_limit is not None:
                self._accept_limit.look(now)
            if told:
                rests = False
                calm_from = now + ALERT_S
                due = min(due, now + LOOK_S)
            elif ready:
                due = now
            if now >= due:
                # Its own time, not the clock's: on a busy machine a look takes long, and the next
                # one must not wait the longer for that.
                begin_s = time.thread_time()
                if self._arrivals is not None:
                    self._arrivals.take_in()
                received = self._received
                if self._look(now) > _CALM_BYTES:
                    calm_from = now + ALERT_S
                rests = now >= calm_from and received == self._received
                cost_s = time.thread_time() - begin_s
                pause_s = min(cost_s / LOOK_SHARE, MAX_LOOK_S)
                due = now + max(LOOK_S if now < calm_from else CALM_LOOK_S, pause_s)
                if rests and self._arrivals is not None:
                    due = now + REST_S

    def _take_event(self) -> bool:
        """Follow one event of the socket; return whether more can come."""
        event, descriptor = _EVENT.unpack(self._monitor.recv_multipart()[0])
        if event == zmq.EVENT_LISTENING:
            if self._accept_limit is not None:
                self._accept_limit.listen(descriptor)
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._count_reader()
        elif event == zmq.EVENT_ACCEPTED:
            self._accept(descriptor)
        elif event == zmq.EVENT_ACCEPT_FAILED:
            self._shed_largest()
        elif event in (zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED):
            self._forget(descriptor)
        return bool(event != zmq.EVENT_MONITOR_STOPPED)

    def _accept(self, descriptor: int) -> None:
        self._forget(descriptor)
        try:
            connection = Connection(descriptor, time.monotonic())
        except OSError:
            return  # closed already
        self._connections[descriptor] = self._silent[descriptor] = connection
        if self._arrivals is not None:
            with suppress(OSError):
                self._arrivals.watch(descriptor)
        if self._left_bytes() > self._max_waiting_bytes:
            self._cut(connection, "left", "others left more than was read so far")
        if len(self._connections) - self._dying > self.max_connections:
            self._shed_largest()

    def _count_reader(self) -> None:
        """Count a connection that speaks ZeroMQ: who says nothing costs nothing, and is shed."""
        if self._accept_limit is not None and self._accept_limit.take(time.monotonic()):
            self._limited.warning("door", "too many connect in a short time: others wait")

    def _forget(self, descriptor: int) -> None:
        connection = self._connections.pop(descriptor, None)
        if connection is None:
            return
        self._silent.pop(descriptor, None)
        with self._lock:
            self._dying -= connection.is_cut
        handed = self._handed.bytes.pop(descriptor, 0)
        if not connection.was_silent:
            self._note_left(connection.received - handed - connection.forgiven)
        age_s = time.monotonic() - connection.since
        # ZeroMQ cuts those that say nothing; it doesn't say so.
        if connection.was_silent and age_s > HANDSHAKE_MS / 1000 - 0.1:
            if not connection.is_cut:
                self.cut += 1
            self._limited.warning(
                "silent", "cut the connection of %s: it never said a word", connection.peer
            )
        connection.close()

    def _note_left(self, waiting: int) -> None:
        """Note that a connection closed: its messages still wait, and nobody can see how many.

        Parameters
        ----------
        waiting
            Its bytes that waited when they were last counted.
        """
        self._closed += 1
        if self._high_water_mark:
            self._left += self._high_water_mark * self._max_message_bytes
            pipes = len(self._connections) + self._closed
            self._closed_read_at = self._handed.messages + self._high_water_mark * pipes
        else:
            self._left += max(waiting, _UNSEEN_BYTES)
            self._closed_read_at = sys.maxsize
        self._closed_emptied = self._handed.emptied

    def _left_bytes(self) -> int:
        """Return at most how many bytes closed connections left that were not read yet."""
        handed = self._handed
        if handed.emptied != self._closed_emptied or handed.messages > self._closed_read_at:
            self._left = self._closed = 0
        return self._left

    def _shed_largest(self) -> None:
        """Cut the oldest connection that has not said a word, else the newest."""
        while self._silent:
            descriptor = next(iter(self._silent))
            connection = self._silent.pop(descriptor)
            connection.look()
            if connection.was_silent and not connection.is_cut:
                break
        else:
            alive = (c for c in reversed(self._connections.values()) if not c.is_cut)
            found = next(alive, None)
            if found is None:
                return
            connection = found
        self._cut(connection, "connections", f"more than {self.max_connections} connections")
        # Its descriptor is free as soon as ZeroMQ sees the end: it counts no more.
        self._forget(connection.descriptor)

    def _cut(self, connection: Connection, kind: str, reason: str) -> None:
        with self._lock:
            is_there = self._connections.get(connection.descriptor) is connection
            if not is_there or connection.is_cut or not connection.cut():
                return
            self.cut += 1
            self._dying += 1
            self._to_give_back = True
        self._limited.warning(kind, "cut the connection of %s: %s", connection.peer, reason)

    def _look(self, now: float) -> int:
        """Look at all connections, cut those that go too far, and return the bytes that wait."""
        elapsed_s, self._looked_at = now - self._looked_at, now
        waiting = {
            connection: self._waiting_of(connection, elapsed_s)
            for connection in self._connections.values()
            if not connection.is_cut
        }
        self._received = sum(connection.received for connection in waiting)
        most = self._max_waiting_bytes
        total = self._cut_largest(waiting, most, most, f"{most >> 10} kB wait")
        if incomplete := self._incomplete(waiting):
            self._cut_largest(
                incomplete,
                MAX_INCOMPLETE_BYTES,
                self._max_message_bytes + _CALM_BYTES,
                "a message without an end",
            )
        if total > _CALM_BYTES and self._most_memory < resident_bytes():
            self._cut_largest(
                {one: size for one, size in waiting.items() if size > _CALM_BYTES},
                _CALM_BYTES,
                _CALM_BYTES,
                f"{MAX_GROWN_BYTES >> 20} MB of memory taken",
            )
            give_back_memory()
        self._handed.shed = total + self._left_bytes() > SHED_BYTES
        self._to_give_back |= self._handed.shed
        if self._to_give_back and now > self._gave_back_at + GIVE_BACK_S:
            self._to_give_back, self._gave_back_at = False, now
            give_back_memory()
        return total

    def _waiting_of(self, connection: Connection, elapsed_s: float) -> int:
        """Return a connection's bytes that came and were not handed to Python."""
        connection.look()
        handed = self._handed.bytes.get(connection.descriptor, 0)
        waiting = connection.received - handed - connection.forgiven
        if waiting < 0:
            # What another left that had the same descriptor must not count for this one.
            connection.forgiven += waiting
            return 0
        heartbeats = min(waiting, round(HEARTBEAT_BYTES_A_SECOND * elapsed_s) + 1)
        connection.forgiven += heartbeats
        return waiting - heartbeats

    def _cut_largest(
        self, waiting: dict[Connection, int], most: int, most_of_one: int, reason: str
    ) -> int:
        """Cut the largest until all are within bounds; return how much is left."""
        total = sum(waiting.values())
        if total <= most and max(waiting.values(), default=0) <= most_of_one:
            return total
        for connection in sorted(waiting, key=waiting.__getitem__, reverse=True):
            if total <= most and waiting[connection] <= most_of_one:
                break
            self._cut(connection, "bytes", reason)
            total -= waiting[connection]
        return total

    def _incomplete(self, waiting: dict[Connection, int]) -> dict[Connection, int]:
        """Return the bytes of each connection that belong to a message whose end has not come.

        Once the reader found nothing more, or took as many messages as there are connections (it
        takes one of each in turn), it has all messages that were complete at the last check.
        """
        handed = self._handed
        emptied = handed.emptied != self._mark_emptied
        if not emptied and handed.messages - self._mark_messages <= len(self._connections):
            return {}
        incomplete = {}
        for connection, size in waiting.items():
            handed_bytes = handed.bytes.get(connection.descriptor, 0)
            silent = handed_bytes == connection.handed
            if silent:
                held = connection.position - handed_bytes - connection.forgiven
                incomplete[connection] = max(min(held, size), 0)
            elif emptied and self._emptied_before:
                # It completed a message after all that it had brought two checks ago was read:
                # what of that was not handed on was no message.
                connection.forgiven = max(
                    connection.forgiven, connection.read_before - handed_bytes
                )
            connection.read_before = connection.position
            in_kernel = connection.unread() if size > _CALM_BYTES else 0
            connection.position = connection.received - in_kernel
            connection.handed = handed_bytes
        self._emptied_before = emptied
        self._mark_emptied, self._mark_messages = handed.emptied, handed.messages
        return incomplete


def _with_descriptors(connections: int) -> int:
    """Return so many connections, or as many as there are descriptors for."""
    if sys.platform == "win32":
        return connections
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    return min(connections, int(soft * DESCRIPTORS_FOR_CONNECTIONS))
