"""What is written beside the sound of a recording."""

from pathlib import Path
from typing import Protocol


class Sidecar(Protocol):
    """Anything that is written beside the sound, in the recorder's thread.

    What can't be written raises `OutputFileError`.
    """

    @property
    def size(self) -> int:
        """Bytes of the files that belong to the sound file that is written."""

    @property
    def common_size(self) -> int:
        """Bytes of the files that belong to the whole recording."""

    @property
    def is_there(self) -> bool:
        """Whether its files were neither deleted nor moved."""

    def begin(self, audio: Path, first_frame: int) -> list[Path]:
        """Begin the files that belong to a new sound file, and return them.

        Where that fails, those before stay in use.
        """

    def write(self, max_bytes: int | None = None) -> None:
        """Write what waits, in so many bytes; what doesn't fit is left out and counted."""

    def sync(self) -> None:
        """Let what was written survive a loss of power."""

    def trim(self, audio: Path) -> int:
        """Delete what matters least of what belongs to a finished sound file.

        Returns
        -------
        int
            Bytes that are left.
        """

    def forget(self, audio: Path) -> None:
        """Take in that a sound file was deleted, and all that belongs to it."""

    def close(self, frames: int) -> None:
        """Finish; the sound ended at a frame."""


class NoSidecar:
    """Nothing is written beside the sound."""

    size: int = 0
    common_size: int = 0
    is_there: bool = True

    def begin(self, audio: Path, first_frame: int) -> list[Path]:  # noqa: ARG002  # as Sidecar
        """Do nothing."""
        return []

    def write(self, max_bytes: int | None = None) -> None:
        """Do nothing."""

    def sync(self) -> None:
        """Do nothing."""

    def trim(self, audio: Path) -> int:  # noqa: ARG002  # as Sidecar
        """Do nothing."""
        return 0

    def forget(self, audio: Path) -> None:
        """Do nothing."""

    def close(self, frames: int) -> None:
        """Do nothing."""
