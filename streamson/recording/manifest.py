"""The manifest of a session recording: what is in its folder, and how it came about."""

import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from streamson._version import __version__
from streamson.errors import InputFileError, OutputFileError
from streamson.whole_file import write_whole

FORMAT: Final = "streamson recording 1"
MANIFEST: Final = "recording.json"
CHANGES: Final = "changes.jsonl"
"""A line for each change of the volume or the session, with its frame."""

LIBRARIES: Final = ("numpy", "numba", "llvmlite", "msgspec", "pyzmq")


class Segment(msgspec.Struct, frozen=True):
    """Files of one stretch of time.

    Attributes
    ----------
    first_frame
        Frame of the listener's clock at which the sound begins.
    audio, points, notes
        Names of the files.
    """

    first_frame: int
    audio: str
    points: str
    notes: str


class Manifest(msgspec.Struct):
    """What ``recording.json`` says.

    Attributes
    ----------
    format
        `FORMAT`.
    versions
        Of streamson, Python and the libraries that have a part in the sound.
    started
        Seconds since 1970.
    sample_rate
        Frames a second.
    sessions
        Names of the session files, in the order in which they were in force.
    segments
        In the order of time.
    frames
        Frame at which the sound ended; None as long as it is recorded, and if it ended in a crash.
    points_unrecorded, notes_unrecorded
        Points, and notes and changes, that came too fast to be written or for which there was no
        room in what may be kept.
    statistics
        `Statistics` of the listener, some seconds old or those of the end.
    """

    format: str = FORMAT
    versions: dict[str, str] = {}
    started: float = 0.0
    sample_rate: int = 0
    sessions: list[str] = []
    segments: list[Segment] = []
    frames: int | None = None
    points_unrecorded: int = 0
    notes_unrecorded: int = 0
    statistics: dict[str, Any] | None = None


def new_manifest(sample_rate: int) -> Manifest:
    """Return the manifest of a recording that begins now."""
    versions = {name: version(name) for name in LIBRARIES}
    python = ".".join(map(str, sys.version_info[:3]))
    return Manifest(
        versions={"streamson": __version__, "python": python, **versions},
        started=time.time(),
        sample_rate=sample_rate,
    )


def save_manifest(folder: Path, manifest: Manifest) -> int:
    """Write a folder's manifest: the file is always a whole one. Return its size.

    Raises
    ------
    OutputFileError
        It can't be written.
    """
    path = folder / MANIFEST
    content = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
    try:
        write_whole(path, content)
    except OSError as error:
        raise OutputFileError(f"can't write {path}: {error.strerror}") from None
    return len(content)


def load_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest.

    Raises
    ------
    InputFileError
        It can't be read, or the folder is no recording.
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise InputFileError(
            f"{folder}: not a session recording: there is no {MANIFEST} in it"
        ) from None
    except OSError as error:
        raise InputFileError(f"can't read {path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise InputFileError(f"{path}: {error}") from None
    if manifest.format != FORMAT:
        raise InputFileError(f'{path}: found format "{manifest.format}"; allowed: "{FORMAT}"')
    names = [name for s in manifest.segments for name in (s.audio, s.points, s.notes)]
    for name in (*names, *manifest.sessions):
        if Path(name).name != name:
            raise InputFileError(f"{path}: found {name!r}; a file in the same folder is allowed")
    if not 8_000 <= manifest.sample_rate <= 192_000:
        raise InputFileError(f"{path}: found sample rate {manifest.sample_rate}")
    return manifest


def is_recording(path: Path) -> bool:
    """Return whether a path is a folder that holds a session recording."""
    try:
        return (path / MANIFEST).is_file()
    except OSError:  # such as a name that is too long
        return False
