"""What is heard of what is played: the master volume, and which streams are muted or soloed."""

from collections.abc import Callable
from math import inf
from typing import Final

import msgspec

from streamson.errors import UsageError
from streamson.model.event import Event, StreamMuted, StreamSoloed
from streamson.model.note import Note
from streamson.synth.engine import check_volume

MAX_STEERED_STREAMS: Final = 1_024
"""Streams that are muted, and as many that are soloed: as many as are played."""

SILENT_DB: Final = -120.0
"""A held voice of a stream that is muted glides there, instead of waiting for its next note."""


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
    muted_streams, soloed_streams
        Names, in the order in which they were.
    notes_muted
        Notes that were not played, because their stream was not to be heard.
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
        self.muted_streams: tuple[str, ...] = ()
        self.soloed_streams: tuple[str, ...] = ()
        self.notes_muted = 0
        self._glide_to = glide_to
        self._on_event = on_event

    def set_volume(self, volume_db: float) -> None:
        """Let the master volume glide to a level in dB, or set where unmuting leads.

        Raises
        ------
        UsageError
            If it is above 24 dB or not a number.
        """
        check_volume(volume_db)
        self.volume_db = volume_db
        if not self.muted:
            self._glide_to(volume_db)

    def mute(self, *, muted: bool) -> None:
        """Let all glide to silence, or back."""
        self.muted = muted
        self._glide_to(-inf if muted else self.volume_db)

    def mute_stream(self, stream: str, *, muted: bool, frame: int) -> None:
        """Let a stream's notes not be heard, or be heard again; its alerts are, all the same."""
        if muted == (stream in self.muted_streams):
            return
        self.muted_streams = _changed(self.muted_streams, stream, is_in=muted)
        self._on_event(StreamMuted(frame=frame, stream=stream, muted=muted))

    def solo_stream(self, stream: str, *, soloed: bool, alone: bool, frame: int) -> None:
        """Let only those streams be heard that are soloed, as long as there are any."""
        others = () if alone else self.soloed_streams
        found = _changed(others, stream, is_in=soloed)
        if found != self.soloed_streams:
            self.soloed_streams = found
            self._on_event(StreamSoloed(frame=frame, streams=found))

    def hear_all(self, *, frame: int) -> None:
        """Let no stream be muted or soloed."""
        for stream in self.muted_streams:
            self.mute_stream(stream, muted=False, frame=frame)
        if self.soloed_streams:
            self.soloed_streams = ()
            self._on_event(StreamSoloed(frame=frame, streams=()))

    def hears(self, stream: str) -> bool:
        """Return whether a stream's notes are to be heard."""
        soloed = self.soloed_streams
        return stream not in self.muted_streams and (not soloed or stream in soloed)

    def mix(self, note: Note) -> Note | None:
        """Return a note as it is to be played; None for one that is not to be heard."""
        if note.foreground or not (self.muted_streams or self.soloed_streams):
            return note
        if self.hears(note.stream):
            return note
        if note.held_key:
            return msgspec.structs.replace(note, level_db=SILENT_DB)
        self.notes_muted += 1
        return None


def _changed(streams: tuple[str, ...], stream: str, *, is_in: bool) -> tuple[str, ...]:
    others = tuple(one for one in streams if one != stream)
    if not is_in:
        return others
    if len(others) >= MAX_STEERED_STREAMS:
        raise UsageError(f"{len(others)} streams are; more than {MAX_STEERED_STREAMS} can't be")
    return (*others, stream)
