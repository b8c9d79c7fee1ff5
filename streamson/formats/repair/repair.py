"""Repair of sound files whose program ended before it could finish them.

A file is looked at first. Where its header is proven wrong a copy beside it is mended, looked at
again, and takes its place only then: whatever goes wrong, the file is as it was.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import soundfile

from streamson.errors import InputFileError, OutputFileError
from streamson.formats.atomic import name_beside
from streamson.formats.file_lock import lock
from streamson.formats.repair.flac import mend_flac
from streamson.formats.repair.mending import Mending
from streamson.formats.repair.sparse_copy import copy_file
from streamson.formats.repair.wav import mend_wav

NOTHING: Final = "nothing to mend"


def repair(path: Path) -> str:
    """Mend a sound file in its place, and return what was done.

    WAV files get the sizes in their header right, up to the last whole frame; FLAC files the number
    of their frames. Ogg and MP3 files need none of this: they can be read up to where they end. A
    file whose header is not proven wrong stays as it is.

    Raises
    ------
    InputFileError
        If it is no sound file, or can't be mended.
    OutputFileError
        If it can't be written, or there is no room for the copy.
    """
    try:
        real = path.resolve(strict=True)  # of a link, what it leads to is mended
        with _opened(path, real) as file:
            mending = _look(path, file)
            if mending is None:
                return f"{NOTHING}; {_length(path, real)}"
            length = _mend(path, real, file, mending)
    except OSError as error:
        raise InputFileError(f"can't read {path}: {error.strerror}") from None
    return f"{mending.done}; {length}"


@contextmanager
def _opened(path: Path, real: Path) -> Iterator[BinaryIO]:
    if not real.is_file():
        raise InputFileError(f"can't read {path}: it is no file")
    with real.open("rb") as file:
        yield file


def _look(path: Path, file: BinaryIO) -> Mending | None:
    """Return what is to be mended; None if nothing is."""
    head = file.read(12)
    if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
        return mend_wav(path, file)
    if head[:4] == b"fLaC":
        return mend_flac(path, file)
    return None


def _mend(path: Path, real: Path, file: BinaryIO, mending: Mending) -> str:
    """Put a mended copy in a file's place; return its length, for a person."""
    if not os.access(real, os.W_OK):
        raise OutputFileError(f"can't write {path}: Permission denied")
    holder = lock(file.fileno())
    if holder is not None:
        raise OutputFileError(f"can't mend {path}: {holder} is recording to it")
    copy = name_beside(real)
    try:
        with copy.open("xb+") as target:
            copy_file(file.fileno(), target.fileno(), path)
            mending.apply(target)
            target.flush()
            _keep_owner(file, target)
            os.fsync(target.fileno())
        length = _length(path, copy)  # refuses what can't be read
        copy.replace(real)
    except OSError as error:
        raise OutputFileError(
            f"can't write the copy that {path} is mended in: {error.strerror}"
        ) from None
    finally:
        copy.unlink(missing_ok=True)
    _sync_folder(real.parent)
    return length


def _keep_owner(file: BinaryIO, target: BinaryIO) -> None:
    before = os.fstat(file.fileno())
    if hasattr(os, "fchown") and os.geteuid() == 0:
        os.fchown(target.fileno(), before.st_uid, before.st_gid)
    os.chmod(target.fileno(), stat.S_IMODE(before.st_mode))


def _sync_folder(folder: Path) -> None:
    """Let the new name survive a loss of power."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # a folder that may be searched and not read; on Windows, any
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _length(path: Path, real: Path) -> str:
    try:
        info = soundfile.info(real)
    except (soundfile.SoundFileError, OSError):
        raise InputFileError(f"{path}: not a sound file that can be read") from None
    return f"{info.frames / info.samplerate:.1f} s of sound"
