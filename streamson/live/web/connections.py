"""Connections to the page: bounded, and cut off where they ask for nothing."""

import asyncio
import logging
import socket
from typing import Any, Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web_protocol import RequestHandler

from streamson._rate_limited_log import RateLimitedLog
from streamson.live.web.limits import MAX_CONNECTIONS, REQUEST_S, SEND_BUFFER_BYTES

LINGER_S: Final = 0.2
KEEPALIVE_S: Final = 5.0

_log = logging.getLogger(__name__)


class Connections:
    """Makes the protocols of a server's connections, and counts them.

    Attributes
    ----------
    refused
        Connections that were cut off: too many, or silent.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._open: set[_Connection] = set()
        self._limited = RateLimitedLog(_log)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._open)

    def factory(self, server: web.Server) -> "_Connection":
        """Return the protocol of a new connection."""
        return _Connection(self, server)

    def opened(self, connection: "_Connection") -> bool:
        """Take in a connection; return whether there is room for it."""
        if len(self._open) >= MAX_CONNECTIONS:
            self.refuse(f"more than {MAX_CONNECTIONS} connections")
            return False
        self._open.add(connection)
        return True

    def closed(self, connection: "_Connection") -> None:
        """Take in that a connection has gone."""
        self._open.discard(connection)

    def refuse(self, reason: str) -> None:
        """Count a connection that is cut off."""
        self.refused += 1
        self._limited.warning(reason, "cut a connection to the page: %s", reason)


class _NoAccessLog(AbstractAccessLogger):
    """Requests are counted, not logged."""

    enabled = False

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        pass


class _Connection(RequestHandler):
    """One connection: a request has to be complete in time, and is the only one.

    So a peer that sends a byte now and then holds nothing for long.
    """

    __slots__ = ("_connections", "_deadline", "is_answered")

    def __init__(self, connections: Connections, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            lingering_time=LINGER_S,
            keepalive_timeout=KEEPALIVE_S,
            access_log_class=_NoAccessLog,
        )
        self._connections = connections
        self._deadline: asyncio.TimerHandle | None = None
        self.is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._connections.opened(self):
            self._abort()
            return
        found: socket.socket = transport.get_extra_info("socket")
        # What waits for who reads too slowly is to wait here, where it is counted.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._deadline = asyncio.get_running_loop().call_later(REQUEST_S, self._expire)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._connections.closed(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def log_exception(self, *_args: Any, **_options: Any) -> None:
        """Count what went wrong with a request; who can't say what he wants fills no log."""
        self._connections.refuse("a request that could not be read or answered")
        _log.info("Where it was:", exc_info=True)

    def _expire(self) -> None:
        if not self.is_answered:
            self._connections.refuse(f"no request in {REQUEST_S:.0f} s")
            self._abort()

    def _abort(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abort()


def note_request(request: web.Request) -> None:
    """Take in that a connection has asked for something."""
    protocol: Any = request.protocol
    protocol.is_answered = True
