"""Data points become notes."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamson._faults import Faults
from streamson._rate_limited_log import RateLimitedLog
from streamson.model.counts import Counts
from streamson.score.cues import Cues, Tell
from streamson.score.legend import legend_line
from streamson.score.mapping import source_of
from streamson.score.note_budget import BudgetedTiming, NoteBudget
from streamson.score.part_player import PARAMETERS, Held, Voice
from streamson.score.timing import Arrival, Event, Grid, TableSequence, Timing
from streamson.score.timing import Sequence as SequenceTiming
from streamson.session.resolve import matching_parts, parts_for
from streamson.session.schema import field_name

if TYPE_CHECKING:  # at run time points and extents would bring numpy along
    from collections.abc import Mapping, Sequence

    from streamson.model.note import Note
    from streamson.model.point import Batch, DataPoint
    from streamson.rescaling.extents import Extents
    from streamson.rescaling.transform import Source
    from streamson.session.schema import MappingSpec, Part, Session

_log = logging.getLogger(__name__)

JOIN_S: Final = 0.25
"""A held voice of a sequence outlasts its note by so much."""

TICK_S: Final = 0.25
"""How often it is looked whether a stream fell silent."""

MAX_STREAMS: Final = 1_024
"""Streams a score plays at a time, at some 55 KB each; points of others are refused and counted."""

REPLACED_AFTER_S: Final = 60.0
"""Where all places are taken, a newcomer gets that of the stream that is silent for longest, if it
is for so long: names that were sent once, by mistake or in bad faith, do not keep others out."""


MAX_NEWCOMERS: Final = 64
"""Streams that wait to be told."""


class Score:
    """Plays points as a session says: one note for each part that plays the point's stream.

    Each stream has windows and timing of its own in each part, from its first point on.

    Parameters
    ----------
    session
        What plays which stream.
    sample_rate
        Frames a second.
    extents
        Where the values of a whole table begin and end, as far as its parts ask for it by
        `sources`; None live.
    sequence_only
        For a table, whose rows follow one another from frame 0 on whatever the timing of the
        part, and all are played.
    tell
        Is told a line about what happened, such as an alert, and the time that the data has then,
        or NaN; by default the log is.

    Attributes
    ----------
    counts
        What became of the points so far.

    Examples
    --------
    >>> from streamson.session.load import load_session
    >>> from streamson.model.point import DataPoint
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
        extents: Extents | None = None,
        sequence_only: bool = False,
        tell: Tell = lambda line, _time: _log.warning("%s", line),
    ) -> None:
        self.counts = Counts()
        self._faults = Faults()
        self._limited = RateLimitedLog(_log)
        self._session = session
        self._sample_rate = sample_rate
        self._extents = extents
        self._sequence_only = sequence_only
        self._voices: dict[str, list[Voice]] = {}
        self._behind: dict[Voice, None] = {}  # those that wait for longest come first
        self._budget = NoteBudget(sample_rate)
        self._tables: list[TableSequence] = []
        self._cues = Cues(session, sample_rate=sample_rate, counts=self.counts, tell=tell)
        self._next_tick = 0
        self._row_frame = 0
        self._refused: set[str] = set()
        self._last_key = 0
        self._numbers: dict[str, int] = {}
        self._fields: dict[str, tuple[str, ...]] = {}
        self._remembered: dict[str, dict[str, Any]] = {}
        self._remembered_until: int | None = None
        self._budget.allow(part.notes_per_second for part in session.parts)
        self._replaceable: deque[str] = deque()
        self._silent_since = 0
        self._newcomers: list[str] = []

    @property
    def streams(self) -> int:
        """How many streams are played."""
        return len(self._voices)

    def sources(self, stream: str, fields: Sequence[str]) -> set[Source]:
        """Return what of a table's rows its parts would like to know before they play it.

        Parameters
        ----------
        stream
            The rows' stream.
        fields
            Names of the columns.
        """
        return {
            source_of(spec, field_name(spec.field, fields))
            for part in parts_for(self._session, stream, fields, 0)
            for spec in _specs(part)
            if spec.is_rescaled and spec.rescale.wants_extent
        }

    def take_newcomers(self) -> list[str]:
        """Return what is played of streams that appeared since the last call, a line each.

        Of many at once only the first are told.
        """
        newcomers, self._newcomers = self._newcomers, []
        return newcomers

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
            try:
                heard = voice.hear(point.fields, point.time, now_frame)
            except Exception as error:  # no point ends a score
                self._fail(voice, error)
                continue
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
            try:
                heard = voice.hear_batch(batch, now_frame)
            except Exception as error:  # no point ends a score
                self._fail(voice, error)
                continue
            notes += self._after(voice, heard, now_frame)
        if voices:
            notes += self._cues.hear_batch(batch, self._cue_frame(notes, now_frame))
        return notes

    def flush(self, now_frame: int) -> list[Note]:
        """Return the notes whose time has come: of merged points, and of streams that fell silent.

        To be called often.
        """
        notes = self._flush_behind(now_frame)
        if now_frame >= self._next_tick:
            self._next_tick = now_frame + round(TICK_S * self._sample_rate)
            self._forget_silent(now_frame)
            notes += self._cues.tick(now_frame)
        return notes

    def _flush_behind(self, now_frame: int) -> list[Note]:
        """Let voices that wait play in turn, as far as the budget of all goes."""
        notes: list[Note] = []
        budget = self._budget
        budget.contended = False
        for voice in list(self._behind):
            if not budget.ready(now_frame):
                break
            del self._behind[voice]  # it comes back behind the others if it must wait on
            try:
                flushed = voice.flush(now_frame)
            except Exception as error:  # no point ends a score
                self._fail(voice, error)
                continue
            notes += self._after(voice, flushed, now_frame)
        budget.contended = not budget.ready(now_frame) and bool(self._behind)
        return notes

    def end(self, stream: str) -> None:
        """Note that a stream's producer ended: until it comes back, its silence tells nothing."""
        if stream in self._voices:
            self._cues.end(stream)

    def lose(self, now_frame: int) -> list[Note]:
        """Return the notes that tell that points were lost on their way."""
        return self._cues.lose(now_frame)

    def _after(self, voice: Voice, notes: list[Note], now_frame: int) -> list[Note]:
        """Note whether a voice is behind; return its notes, and those that tell of its range."""
        if voice.waiting:
            self._behind[voice] = None
        else:
            self._behind.pop(voice, None)
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
        """Return what `restore` wants: the streams with their windows, the last heard one last."""
        heard = sorted(self._voices, key=self._cues.heard_frame)
        windows = {**self._remembered, **{stream: self._state_of(stream) for stream in heard}}
        return [
            msgspec.to_builtins(_StreamState(stream, self._numbers[stream], state))
            for stream, state in windows.items()
        ]

    def restore(self, state: Any) -> None:
        """Go on where another score was; to be called before the first point.

        A stream sounds as it did, wherever it appears. What is rescaled as it was goes on with its
        windows; the rest begins afresh. Of more than `MAX_STREAMS` the last heard are restored.

        Raises
        ------
        ValueError
            It isn't the state of a score.
        """
        streams = msgspec.convert(state, list[_StreamState])[-MAX_STREAMS:]
        numbers = {stream.name: stream.number for stream in streams}
        if len(set(numbers.values())) != len(streams) or min(numbers.values(), default=0) < 0:
            raise ValueError("streams that share a name or a number")
        self._remembered = {stream.name: stream.windows for stream in streams}
        self._numbers = numbers

    def close(self) -> None:
        """Write what the log still owes."""
        self._limited.flush()

    def change(self, session: Session) -> None:
        """Go on as another session says; what is the same in both goes on as if nothing happened.

        Points of parts that are no more and that wait to be merged are not played.
        """
        before, self._session = self._session, session
        keep_time = (before.tempo, before.audio) == (session.tempo, session.audio)
        self._cues.change(session)
        self._budget.allow(part.notes_per_second for part in session.parts)
        for stream, old in self._voices.items():
            remembered = self._state_of(stream)
            kept = {voice.part: voice for voice in old} if keep_time else {}
            fields = self._fields[stream]
            parts = parts_for(session, stream, fields, self._numbers[stream])
            voices = [kept.get(part) or self._voice(part, stream, fields) for part in parts]
            for voice in voices:
                if voice not in old:
                    voice.restore(remembered)
            for voice in old:
                if voice not in voices:
                    self._drop(voice)
            self._voices[stream] = voices

    def _state_of(self, stream: str) -> dict[str, Any]:
        of_voices = [voice.state() for voice in self._voices[stream]]
        states = [*of_voices, self._cues.state(stream)]
        return {key: remembered for state in states for key, remembered in state.items()}

    def _meet(self, stream: str, fields: Mapping[str, float], points: int) -> list[Voice]:
        """Set up a stream that appears for the first time, with so many points."""
        if len(self._voices) >= MAX_STREAMS and not self._replace_silent():
            self._refuse(stream, points)
            return []
        number = self._numbers.setdefault(stream, self._free_number())
        names = self._fields[stream] = tuple(fields)
        parts = parts_for(self._session, stream, names, number)
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
        if len(self._newcomers) < MAX_NEWCOMERS:
            self._newcomers.append(legend_line(stream, parts, names))
        return voices

    def _free_number(self) -> int:
        """Return the lowest number that no stream has: what is automatic hangs on it."""
        taken = set(self._numbers.values())
        return next(number for number in itertools.count() if number not in taken)

    def _forget_silent(self, now_frame: int) -> None:
        """Let streams that are silent for long give their places back."""
        limit = now_frame - round(self._session.streams.forget_after * self._sample_rate)
        heard = {stream: self._cues.heard_frame(stream) for stream in self._voices}
        for stream, frame in heard.items():
            if frame < limit:
                self._forget(stream)
        if len(self._voices) >= MAX_STREAMS:
            self._silent_since = now_frame - round(REPLACED_AFTER_S * self._sample_rate)
            silent_ones = [stream for stream, frame in heard.items() if frame < self._silent_since]
            self._replaceable = deque(sorted(silent_ones, key=heard.__getitem__))
        if self._remembered_until is None:  # what was restored is as old as this run
            self._remembered_until = now_frame + now_frame - limit
        if now_frame > self._remembered_until:
            for stream in self._remembered:
                del self._numbers[stream]
            self._remembered.clear()

    def _replace_silent(self) -> bool:
        """Forget the stream that is silent for longest; return whether there was one."""
        while self._replaceable:
            stream = self._replaceable.popleft()
            if stream in self._voices and self._cues.heard_frame(stream) < self._silent_since:
                self._forget(stream)
                return True
        return False

    def _forget(self, stream: str) -> None:
        self.counts.streams_forgotten += 1
        for voice in self._voices.pop(stream):
            self._drop(voice)
        self._cues.forget(stream)
        del self._fields[stream], self._numbers[stream]

    def _fail(self, voice: Voice, error: Exception) -> None:
        """Take in that a point, or what waited with it, could not be played."""
        self.counts.faults += 1
        self._faults.survive(error, voice.stream)

    def _drop(self, voice: Voice) -> None:
        """Let go of a voice; what waits in it is not played."""
        self.counts.merged += voice.waiting
        self._behind.pop(voice, None)

    def _set_up(self, parts: list[Part], stream: str, fields: tuple[str, ...]) -> list[Voice]:
        self._cues.meet(stream, fields)
        return [self._voice(part, stream, fields) for part in parts]

    def _refuse(self, stream: str, points: int) -> None:
        self._limited.warning(
            "refused",
            "%s is not played: %d streams are, and none has been silent for %.0f s",
            *(stream, MAX_STREAMS, REPLACED_AFTER_S),
        )
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
            extents=self._extents,
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
            self._tables.append(TableSequence(self._sample_rate, stagger=_seconds(part)))
            return self._tables[-1]
        return BudgetedTiming(self._timing_of_its_own(part), self._budget)

    def _timing_of_its_own(self, part: Part) -> Timing:
        match part.timing:
            case "sequence":
                longest = part.duration.high if part.duration.value is None else part.duration.value
                return SequenceTiming(self._sample_rate, longest=longest, max_lag=part.max_lag)
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
                    stagger=_seconds(part),
                )


class _StreamState(msgspec.Struct):
    """What is remembered of a stream: its number, and its windows by what they rescale."""

    name: str
    number: int
    windows: dict[str, Any]


def _seconds(part: Part) -> float:
    """Return how much later a part's notes begin, which is known once it has a stream."""
    return 0.0 if isinstance(part.stagger, str) else part.stagger


def _specs(part: Part) -> list[MappingSpec]:
    specs = [getattr(part, name) for name in PARAMETERS]
    return [spec for spec in specs if spec is not None]
