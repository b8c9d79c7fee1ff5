"""What is heard of what is played: the master volume, and which streams are muted or soloed."""

import threading
from collections.abc import Callable
from math import inf
from typing import Final, NamedTuple

import msgspec

from streamson.errors import UsageError
from streamson.model.event.base import Event
from streamson.model.event.steering import StreamMuted, StreamSoloed
from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from streamson.score.attention.bed import BED
from streamson.session.parse.earcons import earcon_instruments
from streamson.synth.engine import check_volume

MAX_STEERED_STREAMS: Final = 256
"""Streams that are muted, and as many that are soloed: all are told whenever one changes."""

SILENT_DB: Final = -120.0
"""A held voice of a stream that is not to be heard glides there, and waits."""

GLIDE_FRAMES: Final = 4_410
"""In a tenth of a second: its own glide may take many."""

MAX_HELD: Final = 1_024
"""Held voices that are remembered: as many as sound."""


class _Held(NamedTuple):
    """A held voice: its last note as it was played, when it ends, and whether it is heard."""

    note: Note
    end_frame: int
    is_heard: bool


class Mixer:
    """Any thread may steer it; the listener's asks it of each note.

    Parameters
    ----------
    volume_db
        The master volume.
    glide_to
        Lets it glide to a level.
    on_event
        Is called with what is muted and soloed.

    Attributes
    ----------
    volume_db
        The master volume, or where unmuting leads.
    muted
        Whether all is silent.
    notes_muted, asides_muted
        Notes that were not played, because their stream was not to be heard; of these, those that
        are no points: ticks that tell of the end of a range, beacons, and those of the bed.
    notes_remixed
        Notes that were played once more, to let a held voice fall silent or be heard again.
    """

    def __init__(
        self,
        volume_db: float,
        *,
        glide_to: Callable[[float], None],
        on_event: Callable[[Event], None],
    ) -> None:
        self.volume_db = volume_db
        self.muted = False
        self.notes_muted = self.asides_muted = 0
        self.notes_remixed = 0
        # Replaced and never changed, so that who reads them needs no lock.
        self._muted_streams: dict[str, None] = {}
        self._soloed_streams: dict[str, None] = {}
        self._glide_to = glide_to
        self._on_event = on_event
        self._lock = threading.Lock()
        self._held: dict[int, _Held] = {}
        self._is_remixed = True

    @property
    def muted_streams(self) -> tuple[str, ...]:
        """Names of the streams that are muted, in the order in which they were."""
        return tuple(self._muted_streams)

    @property
    def soloed_streams(self) -> tuple[str, ...]:
        """Names of the streams that are soloed, in the order in which they were."""
        return tuple(self._soloed_streams)

    def is_muted(self, stream: str) -> bool:
        """Return whether a stream is muted."""
        return stream in self._muted_streams

    def is_soloed(self, stream: str) -> bool:
        """Return whether a stream is soloed."""
        return stream in self._soloed_streams

    def hears(self, stream: str) -> bool:
        """Return whether a stream's notes are to be heard."""
        soloed = self._soloed_streams
        return stream not in self._muted_streams and (not soloed or stream in soloed)

    def set_volume(self, volume_db: float) -> None:
        """Let the master volume glide to a level in dB, or set where unmuting leads.

        Raises
        ------
        UsageError
            If it is above 24 dB or not a number.
        """
        check_volume(volume_db)
        with self._lock:
            self.volume_db = volume_db
            if not self.muted:
                self._glide_to(volume_db)

    def mute(self, *, muted: bool) -> None:
        """Let all glide to silence, or back."""
        with self._lock:
            self.muted = muted
            self._glide_to(-inf if muted else self.volume_db)

    def mute_stream(self, stream: str, *, muted: bool, frame: int) -> None:
        """Let a stream's notes not be heard, or be heard again; its alerts are, all the same.

        Raises
        ------
        UsageError
            If too many are muted.
        """
        with self._lock:
            if muted != self.is_muted(stream):
                self._muted_streams = _changed(self._muted_streams, stream, is_in=muted)
                self._tell(StreamMuted(frame=frame, stream=stream, muted=muted))

    def solo_stream(self, stream: str, *, soloed: bool, alone: bool, frame: int) -> None:
        """Let only those streams be heard that are soloed, as long as there are any.

        Raises
        ------
        UsageError
            If too many are soloed.
        """
        with self._lock:
            others = {} if alone else self._soloed_streams
            self._solo(_changed(others, stream, is_in=soloed), frame)

    def hear_all(self, *, frame: int) -> None:
        """Let no stream be muted or soloed."""
        with self._lock:
            muted, self._muted_streams = self._muted_streams, {}
            for stream in muted:
                self._tell(StreamMuted(frame=frame, stream=stream, muted=False))
            self._solo({}, frame)

    def forget_gone(self, is_played: Callable[[str], bool], *, frame: int) -> None:
        """Solo no stream that is no more, for nothing else would ever be heard.

        One that is muted stays so, and is when it comes back, as long as there is room.

        Parameters
        ----------
        is_played
            Returns whether there is such a stream.
        frame
            Now.
        """
        with self._lock:
            if not all(map(is_played, self._soloed_streams)):
                self._solo(dict.fromkeys(filter(is_played, self._soloed_streams)), frame)
            if len(self._muted_streams) >= MAX_STEERED_STREAMS:
                self._muted_streams = dict.fromkeys(filter(is_played, self._muted_streams))

    def mix(self, note: Note, frame: int) -> Note | None:
        """Return a note as it is to be played; None for one that is not to be heard.

        Parameters
        ----------
        note
            As the score has it.
        frame
            When it begins, where it has no onset.
        """
        is_heard = note.foreground or self.hears(note.stream)
        if note.held_key:
            self._remember(note, frame, is_heard=is_heard)
            return note if is_heard else _silenced(note)
        if is_heard:
            return note
        self.notes_muted += 1
        is_aside = note.stream == BED or note.instrument in earcon_instruments()
        self.asides_muted += is_aside
        return None

    def remix(self, frame: int) -> list[Note]:
        """Return the notes that held voices glide to, where others are to be heard than before.

        To be called often, in the thread that mixes.
        """
        if self._is_remixed:
            return []
        self._is_remixed = True
        notes = []
        for key, (note, end_frame, was_heard) in list(self._held.items()):
            if end_frame <= frame:
                del self._held[key]
            elif (is_heard := self.hears(note.stream)) != was_heard:
                self._held[key] = _Held(note, end_frame, is_heard)
                rest = _rest_of(note, end_frame - frame)
                notes.append(rest if is_heard else _silenced(rest))
        self.notes_remixed += len(notes)
        return notes

    def _solo(self, streams: dict[str, None], frame: int) -> None:
        if streams.keys() != self._soloed_streams.keys():
            self._soloed_streams = streams
            self._tell(StreamSoloed(frame=frame, streams=tuple(streams)))

    def _tell(self, event: Event) -> None:
        self._is_remixed = False
        self._on_event(event)

    def _remember(self, note: Note, frame: int, *, is_heard: bool) -> None:
        begin = frame if note.onset_frame == AS_SOON_AS_POSSIBLE else note.onset_frame
        self._held.pop(note.held_key, None)  # the one that was played last comes last
        self._held[note.held_key] = _Held(note, begin + note.duration_frames, is_heard)
        if len(self._held) > MAX_HELD:
            del self._held[next(iter(self._held))]


def _changed(streams: dict[str, None], stream: str, *, is_in: bool) -> dict[str, None]:
    others = {one: None for one in streams if one != stream}
    if not is_in:
        return others
    if len(others) >= MAX_STEERED_STREAMS:
        raise UsageError(f"{len(others)} streams are; more than {MAX_STEERED_STREAMS} can't be")
    return {**others, stream: None}


def _silenced(note: Note) -> Note:
    return msgspec.structs.replace(note, level_db=SILENT_DB)


def _rest_of(note: Note, frames: int) -> Note:
    """Return what is left of a held note, to begin at once."""
    return msgspec.structs.replace(
        note,
        onset_frame=AS_SOON_AS_POSSIBLE,
        duration_s=note.duration_s * frames / note.duration_frames,
        duration_frames=frames,
        glide_frames=min(note.glide_frames, GLIDE_FRAMES),
    )
