"""Commands are taken, one after the other, and each is answered."""

import time
from collections.abc import Callable
from typing import Final

import msgspec
import zmq

from streamson.errors import MessageError, StreamsonError
from streamson.model.command import Answer, Command
from streamson.wire.control import decode_command
from streamson.wire.limits import (
    MAX_ALL_COMMANDS_A_SECOND,
    MAX_COMMAND_BYTES,
    MAX_COMMANDS_A_SECOND,
)
from streamson.wire.local_socket import NOBODY, LocalSocket
from streamson.wire.outgoing import encoded

ANSWERS_HIGH_WATER_MARK: Final = 4
"""Answers that wait for one who steers, each of which may have a megabyte."""

TRIES: Final = 10
TRY_S: Final = 0.001
"""So often it is tried to send one more. Who sent many commands at once has read some by then."""

CUT_OFF_TIMES: Final = 4
"""Who sends so many times more than is allowed gets no answer any more, and is cut off."""

_MAX_PARTS: Final = 3
"""Of a message: who sends, an empty one of REQ sockets, the command."""

_ALL: Final = 0


class _Counter:
    """How often something came of somebody in this second; of who came never there is nothing."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: dict[int, int] = {}

    def count(self, who: int) -> int:
        """Count once more, and return how often."""
        if (second := int(time.monotonic())) != self._second:
            self._second = second
            self._counts.clear()
        self._counts[who] = self.of(who) + 1
        return self._counts[who]

    def of(self, who: int) -> int:
        """Return how often."""
        return self._counts.get(who, 0)


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
        self.taken = 0
        self.refused = 0
        self._socket = LocalSocket(
            *(zmq.ROUTER, endpoint),
            option="--feed, whose next one takes commands",
            max_frame_bytes=MAX_COMMAND_BYTES,
            max_message_bytes=_MAX_PARTS * MAX_COMMAND_BYTES,
            high_water_mark=ANSWERS_HIGH_WATER_MARK,
            options={zmq.ROUTER_MANDATORY: 1},  # tells who reads none of his answers
        )
        self.endpoint = self._socket.endpoint
        self._came = _Counter()
        self._carried_out = _Counter()

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._socket.cut

    def serve(self, carry_out: Callable[[Command], Answer], timeout_s: float) -> None:
        """Answer what comes first in a time.

        Parameters
        ----------
        carry_out
            Does what a command says; a `StreamsonError` of it becomes the answer.
        timeout_s
            How long to wait at most.
        """
        if not self._socket.wait(timeout_s):
            return
        if (first := self._socket.receive()) is None:
            return
        parts, descriptor = self._parts(first[0])
        if len(parts) > _MAX_PARTS or not self._may_send(descriptor):
            self.refused += 1
            return
        *envelope, payload = parts
        answer = self._answer(payload, descriptor, carry_out)
        self.taken += answer.ok
        self.refused += not answer.ok
        encode = msgspec.json.encode if payload[:1] == b"{" else msgspec.msgpack.encode
        self._send(descriptor, *envelope, encoded(answer, encode))

    def close(self) -> None:
        """Close the socket; the last answer has a moment to arrive. Can be called again."""
        self._socket.close()

    def _send(self, descriptor: int, *parts: bytes) -> None:
        """Send an answer; to one who reads none, wait a moment for that, and cut it off."""
        for _ in range(TRIES):
            try:
                return self._socket.send(*parts)
            except zmq.Again:
                time.sleep(TRY_S)
            except zmq.ZMQError:  # it has gone
                return None
        return self._socket.cut_off(descriptor, "it reads none of its answers")

    def _parts(self, first: zmq.Frame) -> tuple[list[bytes], int]:
        """Return the parts of a message, of too many one too many, and who sent it."""
        parts, more = [first.bytes], first.more
        size, count, descriptor = 0, 1, NOBODY
        while more and (received := self._socket.receive()) is not None:
            frame, descriptor = received
            more, count, size = frame.more, count + 1, size + len(frame)
            if count <= _MAX_PARTS + 1:
                parts.append(frame.bytes)
        # The first is who sends, and did not travel.
        self._socket.take(descriptor, size + 2 * max(count - 2, 0), ends=True)
        if count > _MAX_PARTS:
            self._socket.cut_off(descriptor, "a message of many parts; one is allowed")
        return parts, descriptor

    def _may_send(self, descriptor: int) -> bool:
        """Return whether what comes of a connection is looked at."""
        # A web page that anybody opens may let its browser send what ZeroMQ takes for its protocol
        # of before 2013, whose peers it does not name.
        if descriptor == NOBODY:
            return False
        if self._came.count(descriptor) <= CUT_OFF_TIMES * MAX_COMMANDS_A_SECOND:
            return True
        self._socket.cut_off(descriptor, "too many commands")
        return False

    def _answer(
        self, payload: bytes, descriptor: int, carry_out: Callable[[Command], Answer]
    ) -> Answer:
        command_id = None
        try:
            command = decode_command(payload)
            command_id = command.id
            self._check_rate(descriptor)
            answer = carry_out(command)
        except StreamsonError as error:
            return Answer(ok=False, id=command_id, text=str(error))
        return msgspec.structs.replace(answer, id=command_id)

    def _check_rate(self, descriptor: int) -> None:
        """Raise `MessageError` where a connection, or all together, want too much."""
        if self._came.of(descriptor) > MAX_COMMANDS_A_SECOND:
            raise MessageError(
                f"more than {MAX_COMMANDS_A_SECOND} commands a second; this one was not carried out"
            )
        if self._carried_out.count(_ALL) > MAX_ALL_COMMANDS_A_SECOND:
            raise MessageError("others send too many commands; this one was not carried out")
