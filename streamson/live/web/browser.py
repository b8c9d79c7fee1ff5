"""One browser: what it is told, what it wants, and what it hears."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from streamson.errors import MessageError
from streamson.live.web.access import Role
from streamson.live.web.connections import connection_of, note_end
from streamson.live.web.hub import VIEW, Hub
from streamson.live.web.limits import MAX_REQUEST_BYTES, MAX_REQUESTS_A_SECOND
from streamson.live.web.outbox import Outbox
from streamson.live.web.sound import OpusEncoder
from streamson.live.web.steering import Steering
from streamson.model.command import Answer
from streamson.wire.control.client import decode_command

HEARTBEAT_S: Final = 10.0
"""A browser that does not answer a ping in half this time has gone."""

TOO_MUCH: Final = 4_009
"""The code by which a browser is told that it wants too much."""

_SAID: Final = frozenset({WSMsgType.TEXT, WSMsgType.PING, WSMsgType.PONG})


class _Ping(msgspec.Struct, forbid_unknown_fields=True):
    ping: float


class Browser:
    """One page that is open.

    Parameters
    ----------
    hub
        What it is told.
    steering
        What it wants goes there.
    role
        What it may.
    """

    def __init__(self, hub: Hub, steering: Steering, role: Role) -> None:
        self._hub = hub
        self._steering = steering
        self._role = role
        self._recent: deque[float] = deque(maxlen=MAX_REQUESTS_A_SECOND)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Tell and take in, until it leaves or is dropped."""
        async with _socket_of(request, self._hub, VIEW, self._welcome()) as (socket, outbox):
            async for message in socket:
                if message.type not in _SAID or not self._has_time():
                    await _close(request, socket, TOO_MUCH, b"too much")
                elif message.type is WSMsgType.TEXT:
                    outbox.put(await self._answer(message.data.encode()))
                elif message.type is WSMsgType.PING:
                    await socket.pong(message.data)
        return socket

    def _welcome(self) -> bytes:
        return _told("welcome", {"steers": self._role >= Role.HOST, "opus": OpusEncoder.is_there()})

    def _has_time(self) -> bool:
        """Return whether it wanted no more than it may in the last second."""
        now = time.monotonic()
        if len(self._recent) == MAX_REQUESTS_A_SECOND and now - self._recent[0] < 1:
            return False
        self._recent.append(now)
        return True

    async def _answer(self, request: bytes) -> bytes:
        """Return the answer to a command, or the time to a ping."""
        with suppress(msgspec.MsgspecError, RecursionError):
            ping = msgspec.json.decode(request, type=_Ping)
            return _told("pong", {"ping": ping.ping, "time": time.time()})
        try:
            command = decode_command(request)
        except MessageError as error:
            return _told("answer", Answer(ok=False, text=str(error)))
        return _told("answer", await self._steering.carry_out(command, self._role))


async def send_sound(hub: Hub, kind: str, request: web.Request) -> web.WebSocketResponse:
    """Let a browser hear, until it leaves or is dropped."""
    async with _socket_of(request, hub, kind) as (socket, _outbox):
        async for message in socket:
            if message.type is not WSMsgType.PONG:
                await _close(request, socket, TOO_MUCH, b"nothing is said here")
    return socket


@asynccontextmanager
async def _socket_of(
    request: web.Request, hub: Hub, kind: str, *welcome: bytes
) -> AsyncIterator[tuple[web.WebSocketResponse, Outbox]]:
    """Open a browser's socket, on which it is sent what the hub tells; in the end close it."""
    # Whoever pings is answered by hand: no browser does, and each one is counted.
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, max_msg_size=MAX_REQUEST_BYTES, compress=False, autoping=False
    )
    await socket.prepare(request)
    connection = connection_of(request)
    outbox = hub.join(kind, connection.abort, *welcome)
    connection.let_be(when_lost=outbox.end)
    sending = asyncio.create_task(_send(outbox, request, socket, binary=kind != VIEW))
    try:
        yield socket, outbox
    finally:
        sending.cancel()
        hub.leave(kind, outbox)


async def _send(
    outbox: Outbox, request: web.Request, socket: web.WebSocketResponse, *, binary: bool
) -> None:
    """Send what comes, until there is no more."""
    with suppress(ConnectionError):
        while (message := await outbox.get()) is not None:
            if binary:
                await socket.send_bytes(message)
            else:
                await socket.send_str(message.decode())
        await _close(request, socket, WSCloseCode.TRY_AGAIN_LATER, b"there is no more")


async def _close(
    request: web.Request, socket: web.WebSocketResponse, code: int, reason: bytes
) -> None:
    note_end(request)  # a close waits for who takes nothing
    await socket.close(code=code, message=reason)


def _told(topic: str, message: Any) -> bytes:
    return msgspec.json.encode({"topic": topic, "message": message})
