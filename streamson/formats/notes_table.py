"""Notes as a table: CSV and JSON lines with exact numbers, which can be read and played again."""

import csv
from collections.abc import Iterable, Iterator
from math import inf, isfinite
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

import msgspec

from streamson.errors import InputFileError
from streamson.formats.untrusted import MAX_LINE_BYTES, explained, open_file
from streamson.model.limits import (
    MAX_FRAME,
    MAX_NOTE_S,
    MAX_REVERB_SEND,
    MAX_SAMPLE_RATE,
    MAX_TREMOLO_HZ,
)
from streamson.model.note import Note
from streamson.music.pitch import HIGHEST_MIDI, LOWEST_MIDI

COLUMNS: Final = (
    "onset_frame",
    "onset_s",
    "stream",
    "instrument",
    "midi_note",
    "frequency_hz",
    "duration_s",
    "level_dbfs",
    "pan",
    "brightness",
    "duration_frames",
    "held_key",
    "glide_frames",
    "foreground",
    "tremolo_hz",
    "tremolo_depth",
    "reverb_send",
)
"""What is said of a note; from its duration in frames on for playing it again exactly."""

_LATER: Final = {"tremolo_hz": "0", "tremolo_depth": "0", "reverb_send": "1"}
"""Columns that tables of before do not have, and what is in their place."""

MAX_NAME_CHARS: Final = 1_000
"""In the name of a stream or an instrument."""


class NotesWriter:
    """Writes notes as CSV, row by row.

    Parameters
    ----------
    file
        Where to; opened with ``newline=""``.
    sample_rate
        Frames a second, for the onsets in seconds.
    more
        Names of columns after the `COLUMNS`.
    """

    def __init__(self, file: TextIO, *, sample_rate: int, more: tuple[str, ...] = ()) -> None:
        self._writer = csv.writer(file)
        self._sample_rate = sample_rate
        self._writer.writerow((*COLUMNS, *more))

    def write(self, note: Note, *more: object) -> None:
        """Write a note, and what the other columns have."""
        self._writer.writerow((*_row(note, self._sample_rate), *more))


def write_csv(notes: Iterable[Note], file: TextIO, *, sample_rate: int) -> int:
    """Write notes as CSV; return how many there were."""
    writer = NotesWriter(file, sample_rate=sample_rate)
    count = 0
    for count, note in enumerate(notes, 1):  # noqa: B007  # the last one is the number of notes
        writer.write(note)
    return count


def write_jsonl(notes: Iterable[Note], file: TextIO, *, sample_rate: int) -> int:
    """Write notes as JSON lines; return how many there were."""
    count = 0
    for note in notes:
        row = dict(zip(COLUMNS, _row(note, sample_rate), strict=True))
        file.write(msgspec.json.encode(row).decode() + "\n")
        count += 1
    return count


def read_csv(path: Path) -> Iterator[tuple[Note, dict[str, str]]]:
    """Yield the notes of a table that `NotesWriter` wrote, and what else is in their rows.

    Tables of before there was tremolo, or a send to the room, are read too. A last line that was
    cut off is left out.

    Raises
    ------
    InputFileError
        If the file can't be read or is no such table; the message names the line.
    """
    with open_file(path, "the notes ") as file:
        yield from _notes(path, file)


def _notes(path: Path, file: BinaryIO) -> Iterator[tuple[Note, dict[str, str]]]:
    rows = csv.DictReader(_whole_lines(file))
    try:
        missing = set(COLUMNS) - set(_LATER) - set(rows.fieldnames or ())
        if missing:
            raise InputFileError(f"{path}, line 1: no column {min(missing)!r}")
        for row in rows:
            note = _note(_LATER | row)
            yield note, row
    except OSError as error:
        raise InputFileError(f"can't read the notes {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error, TypeError, ValueError) as error:
        line = max(rows.line_num, 1) + isinstance(error, UnicodeDecodeError)
        raise InputFileError(f"{path}, line {line}: {explained(error)}") from None


def _whole_lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines; one without its end was cut off, whatever is in it."""
    while line := file.readline(MAX_LINE_BYTES):
        if line.endswith(b"\n"):
            yield line.decode()
        elif len(line) == MAX_LINE_BYTES:
            raise ValueError(f"found more than {MAX_LINE_BYTES} bytes")


def _row(note: Note, sample_rate: int) -> tuple[object, ...]:
    return (
        note.onset_frame,
        note.onset_frame / sample_rate,
        note.stream,
        note.instrument,
        int(note.midi_note) if note.midi_note == int(note.midi_note) else note.midi_note,
        note.frequency_hz,
        note.duration_s,
        note.level_db,
        note.pan,
        note.brightness,
        note.duration_frames,
        note.held_key,
        note.glide_frames,
        int(note.foreground),
        note.tremolo_hz,
        note.tremolo_depth,
        note.reverb_send,
    )


def _note(row: dict[str, str]) -> Note:
    if None in row or None in row.values():
        raise ValueError("found more or fewer values than columns")
    note = Note(
        onset_frame=int(row["onset_frame"]),
        duration_s=float(row["duration_s"]),
        duration_frames=int(row["duration_frames"]),
        midi_note=float(row["midi_note"]),
        level_db=float(row["level_dbfs"]),
        pan=float(row["pan"]),
        instrument=row["instrument"],
        stream=row["stream"],
        brightness=float(row["brightness"]),
        held_key=int(row["held_key"]),
        glide_frames=int(row["glide_frames"]),
        foreground=row["foreground"] == "1",
        tremolo_hz=float(row["tremolo_hz"]),
        tremolo_depth=float(row["tremolo_depth"]),
        reverb_send=float(row["reverb_send"]),
    )
    problem = _problem(note)
    if problem is not None:
        raise ValueError(problem)
    return note


def _problem(note: Note) -> str | None:
    """Return what can't be played of a note; None if it can."""
    numbers: dict[str, tuple[float, float, float]] = {
        "onset_frame": (note.onset_frame, 0, MAX_FRAME),
        "duration_frames": (note.duration_frames, 1, MAX_NOTE_S * MAX_SAMPLE_RATE),
        "duration_s": (note.duration_s, 0, MAX_NOTE_S),
        "midi_note": (note.midi_note, LOWEST_MIDI, HIGHEST_MIDI),
        "level_dbfs": (note.level_db, -inf, 0),
        "pan": (note.pan, -1, 1),
        "brightness": (note.brightness, -1, 1),
        "held_key": (note.held_key, 0, 2**62),
        "glide_frames": (note.glide_frames, 0, MAX_FRAME),
        "tremolo_hz": (note.tremolo_hz, 0, MAX_TREMOLO_HZ),
        "tremolo_depth": (note.tremolo_depth, 0, 1),
        "reverb_send": (note.reverb_send, 0, MAX_REVERB_SEND),
    }
    for name, (value, low, high) in numbers.items():
        if not low <= value <= high:
            return f"found {name} {_short(value)}; {low:g} to {high:g} is allowed"
    if len(note.stream) > MAX_NAME_CHARS or len(note.instrument) > MAX_NAME_CHARS:
        return f"found a name of more than {MAX_NAME_CHARS} characters"
    return None


def _short(value: Any) -> str:
    return f"{value:g}" if isfinite(value) and abs(value) < 1e15 else str(value)[:20]
