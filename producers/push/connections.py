"""Connections of senders: bounded, and cut off where they stay silent."""

import asyncio
import logging
import traceback
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from streamson._rate_limited_log import RateLimitedLog
from streamson.producers.push.http_limits import (
    KEEPALIVE_S,
    LINGER_S,
    MAX_CONNECTIONS,
    REQUEST_S,
)

_log = logging.getLogger(__name__)


class Connections:
    """Makes the protocols of a server's connections, and keeps them within their limits.

    Parameters
    ----------
    server
        What handles their requests.
    on_cut
        Is told why a connection is cut off, or a request is refused unread: in words that follow
        "a connection".
    """

    def __init__(self, server: web.Server, on_cut: Callable[[str], None]) -> None:
        self.on_cut = on_cut
        self._server = server
        self._limited = RateLimitedLog(_log)
        self._open: OrderedDict[Connection, None] = OrderedDict()

    def make(self) -> "Connection":
        """Return the protocol of a new connection."""
        return Connection(self, self._server)

    def opened(self, connection: "Connection") -> None:
        """Take in a connection, and make room for it."""
        self._open[connection] = None
        if len(self._open) > MAX_CONNECTIONS:
            self.on_cut("too many")
            next(iter(self._open)).abort()

    def heard(self, connection: "Connection") -> None:
        """Take in that something came by a connection."""
        if connection in self._open:
            self._open.move_to_end(connection)

    def closed(self, connection: "Connection") -> None:
        """Take in that a connection has gone."""
        self._open.pop(connection, None)

    def failed(self, error: Exception) -> None:
        """Tell where a request failed; not of each, for a sender may send it again and again."""
        where = "".join(traceback.format_exception(error))
        self._limited.warning("failed", "a request failed here, which is to be mended: %s", where)


class _NoAccessLog(AbstractAccessLogger):
    """Requests are counted, not logged."""

    enabled = False

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        pass


class Connection(RequestHandler):
    """One connection: what is expected of its peer comes in time, or it is cut off."""

    __slots__ = ("_connections", "_deadline")

    def __init__(self, connections: Connections, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            lingering_time=LINGER_S,
            keepalive_timeout=KEEPALIVE_S,
            access_log_class=_NoAccessLog,
            auto_decompress=False,
        )
        self._connections = connections
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take in the connection."""
        super().connection_made(transport)
        self._connections.opened(self)
        self.expect("that stayed silent", REQUEST_S)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of it."""
        self._connections.closed(self)
        self.expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._connections.heard(self)
        super().data_received(data)

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Count who speaks no HTTP; what else goes wrong is a mistake of ours, and is told."""
        error = options.get("exc_info")
        if isinstance(error, HttpProcessingError):
            self._connections.on_cut("without HTTP")
        elif isinstance(error, Exception):
            self._connections.failed(error)
        else:
            super().log_exception(*args, **options)

    def expect(self, otherwise: str, seconds: float) -> None:
        """Cut the connection off, and say why, where nothing else is expected in this time."""
        self.expect_nothing()
        if self.transport is not None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(seconds, self._expire, otherwise)

    def expect_nothing(self) -> None:
        """Let it be."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def abort(self) -> None:
        """Cut it off, whatever waits to be sent: a close would wait for who takes nothing."""
        self._connections.closed(self)
        if self.transport is not None:
            self.transport.abort()

    def _expire(self, otherwise: str) -> None:
        self._connections.on_cut(otherwise)
        self.abort()
