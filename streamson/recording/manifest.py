"""The manifest of a session recording: what is in its folder, and how it came about."""

import re
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from streamson._version import __version__
from streamson.errors import InputFileError, OutputFileError
from streamson.formats.atomic import write_atomically
from streamson.formats.untrusted import BROKEN, explained, is_file_name, open_file
from streamson.model.limits import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from streamson.recording.rows import FrameNumber

FORMAT: Final = "streamson recording 1"
MANIFEST: Final = "recording.json"
MAX_MANIFEST_BYTES: Final = 1 << 26
"""A year in files of a minute takes 80 MB less."""

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

    first_frame: FrameNumber
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
    frames: FrameNumber | None = None
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
        write_atomically(path, content)
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
    if not is_recording(folder):
        raise InputFileError(f"{folder}: not a session recording: there is no {MANIFEST} in it")
    try:
        with open_file(path) as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
        manifest = msgspec.json.decode(content, type=Manifest)
    except OSError as error:
        raise InputFileError(f"can't read {path}: {error.strerror}") from None
    except BROKEN as error:
        raise InputFileError(f"{path}: {_placed(error, content)}{explained(error)}") from None
    if len(content) > MAX_MANIFEST_BYTES:
        raise InputFileError(f"{path}: found more than {MAX_MANIFEST_BYTES} bytes")
    problem = _problem(manifest)
    if problem is not None:
        raise InputFileError(f"{path}: {problem}")
    return manifest


def _placed(error: Exception, content: bytes) -> str:
    """Return the line in which an error was found, where that is known."""
    at = re.search(r"\(byte (\d+)\)", str(error))
    if isinstance(error, UnicodeDecodeError) or at is None:
        return ""
    line = content.count(b"\n", 0, int(at[1])) + 1
    return f"line {line}: "


def _problem(manifest: Manifest) -> str | None:
    """Return what can't be in a manifest; None if all is well."""
    if manifest.format != FORMAT:
        return f"found format {manifest.format[:40]!r}; allowed: {FORMAT!r}"
    files = [name for s in manifest.segments for name in (s.audio, s.points, s.notes)]
    for name in (*files, *manifest.sessions):
        if not is_file_name(name):
            return f"found {name[:80]!r}; a file in the same folder is allowed"
    if len(set(files)) < len(files):
        return "found a file in two segments"
    if not MIN_SAMPLE_RATE <= manifest.sample_rate <= MAX_SAMPLE_RATE:
        return f"found sample rate {manifest.sample_rate}"
    firsts = [segment.first_frame for segment in manifest.segments]
    ends = firsts if manifest.frames is None else [*firsts, manifest.frames]
    if ends != sorted(ends):
        return "found segments, or an end, that are not in the order of time"
    return None


def is_recording(path: Path) -> bool:
    """Return whether a path is a folder that holds a session recording."""
    try:
        return (path / MANIFEST).is_file()
    except OSError:  # such as a name that is too long
        return False
