"""The study's server: the page, its sounds, and the answers that come back."""

from typing import Final, TypeVar

import msgspec
from aiohttp import web

from streamson.live.web.access import Access, url_of
from streamson.live.web.connections import note_request
from streamson.live.web.limits import ANSWER_S, LEAST_BYTES_A_SECOND
from streamson.live.web.site import Site, file_of
from streamson.study.participant import DoneStep, RefusedError
from streamson.study.study import Study

FILES: Final = ("study.js", "study.css")
SHARED_FILES: Final = ("style.css", "icon.svg")
"""What the page is made of: its own, and what it has from the page of a listener."""

BAD_REQUEST: Final = 400

_POSTS: Final = frozenset({"/participants", "/play", "/answer", "/ratings"})

_Form = TypeVar("_Form", bound=msgspec.Struct)


class _Play(msgspec.Struct, forbid_unknown_fields=True):
    participant: str
    trial: int
    play: int


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    participant: str
    trial: int
    answer: str
    seconds: float


class _Ratings(msgspec.Struct, forbid_unknown_fields=True):
    participant: str
    ratings: list[int]


class StudyServer:
    """Serves a study.

    Parameters
    ----------
    access
        Where, and for whom.
    study
        What is served.
    """

    def __init__(self, access: Access, study: Study) -> None:
        self._access = access
        self._study = study
        self._site = Site(access, options="--web", posts=_POSTS)

    async def start(self) -> str:
        """Bind, and return the link for participants.

        Raises
        ------
        StreamsonError
            If that can't be.
        """
        port = await self._site.start(
            [
                web.get("/", self._site.index(file_of("streamson.study", "index.html"))),
                web.get("/example", self._example),
                web.get("/step", self._step),
                web.get("/sound", self._sound),
                web.post("/participants", self._enter),
                web.post("/play", self._play),
                web.post("/answer", self._answer),
                web.post("/ratings", self._ratings),
                *(web.get(f"/{name}", file_of("streamson.study", name)) for name in FILES),
                *(
                    web.get(f"/{name}", file_of("streamson.live.web", name))
                    for name in SHARED_FILES
                ),
            ]
        )
        url = url_of(self._access.host, port)
        return url if self._access.is_local else f"{url}?token={self._access.guest_token}"

    async def stop(self) -> None:
        """Close all connections."""
        await self._site.stop()

    async def _enter(self, _request: web.Request) -> web.StreamResponse:
        try:
            found = self._study.enter()
        except RefusedError as error:
            return self._refuse(error)
        return _json({"participant": found.identifier})

    async def _step(self, request: web.Request) -> web.StreamResponse:
        try:
            participant = self._study.find(request.query.get("participant", ""))
        except RefusedError as error:
            return self._refuse(error)
        step = participant.step()
        if isinstance(step, DoneStep):
            self._study.leave(participant)
        return _json(step)

    async def _example(self, request: web.Request) -> web.StreamResponse:
        return _wav(request, self._study.example())

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        try:
            participant = self._study.find(request.query.get("participant", ""))
            number = _number(request.query.get("trial", ""))
            if request.method == "HEAD":  # for which nothing is rendered
                participant.may_play(number)
                return web.Response(content_type="audio/wav")
            return _wav(request, await self._study.sound(participant, number))
        except RefusedError as error:
            return self._refuse(error)

    async def _play(self, request: web.Request) -> web.StreamResponse:
        try:
            form = await _form(request, _Play)
            self._study.find(form.participant).note_play(form.trial, form.play)
        except RefusedError as error:
            return self._refuse(error)
        return _json({})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            form = await _form(request, _Answer)
            participant = self._study.find(form.participant)
            return _json(self._study.answer(participant, form.trial, form.answer, form.seconds))
        except RefusedError as error:
            return self._refuse(error)

    async def _ratings(self, request: web.Request) -> web.StreamResponse:
        try:
            form = await _form(request, _Ratings)
            self._study.rate(self._study.find(form.participant), form.ratings)
        except RefusedError as error:
            return self._refuse(error)
        return _json({})

    def _refuse(self, error: RefusedError) -> web.Response:
        return self._site.refuse(error.status, str(error))


async def _form(request: web.Request, kind: type[_Form]) -> _Form:
    """Return what was posted.

    Raises
    ------
    RefusedError
        It is something else.
    """
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        fields = ", ".join(kind.__struct_fields__)
        raise RefusedError(BAD_REQUEST, f"a JSON object is wanted with {fields}") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise RefusedError(BAD_REQUEST, "the number of a trial is wanted")
    return int(text)


def _json(message: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(message), content_type="application/json")


def _wav(request: web.Request, sound: bytes) -> web.Response:
    note_request(request, ANSWER_S + len(sound) / LEAST_BYTES_A_SECOND)
    return web.Response(body=sound, content_type="audio/wav")
