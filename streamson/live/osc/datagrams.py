"""Datagrams to one receiver: what the network tells of them is heard, which may be nothing."""

import errno
import socket
import time
from contextlib import suppress
from math import inf
from typing import Final

from streamson.live.osc.address import OscAddress, resolve

AGAIN_S: Final = 1.0
"""A socket that the network turned away is opened anew this often: a laptop may be elsewhere."""

_REFUSED: Final = (errno.ECONNREFUSED, errno.EHOSTUNREACH)
"""What ICMP tells of an earlier datagram; the one that is being sent is not, and goes again."""


class Datagrams:
    """Sends without waiting.

    Parameters
    ----------
    address
        Where the receiver is. A name is looked up once.

    Attributes
    ----------
    refused
        How often it was told that nobody receives there.

    Raises
    ------
    StreamsonError
        If no machine has that name.
    """

    def __init__(self, address: OscAddress) -> None:
        self.refused = 0
        self._family, self._where = resolve(address)
        self._socket: socket.socket | None = None
        self._open_due = -inf
        with suppress(OSError):  # no network yet: it is told when something is sent
            self._open()

    def send(self, datagram: bytes) -> None:
        """Send one.

        Raises
        ------
        OSError
            The system does not take it.
        """
        if self._socket is None:
            self._open()
        assert self._socket is not None
        try:
            self._socket.send(datagram)
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno in _REFUSED:
                self.refused += 1
            else:
                self.close()
                self._open()
            self._socket.send(datagram)

    def close(self) -> None:
        """Close the socket. Can be called again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> None:
        """Open a socket; one that is connected is told what became of its datagrams."""
        if time.monotonic() < self._open_due:
            raise OSError(errno.ENETUNREACH, "the network can't be reached")
        self._open_due = time.monotonic() + AGAIN_S
        opened = socket.socket(self._family, socket.SOCK_DGRAM)
        opened.setblocking(False)
        try:
            opened.connect(self._where)
        except OSError:
            opened.close()
            raise
        self._socket = opened
