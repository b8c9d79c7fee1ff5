"""Connections to the page: bounded, and cut off where they ask for nothing."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web_protocol import RequestHandler

from streamson._rate_limited_log import RateLimitedLog
from streamson.live.web.limits import (
    ANSWER_S,
    LEAVE_S,
    MAX_CONNECTIONS,
    REQUEST_S,
    SEND_BUFFER_BYTES,
)

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
        self._open: set[Connection] = set()
        self._closing: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._limited = RateLimitedLog(_log)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._open)

    def factory(self, server: web.Server) -> "Connection":
        """Return the protocol of a new connection."""
        return Connection(self, server)

    def opened(self, connection: "Connection") -> bool:
        """Take in a connection; return whether there is room for it."""
        if len(self._open) >= MAX_CONNECTIONS:
            self.refuse(f"more than {MAX_CONNECTIONS} connections")
            return False
        self._open.add(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(LEAVE_S, self._cut_closing)
        return True

    def closed(self, connection: "Connection") -> None:
        """Take in that a connection has gone."""
        self._open.discard(connection)

    def _cut_closing(self) -> None:
        """Cut off what has been closing since the last look: its peer takes nothing any more."""
        closing = {one for one in self._open if one.transport and one.transport.is_closing()}
        for connection in closing & self._closing:
            self.refuse("what was sent last was not taken")
            connection.abort()
        self._closing = closing
        self._sweep = None
        if self._open:
            self._sweep = asyncio.get_running_loop().call_later(LEAVE_S, self._cut_closing)

    def refuse(self, reason: str) -> None:
        """Count a connection that is cut off."""
        self.refused += 1
        self._limited.warning(reason, "cut a connection to the page: %s", reason)


class _NoAccessLog(AbstractAccessLogger):
    """Requests are counted, not logged."""

    enabled = False

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        pass


class Connection(RequestHandler):
    """One connection: a request has to be complete in time, is the only one, and its answer taken.

    So a peer that sends or takes a byte now and then holds nothing for long.
    """

    __slots__ = ("_connections", "_deadline", "_when_lost")

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
        self._when_lost: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take in the connection, or cut it off."""
        super().connection_made(transport)
        if not self._connections.opened(self):
            self.abort()
            return
        found: socket.socket = transport.get_extra_info("socket")
        # What waits for who reads too slowly is to wait here, where it is counted.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.expect("a request", REQUEST_S)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of it."""
        super().connection_lost(exc)
        self._connections.closed(self)
        self._no_deadline()
        if self._when_lost is not None:
            self._when_lost()

    def log_exception(self, *_args: Any, **_options: Any) -> None:
        """Count what went wrong with a request; who can't say what he wants fills no log."""
        self._connections.refuse("a request that could not be read or answered")
        _log.info("Where it was:", exc_info=True)

    def expect(self, what: str, seconds: float) -> None:
        """Cut the connection off where nothing else is expected in this time."""
        self._no_deadline()
        if self.transport is not None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(seconds, self._expire, what)

    def let_be(self, when_lost: Callable[[], None]) -> None:
        """Let the connection be as long as it likes; tell when it is lost."""
        self._no_deadline()
        self._when_lost = when_lost

    def abort(self) -> None:
        """Cut it off, whatever waits to be sent: a close would wait for who takes nothing."""
        transport: Any = self.transport
        if transport is not None:
            transport.abort()

    def _no_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _expire(self, what: str) -> None:
        self._connections.refuse(f"{what} did not come in time")
        self.abort()


def connection_of(request: web.Request) -> Connection:
    """Return the connection of a request."""
    protocol: Any = request.protocol
    found: Connection = protocol
    return found


def note_request(request: web.Request, answer_s: float = ANSWER_S) -> None:
    """Take in that a connection has asked for something, whose answer is to be taken in time."""
    connection_of(request).expect("the taking of an answer", answer_s)


def note_end(request: web.Request) -> None:
    """Take in that a connection is to end which was as long as it liked."""
    connection_of(request).expect("the end of a connection", LEAVE_S)
