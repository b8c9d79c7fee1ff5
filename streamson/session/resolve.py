"""Which part plays which stream, and what a stream plays that no part names."""

from collections.abc import Sequence, Sized
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from streamson.music.pitch import HIGHEST_MIDI, LOWEST_MIDI
from streamson.session.palette import sound_of
from streamson.session.schema import (
    LIMITS,
    PARAMETERS,
    Bands,
    Beacon,
    MappingSpec,
    Part,
    Session,
    field_name,
)

DEFAULT_PART_DURATION_S: Final = 0.35

_DEFAULT_SEMITONES: Final = -5
"""So much lower than a part of a session: an hour of it is no sharper than one of plain sines."""

AUTO: Final = "auto"

_UNSAID: Final = Part().brightness


def changed_name(instrument: str, part: str) -> str:
    """Return the name of an instrument as ``part 1`` changes its envelope or width."""
    return f"{instrument} of {part}"


def written_name(instrument: str) -> str:
    """Return the name by which a session knows what a part plays."""
    return instrument.partition(" of part ")[0]


def parts_for(session: Session, stream: str, fields: Sized, number: int) -> list[Part]:
    """Return the parts that play a stream: those whose pattern matches, else a default part.

    Parameters
    ----------
    session
        The session.
    stream
        Name of the stream.
    fields
        Those of the stream's first point; at least one.
    number
        The stream's, as an `Ensemble` gives it: what is automatic hangs on it.
    """
    return resolve(parts_of(session, stream, fields), number)


def parts_of(session: Session, stream: str, fields: Sized) -> list[Part]:
    """Return the parts that play a stream as they are written, what is automatic left open."""
    return matching_parts(session, stream) or [default_part(fields)]


def resolve(parts: Sequence[Part], number: int) -> list[Part]:
    """Return the parts of a stream with what is automatic filled in."""
    return [_resolve_auto(part, number, place) for place, part in enumerate(parts)]


def matching_parts(session: Session, stream: str) -> list[Part]:
    """Return the session's parts whose pattern matches a stream."""
    return [part for part in session.parts if fnmatchcase(stream, part.stream)]


def mappings_of(part: Part) -> list[MappingSpec]:
    """Return the mappings of a part."""
    mappings = [getattr(part, name) for name in PARAMETERS]
    return [mapping for mapping in mappings if mapping is not None]


def played_fields(session: Session, stream: str) -> set[str]:
    """Return the fields that a session's parts name for a stream; empty if none plays it."""
    parts = matching_parts(session, stream)
    refs = {spec.field for part in parts for spec in mappings_of(part) if spec.value is None}
    refs |= {part.instrument.field for part in parts if not isinstance(part.instrument, str)}
    return {ref for ref in refs if isinstance(ref, str)}


def bands_of(part: Part, fields: Sequence[str]) -> Bands | None:
    """Return a part's bands, if a stream with such fields has what they are of."""
    bands = part.bands
    if bands is None or bands.field is None or field_name(bands.field, fields) in fields:
        return bands
    return None


def beacon_of(part: Part, fields: Sequence[str]) -> Beacon | None:
    """Return a part's beacon, if its pitch follows what that is of."""
    beacon = part.beacon
    if beacon is None or beacon.field in {None, field_name(part.pitch.field, fields)}:
        return beacon
    return None


def watched_fields(session: Session, stream: str, fields: Sequence[str]) -> set[str]:
    """Return the fields of a stream that a session's alerts watch."""
    alerts = [alert for alert in session.alerts if fnmatchcase(stream, alert.stream)]
    return {field_name(alert.field, fields) for alert in alerts}


def named_fields(session: Session, stream: str) -> set[str]:
    """Return the fields that a session names for a stream: in its parts, and in its alerts."""
    refs: set[object] = {
        alert.field for alert in session.alerts if fnmatchcase(stream, alert.stream)
    }
    refs |= {part.bands.field for part in matching_parts(session, stream) if part.bands}
    return played_fields(session, stream) | {ref for ref in refs if isinstance(ref, str)}


def default_part(fields: Sized) -> Part:
    """Return what a stream plays by itself: its first field as pitch, its second as volume.

    One more field than pitch is enough: volume is a weak dimension, and three that change are the
    limit for most people. The volume spans 12 dB, so that the quietest note is still heard.
    """
    part = Part(
        instrument=AUTO,
        register=AUTO,
        stagger=AUTO,
        pitch=_moved(Part().pitch, _DEFAULT_SEMITONES),
        duration=msgspec.structs.replace(Part().duration, value=DEFAULT_PART_DURATION_S),
    )
    if len(fields) == 1:
        return part
    return msgspec.structs.replace(part, volume=MappingSpec("volume", -26, -14, field=2))


def _resolve_auto(part: Part, number: int, place: int) -> Part:
    """Return a part with what is automatic filled in; all of a stream are in the same place.

    Where its instrument and its register are, so is the brightness of which nobody says anything:
    that object itself, for others may say the same.
    """
    sound = sound_of(number, place, is_held=part.articulation == "continuous")
    brightness = part.brightness
    if brightness is _UNSAID and part.instrument == part.register == AUTO:
        brightness = MappingSpec("brightness", *LIMITS["brightness"], value=sound.brightness)
    return msgspec.structs.replace(
        part,
        instrument=sound.instrument if part.instrument == AUTO else part.instrument,
        pitch=_moved(part.pitch, sound.semitones) if part.register == AUTO else part.pitch,
        pan=part.pan or MappingSpec("pan", -1, 1, value=sound.pan),
        brightness=brightness,
        stagger=sound.stagger_s if part.stagger == AUTO else part.stagger,
    )


def _moved(pitch: MappingSpec, semitones: float) -> MappingSpec:
    """Return a pitch so many semitones higher, as far as there are notes."""
    if pitch.value is not None:
        value = pitch.value + semitones
        return msgspec.structs.replace(pitch, value=min(max(value, LOWEST_MIDI), HIGHEST_MIDI))
    low, high = pitch.low + semitones, pitch.high + semitones
    if low < LOWEST_MIDI or high > HIGHEST_MIDI:
        return pitch
    notes = tuple(note + semitones for note in pitch.notes)
    return msgspec.structs.replace(pitch, low=low, high=high, notes=notes)
