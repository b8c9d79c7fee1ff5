"""What may sound in a session: the voices of its parts, as a decoder listens for them."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from streamson.decode.note import Candidate
from streamson.errors import UsageError, nearest
from streamson.model.instrument import Instrument
from streamson.music.level import amplitude_to_db
from streamson.rescaling.normalize import Range
from streamson.session.ensemble import Ensemble
from streamson.session.resolve import mappings_of, matching_parts
from streamson.session.schema import LIMITS, MappingSpec, Part, Session, field_name

MAX_STREAMS: Final = 32

PASSED_PITCHES: Final = (33.0, 105.0)
"""MIDI notes, 55 Hz to 3.5 kHz, that are listened for where a field gives the pitch as it is."""

PASSED_DURATIONS_S: Final = (0.05, 5.0)
PASSED_LEVELS_DB: Final = (-60.0, 0.0)

SEPARATOR: Final = "|"
"""Between the names of streams that nothing tells apart."""

_WILDCARD: Final = re.compile(r"\*|\?|\[[^]]+\]")


class Voice(NamedTuple):
    """A stream as one part plays it on one instrument.

    Attributes
    ----------
    streams
        Its name; those of several, where nothing tells them apart.
    fields
        Names of the stream's fields, in their order.
    part
        Its part, what is automatic filled in.
    candidate
        What is listened for.
    """

    streams: tuple[str, ...]
    fields: tuple[str, ...]
    part: Part
    candidate: Candidate

    @property
    def stream(self) -> str:
        """Its name, or names."""
        return SEPARATOR.join(self.streams)

    def field(self, spec: MappingSpec) -> str:
        """Return the name of the field that a mapping reads."""
        return field_name(spec.field, self.fields) or f"field_{spec.field}"


class Voices(NamedTuple):
    """All that may sound.

    Attributes
    ----------
    voices
        Those that can be decoded.
    remarks
        What was left out and why, for a person.
    """

    voices: tuple[Voice, ...]
    remarks: tuple[str, ...]

    def only(self, streams: Sequence[str]) -> "Voices":
        """Return the voices of some streams."""
        kept = tuple(voice for voice in self.voices if set(voice.streams) & set(streams))
        return self._replace(voices=kept)


def voices_of(session: Session, streams: Sequence[str], fields: Sequence[str] = ()) -> Voices:
    """Return what may sound where a session plays some streams.

    Parameters
    ----------
    session
        The session.
    streams
        Names in the order of appearance, on which hangs what is automatic.
    fields
        Names of the fields of each stream, in their order; none: as the session names them.

    Raises
    ------
    UsageError
        If there are too many streams, one twice, one that no part plays, or nothing that can be
        decoded; the message says why.
    """
    _check_streams(session, streams)
    found: list[Voice] = []
    left_out: dict[str, list[str]] = {}
    ensemble = Ensemble(session)
    for stream in streams:
        known = tuple(fields) or _named(session, stream)
        for part in ensemble.join(stream, known):
            if part.mute:
                continue
            why = _why_not(part, session)
            if why:
                left_out.setdefault(why, []).append(stream)
            else:
                found += [Voice((stream,), known, part, one) for one in _candidates(part, session)]
    remarks = [f"{', '.join(names)}: not decoded, {why}" for why, names in left_out.items()]
    if not found:
        because = "; ".join(left_out) or "for every part is mute"
        raise UsageError(f"nothing of the session {session.name} can be decoded, {because}")
    if fields:
        _check_fields(session, fields, found)
    voices = tuple(_told_apart(found))
    alike = [voice.stream for voice in voices if len(voice.streams) > 1]
    remarks += [f"{names}: nothing tells these streams apart" for names in alike]
    return Voices(voices, tuple(remarks))


def numbered_streams(session: Session, count: int) -> tuple[str, ...]:
    """Return names of streams that a session may play, where nobody says which there are.

    They are those that its patterns name, and so many made-up ones that match the first pattern
    with wildcards, their number in place of these.
    """
    patterns = dict.fromkeys([part.stream for part in session.parts] or ["*"])
    open_ones = [pattern for pattern in patterns if _WILDCARD.search(pattern)]
    named = [pattern for pattern in patterns if not _WILDCARD.search(pattern)]
    if not open_ones:
        return tuple(named)
    names = [_WILDCARD.sub(str(number), open_ones[0]) for number in range(1, count + 1)]
    made_up = [name for name in names if fnmatchcase(name, open_ones[0])] or open_ones[:1]
    return tuple(dict.fromkeys([*named, *made_up]))


def _check_streams(session: Session, streams: Sequence[str]) -> None:
    if not 1 <= len(streams) <= MAX_STREAMS:
        raise UsageError(f"found {len(streams)} streams; 1 to {MAX_STREAMS} are allowed")
    if len(set(streams)) < len(streams):
        raise UsageError("found the same stream twice; each has one name")
    patterns = [part.stream for part in session.parts]
    for stream in streams:
        if not (stream and stream.isprintable()):
            raise UsageError(f"stream: found {stream!r}; printable text is allowed")
        if patterns and not matching_parts(session, stream):
            raise UsageError(
                f"no part of the session {session.name} plays the stream {stream!r}; they play "
                f"{', '.join(patterns)}{nearest(stream, patterns)}"
            )


def _check_fields(session: Session, fields: Sequence[str], voices: Sequence[Voice]) -> None:
    """Raise `UsageError` where none of the names of fields means anything to a session."""
    specs = [spec for voice in voices for spec in mappings_of(voice.part) if spec.value is None]
    named = dict.fromkeys(spec.field for spec in specs if isinstance(spec.field, str))
    if named and len(named) == len({spec.field for spec in specs}) and not named.keys() & fields:
        raise UsageError(
            f"the session {session.name} names its fields itself: {', '.join(named)}; names of "
            "one's own are for a session that numbers them"
        )


def _named(session: Session, stream: str) -> tuple[str, ...]:
    """Return names for the fields of a stream of which nobody says any.

    A session without parts plays the first and the second.
    """
    highest = 0 if matching_parts(session, stream) else 2
    return tuple(f"field_{number}" for number in range(1, highest + 1))


def _why_not(part: Part, session: Session) -> str:
    """Return why the notes of a part can't be told from its sound; "" if they can."""
    if part.articulation == "continuous":
        return "for its voice is held and glides, so that no note has a beginning of its own"
    instruments = [session.instruments[name] for name in _names(part)]
    if any(instrument.sample is not None for instrument in instruments):
        return (
            f"for its instrument {_names(part)[0]} is a recorded sound, whose partials nobody knows"
        )
    return ""


