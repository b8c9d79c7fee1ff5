"""Commands to the listener, sent by a thread of their own: the screen never waits for an answer."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from streamson.errors import StreamsonError
from streamson.model.command import Answer, Command, SetVolume
from streamson.wire.control.client import CommandClient

PATIENCE_S: Final = 2.0
"""How long an answer is waited for."""

MAX_WAITING: Final = 32
"""Commands that wait for those before: more keys than that are not meant."""


class Steering:
    """Sends commands in order.

    Parameters
    ----------
    endpoint
        Where they go.
    wake
        Called, by the thread, when there is an answer.
    """

    def __init__(self, endpoint: str, wake: Callable[[], object]) -> None:
        self._endpoint = endpoint
        self._wake = wake
        self._waiting: deque[Command] = deque()
        self._answers: deque[Answer] = deque()
        self._changed = threading.Condition()
        self._closed = self._in_flight = False
        self._thread = threading.Thread(target=self._run, name="steering", daemon=True)
        self._thread.start()

    def send(self, command: Command) -> None:
        """Let a command be sent; of two volumes that wait the last one alone."""
        with self._changed:
            last = self._waiting[-1] if self._waiting else None
            if isinstance(command, SetVolume) and isinstance(last, SetVolume):
                self._waiting[-1] = command
            elif len(self._waiting) < MAX_WAITING:
                self._waiting.append(command)
            else:
                self._answers.append(Answer(ok=False, text="too many commands at once"))
            self._changed.notify()

    @property
    def is_busy(self) -> bool:
        """Whether there are commands without an answer."""
        with self._changed:
            return self._in_flight or bool(self._waiting)

    def answers(self) -> list[Answer]:
        """Return the answers that have come since the last call."""
        with self._changed:
            found = list(self._answers)
            self._answers.clear()
        return found

    def close(self) -> None:
        """Send nothing more; what is not answered yet is not waited for."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()

    def _run(self) -> None:
        with CommandClient(self._endpoint) as client:
            while (command := self._next()) is not None:
                try:
                    answer = client.call(command, PATIENCE_S)
                except StreamsonError as error:
                    answer = Answer(ok=False, text=str(error))
                with self._changed:
                    self._answers.append(answer)
                    self._in_flight = False
                self._wake()

    def _next(self) -> Command | None:
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            self._in_flight = True
            return self._waiting.popleft()
