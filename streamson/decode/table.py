"""Decoded rows as a table: CSV and JSON lines."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context
from math import isfinite
from typing import Final

from streamson.decode.reading import Row

NOTE_COLUMNS: Final = (
    "onset_s",
    "duration_s",
    "midi_note",
    "level_dbfs",
    "pan",
    "instrument",
    "stream",
    "confidence",
)
"""What is told of the note itself; then comes each value, with ``_low`` and ``_high``."""

ENDINGS: Final = (".csv", ".jsonl")

_DIGITS: Final = 6
_MIDDLE: Final = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN)
_DOWN: Final = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
_UP: Final = Context(prec=_DIGITS, rounding=ROUND_CEILING)
"""Error bars are rounded outwards: what lay between them does so still."""

Cell = float | str | None


def columns_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a table with values of such names."""
    values = (f"{name}{end}" for name in names for end in ("", "_low", "_high"))
    return (*NOTE_COLUMNS, *values)


def cells(row: Row, names: Sequence[str]) -> list[Cell]:
    """Return a row's cells; None where the note does not tell it, and for a bar without end."""
    note = row.note
    found: list[Cell] = [
        round(note.onset_s, 4),
        round(note.duration_s, 4),
        round(note.midi_note, 3),
        round(note.level_db, 2),
        round(note.pan, 3),
        note.instrument,
        row.stream,
        round(note.confidence, 3),
    ]
    for name in names:
        value = row.values.get(name)
        if value is None:
            found += [None, None, None]
        else:
            bounds = (value.value, _MIDDLE), (value.low, _DOWN), (value.high, _UP)
            found += [_rounded(number, how) for number, how in bounds]
    return found


def lines(rows: Sequence[Row], names: Sequence[str], ending: str) -> Iterator[str]:
    """Yield a table line by line, as a file with one of the `ENDINGS` has it."""
    columns = columns_of(names)
    if ending == ".csv":
        yield _csv_line(columns)
    for row in rows:
        found = cells(row, names)
        if ending == ".csv":
            yield _csv_line(found)
        else:
            yield json.dumps(dict(zip(columns, found, strict=True)), ensure_ascii=False) + "\n"


def _rounded(value: float, how: Context) -> float | None:
    return float(how.create_decimal_from_float(value)) if isfinite(value) else None


def _csv_line(found: Sequence[Cell]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(found)
    return line.getvalue()
