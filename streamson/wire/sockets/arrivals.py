"""When bytes come on connections that ZeroMQ reads: the kernel says so, and nobody has to look."""

import select
import sys

READY_AT_ONCE = 64
"""Of so many connections it is taken in at a time that bytes came; of others the next time."""


class Arrivals:
    """Becomes readable when bytes have come on any of some connections (epoll, edge-triggered).

    A connection that is closed leaves by itself.
    """

    def __init__(self) -> None:
        assert sys.platform == "linux"
        self._epoll = select.epoll()

    @staticmethod
    def can_be_told() -> bool:
        """Return whether this system tells."""
        return sys.platform == "linux"

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._epoll.fileno()

    def watch(self, descriptor: int) -> None:
        """Tell of a connection, too.

        Raises
        ------
        OSError
            It is closed already.
        """
        self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLET)

    def take_in(self) -> None:
        """Take in that bytes came: what comes from now on is told anew."""
        self._epoll.poll(0, READY_AT_ONCE)

    def close(self) -> None:
        """Tell no more."""
        self._epoll.close()
