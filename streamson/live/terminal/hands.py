"""What each key does."""

from collections.abc import Callable
from typing import Final

from streamson.live.terminal.help import last_top
from streamson.live.terminal.steering import Steering
from streamson.live.terminal.view import MAX_FILTER_CHARS, View, visible_names
from streamson.live.terminal.watched import Watched
from streamson.model.command import (
    Acknowledge,
    Answer,
    Command,
    HearAll,
    Mute,
    MuteStream,
    SetVolume,
    SoloStream,
    StartRecording,
    StopRecording,
)
from streamson.model.feed import ListenerState
from streamson.model.limits import MAX_VOLUME_DB, MIN_VOLUME_DB

VOLUME_STEP_DB: Final = 1.0

UP: Final = "up"
DOWN: Final = "down"
PAGE_UP: Final = "page up"
PAGE_DOWN: Final = "page down"
HOME: Final = "home"
END: Final = "end"
ENTER: Final = "enter"
ESCAPE: Final = "escape"
BACKSPACE: Final = "backspace"
REDRAW: Final = "redraw"
"""Keys that are no characters; each longer than one, so that it can't be mistaken for one."""


class Hands:
    """Does what keys say.

    Parameters
    ----------
    watched
        The listener.
    view
        What is chosen.
    steering
        Sends commands.
    """

    def __init__(self, watched: Watched, view: View, steering: Steering) -> None:
        self._watched = watched
        self._view = view
        self._steering = steering
        self._volume_db: float | None = None
        self._commands: dict[str, Callable[[], Command | str]] = {
            "m": self._mute_stream,
            "s": self._solo_stream,
            "h": self._hear_alone,
            "u": HearAll,
            "M": lambda: Mute(muted=not self._state.muted),
            "+": lambda: self._change_volume(VOLUME_STEP_DB),
            "=": lambda: self._change_volume(VOLUME_STEP_DB),  # the same key without shift
            "-": lambda: self._change_volume(-VOLUME_STEP_DB),
            "a": self._acknowledge,
            "A": Acknowledge,
            "r": lambda: StopRecording() if self._state.recording else StartRecording(),
        }

    def press(self, key: str, *, width: int, height: int, page: int, now: float) -> bool:
        """Do what a key says; return whether it says that all is over.

        Parameters
        ----------
        key
            A character, or one of the names above.
        width, height
            Of the screen.
        page
            How many streams are seen at once.
        now
            The time, as `time.monotonic`.
        """
        view = self._view
        if view.typing:
            self._type(key, page)
        elif key in ("q", "Q"):
            return True
        elif view.help_top is not None:
            self._read_help(key, width, height)
        elif key == "?":
            view.help_top = 0
        elif key == "/":
            view.typing = True
            view.say("", now)
        elif key == ESCAPE:
            view.filter, view.name_width = "", 0
        elif not self._choose(key, page) and key in self._commands:
            self._command(key, now)
        return False

    def take(self, answer: Answer, now: float) -> None:
        """Show what came of a command."""
        self._watched.steer(answer.result)
        if not self._steering.is_busy:
            self._volume_db = None
        self._view.say(answer.text if answer.ok else f"not done: {answer.text}", now, ok=answer.ok)

    @property
    def _state(self) -> ListenerState:
        state = self._watched.mirror.state
        assert state is not None  # `_command` looks before
        return state

    def _command(self, key: str, now: float) -> None:
        if self._watched.mirror.state is None or not self._watched.mirror.is_there:
            self._view.say("nobody is there to do that", now, ok=False)
            return
        command = self._commands[key]()
        if isinstance(command, str):
            self._view.say(command, now, ok=False)
        else:
            self._steering.send(command)

    def _mute_stream(self) -> Command | str:
        name = self._selected()
        if name is None:
            return "no stream is there"
        return MuteStream(stream=name, muted=not self._watched.is_muted(name))

    def _solo_stream(self) -> Command | str:
        name = self._selected()
        if name is None:
            return "no stream is there"
        return SoloStream(stream=name, soloed=not self._watched.is_soloed(name))

    def _hear_alone(self) -> Command | str:
        name = self._selected()
        if name is None:
            return "no stream is there"
        if self._state.soloed_streams == (name,):
            return SoloStream(stream=name, soloed=False)
        return SoloStream(stream=name, alone=True)

    def _acknowledge(self) -> Command | str:
        name = self._selected()
        if name is None or all(alert.stream != name for alert in self._state.alerts):
            return "there is no alert of this stream; A is for all alerts"
        return Acknowledge(stream=name)

    def _change_volume(self, by_db: float) -> Command | str:
        """Return the next volume: from where it will be, once what waits is done."""
        if self._volume_db is None:
            self._volume_db = self._state.volume_db
        wanted_db = min(MAX_VOLUME_DB, max(MIN_VOLUME_DB, self._volume_db + by_db))
        if wanted_db == self._volume_db:
            end = "loudest" if by_db > 0 else "softest"
            return f"volume {wanted_db:g} dB is the {end} that there is"
        self._volume_db = wanted_db
        return SetVolume(volume_db=round(wanted_db, 3))

    def _selected(self) -> str | None:
        name = self._view.selected
        return name if name in self._watched.mirror.rows else None

    def _choose(self, key: str, page: int) -> bool:
        """Select another stream; return whether the key is one for that."""
        far = len(self._watched.mirror.rows)
        steps = {UP: -1, DOWN: 1, PAGE_UP: -page, PAGE_DOWN: page, HOME: -far, END: far}
        if key not in steps:
            return False
        self._view.move(visible_names(self._watched, self._view), steps[key])
        return True

    def _type(self, key: str, page: int) -> None:
        view = self._view
        if key == ENTER:
            view.typing = False
        elif key == ESCAPE:
            view.typing, view.filter, view.name_width = False, "", 0
        elif key == BACKSPACE:
            view.filter = view.filter[:-1]
        elif len(key) == 1 and key.isprintable():
            view.filter = (view.filter + key)[:MAX_FILTER_CHARS]
        else:
            self._choose(key, page)

    def _read_help(self, key: str, width: int, height: int) -> None:
        view = self._view
        last = last_top(width, height)
        steps = {UP: -1, DOWN: 1, PAGE_UP: 2 - height, PAGE_DOWN: height - 2, " ": height - 2}
        if key in steps:
            view.help_top = max(0, min(last, (view.help_top or 0) + steps[key]))
        elif key in (ESCAPE, "?", ENTER):
            view.help_top = None
