"""One stream as one part plays it."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streamson.model.note import Note
from streamson.score.parts.bands import BandTracker, Sign
from streamson.score.parts.beacon import BeaconPlayer, BeaconTurns
from streamson.score.parts.coalesce import Coalescer, TimedFields
from streamson.score.parts.humanize import Humanizer
from streamson.score.parts.mapping import ParameterSource, make_source
from streamson.session.resolve import bands_of, beacon_of
from streamson.session.schema import LIMITS, PARAMETERS, field_name

if TYPE_CHECKING:  # at run time points and extents would bring numpy along
    from collections.abc import Iterable, Mapping, Sequence

    from streamson.model.counts import ScoreCounts
    from streamson.model.point import Batch, DataPoint
    from streamson.rescaling.extents import Extents
    from streamson.score.parts.timing import Timing
    from streamson.session.schema import MappingSpec, Part

GAP_INSTRUMENT: Final = "breath"
GAP_BELOW_DB: Final = 8.0
"""The sound of a missing value is so much softer than the part's notes."""


class Held(NamedTuple):
    """How a part's voice is held from note to note; by default it is not."""

    key: int = 0
    glide_frames: int = 0
    frames: int = 0


class PartPlayer:
    """Plays the points of one stream as one part says.

    Parameters
    ----------
    part
        The part, its pan and instrument chosen.
    stream
        Name of the stream.
    fields
        Names of the stream's fields in the order of its first point.
    timing
        When its notes start.
    held
        Whether one voice is held.
    counts
        What became of the points.
    extents
        Of a whole table; None live.
    turns
        Of all beacons.
    """

    def __init__(
        self,
        part: Part,
        *,
        stream: str,
        fields: Sequence[str],
        timing: Timing,
        held: Held,
        counts: ScoreCounts,
        extents: Extents | None,
        turns: BeaconTurns,
    ) -> None:
        self.part = part
        self.stream = stream
        self._timing = timing
        self._held = held
        self._counts = counts
        self._sources: dict[str, ParameterSource] = {
            name: make_source(
                getattr(part, name),
                field=field_name(getattr(part, name).field, fields),
                counts=counts,
                extents=extents,
                hold=part.missing == "hold",
            )
            for name in PARAMETERS
        }
        self._keys = {
            name: _key(spec, field_name(spec.field, fields))
            for name in PARAMETERS
            if (spec := getattr(part, name)).value is None
        }
        self._pitch, self._duration, self._volume, self._pan, self._brightness, self._gate = (
            source.read for source in self._sources.values()
        )
        self.pitch_field = field_name(part.pitch.field, fields)
        """What its pitch follows, where that is no constant; empty where there is no such field."""
        bands = bands_of(part, fields)
        self._bands = None if bands is None else BandTracker(bands)
        self._band_field = (
            None if bands is None or bands.field is None else field_name(bands.field, fields)
        )
        self._bands_key = msgspec.json.encode(("bands", self._band_field, bands)).decode()
        beacon, pitch = beacon_of(part, fields), self._sources["pitch"]
        self._beacon = (
            None if beacon is None else BeaconPlayer(beacon, pitch, turns=turns, counts=counts)
        )
        self._humanizer = Humanizer(stream, turns.sample_rate) if part.humanize else None
        self._coalescer = Coalescer(
            self.pitch_field, timing.has_capacity, keep=part.overload, counts=counts
        )
        choice = part.instrument
        self._choice_field = "" if isinstance(choice, str) else field_name(choice.field, fields)
        self._last_pitch = (part.pitch.low + part.pitch.high) / 2
        self.lag_frames = 0
        """How long after its point the last note was to begin."""
        self.range_end = ""
        """Which end of its range the last pitch is at, if any."""
        self.notes = 0
        """How many were handed out."""
        self.last_note: Note | None = None

    @property
    def waiting(self) -> int:
        """Points that wait to be coalesced."""
        return self._coalescer.waiting

    @property
    def coalesced(self) -> int:
        """Points of whose values others told."""
        return self._coalescer.coalesced

    @property
    def pitch_range(self) -> tuple[float, float] | None:
        """The values between which its pitch reaches from end to end, where there are such."""
        return self._sources["pitch"].range

    def process(self, point: DataPoint, now_frame: int) -> list[Note] | None:
        """Take in a point; return the notes that begin now, None if it only waits with others."""
        coalescer = self._coalescer
        if not self._timing.has_capacity(now_frame):
            coalescer.keep(point.fields, point.time, now_frame)
            return None if coalescer.waiting > 1 else []
        if coalescer.waiting:
            return self._play_all(coalescer.offer(point.fields, point.time, now_frame), now_frame)
        return self._play_all([TimedFields(point.fields, point.time, now_frame)], now_frame)

    def process_batch(self, batch: Batch, now_frame: int) -> list[Note]:
        """Take in points; return the notes that begin now."""
        passing = self._coalescer.offer_batch(batch.columns, batch.times, now_frame)
        return self._play_all(passing, now_frame)

    def flush(self, now_frame: int) -> list[Note]:
        """Return the notes of points that waited."""
        return self._play_all(self._coalescer.flush(now_frame), now_frame)

    def warm_up(self, points: Iterable[TimedFields]) -> None:
        """Let windows take in points that came before: no notes come of them."""
        for fields, time, _ in points:
            for source in self._sources.values():
                source.read(fields, time)

    def state(self) -> dict[str, Any]:
        """Return what `restore` wants: what is read and how it is rescaled, with its windows."""
        state = {key: self._sources[name].state() for name, key in self._keys.items()}
        if self._bands is not None:
            state[self._bands_key] = self._bands.state()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the windows of what was read and rescaled in the same way; others are new.

        Raises
        ------
        ValueError
            It isn't the state of a part.
        """
        for name, key in self._keys.items():
            if key in state:
                self._sources[name].restore(state[key])
        if self._bands is not None and self._bands_key in state:
            self._bands.restore(state[self._bands_key])

    def _play_all(self, kept_points: Iterable[TimedFields], now_frame: int) -> list[Note]:
        notes: list[Note] = []
        for point in kept_points:
            note = self._play(point, now_frame)
            if note is None:
                continue
            notes.append(note)
            if self._beacon is not None and (beacon := self._beacon.after(note, now_frame)):
                notes.append(beacon)
        return notes

    def _play(self, point: TimedFields, now_frame: int) -> Note | None:
        """Return the note of a point, or None where it is a rest."""
        fields, time, came_frame = point
        # Every field is read, whatever becomes of the note: a window has seen what was sent.
        midi_note = self._pitch(fields, time)
        duration_s = self._duration(fields, time)
        level_db = self._volume(fields, time)
        pan = self._pan(fields, time)
        brightness = self._brightness(fields, time)
        gate = self._gate(fields, time)
        sign = self._band(fields)
        onset_frame, duration_frames = self._timing.schedule(duration_s, now_frame)
        self.lag_frames = max(onset_frame, now_frame) - came_frame
        held = self._held
        instrument = self.part.instrument
        if not isinstance(instrument, str):
            instrument = instrument.choose(fields.get(self._choice_field, nan))
        if self.part.mute:
            self._counts.rests += 1
            return None
        if isnan(midi_note):
            if self.part.missing != "gap":
                self._counts.rests += 1
                return None
            midi_note, level_db = self._last_pitch, level_db - GAP_BELOW_DB
            instrument, held, sign = GAP_INSTRUMENT, Held(), None
        self._last_pitch = midi_note
        self._counts.notes += 1
        self.notes += 1
        if sign is not None:
            brightness = min(brightness + sign.brightness, LIMITS["brightness"][1])
            level_db = min(level_db + sign.level_db, LIMITS["volume"][1])
        if gate != 1.0:
            duration_s, duration_frames = duration_s * gate, round(duration_frames * gate)
        note = Note(
            onset_frame,
            duration_s,
            duration_frames + held.frames,
            midi_note,
            level_db,
            pan,
            instrument,
            self.stream,
            brightness,
            held.key,
            held.glide_frames,
            tremolo_hz=0.0 if sign is None else sign.tremolo_hz,
            tremolo_depth=0.0 if sign is None else sign.tremolo_depth,
            reverb_send=self.part.reverb,
        )
        if self._humanizer is not None:
            note = self._humanizer.vary(note, self.notes)
        self.last_note = note
        return note

    def _band(self, fields: Mapping[str, float]) -> Sign | None:
        """Take in what the bands follow; return what tells where it lies."""
        if self._bands is None:
            return None
        if self._band_field is None:
            return self._bands.update(self._sources["pitch"].value)
        return self._bands.update(fields.get(self._band_field, nan))


def _key(spec: MappingSpec, field: str) -> str:
    """Return what is read and how it is rescaled: the rest may change while windows go on."""
    return msgspec.json.encode(
        (field, spec.unit, spec.is_passthrough, spec.transform, spec.smooth, spec.rescale)
    ).decode()
