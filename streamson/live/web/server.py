"""The page's server: routes, who is let in, and its life."""

import asyncio
import logging
import mimetypes
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Final

from aiohttp import web

from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import StreamsonError
from streamson.live.encoding import MP3, OGG
from streamson.live.web.access import COOKIE, Access, Role, url_of
from streamson.live.web.browser import Browser, send_sound
from streamson.live.web.connections import Connections, connection_of, note_request
from streamson.live.web.hub import OPUS, PCM, Hub
from streamson.live.web.limits import (
    ANSWER_S,
    KEPT_FOR_HOSTS,
    LEAST_BYTES_A_SECOND,
    MAX_BROWSERS,
    MAX_PLAYERS,
)
from streamson.live.web.metrics import CONTENT_TYPE, Metrics, exposition
from streamson.live.web.sound import OpusEncoder
from streamson.live.web.steering import Steering

FILES: Final = (
    *("app.js", "canvas.js", "format.js", "icon.svg", "link.js", "marks.js", "receiver.js"),
    *("rows.js", "scheduled.js", "sound.js", "style.css", "worklet.js"),
)
"""What the page is made of: these names and no others lead to a file."""

BACKLOG: Final = 64
SHUTDOWN_S: Final = 0.3
"""How long those who are connected may take to leave when it ends."""

