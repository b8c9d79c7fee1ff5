"""Notes as a table."""

import csv
from collections.abc import Iterable
from typing import Final, TextIO

from streamson.score import Note

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
)


def write_notes(notes: Iterable[Note], file: TextIO, *, sample_rate: int) -> int:
    """Write notes as CSV with the `COLUMNS`; numbers are exact. Return how many there were."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for note in notes:
        count += 1
        writer.writerow(
            (
                note.onset_frame,
                note.onset_frame / sample_rate,
                note.stream,
                note.instrument,
                int(note.midi_note) if note.midi_note == int(note.midi_note) else note.midi_note,
                note.frequency_hz,
                note.duration_s,
                note.level_db,
                note.pan,
            )
        )
    return count
