"""Where a recording goes: one sound file, or a folder for all that was received and heard."""

import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from streamson.errors import OutputFileError, UsageError, nearest
from streamson.formats.audio_file import WRITERS
from streamson.formats.file_lock import FolderLock
from streamson.recording.manifest import is_recording
from streamson.recording.rotating_writer import keep_existing

FORMATS: Final = ("wav", "flac")
"""Sound files of a folder: those without loss."""


class Target(NamedTuple):
    """Where a recording goes.

    Attributes
    ----------
    path
        The sound file, or the folder.
    is_folder
        Which of the two.
    audio
        The sound file.
    """

    path: Path
    is_folder: bool
    audio: Path

    def make_folder(self) -> None:
        """Make the folder; one that holds a recording is kept under another name.

        Raises
        ------
        OutputFileError
            It can't be made, or holds something else.
        """
        try:
            if is_recording(self.path):
                with FolderLock(self.path):  # refuses one that is being recorded to
                    keep_existing(self.path)
            elif self.path.is_dir() and any(self.path.iterdir()):
                raise OutputFileError(
                    f"can't record to {self.path}: there are other files in it; name a new folder"
                )
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputFileError(f"can't record to {self.path}: {error.strerror}") from None

    def give_up_folder(self) -> None:
        """Remove what was made in the folder, if no recording began there."""
        if not is_recording(self.path):
            shutil.rmtree(self.path, ignore_errors=True)


def record_target(where: str | Path, audio_format: str = FORMATS[0]) -> Target:
    """Return where to record to: a sound file by its ending, else a folder.

    Raises
    ------
    UsageError
        It has another ending, or there are no folders with such sound files.
    """
    if audio_format not in FORMATS:
        raise UsageError(f'format "{audio_format}"; allowed: {", ".join(FORMATS)}')
    path = Path(where)
    if path.name in ("", ".."):  # it has to have a name that may be changed
        path = path.resolve()
    ending = path.suffix.lower()
    as_folder = path.is_dir() or os.fspath(where).endswith(("/", os.sep))
    if ending in WRITERS and not as_folder:
        return Target(path, is_folder=False, audio=path)
    if ending and not as_folder:
        raise UsageError(
            f'can\'t record to "{where}": a sound file ends in {", ".join(WRITERS)}, '
            f"a folder in nothing or /{nearest(ending, WRITERS)}"
        )
    return Target(path, is_folder=True, audio=path / f"audio.{audio_format}")