_HEADERS: Final = {
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

_PLAYER_TYPES: Final = {MP3: "audio/mpeg", OGG: "audio/ogg"}

_FETCHED: Final = ("Site", "Dest")
"""Who wants a request's answer, and for what, as browsers say it."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ACCESS: Final = web.RequestKey("access", Role)

_log = logging.getLogger(__name__)


class PageServer:
    """Serves the page.

    Parameters
    ----------
    access
        Where, and for whom.
    hub
        What is to be seen and heard.
    steering
        Carries out what hosts want.
    """

    def __init__(self, access: Access, hub: Hub, steering: Steering) -> None:
        self._access = access
        self._hub = hub
        self._steering = steering
        self._connections = Connections()
        self._limited = RateLimitedLog(_log)
        self._refused = 0
        self._players = 0
        self._cookie = COOKIE

    @property
    def refused(self) -> int:
        """Requests of those who may not, and connections that were cut off."""
        return self._refused + self._connections.refused

    async def start(self) -> int:
        """Bind, and return the port.

        Raises
        ------
        StreamsonError
            If that can't be.
        """
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/view", self._view),
                web.get("/sound", self._sound),
                web.get("/listen.{kind:mp3|ogg}", self._player),
                web.get(r"/recordings/{number:\d{1,9}}", self._recording),
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._health),
                *(web.get(f"/{name}", _file(name)) for name in FILES),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        server = runner.server
        assert server is not None
        try:
            bound = await self._bind(lambda: self._connections.factory(server))
        except OSError as error:
            raise StreamsonError(
                f"can't serve the page on {self._access.host}:{self._access.port}: "
                f"{os.strerror(error.errno) if error.errno else error}. Choose another port: "
                "--web or --address"
            ) from None
        self._runner, self._bound = runner, bound
        port: int = bound.sockets[0].getsockname()[1]
        self._cookie = f"{COOKIE}-{port}"  # a browser sends cookies to all ports of a host
        self._hub.start()
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

    async def stop(self) -> None:
        """Close all connections."""
        self._bound.close()
        self._hub.stop()
        await self._runner.cleanup()
        self._limited.flush()

    def links(self, port: int, refusal: str) -> list[str]:
        """Return what a person is told: where the page is.

        Parameters
        ----------
        port
            As it was bound.
        refusal
            Why the listener does not let this machine steer; empty where it does.
        """
        url = url_of(self._access.host, port)
        but = [f"It does not steer: {refusal}"] if refusal else []
        if self._access.is_local:
            return [f"Page on {url}", *but]
        steers = "steers once it is allowed" if refusal else "steers"
        lines = [f"Page on {url}?token={self._access.token} (this link {steers})", *but]
        guest = "" if self._access.insecure else f"?token={self._access.guest_token}"
        return [*lines, f"Page for guests, who see and hear: {url}{guest}"]

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
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
            response.headers.update(_HEADERS)
            response.force_close()
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to somebody who is not let in; note what the others may do."""
        host = request.headers.get("Host")
        if request.method not in ("GET", "HEAD"):
            return self._refuse(405, "only GET is allowed here")
        if request.can_read_body:
            return self._refuse(413, "a request has no body here")
        token = request.query.get("token") or request.cookies.get(self._cookie)
        role = self._access.role_of(token)
        has_token = role > self._access.role_of(None)
        if not has_token and not self._access.is_known_host(host):
            return self._refuse(421, "this page is not known by that name; use its address")
        if not self._access.is_same_origin(request.headers.get("Origin"), host) or not (
            self._access.may_load(*(request.headers.get(f"Sec-Fetch-{of}") for of in _FETCHED))
        ):
            return self._refuse(403, "another page may not use this one")
        if role is Role.NOBODY and request.path != "/healthz":
            return self._refuse(401, "a token is needed: the link that was printed at the start")
        request[_ACCESS] = role
        return None

    def _refuse(self, status: int, reason: str) -> web.Response:
        self._refused += 1
        self._limited.warning(str(status), "refused a request to the page: %s", reason)
        return web.Response(status=status, text=f"{status} {reason}\n")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        if token := request.query.get("token"):  # out of the address bar, and of what is shared
            moved = web.Response(status=303, headers={"Location": "/"})
            if self._access.is_token(token):
                # Strict would keep it from who follows the link out of a mail or a chat.
                moved.set_cookie(self._cookie, token, httponly=True, samesite="Lax", path="/")
            return moved
        return await _file("index.html")(request)

    async def _view(self, request: web.Request) -> web.StreamResponse:
        room = MAX_BROWSERS - (0 if request[_ACCESS] >= Role.HOST else KEPT_FOR_HOSTS)
        if self._hub.browsers >= room:
            return self._refuse(503, f"{room} pages are open already")
        browser = Browser(self._hub, self._steering, request[_ACCESS])
        return await browser.serve(request)

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        kind = request.query.get("form", PCM)
        is_there = kind == PCM or (kind == OPUS and OpusEncoder.is_there())
        if not is_there or kind in self._hub.broken:
            return self._refuse(404, "there is no such form of the sound")
        if self._hub.hearers >= MAX_BROWSERS + MAX_PLAYERS:
            return self._refuse(503, "too many hear it already")
        return await send_sound(self._hub, kind, request)

    async def _player(self, request: web.Request) -> web.StreamResponse:
        if self._players >= MAX_PLAYERS:
            return self._refuse(503, f"{MAX_PLAYERS} players hear it already")
        kind = request.match_info["kind"]
        if kind in self._hub.broken:
            return self._refuse(404, "there is no such form of the sound")
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": _PLAYER_TYPES[kind]})
        response.force_close()
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        connection = connection_of(request)
        outbox = self._hub.join(kind, connection.abort)
        connection.let_be(when_lost=outbox.end)
        self._players += 1
        with suppress(ConnectionError):  # it has heard enough, or is too slow
            try:
                await response.prepare(request)
                while (message := await outbox.get()) is not None:
                    await response.write(message)
            finally:
                self._players -= 1
                self._hub.leave(kind, outbox)
        return response

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        if request[_ACCESS] < Role.HOST:
            return self._refuse(403, "guests may not download recordings")
        ended = self._hub.recordings.get(int(request.match_info["number"]))
        path = Path(ended.path) if ended else None
        if path is None or not path.is_file():
            return self._refuse(404, "there is no such recording on this machine")
        name = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in path.name)
        note_request(request, ANSWER_S + path.stat().st_size / LEAST_BYTES_A_SECOND)
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.FileResponse(path, headers=disposition)

    async def _metrics(self, _request: web.Request) -> web.StreamResponse:
        of_page = {
            "browsers": self._hub.browsers,
            "hearers": self._hub.hearers,
            "connections": self._connections.count,
            "dropped": self._hub.dropped,
            "refused": self.refused,
        }
        body = exposition(Metrics(self._hub.mirror, of_page))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        if self._hub.mirror.is_there:
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the listener tells nothing\n")


def _file(name: str) -> _Handler:
    """Return what answers with a file of the page."""
    body = (resources.files("streamson.live.web") / "page" / name).read_bytes()
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    charset = None if name.endswith(".svg") else "utf-8"

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind or "text/plain", charset=charset)

    return answer
