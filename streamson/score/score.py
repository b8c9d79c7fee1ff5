"""Data points become notes."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Final, NamedTuple

from streamson.score.counts import Counts
from streamson.score.mapping import Constant, Reader, Survey, make_reader
from streamson.score.note import Note
from streamson.score.overload import Merger, Reading
from streamson.score.session.parts import automatic_pan, matching_parts, parts_for
from streamson.score.timing import Arrival, Sequence, TableSequence, Timing

if TYPE_CHECKING:  # at run time the wire would bring ZeroMQ along
    from collections.abc import Iterable, Mapping

    from streamson.score.session.schema import MappingSpec, Part, Session
    from streamson.wire.point import Batch, DataPoint

JOIN_S: Final = 0.25
"""A held voice of a sequence outlasts its note by so much."""

MAX_STREAMS: Final = 1024
"""Streams a score plays; points of later ones are refused and counted."""


class Score:
    """Plays points as a session says: one note for each part that plays the point's stream.

    Each stream has windows and timing of its own in each part, from its first point on.

    Parameters
    ----------
    session
        What plays which stream.
    sample_rate
        Frames a second.
    survey
        Field name to the (lowest, highest) value of a whole table, which the window "all" then
        uses from the first point on; None live.
    sequence_only
        For a table, whose rows follow one another from frame 0 on whatever the timing of the
        part, and without a queue.

    Attributes
    ----------
    counts
        What became of the points so far.

    Examples
    --------
    >>> from streamson.score import load_session
    >>> from streamson.wire import DataPoint
    >>> score = Score(load_session(), sample_rate=44100)
    >>> [note.midi_note for note in score.play(DataPoint("boiler", {"celsius": 71.3}, 0.0), 0)]
    [69.0]
    """

    def __init__(
        self,
        session: Session,
        *,
        sample_rate: int = 44_100,
        survey: Survey | None = None,
        sequence_only: bool = False,
    ) -> None:
        self.counts = Counts()
        self._session = session
        self._sample_rate = sample_rate
        self._survey = survey
        self._sequence_only = sequence_only
        self._voices: dict[str, list[_Voice]] = {}
        self._refused: set[str] = set()
        self._last_key = 0

    @property
    def needs_survey(self) -> bool:
        """Whether a mapping has the window "all", which wants the whole table's extremes."""
        return any(_looks_at_all(part) for part in self._session.parts)

    @property
    def streams(self) -> int:
        """How many streams were heard so far."""
        return len(self._voices)

    def fields_of(self, stream: str) -> set[str]:
        """Return the fields that the session's parts name for a stream; empty if none plays it."""
        specs = [spec for part in matching_parts(self._session, stream) for spec in _specs(part)]
        return {spec.field for spec in specs if spec.value is None and spec.field}

    def play(self, point: DataPoint, now_frame: int) -> list[Note]:
        """Return the notes of a point.

        Parameters
        ----------
        point
            The data point.
        now_frame
            The first frame at which its notes may begin; sequences are placed after it.
        """
        voices = self._voices.get(point.stream)
        if voices is None:
            voices = self._meet(point.stream, point.fields, 1)
        notes: list[Note] = []
        for voice in voices:
            notes += voice.hear(point.fields, point.time, now_frame)
        return notes

    def play_batch(self, batch: Batch, now_frame: int) -> list[Note]:
        """Return the notes of a batch of points, as `play` does."""
        voices = self._voices.get(batch.stream)
        if voices is None:
            voices = self._meet(batch.stream, batch.fields(0), len(batch))
        notes: list[Note] = []
        for voice in voices:
            notes += voice.hear_batch(batch, now_frame)
        return notes

    def flush(self, now_frame: int) -> list[Note]:
        """Return the notes of merged points whose time has come; to be called often."""
        return [
            note
            for voices in self._voices.values()
            for voice in voices
            if voice.waiting
            for note in voice.flush(now_frame)
        ]

    @property
    def points_waiting(self) -> int:
        """How many points wait to be merged, each once for each part that plays it."""
        return sum(voice.waiting for voices in self._voices.values() for voice in voices)

    def _meet(self, stream: str, fields: Mapping[str, float], points: int) -> list[_Voice]:
        """Set up a stream that appears for the first time, with so many points."""
        if len(self._voices) >= MAX_STREAMS:
            self._refuse(stream, points)
            return []
        parts = parts_for(self._session, stream, fields)
        voices = [self._voice(part, stream, fields) for part in parts]
        self._voices[stream] = voices
        return voices

    def _refuse(self, stream: str, points: int) -> None:
        self.counts.points_refused += points
        if stream not in self._refused and len(self._refused) < MAX_STREAMS:
            self._refused.add(stream)
            self.counts.streams_refused += 1

    def _voice(self, part: Part, stream: str, fields: Mapping[str, float]) -> _Voice:
        first_field = next(iter(fields), "")

        def reader(spec: MappingSpec) -> Reader:
            return make_reader(
                spec,
                field=spec.field or first_field,
                counts=self.counts,
                survey=self._survey,
            )

        pan = reader(part.pan) if part.pan else Constant(automatic_pan(len(self._voices)))
        return _Voice(
            stream=stream,
            instrument=part.instrument,
            timing=self._timing(part),
            merger=self._merger(part, part.pitch.field or first_field),
            held=self._held(part),
            readers=(
                reader(part.pitch),
                reader(part.duration),
                reader(part.volume),
                pan,
                reader(part.brightness),
            ),
            counts=self.counts,
        )

    def _held(self, part: Part) -> _Held:
        if part.articulation != "continuous":
            return _Held()
        self._last_key += 1
        in_sequence = self._sequence_only or part.timing == "sequence"
        return _Held(
            key=self._last_key,
            glide_frames=round(part.glide * self._sample_rate),
            # In a sequence the next note is there when one ends.
            frames=round((JOIN_S if in_sequence else part.hold) * self._sample_rate),
        )

    def _merger(self, part: Part, field: str) -> Merger | None:
        if self._sequence_only or part.timing == "sequence":
            return None
        return Merger(
            field,
            sample_rate=self._sample_rate,
            notes_per_second=part.notes_per_second,
            keep=part.overload,
            counts=self.counts,
        )

    def _timing(self, part: Part) -> Timing:
        if self._sequence_only:
            return TableSequence(self._sample_rate)
        if part.timing == "sequence":
            return Sequence(self._sample_rate, queue=part.queue)
        return Arrival(self._sample_rate, look_ahead=self._session.audio.look_ahead > 0)


