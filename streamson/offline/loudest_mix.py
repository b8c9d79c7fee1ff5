"""The loudest mix that a session may well play: all that can be in front at once, and the bed.

Ticks that tell of the end of a range, and beacons, are part of it.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from streamson.model.counts import ScoreCounts
from streamson.model.note import Note
from streamson.music.level import amplitude_to_db
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.score.attention.bed import SEATS, Bed
from streamson.score.attention.group_levels import GroupState
from streamson.score.parts.bands import SIGNS
from streamson.score.parts.beacon import beacon_note
from streamson.session.ensemble import Ensemble
from streamson.session.parse.earcons import builtin_earcons
from streamson.session.resolve import written_name
from streamson.session.schema import LIMITS, MappingSpec, Part, Session

EVERYBODY: Final = 8
"""Streams that are taken where a session lets all be in front."""

PLACES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where in its range each part plays: together, and every other one from the other end."""

MIX_S: Final = 0.5
"""How long each of these mixes sounds."""

TICKS: Final = ("highest", "lowest")
"""Earcons that sound beside a note, for which nothing steps back: no alerts."""

_FIELDS: Final = ("x", "y")
_WILD: Final = frozenset("*?[")


class Heard(NamedTuple):
    """A stream as a part of the session plays it.

    Attributes
    ----------
    name
        For a person.
    part
        The part, with what is automatic filled in.
    key
        Of its held voice; 0: it has none.
    """

    name: str
    part: Part
    key: int


def heard_at_once(session: Session) -> list[Heard]:
    """Return what may sound at once: the streams that are named, and as many as are in front."""
    patterns = list(dict.fromkeys(part.stream for part in session.parts)) or ["*"]
    wild = [pattern for pattern in patterns if _WILD.intersection(pattern)]
    streams = [pattern for pattern in patterns if pattern not in wild]
    if wild:
        others = range((session.attention.foreground or EVERYBODY) - len(streams))
        streams += [_stream(wild[i % len(wild)], i) for i in others]
    heard: list[Heard] = []
    ensemble = Ensemble(session)
    for stream in streams:
        for part in ensemble.join(stream, _FIELDS):
            if part.mute:
                continue
            instrument = part.instrument
            name = instrument if isinstance(instrument, str) else instrument.default
            is_held = part.articulation == "continuous"
            heard.append(
                Heard(f"{stream}: {written_name(name)}", part, len(heard) + 1 if is_held else 0)
            )
    return heard


def _stream(pattern: str, number: int) -> str:
    """Return the name of a stream that a pattern matches; of a pattern that is odd, itself."""
    for filling in (f"stream {number + 1}", f"{number % 10}", "a"):
        name = pattern.replace("*", filling).replace("?", f"{number % 10}")
        if fnmatchcase(name, pattern):
            return name
    return pattern


def mixes(heard: Sequence[Heard], sample_rate: int) -> Iterator[list[Note]]:
    """Yield notes that begin together, every part at its loudest, mix after mix over the registers.

    Parameters
    ----------
    heard
        What sounds at once.
    sample_rate
        Frames a second.
    """
    parts = [one.part for one in heard]
    bright = any(part.brightness.value is None or part.bands is not None for part in parts)
    frames = round(MIX_S * sample_rate)
    onset_frame = 0
    for end in ("high", "low") if bright else ("high",):
        for is_mirrored in (False, True):
            for place in PLACES:
                notes = []
                for i, one in enumerate(heard):
                    at = 1 - place if is_mirrored and i % 2 else place
                    notes.append(_note(one, at, end, onset_frame, frames))
                yield notes
                onset_frame += frames


