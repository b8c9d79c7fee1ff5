"""Commands are taken, one after the other, and each is answered."""

import sys
import time
from collections.abc import Callable
from typing import Final

import msgspec
import zmq

from streamson.errors import MessageError, StreamsonError
from streamson.keys.grant import STEER
from streamson.model.command import Answer, Command
from streamson.wire.control.answers import RETRY_S, Answers
from streamson.wire.control.client import decode_command
from streamson.wire.limits import (
    MAX_ALL_COMMANDS_A_SECOND,
    MAX_COMMAND_BYTES,
    MAX_COMMANDS_A_SECOND,
)
from streamson.wire.outgoing import encoded
from streamson.wire.sockets.endpoint import Security, keys_for
from streamson.wire.sockets.guarded_socket import NOBODY, GuardedSocket

ANSWERS_HIGH_WATER_MARK: Final = 4
"""Answers that wait for one who steers, each of which may have a megabyte."""

CUT_OFF_TIMES: Final = 4
"""Who sends so many times more than is allowed gets no answer any more; the guard cuts him off."""

FEW_COMMANDS: Final = 5
"""Who sends no more in a second is heard, however many others send."""

TURN_S: Final = 0.1
"""A turn ends after so long, however many messages come."""

_MAX_PARTS: Final = 3
"""A message has fewer: an empty one of REQ sockets, and the command."""

_ALL: Final = b""


class _Counter:
    """How often something came of somebody in this second; of who came never there is nothing."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: dict[bytes, int] = {}

    def count(self, who: bytes) -> int:
        """Count once more, and return how often."""
        if (second := int(time.monotonic())) != self._second:
            self._second = second
            self._counts.clear()
        self._counts[who] = self.of(who) + 1
        return self._counts[who]

    def silence(self, who: bytes) -> None:
        """Let it be more than anybody may, for this second."""
        self._counts[who] = sys.maxsize

    def of(self, who: bytes) -> int:
        """Return how often."""
        return self._counts.get(who, 0)


class CommandServer:
    """A bound socket that takes commands; one thread may use it.

    Parameters
    ----------
    endpoint
        Where to bind.
    security
        Who has to show a key that may steer, as of `wire.sockets.endpoint.keys_for`.

    Attributes
    ----------
    endpoint
        Where it is bound.
    taken, refused
        Commands that were carried out; what was none, too much, or not possible.

    Raises
    ------
    UsageError
        If there is no endpoint of this form, or this machine has no key and needs one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    def __init__(self, endpoint: str, *, security: Security = "auto") -> None:
        self.taken = 0
        self.refused = 0
        self._socket = GuardedSocket(
            *(zmq.ROUTER, endpoint),
            role=STEER,
            keys=keys_for(endpoint, security, "--feed"),
            option="--feed, whose next one takes commands",
            max_frame_bytes=MAX_COMMAND_BYTES,
            max_message_bytes=_MAX_PARTS * MAX_COMMAND_BYTES,
            high_water_mark=ANSWERS_HIGH_WATER_MARK,
            options={zmq.ROUTER_MANDATORY: 1},  # tells who reads none of his answers
        )
        self.endpoint = self._socket.endpoint
        self._answers = Answers(self._socket)
        self._came = _Counter()
        self._carried_out = _Counter()

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._socket.cut

    @property
    def refused_connections(self) -> int:
        """Connections that were not let in."""
        return self._socket.refused

    def serve(self, carry_out: Callable[[Command], Answer], timeout_s: float) -> None:
        """Answer what has come, or comes first in a time.

        Parameters
        ----------
        carry_out
            Does what a command says; a `StreamsonError` of it becomes the answer.
        timeout_s
            How long to wait at most.
        """
        came = self._socket.wait(min(timeout_s, RETRY_S) if self._answers.wait else timeout_s)
        self._answers.flush()
        if not came:
            return
        end = time.monotonic() + TURN_S
        while time.monotonic() < end:
            if (sender := self._socket.receive_quickly()) is None:
                return
            if self._came.count(sender) > CUT_OFF_TIMES * MAX_COMMANDS_A_SECOND:
                self._socket.skip_parts()
                self.refused += 1
            else:
                self._serve(sender, carry_out)

    def close(self) -> None:
        """Close the socket; the last answer has a moment to arrive. Can be called again."""
        self._socket.close()

    def _serve(self, sender: bytes, carry_out: Callable[[Command], Answer]) -> None:
        """Answer one message, whose first part was read: who sent it."""
        parts, descriptor = self._parts()
        # A web page that anybody opens may let its browser send what ZeroMQ takes for its protocol
        # of before 2013, whose peers it does not name.
        if len(parts) >= _MAX_PARTS or not parts or descriptor == NOBODY:
            self.refused += 1
            return
        *envelope, payload = parts
        answer = self._answer(payload, sender, carry_out)
        self.taken += answer.ok
        self.refused += not answer.ok
        encode = msgspec.json.encode if payload[:1] == b"{" else msgspec.msgpack.encode
        if not self._answers.send(descriptor, sender, *envelope, encoded(answer, encode)):
            self._came.silence(sender)

    def _parts(self) -> tuple[list[bytes], int]:
        """Return the other parts of a message, of too many one too many, and who sent them."""
        parts: list[bytes] = []
        size, count, descriptor, more = 0, 0, NOBODY, True
        while more and (received := self._socket.receive()) is not None:
            frame, descriptor = received
            more, count, size = frame.more, count + 1, size + len(frame)
            if count <= _MAX_PARTS:
                parts.append(frame.bytes)
        self._socket.take(descriptor, size + 2 * max(count - 1, 0), ends=True)
        if count >= _MAX_PARTS:
            self._socket.cut_off(descriptor, "a message of many parts; one is allowed")
        return parts, descriptor

    def _answer(
        self, payload: bytes, sender: bytes, carry_out: Callable[[Command], Answer]
    ) -> Answer:
        command_id = None
        try:
            command = decode_command(payload)
            command_id = command.id
            self._check_rate(sender)
            answer = carry_out(command)
        except StreamsonError as error:
            return Answer(ok=False, id=command_id, text=str(error))
        return msgspec.structs.replace(answer, id=command_id)

    def _check_rate(self, sender: bytes) -> None:
        """Raise `MessageError` where a connection, or all together, want too much."""
        if self._came.of(sender) > MAX_COMMANDS_A_SECOND:
            raise MessageError(
                f"more than {MAX_COMMANDS_A_SECOND} commands a second; this one was not carried out"
            )
        too_many = self._carried_out.count(_ALL) > MAX_ALL_COMMANDS_A_SECOND
        if too_many and self._came.of(sender) > FEW_COMMANDS:
            raise MessageError("others send too many commands; this one was not carried out")
