"""The HTTP server that takes numbers: who may send what where, and how it is answered."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from aiohttp import HttpVersion11, web

from streamson._asyncio_server import stop_accepting
from streamson._printable import counted
from streamson.errors import MessageError, StreamsonError
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.push.access import Access
from streamson.producers.push.body import (
    Answer,
    BodyRequest,
    Outcome,
    Route,
    Routes,
    answer_plainly,
)
from streamson.producers.push.connections import Connection, Connections
from streamson.producers.push.http_limits import (
    BACKLOG,
    KEEPALIVE_S,
    PIECE_S,
    RETRY_AFTER_S,
    SHUTDOWN_S,
)
from streamson.producers.push.intake import Intake
from streamson.producers.push.json_body import JSON_ROUTE
from streamson.producers.push.unpacking import ENCODINGS, is_known

_SENDING: Final = ("POST", "PUT")
_LOOKING: Final = ("GET", "HEAD")

_ALWAYS: Final = {"Server": "streamson", "X-Content-Type-Options": "nosniff"}
_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": 'Bearer realm="streamson"'},
    415: {"Accept-Encoding": ENCODINGS},
    429: {"Retry-After": str(RETRY_AFTER_S)},
}
"""What answers of a status say beside what a route says."""

_KINDS: Final = {
    400: "that can't be read",
    401: "without the token",
    403: "of a page or to a name of somebody else",
    405: "by another method",
    413: "too large",
    415: "packed otherwise",
    429: "beyond what can be published",
}
"""What is refused, in words of the log."""

_log = logging.getLogger(__name__)


class HttpServer:
    """Takes what is sent to it, and pushes it into a queue.

    Parameters
    ----------
    queue
        Where readings go.
    access
        Who may send.
    routes
        Paths of which it is known what is sent there; on all others it is JSON or a form.
    template
        The streams' names; None for what each route says.
    fields
        Patterns of the fields that are wanted; none for all.
    """

    def __init__(
        self,
        queue: PushQueue,
        access: Access,
        routes: Routes,
        template: StreamTemplate | None,
        fields: Sequence[str],
    ) -> None:
        self._access = access
        self._routes = routes
        self._template = template
        self._fields = fields
        self._intake = Intake(queue)
        self._requests = 0
        self._refused = Unusable("request")
        self._cut = Unusable("connection")

    async def serve(self, bound: socket.socket) -> None:
        """Serve until it is cancelled.

        Parameters
        ----------
        bound
            The socket.

        Raises
        ------
        StreamsonError
            If somebody else has begun to listen there.
        """
        server = web.Server(self._handle)
        connections = Connections(server, self._cut.add)
        loop = asyncio.get_running_loop()
        try:
            listening = await loop.create_server(connections.make, sock=bound, backlog=BACKLOG)
        except OSError as error:
            raise StreamsonError(
                f"can't listen any more: {error.strerror}, since somebody else began to; choose "
                "another port with --address"
            ) from None
        try:
            await asyncio.Event().wait()
        finally:
            await stop_accepting(listening)
            await server.shutdown(SHUTDOWN_S)
            for line in self._lines():
                _log.info("%s", line)

    def _lines(self) -> list[str]:
        """Return what came, and what was left out, in words."""
        came = counted(self._requests, "request")
        tallies = self._refused, self._intake.unusable, self._cut
        return [
            f"{came} with {counted(self._intake.points, 'point')}",
            *(line for tally in tallies for line in tally.lines()),
        ]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = _connection_of(request)
        connection.expect_nothing()
        self._requests += 1
        answer = await self._answer(request)
        response = web.Response(
            status=answer.status,
            body=answer.body or None,
            headers={**_ALWAYS, **_HEADERS.get(answer.status, {}), **answer.headers},
        )
        if not request.content.is_eof():
            response.force_close()
        # A little after the library's own limit, which ends an idle connection without a word.
        connection.expect("that stayed silent", KEEPALIVE_S + 1)
        return response

    async def _answer(self, request: web.BaseRequest) -> Answer:
        # Of several of a name the first.
        headers = {name.lower(): text for name, text in reversed(list(request.headers.items()))}
        query = dict(reversed(list(request.query.items())))
        route = self._routes.get((request.method, request.path))
        if route is None and request.method in _SENDING and not self._methods(request.path):
            route = JSON_ROUTE
        template = self._template or StreamTemplate((route or JSON_ROUTE).stream)
        asked = BodyRequest(request.path, headers, query, template, self._fields)
        outcome = self._access.refusal(headers)
        if outcome is not None:
            return self._told(request, answer_plainly(asked, outcome), outcome)
        if route is None:
            return self._without_route(request, asked)
        if route.parser is None:
            return route.answer(asked, Outcome(route.success))
        outcome = await self._taken(request, route, asked)
        return self._told(request, route.answer(asked, outcome), outcome)

    def _methods(self, path: str) -> list[str]:
        """Return the methods that a known path has."""
        return [method for method, known in self._routes if known == path]

    def _without_route(self, request: web.BaseRequest, asked: BodyRequest) -> Answer:
        """Tell how things stand, or that nothing is to be had here."""
        if request.path == "/" and request.method in _LOOKING:
            return answer_plainly(asked, Outcome(200, "\n".join(self._lines())))
        methods = ", ".join(self._methods(request.path) or _SENDING)
        outcome = Outcome(405, f"found {request.method}; allowed here: {methods}")
        answer = answer_plainly(asked, outcome)
        return self._told(
            request, answer._replace(headers={**answer.headers, "Allow": methods}), outcome
        )

    async def _taken(self, request: web.BaseRequest, route: Route, asked: BodyRequest) -> Outcome:
        """Take a request's body in."""
        encoding = asked.headers.get("content-encoding", "").strip().lower()
        if not is_known(encoding):
            return Outcome(415, f"found content encoding {encoding!r}; allowed: {ENCODINGS}")
        if (request.content_length or 0) > route.max_bytes:
            return Outcome(413, f"more than {route.max_bytes} bytes, which are allowed")
        return await self._intake.take(route, asked, encoding, _pieces(request))

    def _told(self, request: web.BaseRequest, answer: Answer, outcome: Outcome) -> Answer:
        """Return an answer; count and show the request where it was refused."""
        kind = _KINDS.get(outcome.status)
        if kind is not None and not outcome.rejected:
            self._refused.add(kind, f"{request.method} {request.path}: {outcome.message}")
        return answer


async def _pieces(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """Yield a body as it comes; its sender is cut off where nothing more does."""
    connection = _connection_of(request)
    expected = request.headers.get("Expect", "").lower()
    if request.version == HttpVersion11 and expected == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # of the answer nothing is written yet
    while True:
        connection.expect("that stopped within a body", PIECE_S)
        try:
            piece = await request.content.readany()
        except (ConnectionError, web.RequestPayloadError) as error:
            raise MessageError(f"the body broke off: {error}") from None
        finally:
            connection.expect_nothing()
        if not piece:
            return
        yield piece


def _connection_of(request: web.BaseRequest) -> Connection:
    protocol: Any = request.protocol
    found: Connection = protocol
    return found