def _note(heard: Heard, place: float, end: str, onset_frame: int, frames: int) -> Note:
    part = heard.part
    instrument = part.instrument
    if not isinstance(instrument, str):
        instrument = instrument.names[round(place * (len(instrument.names) - 1))]
    pan = part.pan
    return Note(
        onset_frame=onset_frame,
        duration_s=MIX_S,
        duration_frames=2 * frames if heard.key else frames,  # what is held is there at the next
        midi_note=_pitch(part.pitch, place),
        level_db=_loudest(part.volume),
        pan=pan.value if pan is not None and pan.value is not None else 0.0,
        instrument=instrument,
        stream=heard.name,
        brightness=_brightness(part, end),
        held_key=heard.key,
    )


def _brightness(part: Part, end: str) -> float:
    spec = part.brightness
    brightness: float = getattr(spec, end) if spec.value is None else spec.value
    if part.bands is not None and end == "high":
        brightness += SIGNS[-1].brightness
    return min(brightness, LIMITS["brightness"][1])


def _pitch(pitch: MappingSpec, place: float) -> float:
    if pitch.value is not None:
        return pitch.value
    low, high = pitch.low, pitch.high
    if pitch.is_passthrough:  # it may be any: what is left to it by default
        low, high = Part().pitch.low, Part().pitch.high
    elif pitch.notes:
        return pitch.notes[round(place * (len(pitch.notes) - 1))]
    return low + place * (high - low)


def _loudest(volume: MappingSpec) -> float:
    if volume.value is not None:
        return volume.value
    if volume.is_passthrough:
        return LIMITS["volume"][1]
    loudest = max(volume.low, volume.high)
    return amplitude_to_db(loudest) if volume.unit == "amplitude" else loudest


def bed_notes(session: Session, end_frame: int, sample_rate: int) -> Iterator[Note]:
    """Yield the bed at its loudest: all groups are out of the ordinary, and much comes."""
    if not session.attention.bed or session.attention.foreground is None:
        return
    bed = Bed(sample_rate=sample_rate, level_db=session.attention.bed_level)
    groups = [GroupState(f"group {i}", 10, 1.0) for i in range(len(SEATS))]
    for frame in range(0, end_frame, round(0.1 * sample_rate)):
        yield from bed.tick(groups, 1_000.0, frame)


def loudest_notes(session: Session, sample_rate: int) -> tuple[list[Note], int]:
    """Return all notes of a session's loudest mix, and the frame at which the last one ends.

    Parameters
    ----------
    session
        The session.
    sample_rate
        Frames a second.
    """
    heard = heard_at_once(session)
    notes = [
        note
        for mix in mixes(heard, sample_rate)
        for note in (*mix, *_beside(session, heard, mix, sample_rate))
    ]
    end = max((note.onset_frame + note.duration_frames for note in notes), default=sample_rate)
    return [*notes, *bed_notes(session, end, sample_rate)], end


def _beside(
    session: Session, heard: Sequence[Heard], mix: Sequence[Note], sample_rate: int
) -> Iterator[Note]:
    """Yield what may sound beside the notes of a mix: ticks of ranges' ends, and one beacon."""
    counts = ScoreCounts()
    if session.notices.range:
        player = EarconPlayer(session, sample_rate=sample_rate, counts=counts)
        ticks = [builtin_earcons()[name] for name in TICKS]
        for i, note in enumerate(mix):
            yield player.range_tick(ticks[i % len(ticks)], note, note.onset_frame)
    with_beacons = [note for one, note in zip(heard, mix, strict=True) if one.part.beacon]
    if with_beacons:  # of all streams one sounds at a time
        loudest = max(with_beacons, key=lambda note: note.level_db)
        yield beacon_note(loudest, loudest.onset_frame, loudest.midi_note, sample_rate)


def ducking_note(end_frame: int, sample_rate: int) -> Note:
    """Return a note that is not heard, for which all else steps back as it does for an alert."""
    return Note(
        onset_frame=0,
        duration_s=end_frame / sample_rate,
        duration_frames=end_frame,
        midi_note=69,
        level_db=-300.0,
        pan=0.0,
        instrument="sine",
        stream="",
        foreground=True,
    )
