"""One stream as one part plays it."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streamson.model.note import Note
from streamson.score.coalesce import Merger, Reading
from streamson.score.mapping import Reader, make_reader
from streamson.session.schema import field_name

if TYPE_CHECKING:  # at run time points and extents would bring numpy along
    from collections.abc import Iterable, Mapping, Sequence

    from streamson.model.counts import Counts
    from streamson.model.point import Batch
    from streamson.rescaling.extents import Extents
    from streamson.score.timing import Timing
    from streamson.session.schema import MappingSpec, Part

PARAMETERS: Final = ("pitch", "duration", "volume", "pan", "brightness", "gate")

GAP_INSTRUMENT: Final = "breath"
GAP_BELOW_DB: Final = 8.0
"""The sound of a missing value is so much softer than the part's notes."""


class Held(NamedTuple):
    """How a part's voice is held from note to note; by default it is not."""

    key: int = 0
    glide_frames: int = 0
    frames: int = 0


class Voice:
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
    """

    def __init__(
        self,
        part: Part,
        *,
        stream: str,
        fields: Sequence[str],
        timing: Timing,
        held: Held,
        counts: Counts,
        extents: Extents | None,
    ) -> None:
        self.part = part
        self.stream = stream
        self._timing = timing
        self._held = held
        self._counts = counts
        self._readers: dict[str, Reader] = {
            name: make_reader(
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
            reader.read for reader in self._readers.values()
        )
        field = field_name(part.pitch.field, fields)
        self._merger = Merger(field, timing.ready, keep=part.overload, counts=counts)
        choice = part.instrument
        self._choice_field = "" if isinstance(choice, str) else field_name(choice.field, fields)
        self._last_pitch = (part.pitch.low + part.pitch.high) / 2
        self.lag_frames = 0
        """How long after its point the last note was to begin."""
        self.end = ""
        """Which end of its range the last pitch is at, if any."""

    @property
    def waiting(self) -> int:
        """Points that wait to be merged."""
        return self._merger.waiting

    def hear(self, fields: Mapping[str, float], time: float, now_frame: int) -> list[Note] | None:
        """Take in a point; return the notes that begin now, None if it only waits with others."""
        merger = self._merger
        if not self._timing.ready(now_frame):
            merger.keep(fields, time, now_frame)
            return None if merger.waiting > 1 else []
        if merger.waiting:
            return self._play_all(merger.offer(fields, time, now_frame), now_frame)
        note = self._play(Reading(fields, time, now_frame), now_frame)
        return [] if note is None else [note]

    def hear_batch(self, batch: Batch, now_frame: int) -> list[Note]:
        """Take in points; return the notes that begin now."""
        passing = self._merger.offer_batch(batch.columns, batch.times, now_frame)
        return self._play_all(passing, now_frame)

    def flush(self, now_frame: int) -> list[Note]:
        """Return the notes of points that waited."""
        return self._play_all(self._merger.flush(now_frame), now_frame)

    def state(self) -> dict[str, Any]:
        """Return what `restore` wants: what is read and how it is rescaled, with its windows."""
        return {key: self._readers[name].state() for name, key in self._keys.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the windows of what was read and rescaled in the same way; others are new.

        Raises
        ------
        ValueError
            It isn't the state of a voice.
        """
        for name, key in self._keys.items():
            if key in state:
                self._readers[name].restore(state[key])

    def _play_all(self, readings: Iterable[Reading], now_frame: int) -> list[Note]:
        notes = (self._play(reading, now_frame) for reading in readings)
        return [note for note in notes if note is not None]

    def _play(self, reading: Reading, now_frame: int) -> Note | None:
        """Return the note of a point, or None where it is a rest."""
        fields, time, came_frame = reading
        # Every field is read, whatever becomes of the note: a window has seen what was sent.
        midi_note = self._pitch(fields, time)
        duration_s = self._duration(fields, time)
        level_db = self._volume(fields, time)
        pan = self._pan(fields, time)
        brightness = self._brightness(fields, time)
        gate = self._gate(fields, time)
        onset_frame, duration_frames = self._timing.place(duration_s, now_frame)
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
            instrument, held = GAP_INSTRUMENT, Held()
        self._last_pitch = midi_note
        self._counts.notes += 1
        if gate != 1.0:
            duration_s, duration_frames = duration_s * gate, round(duration_frames * gate)
        return Note(
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
        )


def _key(spec: MappingSpec, field: str) -> str:
    """Return what is read and how it is rescaled: the rest may change while windows go on."""
    return msgspec.json.encode(
        (field, spec.unit, spec.transform, spec.smooth, spec.rescale)
    ).decode()
