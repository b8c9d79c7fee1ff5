"""Says aloud what happens at a listener, in a thread: what reads the feed never waits for it."""

import logging
import threading
import time
from typing import Any, Final, Self

from streamson._printable import counted
from streamson.live.mirror import SILENCE_S
from streamson.live.speech.espeak import Espeak, SpeechError
from streamson.live.speech.waiting import WaitingAnnouncements
from streamson.live.speech.words import (
    LISTENER_BACK,
    LISTENER_GONE,
    SPEECH_ON,
    Announcement,
    announcement,
    going_on,
)
from streamson.model.feed import EVENT, HELLO, STATE

PATIENCE_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""After one, two … failures in a row the next line is said so much later."""

END_S: Final = 1.0
"""How long the thread may take to end, once nothing speaks."""

_log = logging.getLogger(__name__)


class Speaker:
    """Says who comes forward, which alerts are told, what falls silent and is back.

    Parameters
    ----------
    voice
        A voice or language of espeak-ng.

    Attributes
    ----------
    said, failed
        Lines that were said, and that could not be.

    Raises
    ------
    MissingDependencyError
        espeak-ng is not installed.
    UsageError
        It has no such voice.
    """

    def __init__(self, voice: str = "en") -> None:
        self.said = self.failed = 0
        self._espeak = Espeak(voice)
        self._waiting = WaitingAnnouncements()
        self._is_greeted = False
        self._is_there = True
        self._heard_at = time.monotonic()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._add(SPEECH_ON)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._espeak.stop()
        with self._changed:
            self._changed.notify()
        self._thread.join(END_S)

    def update(self, topic: str, message: Any) -> None:
        """Take in a message of the feed."""
        self._heard_at = time.monotonic()
        if topic == EVENT:
            self._add(announcement(message.event))
        elif topic == STATE and not self._is_greeted:
            self._is_greeted = True
            self._add(going_on(sum(not alert.acknowledged for alert in message.alerts)))
        elif topic == HELLO and not self._is_there:
            self._is_there = True
            self._add(LISTENER_BACK)

    def look(self) -> None:
        """Say so when the listener has gone; to be called now and then."""
        if self._is_there and time.monotonic() - self._heard_at > SILENCE_S:
            self._is_there = self._is_greeted = False
            self._add(LISTENER_GONE)

    def summary(self) -> str:
        """Return in words what was said."""
        parts = [f"Speech: {counted(self.said, 'line')}"]
        if self._waiting.left_out:
            parts.append(f"{self._waiting.left_out} left out")
        if self.failed:
            parts.append(f"{self.failed} that could not be said")
        return ", ".join(parts)

    def _add(self, said: Announcement | None) -> None:
        if said is not None:
            with self._changed:
                self._waiting.add(said, time.monotonic())
                self._changed.notify()

    def _run(self) -> None:
        failures = 0
        while text := self._next():
            try:
                self._espeak.say(text)
            except SpeechError as error:
                self.failed += 1
                if not failures:
                    _log.warning("nothing is said: %s; trying again", error)
                self._stopping.wait(PATIENCE_S[min(failures, len(PATIENCE_S) - 1)])
                failures += 1
                continue
            if self._stopping.is_set():
                return
            self.said += 1
            if failures:
                _log.warning("lines are said again")
            failures = 0

    def _next(self) -> str:
        """Wait for what is to be said; empty for the end."""
        with self._changed:
            while not self._stopping.is_set():
                if text := self._waiting.next(time.monotonic()):
                    return text
                self._changed.wait()
        return ""
