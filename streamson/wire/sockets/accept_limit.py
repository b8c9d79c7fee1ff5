"""So many new connections a second: beyond that the kernel lets them wait outside.

ZeroMQ lets in whoever speaks its language, and does the work of each connection's beginning and end
before it hands on a message. Who comes and goes fast enough keeps it from ever handing on one.
"""

import ctypes
import math
import os
import socket
import struct
import sys
from typing import Final

_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
_NOTHING_PASSES: Final = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0), 8)
_PROGRAM: Final = struct.pack("@HP", 1, ctypes.addressof(_NOTHING_PASSES))
"""A filter of one instruction, "return 0" (socket(7), linux/filter.h): no packet comes to what
listens. Who connects tries again after a second by himself; connections that are there go on."""


class AcceptLimit:
    """Closes a listening socket's door for a while; on Linux, elsewhere it stays open.

    Parameters
    ----------
    a_second
        Connections that may come.
    at_once
        Connections that may come after a pause.

    Attributes
    ----------
    is_closed
        Whether nobody can come at this moment.
    """

    def __init__(self, a_second: float, at_once: float) -> None:
        self._a_second = a_second
        self._at_once = self._left = at_once
        self._counted_at = 0.0
        self._listening: socket.socket | None = None
        self.is_closed = False

    def listen(self, descriptor: int) -> None:
        """Limit what ZeroMQ accepts from a descriptor."""
        if sys.platform == "linux":
            self._listening = socket.socket(fileno=os.dup(descriptor))

    def take(self, now: float) -> bool:
        """Count a connection that came; return whether that closed the door."""
        self._refill(now)
        self._left -= 1
        if self.is_closed or self._left >= 0:
            return False
        self.is_closed = self._set(_SO_ATTACH_FILTER, _PROGRAM)
        return self.is_closed

    def look(self, now: float) -> None:
        """Open the door, if it is time."""
        self._refill(now)
        if self.is_closed and self._left > 0:
            self.is_closed = not self._set(_SO_DETACH_FILTER, bytes(4))

    def opens_in_s(self, now: float) -> float:
        """Return after how long the door opens; infinite where it is open."""
        self._refill(now)
        return max(-self._left / self._a_second, 0.0) if self.is_closed else math.inf

    def close(self) -> None:
        """Let go of the descriptor."""
        if self._listening is not None:
            self._listening.close()

    def _refill(self, now: float) -> None:
        passed_s, self._counted_at = now - self._counted_at, now
        self._left = min(self._left + passed_s * self._a_second, self._at_once)

    def _set(self, option: int, value: bytes) -> bool:
        if self._listening is None:
            return False
        try:
            self._listening.setsockopt(socket.SOL_SOCKET, option, value)
        except OSError:  # no TCP, or a kernel without filters
            return False
        return True