def _names(part: Part) -> tuple[str, ...]:
    """Return the names of the instruments that a part may play, each once."""
    instrument = part.instrument
    return (instrument,) if isinstance(instrument, str) else tuple(dict.fromkeys(instrument.names))


def _candidates(part: Part, session: Session) -> Iterator[Candidate]:
    notes, continuous = _pitches(part.pitch)
    gate = _span(part.gate, LIMITS["gate"])
    duration = _span(part.duration, PASSED_DURATIONS_S)
    pan = (0.0, 0.0) if part.pan is None else _span(part.pan, LIMITS["pan"])
    for name in _names(part):
        instrument: Instrument = session.instruments[name]
        yield Candidate(
            name=name,
            instrument=instrument,
            midi_notes=notes,
            continuous=continuous,
            pan=pan,
            duration_s=(duration[0] * gate[0], duration[1] * gate[1]),
            level_db=_levels(part.volume),
            brightness=_span(part.brightness, LIMITS["brightness"]),
            sequential=part.timing == "sequence",
        )


def _pitches(spec: MappingSpec) -> tuple[tuple[float, ...], bool]:
    """Return the notes that a pitch may have, and whether it may have every one between."""
    if spec.value is not None:
        return (spec.value,), False
    if spec.is_passthrough:
        return PASSED_PITCHES, True
    if spec.notes:
        return tuple(sorted(set(spec.notes))), False
    return ((spec.low, spec.high), True) if spec.low < spec.high else ((spec.low,), False)


def _span(spec: MappingSpec, passed: Range) -> Range:
    """Return the least and the greatest that a parameter may be."""
    if spec.value is not None:
        return spec.value, spec.value
    return passed if spec.is_passthrough else (spec.low, spec.high)


def _levels(spec: MappingSpec) -> Range:
    low, high = _span(spec, PASSED_LEVELS_DB)
    if spec.is_rescaled and spec.unit == "amplitude":
        low, high = amplitude_to_db(low), amplitude_to_db(high)
    return max(low, LIMITS["volume"][0]), max(high, LIMITS["volume"][0])


def _told_apart(voices: Sequence[Voice]) -> Iterator[Voice]:
    """Yield voices that differ: what sounds the same is one to the ear."""
    alike: dict[Candidate, list[Voice]] = {}
    for voice in voices:
        alike.setdefault(voice.candidate, []).append(voice)
    for same in alike.values():
        names = dict.fromkeys(name for voice in same for name in voice.streams)
        yield same[0]._replace(streams=tuple(names))
