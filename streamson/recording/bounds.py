"""What is allowed in the files of a recording, which anybody may have changed or damaged."""

import os
import stat
from math import inf, isfinite
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, TypeAlias

import msgspec
from msgspec import Meta

from streamson.errors import InputFileError
from streamson.model.note import Note

MIN_SAMPLE_RATE: Final = 8_000
MAX_SAMPLE_RATE: Final = 192_000
"""As the synthesiser has them, which would take long to load."""

MAX_RECORDING_S: Final = 366 * 86_400
"""A listener plays no longer."""

MAX_FRAME: Final = MAX_RECORDING_S * MAX_SAMPLE_RATE
MAX_MANIFEST_BYTES: Final = 1 << 26
"""A year in files of a minute takes 80 MB less."""

MAX_LINE_BYTES: Final = 1 << 26
"""A batch with all fields that the wire allows takes less."""

MAX_NOTE_S: Final = 86_400.0
MAX_NAME_CHARS: Final = 1_000
MAX_ERROR_CHARS: Final = 200

FrameNumber: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_FRAME)]
BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises where a file is damaged."""


def explained(error: Exception) -> str:
    """Return what a decoder found, for a person."""
    if isinstance(error, RecursionError):
        return "found lists or maps nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "found a byte that isn't UTF-8"
    return str(error)[:MAX_ERROR_CHARS]


def open_file(path: Path, what: str = "") -> BinaryIO:
    """Open a file to read; what is none, such as a pipe that never ends, is refused.

    Parameters
    ----------
    path
        The file.
    what
        What is in it, for messages; with a blank at its end.

    Raises
    ------
    InputFileError
        It can't be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        file = os.fdopen(descriptor, "rb")
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return file
        file.close()
    except OSError as error:
        raise InputFileError(f"can't read {what}{path}: {error.strerror}") from None
    raise InputFileError(f"can't read {what}{path}: it is no file")


def is_file_name(name: str) -> bool:
    """Return whether a name is that of a file in the same folder, and not a path."""
    return (
        name not in ("", ".", "..")
        and name.isprintable()  # no NUL, and nothing that can't be encoded
        and not set(name) & {"/", "\\"}
    )


def note_problem(note: Note) -> str | None:
    """Return what can't be played of a note; None if it can."""
    numbers: dict[str, tuple[float, float, float]] = {
        "onset_frame": (note.onset_frame, 0, MAX_FRAME),
        "duration_frames": (note.duration_frames, 1, MAX_NOTE_S * MAX_SAMPLE_RATE),
        "duration_s": (note.duration_s, 0, MAX_NOTE_S),
        "midi_note": (note.midi_note, 0, 127),
        "level_dbfs": (note.level_db, -inf, 0),
        "pan": (note.pan, -1, 1),
        "brightness": (note.brightness, -1, 1),
        "held_key": (note.held_key, 0, 2**62),
        "glide_frames": (note.glide_frames, 0, MAX_FRAME),
    }
    for name, (value, low, high) in numbers.items():
        if not low <= value <= high:
            return f"found {name} {_short(value)}; {low:g} to {high:g} is allowed"
    if len(note.stream) > MAX_NAME_CHARS or len(note.instrument) > MAX_NAME_CHARS:
        return f"found a name of more than {MAX_NAME_CHARS} characters"
    return None


def _short(value: Any) -> str:
    return f"{value:g}" if isfinite(value) and abs(value) < 1e15 else str(value)[:20]
