"""Results as CSV: a row is on the disk before anybody is told so."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from streamson.errors import OutputFileError, UsageError
from streamson.formats.file_lock import lock

TRIAL_COLUMNS: Final = (
    *("time", "participant", "number", "seed", "session", "phase", "trial", "question", "level"),
    *("choices", "truth", "answer", "right", "seconds", "replays", "played"),
)
RATING_COLUMNS: Final = ("time", "participant", "session", "item", "statement", "rating", "points")


class ResultsFile:
    """A table that grows row by row, and goes on where it was left.

    Parameters
    ----------
    path
        Where it is; what is there has the same columns.
    columns
        Their names.

    Raises
    ------
    UsageError
        It can't be written, is something else, or another process writes it.
    """

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path = path
        self._columns = columns
        if path.exists() and not path.is_file():
            raise UsageError(f"can't write {path}: it is no file. Name another with -o")
        try:
            self._file = path.open("r+b" if path.exists() else "x+b", buffering=0)
        except OSError as error:
            raise UsageError(
                f"can't write {path}: {error.strerror}. Name another file with -o"
            ) from None
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def _begin(self) -> None:
        if holder := lock(self._file.fileno()):
            raise UsageError(f"can't write {self.path}: {holder} writes it. Name another with -o")
        head = _line(self._columns)
        found = self._file.read(len(head))
        if found and found != head:
            raise UsageError(
                f"can't go on with {self.path}: its columns are not {', '.join(self._columns)}. "
                "Name another file with -o"
            )
        end = self._file.seek(0, os.SEEK_END)
        if not end:
            self._write(head)
            return
        self._file.seek(end - 1)
        if self._file.read(1) != b"\n":  # a power cut amid a row
            self._write(b"\n")

    def rows(self) -> Iterator[Mapping[str, str]]:
        """Yield what is in it.

        Raises
        ------
        UsageError
            It is damaged.
        """
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            try:
                yield from csv.DictReader(file)
            except csv.Error as error:
                raise UsageError(
                    f"can't go on with {self.path}: {error}. Name another file with -o"
                ) from None

    def append(self, rows: list[tuple[object, ...]]) -> None:
        """Add rows: all of them or none.

        Raises
        ------
        OutputFileError
            They can't be written.
        """
        self._write(b"".join(map(_line, rows)))

    def _write(self, content: bytes) -> None:
        end = self._file.seek(0, os.SEEK_END)
        try:
            written = self._file.write(content)
            if written != len(content):
                raise OSError(0, "the disk is full")  # noqa: TRY301
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(end)
            raise OutputFileError(f"can't write {self.path}: {error.strerror}") from None

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ratings_path(results: Path) -> Path:
    """Return where the ratings are that belong to results."""
    return results.with_name(f"{results.stem}_questionnaire{results.suffix}")


def _line(cells: tuple[object, ...]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
