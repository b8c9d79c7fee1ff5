"""The sign of who comes forward: two quick notes of its own instrument, at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamson.model.note import Note
from streamson.music.level import amplitude_to_db
from streamson.session.schema import DEFAULTS

if TYPE_CHECKING:
    from streamson.session.schema import MappingSpec, Part

NOTE_S: Final = 0.1
STEP_S: Final = 0.13
"""Quick enough to be one sign, and not a part of its tune."""


def sign(part: Part, stream: str, onset_frame: int, sample_rate: int) -> list[Note]:
    """Return the notes that tell that a stream which a part plays comes forward.

    Parameters
    ----------
    part
        Its pan and instrument chosen.
    stream
        The stream's name.
    onset_frame
        When it begins.
    sample_rate
        Frames a second.
    """
    instrument = part.instrument if isinstance(part.instrument, str) else part.instrument.default
    low, high = _two_notes(part.pitch)
    level_db = _middle(part.volume)
    if part.volume.value is None and part.volume.unit == "amplitude":
        level_db = amplitude_to_db(level_db)
    return [
        Note(
            onset_frame=onset_frame + round(i * STEP_S * sample_rate),
            duration_s=NOTE_S,
            duration_frames=round(NOTE_S * sample_rate),
            midi_note=midi_note,
            level_db=level_db,
            pan=_middle(part.pan) if part.pan is not None else 0.0,
            instrument=instrument,
            stream=stream,
        )
        for i, midi_note in enumerate((low, high))
    ]


def _two_notes(pitch: MappingSpec) -> tuple[float, float]:
    """Return a third and two thirds of the way up what a part plays."""
    if pitch.value is not None:
        return pitch.value, pitch.value
    if pitch.notes:
        count = len(pitch.notes)
        return pitch.notes[count // 3], pitch.notes[2 * count // 3]
    span = pitch.high - pitch.low
    return pitch.low + span / 3, pitch.low + 2 * span / 3


def _middle(spec: MappingSpec) -> float:
    if spec.value is not None:
        return spec.value
    if spec.is_passthrough:
        return DEFAULTS[spec.parameter]
    return (spec.low + spec.high) / 2
