"""Data points become notes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamson.score.counts import Counts
from streamson.score.cues import Cues
from streamson.score.session.casting import matching_parts, parts_for
from streamson.score.timing import Arrival, Event, Grid, Sequence, TableSequence, Timing
from streamson.score.voice import PARAMETERS, Held, Voice

if TYPE_CHECKING:  # at run time the wire would bring ZeroMQ along
    from collections.abc import Mapping

    from streamson.score.mapping import Survey
    from streamson.score.note import Note
    from streamson.score.session import MappingSpec, Part, Session
    from streamson.wire.point import Batch, DataPoint

_log = logging.getLogger(__name__)

JOIN_S: Final = 0.25
"""A held voice of a sequence outlasts its note by so much."""

TICK_S: Final = 0.25
"""How often it is looked whether a stream fell silent."""

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
        part, and all are played.

    Attributes
    ----------
    counts
        What became of the points so far.

    Examples
    --------
    >>> from streamson.score import load_session
    >>> from streamson.wire import DataPoint
    >>> score = Score(load_session("article"), sample_rate=44100)
    >>> point = DataPoint("eta", {"re": 0.3, "im": 0.1, "modulus": 0.32}, 0.0)
    >>> [note.midi_note for note in score.play(point, 0)]
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
        self._voices: dict[str, list[Voice]] = {}
        self._behind: set[Voice] = set()
        self._tables: list[TableSequence] = []
        self._cues = Cues(session, sample_rate=sample_rate, counts=self.counts)
        self._next_tick = 0
        self._row_frame = 0
        self._refused: set[str] = set()
        self._last_key = 0
        self._order: dict[str, int] = {}
        self._fields: dict[str, tuple[str, ...]] = {}
        self._remembered: dict[str, dict[str, Any]] = {}

    @property
    def needs_survey(self) -> bool:
        """Whether a mapping has the window "all", which wants the whole table's extremes."""
        return any(spec.wants_survey for part in self._session.parts for spec in _specs(part))

    @property
    def streams(self) -> int:
        """How many streams were heard so far."""
        return len(self._voices)

    def fields_of(self, stream: str) -> set[str]:
        """Return the fields that the session's parts name for a stream; empty if none plays it."""
        parts = matching_parts(self._session, stream)
        fields = {spec.field for part in parts for spec in _specs(part) if spec.value is None}
        fields |= {part.instrument.field for part in parts if not isinstance(part.instrument, str)}
        return {field for field in fields if isinstance(field, str)}

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
            heard = voice.hear(point.fields, point.time, now_frame)
            if heard is not None:
                notes += self._after(voice, heard, now_frame)
        if voices:
            at_frame = self._cue_frame(notes, now_frame) if self._sequence_only else now_frame
            notes += self._cues.hear(point.stream, point.fields, point.time, at_frame)
        return notes

    def play_batch(self, batch: Batch, now_frame: int) -> list[Note]:
        """Return the notes of a batch of points, as `play` does."""
        voices = self._voices.get(batch.stream)
        if voices is None:
            voices = self._meet(batch.stream, batch.fields(0), len(batch))
        notes: list[Note] = []
        for voice in voices:
            notes += self._after(voice, voice.hear_batch(batch, now_frame), now_frame)
        if voices:
            notes += self._cues.hear_batch(batch, self._cue_frame(notes, now_frame))
        return notes

    def flush(self, now_frame: int) -> list[Note]:
        """Return the notes whose time has come: of merged points, and of streams that fell silent.

        To be called often.
        """
        notes: list[Note] = []
        for voice in list(self._behind):
            notes += self._after(voice, voice.flush(now_frame), now_frame)
        if now_frame >= self._next_tick:
            self._next_tick = now_frame + round(TICK_S * self._sample_rate)
            notes += self._cues.tick(now_frame)
        return notes

    def lose(self, now_frame: int) -> list[Note]:
        """Return the notes that tell that points were lost on their way."""
        return self._cues.lose(now_frame)

    def _after(self, voice: Voice, notes: list[Note], now_frame: int) -> list[Note]:
        """Note whether a voice is behind; return its notes, and those that tell of its range."""
        if voice.waiting:
            self._behind.add(voice)
        else:
            self._behind.discard(voice)
        if notes:
            notes += self._cues.at_ends(voice, notes, self._cue_frame(notes, now_frame))
        return notes

    def _cue_frame(self, notes: list[Note], now_frame: int) -> int:
        """Return when a cue sounds: in a table, beside the note of its row."""
        if not self._sequence_only:
            return now_frame
        if notes:
            self._row_frame = notes[0].onset_frame
        return self._row_frame

    @property
    def next_frame(self) -> int:
        """Of a table: no note of a later row begins before it."""
        return min((timing.next_frame for timing in self._tables), default=0)

    @property
    def behind(self) -> bool:
        """Whether points wait to be merged."""
        return bool(self._behind)

    @property
    def points_waiting(self) -> int:
        """How many points wait to be merged, each once for each part that plays it."""
        return sum(voice.waiting for voice in list(self._behind))

    @property
    def alerts_active(self) -> int:
        """How many alerts are active at this moment."""
        return self._cues.active

    @property
    def streams_stale(self) -> int:
        """How many streams fell silent."""
        return self._cues.stale

    @property
    def lag_s(self) -> float:
        """How long after its point the last note of the stream that lags most was to begin."""
        voices = [voice for voices in list(self._voices.values()) for voice in voices]
        return max((voice.lag_frames for voice in voices), default=0) / self._sample_rate

    def state(self) -> Any:
        """Return what `restore` wants: the streams in order of appearance, with their windows."""
        return {
            stream: self._state_of(stream) if stream in self._voices else self._remembered[stream]
            for stream in self._order
        }

    def restore(self, state: Any) -> None:
        """Go on where another score was; to be called before the first point.

        A stream has again the place in the order that it had. What is rescaled as it was goes on
        with its windows; the rest begins afresh.

        Raises
        ------
        ValueError
            It isn't the state of a score.
        """
        remembered = msgspec.convert(state, dict[str, dict[str, Any]])
        self._remembered = dict(list(remembered.items())[:MAX_STREAMS])
        self._order = {stream: i for i, stream in enumerate(self._remembered)}

    def change(self, session: Session) -> None:
        """Go on as another session says; what is the same in both goes on as if nothing happened.

        Points of parts that are no more and that wait to be merged are not played.
        """
        before, self._session = self._session, session
        keep_time = (before.tempo, before.audio) == (session.tempo, session.audio)
        self._cues.change(session)
        for stream, old in self._voices.items():
            remembered = self._state_of(stream)
            kept = {voice.part: voice for voice in old} if keep_time else {}
            fields = self._fields[stream]
            parts = parts_for(session, stream, fields, self._order[stream])
            voices = [kept.get(part) or self._voice(part, stream, fields) for part in parts]
            for voice in voices:
                if voice not in old:
                    voice.restore(remembered)
            for voice in old:
                if voice not in voices:
                    self.counts.merged += voice.waiting
                    self._behind.discard(voice)
            self._voices[stream] = voices

    def _state_of(self, stream: str) -> dict[str, Any]:
        of_voices = [voice.state() for voice in self._voices[stream]]
        states = [*of_voices, self._cues.state(stream)]
        return {key: remembered for state in states for key, remembered in state.items()}

    def _meet(self, stream: str, fields: Mapping[str, float], points: int) -> list[Voice]:
        """Set up a stream that appears for the first time, with so many points."""
        if len(self._voices) >= MAX_STREAMS:
            self._refuse(stream, points)
            return []
        appearance = self._order.setdefault(stream, len(self._order))
        names = self._fields[stream] = tuple(fields)
        parts = parts_for(self._session, stream, names, appearance)
        voices = self._set_up(parts, stream, names)
        remembered = self._remembered.pop(stream, None)
        if remembered is not None:
            try:
                for voice in voices:
                    voice.restore(remembered)
                self._cues.restore(stream, remembered)
            except ValueError as error:
                _log.warning("%s begins afresh, its state can't be used: %s", stream, error)
                voices = self._set_up(parts, stream, names)
        self._voices[stream] = voices
        return voices

    def _set_up(self, parts: list[Part], stream: str, fields: tuple[str, ...]) -> list[Voice]:
        self._cues.meet(stream, fields)
        return [self._voice(part, stream, fields) for part in parts]

    def _refuse(self, stream: str, points: int) -> None:
        self.counts.points_refused += points
        if stream not in self._refused and len(self._refused) < MAX_STREAMS:
            self._refused.add(stream)
            self.counts.streams_refused += 1

    def _voice(self, part: Part, stream: str, fields: tuple[str, ...]) -> Voice:
        return Voice(
            part,
            stream=stream,
            fields=fields,
            timing=self._timing(part),
            held=self._held(part),
            counts=self.counts,
            survey=self._survey,
        )

    def _held(self, part: Part) -> Held:
        if part.articulation != "continuous":
            return Held()
        self._last_key += 1
        in_sequence = self._sequence_only or part.timing == "sequence"
        return Held(
            key=self._last_key,
            glide_frames=round(part.glide * self._sample_rate),
            # In a sequence the next note is there when one ends.
            frames=round((JOIN_S if in_sequence else part.hold) * self._sample_rate),
        )

    def _timing(self, part: Part) -> Timing:
        if self._sequence_only:
            self._tables.append(TableSequence(self._sample_rate))
            return self._tables[-1]
        match part.timing:
            case "sequence":
                longest = part.duration.high if part.duration.value is None else part.duration.value
                return Sequence(self._sample_rate, longest=longest, max_lag=part.max_lag)
            case "grid":
                return Grid(
                    self._sample_rate,
                    steps_per_second=self._session.tempo / 60 * part.subdivision,
                    notes_per_second=part.notes_per_second,
                )
            case "event":
                return Event(
                    self._sample_rate,
                    notes_per_second=part.notes_per_second,
                    max_lag=part.max_lag,
                )
            case _:
                return Arrival(
                    self._sample_rate,
                    notes_per_second=part.notes_per_second,
                    look_ahead=self._session.audio.look_ahead > 0,
                )


def _specs(part: Part) -> list[MappingSpec]:
    specs = [getattr(part, name) for name in PARAMETERS]
    return [spec for spec in specs if spec is not None]
