"""Staying connected to what sends by itself: again at once where it ended, later where it fails."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from streamson.producers.base.backoff import Backoff
from streamson.producers.pull.unavailable import UnavailableError

RECONNECT_S: Final = 1.0
"""After a connection that ended in good order, as servers let them end from time to time."""

STEADY_S: Final = 2.0
"""A connection that holds so long is there, also where nothing comes."""

QUIET_S: Final = 4.0
"""If nothing came so long after the first connection, that is told."""

SILENT: Final = "it ends the connection without a word"

_KEEPALIVE_S: Final = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}

_log = logging.getLogger(__name__)


class Connection:
    """One connection; who listens to it tells what happens.

    Parameters
    ----------
    backoff
        Of what is connected to.
    is_first
        Whether it is told that nothing comes.

    Attributes
    ----------
    reconnect_s
        How long to wait before the next one, as the server wishes.
    """

    def __init__(self, backoff: Backoff, *, is_first: bool) -> None:
        self.reconnect_s = RECONNECT_S
        self._backoff = backoff
        self._is_first = is_first
        self._timers: list[asyncio.TimerHandle] = []
        self.has_received = False

    def opened(self, through: socket.socket | None) -> None:
        """Take in that it stands; a host that dies without a word is found out."""
        loop = asyncio.get_running_loop()
        self._timers = [
            loop.call_later(STEADY_S, self._backoff.connected),
            loop.call_later(QUIET_S, self._tell_quiet),
        ]
        if through is None:
            return
        through.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE_S.items():
            if hasattr(socket, name):  # not on every system
                through.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def received(self) -> None:
        """Take in that something came."""
        if not self.has_received:
            self.has_received = True
            self._backoff.connected()

    def closed(self) -> None:
        """Take in that it is over."""
        for timer in self._timers:
            timer.cancel()

    def _tell_quiet(self) -> None:
        if self._is_first and not self.has_received:
            _log.info("%s: connected; nothing came so far", self._backoff.what)


async def follow(listen: Callable[[Connection], Awaitable[bool]], backoff: Backoff) -> None:
    """Connect again and again, until the server says that nothing more comes.

    Parameters
    ----------
    listen
        Connects, and listens until the server ends the connection; raises `UnavailableError` where
        it can't, or the connection breaks. Returns whether to connect again.
    backoff
        Of what is connected to.
    """
    is_first = True
    while True:
        connection = Connection(backoff, is_first=is_first)
        try:
            if not await listen(connection):
                return
            wait_s = connection.reconnect_s if connection.has_received else backoff.failed(SILENT)
        except UnavailableError as gone:
            wait_s = gone.wait_s(backoff.failed(gone), RECONNECT_S)
        finally:
            connection.closed()
            is_first = False
        await asyncio.sleep(wait_s)
