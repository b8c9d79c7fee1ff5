"""One accepted connection as the kernel sees it: who it is, what it brought, and how it is cut."""

import ctypes
import os
import socket
import struct
import sys
from contextlib import suppress

# struct tcp_info of linux/tcp.h, since Linux 4.1: tcpi_bytes_received is the u64 at byte 128.
_TCP_INFO_BYTES = 136
_BYTES_RECEIVED = struct.Struct("=128xQ")
_GREETING_BYTES = 64  # of ZMTP 3, rfc.zeromq.org/spec/23
_HAS_TCP_INFO = sys.platform == "linux"


class Connection:
    """A connection whose descriptor belongs to ZeroMQ, which may close it at any moment.

    Parameters
    ----------
    descriptor
        The file descriptor, as ZeroMQ's monitor tells it.
    since
        When it was accepted, monotonic seconds.

    Attributes
    ----------
    peer
        Its address, for a person.
    received
        Bytes that the kernel received, when last asked; 0 where it can't tell.
    forgiven
        Of these, bytes that were no messages: greeting and heartbeats.
    position, read_before
        Bytes that ZeroMQ had read at the last check of what is incomplete, and at the one before.
    handed
        Bytes that had been handed to Python at the last such check.
    is_cut
        Whether it was cut, and ZeroMQ has not closed it yet.
    """

    def __init__(self, descriptor: int, since: float) -> None:
        self.descriptor = descriptor
        self.since = since
        self.received = self.forgiven = self.position = self.read_before = self.handed = 0
        self.is_cut = self._looked = False
        self._inode = os.fstat(descriptor).st_ino
        self._socket = socket.socket(fileno=descriptor)
        self._asks = _HAS_TCP_INFO and self._socket.family in (socket.AF_INET, socket.AF_INET6)
        self.peer = self._name()

    def close(self) -> None:
        """Let go of the descriptor, which ZeroMQ closes, or has closed already."""
        self._socket.detach()

    @property
    def was_silent(self) -> bool:
        """Whether it had not even said that it speaks ZeroMQ when last looked at."""
        return self._looked and self.received < _GREETING_BYTES

    def look(self) -> None:
        """Ask the kernel how many bytes came."""
        if not self._asks:
            return
        self._looked = True
        with suppress(OSError, struct.error):  # closed a moment ago, or not TCP
            found = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
            self.received = max(self.received, _BYTES_RECEIVED.unpack_from(found)[0])

    def unread(self) -> int:
        """Return the bytes that came and wait in the kernel: ZeroMQ has not read them."""
        if sys.platform == "win32":
            return 0
        import fcntl
        import termios

        try:
            return int.from_bytes(
                fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4)), sys.byteorder
            )
        except OSError:
            return 0

    def cut(self) -> bool:
        """End the connection and return whether it was still there: descriptors are used again."""
        try:
            if os.fstat(self.descriptor).st_ino != self._inode:
                return False
            _reset(self._socket)
        except OSError:
            return False
        self.is_cut = True
        return True

    def _name(self) -> str:
        try:
            address = self._socket.getpeername()
        except OSError:
            return "a peer that has gone"
        return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "a local peer"


def give_back_memory() -> None:
    """Give memory that was freed back to the system, where the C library would keep it (glibc)."""
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)


def resident_bytes() -> int:
    """Return how much memory this process has, where the system says so (Linux); else 0."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _reset(connected: socket.socket) -> None:
    """End a connection at once.

    After `socket.shutdown` Linux still takes in whatever the peer sends, for as long as it likes.
    Connected to no address (connect(2), AF_UNSPEC), a TCP socket is reset and its bytes are gone.
    """
    if (
        sys.platform == "linux"
        and ctypes.CDLL(None).connect(connected.fileno(), bytes(16), 16) == 0
    ):
        return
    connected.shutdown(socket.SHUT_RDWR)
