"""Notes become rows: each is of a stream, and tells values of the fields that its part plays."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import hypot
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

_MOVES: Final = (
    "range {}: the session's own follows the data; what it had not reached, or had left behind, is "
    "read wrong"
)

READ: Final = ("pitch", "duration", "volume", "pan")
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


class _Measured(NamedTuple):
    """A parameter of a note, and how far off it may be."""

    value: float
    error: float


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
        moving = {column.quantity.name for column in columns if _moves(column.spec)}
        self.remarks = (
            *(_DOUBT.format(name) for name in ranges if name in auto),
            *(_MOVES.format(name) for name in ranges if name in moving),
        )

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

    def _row(self, note: DecodedNote, duration_s: _Measured) -> Row:
        voice = self._voices[note.candidate]
        error = note.error
        measured = {
            "pitch": _Measured(note.midi_note, error.midi_note),
            "duration": duration_s,
            "volume": _Measured(note.level_db, error.level_db),
            "pan": _Measured(note.pan, error.pan),
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


def _moves(spec: MappingSpec) -> bool:
    """Return whether a range is another one at other times."""
    rescale = spec.rescale
    return spec.is_rescaled and rescale.mode != FIXED and not rescale.needs_extent


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


def _read(column: _Column, measured: _Measured, *, humanized: bool) -> Interval:
    spec = column.spec
    value, error = measured
    if humanized:
        error += HUMANIZED.get(spec.parameter, 0.0)
    if spec.is_passthrough:
        return passed_through(spec, value, error)
    place = place_of(spec, value, error)
    return place if column.known is None else value_at(place, column.quantity, column.known)


def _mapped_durations(notes: Sequence[DecodedNote], voice: Voice) -> list[_Measured]:
    """Return the duration of each note of a voice as its mapping gave it, before its gate.

    Where notes follow one another, the next one's beginning tells it more exactly than the end of
    the note itself, which fades. Where none follows at once, there was a rest, or the voice waits.
    """
    gate = voice.part.gate.value or 1.0
    own = [_Measured(note.duration_s / gate, note.error.duration_s / gate) for note in notes]
    following = list(pairwise(notes))
    gaps = [after.onset_s - before.onset_s for before, after in following]
    joins = [abs(gap - length.value) <= JOIN_S for gap, length in zip(gaps, own, strict=False)]
    if sum(joins) < IN_SEQUENCE * len(notes):
        return own
    for i, (before, after) in enumerate(following):
        if joins[i]:
            own[i] = _Measured(gaps[i], hypot(before.error.onset_s, after.error.onset_s))
    return own
