"""The page's server: what there is to be asked for."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from streamson.live.encoding import MP3, OGG
from streamson.live.web.access import Access, Role, url_of
from streamson.live.web.browser import Browser, send_sound
from streamson.live.web.connections import connection_of, note_request
from streamson.live.web.hub import OPUS, PCM, Hub
from streamson.live.web.limits import (
    ANSWER_S,
    KEPT_FOR_HOSTS,
    LEAST_BYTES_A_SECOND,
    MAX_BROWSERS,
    MAX_PLAYERS,
)
from streamson.live.web.metrics import CONTENT_TYPE, Metrics, exposition
from streamson.live.web.site import HEADERS, Site, file_of, role_of
from streamson.live.web.sound import OpusEncoder
from streamson.live.web.steering import Steering

FILES: Final = (
    *("app.js", "canvas.js", "format.js", "icon.svg", "link.js", "marks.js", "receiver.js"),
    *("rows.js", "scheduled.js", "sound.js", "speech.js", "style.css", "worklet.js"),
)
"""What the page is made of: these names and no others lead to a file."""

_PLAYER_TYPES: Final = {MP3: "audio/mpeg", OGG: "audio/ogg"}

_PACKAGE: Final = "streamson.live.web"


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
        self._site = Site(access)
        self._players = 0

    async def start(self) -> int:
        """Bind, and return the port.

        Raises
        ------
        StreamsonError
            If that can't be.
        """
        port = await self._site.start(
            [
                web.get("/", self._site.index(file_of(_PACKAGE, "index.html"))),
                web.get("/view", self._view),
                web.get("/sound", self._sound),
                web.get("/listen.{kind:mp3|ogg}", self._player),
                web.get(r"/recordings/{number:\d{1,9}}", self._recording),
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._health),
                *(web.get(f"/{name}", file_of(_PACKAGE, name)) for name in FILES),
            ]
        )
        self._hub.start()
        return port

    async def stop(self) -> None:
        """Close all connections."""
        await self._site.close()
        self._hub.stop()
        await self._site.stop()

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

    async def _view(self, request: web.Request) -> web.StreamResponse:
        room = MAX_BROWSERS - (0 if role_of(request) >= Role.HOST else KEPT_FOR_HOSTS)
        if self._hub.browsers >= room:
            return self._site.refuse(503, f"{room} pages are open already")
        browser = Browser(self._hub, self._steering, role_of(request))
        return await browser.serve(request)

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        kind = request.query.get("form", PCM)
        is_there = kind == PCM or (kind == OPUS and OpusEncoder.is_there())
        if not is_there or kind in self._hub.broken:
            return self._site.refuse(404, "there is no such form of the sound")
        if self._hub.hearers >= MAX_BROWSERS + MAX_PLAYERS:
            return self._site.refuse(503, "too many hear it already")
        return await send_sound(self._hub, kind, request)

    async def _player(self, request: web.Request) -> web.StreamResponse:
        if self._players >= MAX_PLAYERS:
            return self._site.refuse(503, f"{MAX_PLAYERS} players hear it already")
        kind = request.match_info["kind"]
        if kind in self._hub.broken:
            return self._site.refuse(404, "there is no such form of the sound")
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": _PLAYER_TYPES[kind]})
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
        if role_of(request) < Role.HOST:
            return self._site.refuse(403, "guests may not download recordings")
        ended = self._hub.recordings.get(int(request.match_info["number"]))
        path = Path(ended.path) if ended else None
        if path is None or not path.is_file():
            return self._site.refuse(404, "there is no such recording on this machine")
        name = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in path.name)
        note_request(request, ANSWER_S + path.stat().st_size / LEAST_BYTES_A_SECOND)
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.FileResponse(path, headers=disposition)

    async def _metrics(self, _request: web.Request) -> web.StreamResponse:
        of_page = {
            "browsers": self._hub.browsers,
            "hearers": self._hub.hearers,
            "connections": self._site.connections.count,
            "dropped": self._hub.dropped,
            "refused": self._site.refused,
        }
        body = exposition(Metrics(self._hub.mirror, of_page))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        if self._hub.mirror.is_there:
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the listener tells nothing\n")
