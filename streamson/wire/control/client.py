"""Commands to a listener: what is one, and who sends them.

A command is one frame of MessagePack or JSON, told apart by its first byte as on the wire, sent by
a REQ or a DEALER socket; the answer comes in the same encoding.
"""

import time
from contextlib import suppress
from typing import Any, Final

import msgspec
import zmq

from streamson._closable import Closable
from streamson._printable import printable
from streamson.errors import MessageError, StreamsonError, nearest
from streamson.keys.grant import STEER
from streamson.model.command import Answer, AnyCommand, Command
from streamson.wire.limits import MAX_FEED_MESSAGE_BYTES
from streamson.wire.sockets.connecting import connect, set_keepalive
from streamson.wire.sockets.refusals import Refusals

COMMANDS: Final = tuple(kind.__struct_config__.tag for kind in AnyCommand.__args__)
"""Names of all commands."""

COMMANDS_HIGH_WATER_MARK: Final = 16
"""Commands that wait in a client."""

LOOK_MS: Final = 100
"""Time between two looks whether somebody takes commands."""

AGAIN_MS: Final = 400
"""Time between two tries to connect, and ZeroMQ adds up to as much by chance: a listener that is
going, or lets nobody in, is not pestered ten times a second. Three tries, after which it is known
that it lets nobody in, still fit into a call."""

MAX_NAME_CHARS: Final = 40
"""Of a command's name that is none: the rest is not said."""

_REFUSALS: Final = (msgspec.MsgspecError, RecursionError, ValueError)  # bad UTF-8 is a ValueError


class CommandClient(Closable):
    """Sends commands to a listener; one thread may use it.

    Parameters
    ----------
    endpoint
        Where they are taken: `wire.sockets.endpoint.control_endpoint` of its feed.

    Raises
    ------
    UsageError
        If the endpoint is not one that ZeroMQ can connect to.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._number = 0
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.SNDHWM, COMMANDS_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FEED_MESSAGE_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        # A command that nobody took must not be carried out by who comes an hour later.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.setsockopt(zmq.RECONNECT_IVL, AGAIN_MS)
        set_keepalive(self._socket)
        self._refusals = Refusals(self._socket, endpoint, STEER)
        self._refusals.watch()
        try:
            connect(self._socket, endpoint)
        except BaseException:
            self._refusals.close()
            raise

    def call(self, command: Command, timeout_s: float = 2.0) -> Answer:
        """Send a command and return its answer, which may be that it was not done.

        Raises
        ------
        StreamsonError
            If no answer comes in time, or this machine is not let in.
        """
        self._number += 1
        sent = msgspec.structs.replace(command, id=self._number)
        deadline = time.monotonic() + timeout_s
        while not self._send(msgspec.msgpack.encode(sent)):
            self._refusals.look()
            if time.monotonic() > deadline:
                nobody = f"nobody takes commands on {self.endpoint}"
                raise StreamsonError(self._refusals.reason or nobody)
        self._refusals.settle()
        while (remaining := deadline - time.monotonic()) > 0:
            if not self._socket.poll(int(remaining * 1000) + 1):
                continue
            try:
                answer = msgspec.msgpack.decode(self._socket.recv(), type=Answer)
            except _REFUSALS:
                raise MessageError(f"{self.endpoint}: what answers there is no listener") from None
            if answer.id == self._number:  # others were waited for too long
                return answer
        raise StreamsonError(f"no answer from {self.endpoint} in {timeout_s:.0f} s")

    def refusal(self, timeout_s: float = 2.0) -> str:
        """Return why the listener does not let this machine steer, for a person.

        Empty where it does, or nobody is there in time to say so.
        """
        deadline = time.monotonic() + timeout_s
        while not self._socket.poll(LOOK_MS, zmq.POLLOUT):
            self._refusals.look()
            if self._refusals.reason or time.monotonic() > deadline:
                return self._refusals.reason
        return ""

    def _send(self, command: bytes) -> bool:
        """Send a command if somebody is there or comes in a moment; return whether it went."""
        if not self._socket.poll(LOOK_MS, zmq.POLLOUT):
            return False
        try:
            self._socket.send(command, zmq.DONTWAIT)
        except zmq.Again:  # who was there has just gone
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        self._refusals.close()
        self._socket.close()


class _Named(msgspec.Struct):
    command: str


def decode_command(payload: bytes) -> Any:
    """Return the command in a payload.

    Raises
    ------
    MessageError
        It is none; the message says what is allowed.
    """
    try:
        return _decode(payload, AnyCommand)
    except _REFUSALS as error:
        raise MessageError(f"no command: {_reason(payload, error)}") from None


def _decode(payload: bytes, kind: Any) -> Any:
    decode = msgspec.json.decode if payload[:1] == b"{" else msgspec.msgpack.decode
    return decode(payload, type=kind)


def _reason(payload: bytes, error: Exception) -> str:
    """Return why something is no command."""
    found = None
    with suppress(*_REFUSALS):
        found = _decode(payload, _Named).command
    if found is None:
        return (
            f'{printable(str(error))}; the form is {{"command": NAME}} in MessagePack or JSON, '
            f"with a NAME of {', '.join(COMMANDS)}"
        )
    if found not in COMMANDS:
        hint = nearest(found[:MAX_NAME_CHARS], COMMANDS)
        return f'"{printable(found[:MAX_NAME_CHARS])}"; allowed: {", ".join(COMMANDS)}{hint}'
    return f"{found}: {printable(str(error))}"
