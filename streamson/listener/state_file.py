"""State files: what a listener remembers of its streams, so that the next one goes on."""

import logging
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from streamson.errors import InputFileError, StreamsonError
from streamson.formats.atomic import write_atomically
from streamson.formats.regular_file import read_regular
from streamson.score.score import Score

FORMAT: Final = "streamson state 2"
MAX_STATE_BYTES: Final = 1 << 30
SAVE_EVERY_S: Final = 60.0
SAVING_SHARE: Final = 0.005
"""Saving takes at most such a share of the time: where it takes long, it is done less often."""

MAX_SAVED_AT: Final = 1e12

_log = logging.getLogger(__name__)


class StateKeeper:
    """Brings a score to where its state file says, and keeps the file up to date.

    Parameters
    ----------
    path
        The file.
    score
        Has heard no point yet.

    Raises
    ------
    InputFileError
        The file can't be read, or isn't a state.
    """

    def __init__(self, path: Path, score: Score) -> None:
        self._path = path
        self._score = score
        self._due = time.monotonic() + SAVE_EVERY_S
        self._soonest = 0.0
        self._sounds = 0
        remembered = load_state(path)
        if remembered is None:
            return
        try:
            score.restore(remembered.score, max(time.time() - remembered.saved_at, 0.0))
        except ValueError:
            raise _no_state(path) from None

    def keep(self) -> None:
        """Save from time to time; to be called often, between points."""
        if self._score.alert_sounds != self._sounds:
            self._sounds = self._score.alert_sounds
            self._due = min(self._due, self._soonest)  # the next one knows what the budget leaves
        if time.monotonic() >= self._due:
            self.save()

    def save(self) -> None:
        """Save now; where that fails it is logged, and all else goes on."""
        start = time.monotonic()
        try:
            save_state(self._path, self._score.state())
        except StreamsonError as error:
            _log.warning("%s", error)
        end = time.monotonic()
        self._soonest = end + (end - start) / SAVING_SHARE
        self._due = max(end + SAVE_EVERY_S, self._soonest)


class SavedState(msgspec.Struct):
    """What is in a state file.

    Attributes
    ----------
    format
        Is `FORMAT`.
    score
        A score's state.
    saved_at
        When it was saved, seconds since 1970.
    """

    format: str
    score: Any
    saved_at: float = 0.0


def load_state(path: Path) -> SavedState | None:
    """Return what was saved; None where there is no file yet.

    Raises
    ------
    InputFileError
        The file can't be read, or isn't a state.
    """
    try:
        content = read_regular(path, MAX_STATE_BYTES)
        if len(content) > MAX_STATE_BYTES:
            raise InputFileError(f"{path}: more than {MAX_STATE_BYTES} bytes, the limit of a state")
        state = msgspec.msgpack.decode(content, type=SavedState)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputFileError(f"can't read the state {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise _no_state(path) from None
    if state.format != FORMAT or not 0 <= state.saved_at <= MAX_SAVED_AT:
        raise _no_state(path)
    return state


def save_state(path: Path, score: Any) -> None:
    """Save a score's state: the file is always a whole one, whenever the process dies.

    Raises
    ------
    StreamsonError
        The file can't be written.
    """
    try:
        write_atomically(path, msgspec.msgpack.encode(SavedState(FORMAT, score, time.time())))
    except OSError as error:
        raise StreamsonError(f"can't save the state {path}: {error.strerror}") from None


def _no_state(path: Path) -> InputFileError:
    return InputFileError(f"{path}: not a state that streamson saved; move it away to begin afresh")
