"""A small site: who is let in, with what headers, and its life from the first port to the last."""

import asyncio
import logging
import mimetypes
import os
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from importlib import resources
from typing import Final

from aiohttp import web

from streamson._asyncio_server import stop_accepting
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import StreamsonError
from streamson.live.web.access import COOKIE, Access, Role
from streamson.live.web.connections import Connections, note_request
from streamson.live.web.limits import MAX_REQUEST_BYTES

BACKLOG: Final = 64
SHUTDOWN_S: Final = 0.3
"""How long those who are connected may take to leave when it ends."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        "img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FETCHED: Final = ("Site", "Dest")
"""Who wants a request's answer, and for what, as browsers say it."""

_ACCESS: Final = web.RequestKey("access", Role)

_log = logging.getLogger(__name__)


class Site:
    """Serves handlers to those who may.

    Parameters
    ----------
    access
        Where, and for whom.
    options
        Those of the command line that choose another port, for a person.
    posts
        Paths to which a body of up to `MAX_REQUEST_BYTES` may be posted; all else is only read.

    Attributes
    ----------
    connections
        Those that are open.
    """

    def __init__(
        self,
        access: Access,
        *,
        options: str = "--web or --address",
        posts: frozenset[str] = frozenset(),
    ) -> None:
        self.connections = Connections()
        self._access = access
        self._options = options
        self._posts = posts
        self._limited = RateLimitedLog(_log)
        self._refused = 0
        self._cookie = COOKIE

    @property
    def refused(self) -> int:
        """Requests of those who may not, and connections that were cut off."""
        return self._refused + self.connections.refused

    async def start(self, routes: Iterable[web.RouteDef]) -> int:
        """Bind, and return the port.

        Raises
        ------
        StreamsonError
            If that can't be.
        """
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_REQUEST_BYTES)
        app.add_routes(routes)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        server = runner.server
        assert server is not None
        try:
            bound = await self._bind(lambda: self.connections.factory(server))
        except OSError as error:
            raise StreamsonError(
                f"can't serve the page on {self._access.host}:{self._access.port}: "
                f"{os.strerror(error.errno) if error.errno else error}. Choose another port: "
                f"{self._options}"
            ) from None
        self._runner, self._bound = runner, bound
        port: int = bound.sockets[0].getsockname()[1]
        self._cookie = f"{COOKIE}-{port}"  # a browser sends cookies to all ports of a host
        return port

    async def _bind(self, factory: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        """Bind to the first port that is free, of those that may be tried."""
        loop = asyncio.get_running_loop()
        host, first = self._access.host, self._access.port
        for port in range(first, first + self._access.tries - 1):
            with suppress(OSError):
                return await loop.create_server(factory, host, port, backlog=BACKLOG)
        last = first + self._access.tries - 1
        return await loop.create_server(factory, host, last, backlog=BACKLOG)

    async def close(self) -> None:
        """Let nobody in any more."""
        await stop_accepting(self._bound)

    async def stop(self) -> None:
        """Close all connections."""
        await self.close()
        await self._runner.cleanup()
        self._limited.flush()

    def refuse(self, status: int, reason: str) -> web.Response:
        """Return the answer to a request that is refused, and count it."""
        self._refused += 1
        self._limited.warning(str(status), "refused a request to the page: %s", reason)
        return web.Response(status=status, text=f"{status} {reason}\n")

    def index(self, page: Handler) -> Handler:
        """Return what answers with a page, whose link may bring a token along."""

        async def answer(request: web.Request) -> web.StreamResponse:
            token = request.query.get("token")
            if not token:
                return await page(request)
            # Out of the address bar, and of what is shared.
            moved = web.Response(status=303, headers={"Location": "/"})
            if self._access.is_token(token):
                # Strict would keep it from who follows the link out of a mail or a chat.
                moved.set_cookie(self._cookie, token, httponly=True, samesite="Lax", path="/")
            return moved

        return answer

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may; answer everybody with the headers that keep others out."""
        note_request(request)
        response: web.StreamResponse | None = self._refusal(request)
        if response is None:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = web.Response(
                    status=error.status, text=f"{error.status} {error.reason}\n"
                )
        if not response.prepared:
            response.headers.update(HEADERS)
            response.force_close()
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to somebody who is not let in; note what the others may do."""
        host = request.headers.get("Host")
        is_post = request.method == "POST" and request.path in self._posts
        if request.method not in ("GET", "HEAD") and not is_post:
            return self.refuse(405, "only GET is allowed here")
        if request.can_read_body and not is_post:
            return self.refuse(413, "a request has no body here")
        token = request.query.get("token") or request.cookies.get(self._cookie)
        role = self._access.role_of(token)
        has_token = role > self._access.role_of(None)
        if not has_token and not self._access.is_known_host(host):
            return self.refuse(421, "this page is not known by that name; use its address")
        if not self._access.is_same_origin(request.headers.get("Origin"), host) or not (
            self._access.may_load(*(request.headers.get(f"Sec-Fetch-{of}") for of in _FETCHED))
        ):
            return self.refuse(403, "another page may not use this one")
        if role is Role.NOBODY and request.path != "/healthz":
            return self.refuse(401, "a token is needed: the link that was printed at the start")
        request[_ACCESS] = role
        return None


def role_of(request: web.Request) -> Role:
    """Return what somebody may do who was let in."""
    return request[_ACCESS]


def file_of(package: str, name: str) -> Handler:
    """Return what answers with a file of a page, from the folder ``page`` of a package."""
    body = (resources.files(package) / "page" / name).read_bytes()
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    charset = None if name.endswith(".svg") else "utf-8"

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind or "text/plain", charset=charset)

    return answer
