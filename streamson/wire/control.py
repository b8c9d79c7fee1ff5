"""Commands: taken by a listener, each with an answer; and their sender.

A command is one frame of MessagePack or JSON, told apart by its first byte as on the wire, sent by
a REQ or a DEALER socket; the answer comes in the same encoding.
"""

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import zmq

from streamson.errors import MessageError, StreamsonError, nearest
from streamson.model.command import Answer, AnyCommand, Command
from streamson.wire.guard import ConnectionGuard
from streamson.wire.handover import Handed
from streamson.wire.limits import (
    HANDSHAKE_MS,
    MAX_COMMAND_BYTES,
    MAX_COMMANDS_A_SECOND,
    MAX_FEED_MESSAGE_BYTES,
    MAX_FEED_READERS,
    RECEIVE_HIGH_WATER_MARK,
)
from streamson.wire.local import check_local
from streamson.wire.sockets import bind, connect, descriptor_of, set_keepalive

COMMANDS: Final = tuple(kind.__struct_config__.tag for kind in AnyCommand.__args__)
"""Names of all commands."""

_MAX_PARTS: Final = 4
"""Of a message: who sends, an empty one of REQ sockets, the command."""

_SEND_HIGH_WATER_MARK: Final = 16


class CommandServer:
    """A bound socket that takes commands; one thread may use it.

    Parameters
    ----------
    endpoint
        Where to bind, reachable from this machine alone.

    Attributes
    ----------
    endpoint
        Where it is bound.
    taken, refused
        Commands that were carried out; what was none, too much, or not possible.

    Raises
    ------
    UsageError
        If other machines could reach the endpoint, or there is none of this form.
    StreamsonError
        If the port is in use.
    """

    def __init__(self, endpoint: str) -> None:
        check_local(endpoint, "--feed")
        self.taken = 0
        self.refused = 0
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.SNDHWM, _SEND_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_COMMAND_BYTES)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_keepalive(self._socket)
        self._handed = Handed()
        self._recent: deque[float] = deque(maxlen=MAX_COMMANDS_A_SECOND)
        self._guard = ConnectionGuard(
            *(self._socket, self._handed),
            max_connections=MAX_FEED_READERS,
            max_message_bytes=_MAX_PARTS * MAX_COMMAND_BYTES,
        )
        try:
            self.endpoint = bind(self._socket, endpoint)
        except BaseException:
            self._guard.close()
            raise

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._guard.cut

    def serve(self, carry_out: Callable[[Command], Answer], timeout_s: float) -> None:
        """Answer what has come, or comes first in a time.

        Parameters
        ----------
        carry_out
            Does what a command says; a `StreamsonError` of it becomes the answer.
        timeout_s
            How long to wait at most.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            self._handed.emptied += 1
            return
        parts = self._receive()
        if parts is None or len(parts) > _MAX_PARTS - 1 or len(parts) < 2:
            self.refused += 1
            return
        *envelope, payload = parts
        as_json = payload[:1] == b"{"
        answer = self._answer(payload, carry_out)
        self.taken += answer.ok
        self.refused += not answer.ok
        encoded = msgspec.json.encode(answer) if as_json else msgspec.msgpack.encode(answer)
        try:
            self._socket.send_multipart([*envelope, encoded], zmq.DONTWAIT)
        except zmq.ZMQError:  # it has gone, or reads none of its answers
            return

    def close(self) -> None:
        """Close the socket."""
        if not self._socket.closed:
            self._guard.close()
            self._socket.close()

    def _receive(self) -> list[bytes] | None:
        """Return the parts of a message; None for one of too many, all of which are read."""
        parts: list[bytes] = []
        size = count = 0
        more = True
        while more:
            frame = self._socket.recv(zmq.DONTWAIT, copy=False)
            more, count, size = frame.more, count + 1, size + len(frame)
            if count <= _MAX_PARTS:
                parts.append(frame.bytes)
        # The first part is who sends, which did not come over the network.
        self._handed.take(descriptor_of(frame), size - len(parts[0]) + 2 * (count - 2), ends=True)
        return parts if count <= _MAX_PARTS else None

    def _answer(self, payload: bytes, carry_out: Callable[[Command], Answer]) -> Answer:
        command_id = None
        try:
            command = decode_command(payload)
            command_id = command.id
            self._check_rate()
            answer = carry_out(command)
        except StreamsonError as error:
            return Answer(ok=False, id=command_id, text=str(error))
        return msgspec.structs.replace(answer, id=command_id)

    def _check_rate(self) -> None:
        now = time.monotonic()
        if len(self._recent) == MAX_COMMANDS_A_SECOND and now - self._recent[0] < 1:
            raise MessageError(
                f"more than {MAX_COMMANDS_A_SECOND} commands a second; this one was not carried out"
            )
        self._recent.append(now)


class CommandClient:
    """Sends commands to a listener; one thread may use it.

    Parameters
    ----------
    endpoint
        Where they are taken: `wire.local.control_endpoint` of its feed.

    Raises
    ------
    UsageError
        If the endpoint is not one that ZeroMQ can connect to.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._number = 0
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.SNDHWM, _SEND_HIGH_WATER_MARK)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_FEED_MESSAGE_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        set_keepalive(self._socket)
        connect(self._socket, endpoint)

    def call(self, command: Command, timeout_s: float = 2.0) -> Answer:
        """Send a command and return its answer, which may be that it was not done.

        Raises
        ------
        StreamsonError
            If no answer comes in time.
        """
        self._number += 1
        sent = msgspec.structs.replace(command, id=self._number)
        deadline = time.monotonic() + timeout_s
        try:
            self._socket.send(msgspec.msgpack.encode(sent), zmq.DONTWAIT)
        except zmq.Again:
            raise StreamsonError(f"nobody takes commands on {self.endpoint}") from None
        while (remaining := deadline - time.monotonic()) > 0:
            if not self._socket.poll(int(remaining * 1000) + 1):
                continue
            try:
                answer = msgspec.msgpack.decode(self._socket.recv(), type=Answer)
            except (msgspec.MsgspecError, RecursionError):
                raise MessageError(f"{self.endpoint}: what answers there is no listener") from None
            if answer.id == self._number:  # others were waited for too long
                return answer
        raise StreamsonError(f"no answer from {self.endpoint} in {timeout_s:.0f} s")

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def decode_command(payload: bytes) -> Any:
    """Return the command in a payload.

    Raises
    ------
    MessageError
        It is none; the message says what is allowed.
    """
    decode = msgspec.json.decode if payload[:1] == b"{" else msgspec.msgpack.decode
    try:
        return decode(payload, type=AnyCommand)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise MessageError(f"no command: {_reason(payload, error)}") from None


def _reason(payload: bytes, error: Exception) -> str:
    """Return why something is no command."""
    decode = msgspec.json.decode if payload[:1] == b"{" else msgspec.msgpack.decode
    try:
        found = decode(payload, type=dict[str, Any]).get("command")
    except (msgspec.MsgspecError, RecursionError, ValueError):
        found = None
    if not isinstance(found, str):
        return f'{error}; the form is {{"command": NAME}}, with a NAME of {", ".join(COMMANDS)}'
    if found not in COMMANDS:
        hint = nearest(found, COMMANDS)
        return f'found "{found[:40]}"; allowed: {", ".join(COMMANDS)}{hint}'
    return f"{found}: {error}"
