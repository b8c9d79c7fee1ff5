"""Answers on their way to those who asked: who reads slowly is waited for, and holds up nobody."""

import time
from collections import deque
from typing import Final

import zmq

from streamson.wire.sockets.guarded_socket import GuardedSocket

MAX_WAITING_BYTES: Final = 1 << 20
"""For one who asked, beside those that the socket has, but for a single answer."""

PATIENCE_S: Final = 1.0
"""Who has read nothing for so long, while answers wait for him, is cut off."""

RETRY_S: Final = 0.01
"""How often it is tried to send what waits."""


class _Waiting:
    """What waits for one who asked."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.answers: deque[tuple[bytes, ...]] = deque()
        self.size = 0
        self.since = time.monotonic()


class Answers:
    """Sends answers through a ROUTER socket that tells who can't be sent to.

    Parameters
    ----------
    socket
        Of the kind `zmq.ROUTER`, with `zmq.ROUTER_MANDATORY`.
    """

    def __init__(self, socket: GuardedSocket) -> None:
        self._socket = socket
        self._waiting: dict[bytes, _Waiting] = {}

    @property
    def wait(self) -> bool:
        """Whether any do: then `flush` is to be called after `RETRY_S`."""
        return bool(self._waiting)

    def send(self, descriptor: int, sender: bytes, *parts: bytes) -> bool:
        """Send an answer, or let it wait; return False where that is too much, and he was cut off.

        Parameters
        ----------
        descriptor, sender
            Of him who asked.
        parts
            Of the message.
        """
        waiting = self._waiting.get(sender)
        if waiting is None:
            if self._sent(sender, *parts):
                return True
            waiting = self._waiting[sender] = _Waiting(descriptor)
        waiting.answers.append(parts)
        waiting.size += sum(map(len, parts))
        if waiting.size > MAX_WAITING_BYTES and len(waiting.answers) > 1:
            self._give_up(sender)
            return False
        return True

    def flush(self) -> None:
        """Send what waits, as far as it goes."""
        now = time.monotonic()
        for sender, waiting in list(self._waiting.items()):
            answers = waiting.answers
            while answers and self._sent(sender, *answers[0]):
                waiting.size -= sum(map(len, answers.popleft()))
                waiting.since = now
            if not answers:
                del self._waiting[sender]
            elif now > waiting.since + PATIENCE_S:
                self._give_up(sender)

    def _give_up(self, sender: bytes) -> None:
        waiting = self._waiting.pop(sender)
        self._socket.cut_off(waiting.descriptor, "it reads none of its answers")

    def _sent(self, *parts: bytes) -> bool:
        """Send a message; return whether it is not to be tried again."""
        try:
            self._socket.send(*parts)
        except zmq.Again:
            return False
        except zmq.ZMQError:  # he has gone
            return True
        return True