class _Held(NamedTuple):
    """How a part's voice is held from note to note; by default it is not."""

    key: int = 0
    glide_frames: int = 0
    frames: int = 0


class _Voice:
    """One stream as one part plays it."""

    def __init__(
        self,
        *,
        stream: str,
        instrument: str,
        timing: Timing,
        merger: Merger | None,
        held: _Held,
        readers: Iterable[Reader],
        counts: Counts,
    ) -> None:
        self._stream = stream
        self._instrument = instrument
        self._place = timing.place
        self._merger = merger
        self._held = held
        (
            self._pitch,
            self._duration,
            self._volume,
            self._pan,
            self._brightness,
        ) = (reader.read for reader in readers)
        self._counts = counts

    @property
    def waiting(self) -> int:
        """Points that wait to be merged."""
        return self._merger.waiting if self._merger else 0

    def hear(self, fields: Mapping[str, float], time: float, now_frame: int) -> list[Note]:
        """Take in a point; return the notes that begin now."""
        if self._merger is None:
            return self._play_all((Reading(fields, time),), now_frame)
        return self._play_all(self._merger.offer(fields, time, now_frame), now_frame)

    def hear_batch(self, batch: Batch, now_frame: int) -> list[Note]:
        """Take in points; return the notes that begin now."""
        if self._merger is None:
            readings = (Reading(point.fields, point.time) for point in batch.points())
            return self._play_all(readings, now_frame)
        passing = self._merger.offer_batch(batch.columns, batch.times, now_frame)
        return self._play_all(passing, now_frame)

    def flush(self, now_frame: int) -> list[Note]:
        """Return the notes of points that waited."""
        return self._play_all(self._merger.flush(now_frame), now_frame) if self._merger else []

    def _play_all(self, readings: Iterable[Reading], now_frame: int) -> list[Note]:
        notes = (self._play(fields, time, now_frame) for fields, time in readings)
        return [note for note in notes if note is not None]

    def _play(self, fields: Mapping[str, float], time: float, now_frame: int) -> Note | None:
        """Return the note of a point, or None where it is a rest or there is no room."""
        # Every field is read, whatever becomes of the note: a window has seen what was sent.
        midi_note = self._pitch(fields, time)
        duration_s = self._duration(fields, time)
        level_db = self._volume(fields, time)
        pan = self._pan(fields, time)
        brightness = self._brightness(fields, time)
        slot = self._place(duration_s, now_frame)
        if slot is None:
            self._counts.dropped += 1
            return None
        if isnan(midi_note):
            self._counts.rests += 1
            return None
        self._counts.notes += 1
        onset_frame, duration_frames = slot
        return Note(
            onset_frame,
            duration_s,
            duration_frames + self._held.frames,
            midi_note,
            level_db,
            pan,
            self._instrument,
            self._stream,
            brightness,
            self._held.key,
            self._held.glide_frames,
        )


def _specs(part: Part) -> list[MappingSpec]:
    specs = (part.pitch, part.duration, part.volume, part.pan, part.brightness)
    return [spec for spec in specs if spec is not None]


def _looks_at_all(part: Part) -> bool:
    return any(spec.wants_survey for spec in _specs(part))
