"""Notes become rows: each is of a stream, and tells values of the fields that its part plays."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from streamson.decode.gain import gain_db
from streamson.decode.interval import Interval
from streamson.decode.note import DecodedNote
from streamson.decode.place import place_of
from streamson.decode.quantity import (
    FIXED,
    PLACE,
    UNORDERED,
    Quantity,
    ValueRange,
    can_be,
    known_range,
    passed_through,
    quantity_of,
    value_at,
)
from streamson.decode.voices import Voice
from streamson.errors import UsageError, nearest
from streamson.rescaling.normalize import Range
from streamson.session.schema import MappingSpec

ERRORS: Final[Mapping[str, float]] = {
    "pitch": 0.25,
    "duration": 0.015,
    "volume": 1.0,
    "pan": 0.1,
}
"""How far what was played lies from what is decoded, in 95 of 100 notes that are right: semitones
(of a pitch without a scale), seconds, dB, and as a pan has it."""

HUMANIZED: Final[Mapping[str, float]] = {"duration": 0.006, "volume": 0.5}
"""How far notes of a part that is humanised lie from what was mapped, on top of that."""

JOIN_S: Final = 0.05
"""A note that begins no further from the end of the one before follows it at once."""

IN_SEQUENCE: Final = 0.6
"""Where so many of a voice's notes do, they are a sequence."""

_UNNAMED: Final = re.compile(r"field_\d+")

_DOUBT: Final = (
    "range {}: right for a table that streamson render played as a whole; a live listener plays "
    "ranks, which no range turns back into values"
)

READ: Final = tuple(ERRORS)
"""The parameters of a note that can be read; brightness and gate can't."""


class Row(NamedTuple):
    """A note, and what it tells.

    Attributes
    ----------
    note
        As it was decoded, without the recording's gain.
    stream
        Name of its stream.
    values
        Column to its value, with error bars.
    """

    note: DecodedNote
    stream: str
    values: Mapping[str, Interval]


class _Column(NamedTuple):
    """What one parameter of a voice tells."""

    name: str
    spec: MappingSpec
    quantity: Quantity
    known: ValueRange | None


class Reader:
    """Reads the notes of voices.

    Parameters
    ----------
    voices
        In the order of their candidates.
    ranges
        Name of a quantity to its least and greatest value in all the data that was played.

    Attributes
    ----------
    columns
        Names of all that may be told, each once.
    remarks
        What a person should know of the ranges.

    Raises
    ------
    UsageError
        If a range is of nothing that is told, or can't turn it back.
    """

    def __init__(self, voices: Sequence[Voice], ranges: Mapping[str, Range]) -> None:
        self._voices = voices
        self._columns = [list(_columns_of(voice, ranges)) for voice in voices]
        columns = [column for of_voice in self._columns for column in of_voice]
        self.columns = tuple(dict.fromkeys(column.name for column in columns))
        _check_ranges(columns, ranges)
        auto = {column.quantity.name for column in columns if column.spec.rescale.mode == "auto"}
        self.remarks = tuple(_DOUBT.format(name) for name in ranges if name in auto)

    def rows(self, notes: Sequence[DecodedNote]) -> tuple[list[Row], float]:
        """Return a row for each note, and the gain in dB that was taken from their levels."""
        gain = gain_db(notes, self._voices)
        levelled = [dataclasses.replace(note, level_db=note.level_db - gain) for note in notes]
        lengths = [
            _mapped_durations([note for note in levelled if note.candidate == number], voice)
            for number, voice in enumerate(self._voices)
        ]
        each = [iter(of_voice) for of_voice in lengths]
        return [self._row(note, next(each[note.candidate])) for note in levelled], gain

    def _row(self, note: DecodedNote, duration_s: float) -> Row:
        voice = self._voices[note.candidate]
        measured = {
            "pitch": note.midi_note,
            "duration": duration_s,
            "volume": note.level_db,
            "pan": note.pan,
        }
        values: dict[str, Interval] = {}
        for column in self._columns[note.candidate]:
            found = _read(column, measured[column.spec.parameter], humanized=voice.part.humanize)
            known = values.get(column.name)
            if known is None or found.width < known.width:  # two parameters may tell the same
                values[column.name] = found
        return Row(note, voice.stream, values)


def _columns_of(voice: Voice, ranges: Mapping[str, Range]) -> Iterable[_Column]:
    for parameter in READ:
        spec: MappingSpec | None = getattr(voice.part, parameter)
        if spec is None or spec.value is not None:
            continue
        quantity = quantity_of(spec, voice.field(spec))
        if spec.is_passthrough:
            yield _Column(quantity.name, spec, quantity, None)
            continue
        known = _known(spec, quantity, ranges.get(quantity.name))
        name = quantity.name if known is not None else f"{quantity.name}_{PLACE}"
        yield _Column(name, spec, quantity, known)


def _known(spec: MappingSpec, quantity: Quantity, given: Range | None) -> ValueRange | None:
    if given is not None and not all(can_be(end, quantity) for end in given):
        raise UsageError(
            f"range {quantity.name}: found {given[0]:g} to {given[1]:g}; the session takes the "
            "logarithm of it, for which both must be above 0"
        )
    return known_range(spec, quantity, given)


def _check_ranges(columns: Sequence[_Column], ranges: Mapping[str, Range]) -> None:
    modes: dict[str, list[str]] = {}
    for column in columns:
        if not column.spec.is_passthrough:
            modes.setdefault(column.quantity.name, []).append(column.spec.rescale.mode)
    for name in ranges:
        if name not in modes:
            told = ", ".join(modes) or "nothing that has one"
            unnamed = any(_UNNAMED.match(one) for one in modes)
            hint = "; --fields gives them names" if unnamed else nearest(name, modes)
            raise UsageError(f"range: found {name!r}; the notes tell {told}{hint}")
        if all(mode == FIXED for mode in modes[name]):
            raise UsageError(f"range {name}: the session fixes it; leave it out")
        if all(mode in {FIXED, *UNORDERED} for mode in modes[name]):
            raise UsageError(
                f"range {name}: the session plays its {modes[name][0]}, which no range turns back "
                "into values"
            )


def _read(column: _Column, measured: float, *, humanized: bool) -> Interval:
    spec = column.spec
    error = ERRORS[spec.parameter]
    if humanized:
        error += HUMANIZED.get(spec.parameter, 0.0)
    if spec.is_passthrough:
        return passed_through(spec, measured, error)
    place = place_of(spec, measured, error)
    return place if column.known is None else value_at(place, column.quantity, column.known)


def _mapped_durations(notes: Sequence[DecodedNote], voice: Voice) -> list[float]:
    """Return the duration of each note of a voice as its mapping gave it, before its gate.

    Where notes follow one another, the next one's beginning tells it more exactly than the end of
    the note itself, which fades. Where none follows at once, there was a rest, or the voice waits.
    """
    gate = voice.part.gate.value
    own = [note.duration_s / gate if gate else note.duration_s for note in notes]
    gaps = [after.onset_s - before.onset_s for before, after in pairwise(notes)]
    joins = [abs(gap - length) <= JOIN_S for gap, length in zip(gaps, own, strict=False)]
    if sum(joins) < IN_SEQUENCE * len(notes):
        return own
    for i, joined in enumerate(joins):
        own[i] = gaps[i] if joined else own[i]
    return own
