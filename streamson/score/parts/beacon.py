"""Beacons: a soft tone now and then at the pitch of one value, by which the others can be read.

In which range a value lies was said rightly in 81 % of cases with such a tone, and in 52 % without
(Hinckfuss et al., Human Factors, 2016: oxygen saturation).
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Final

from streamson.model.note import Note

if TYPE_CHECKING:
    from streamson.model.counts import ScoreCounts
    from streamson.score.parts.mapping import ParameterSource
    from streamson.score.parts.note_budget import NoteBudget
    from streamson.session.schema import Beacon

INSTRUMENT: Final = "earcon beacon"
"""One that no part plays: else a beacon would be taken for a note of its value."""

BELOW_DB: Final = 10.0
"""It is so much softer than the note before it."""

LENGTH_S: Final = 0.35
AFTER_S: Final = 0.06
"""It begins so long after that note: what begins 30 ms after another is told from it."""


class BeaconTurns:
    """Lets beacons of all streams sound one after the other, never two at once."""

    def __init__(self, budget: NoteBudget, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._budget = budget
        self._last_frame = -(2**62)

    def take(self, onset_frame: int, frames: int, *, after_frame: int) -> bool:
        """Return whether a beacon may sound at a frame; then it is taken for that.

        Parameters
        ----------
        onset_frame, frames
            When, and for how long.
        after_frame
            Where the note begins that it follows: what is spent later, nobody knows.
        """
        # The parts of a table run apart: another's may be far ahead.
        if abs(onset_frame - self._last_frame) < frames:
            return False
        # Nothing is spent: there are three beacons a second at most, in all.
        if not self._budget.has_capacity(after_frame):
            return False
        self._last_frame = onset_frame
        return True


class BeaconPlayer:
    """Plays the beacon of one stream in one part, after its notes.

    Parameters
    ----------
    beacon
        Its value, and how often.
    pitch
        What reads the part's pitch: the beacon's moves with its range.
    turns
        Of all beacons.
    counts
        Where it is counted.
    """

    def __init__(
        self, beacon: Beacon, pitch: ParameterSource, *, turns: BeaconTurns, counts: ScoreCounts
    ) -> None:
        self._value = beacon.value
        self._pitch = pitch
        self._turns = turns
        self._counts = counts
        self._every = round(beacon.every * turns.sample_rate)
        self._length = round(LENGTH_S * turns.sample_rate)
        self._after = round(AFTER_S * turns.sample_rate)
        self._due_frame = 0

    def after(self, note: Note, now_frame: int) -> Note | None:
        """Return the beacon that follows a note, if it is due."""
        begin = max(note.onset_frame, now_frame)
        if begin < self._due_frame:
            return None
        midi_note = self._pitch.at(self._value)
        if isnan(midi_note):
            return None
        # A held voice goes on: it is where it belongs once it has glided there.
        frames = note.glide_frames if note.held_key else note.duration_frames
        onset_frame = begin + frames + self._after
        if not self._turns.take(onset_frame, self._length, after_frame=begin):
            return None
        self._due_frame = begin + self._every
        self._counts.beacons += 1
        return beacon_note(note, onset_frame, midi_note, self._turns.sample_rate)


def beacon_note(note: Note, onset_frame: int, midi_note: float, sample_rate: int) -> Note:
    """Return a beacon.

    Parameters
    ----------
    note
        After which it sounds.
    onset_frame
        When it begins.
    midi_note
        The pitch of its value.
    sample_rate
        Frames a second.
    """
    return Note(
        onset_frame,
        LENGTH_S,
        round(LENGTH_S * sample_rate),
        midi_note,
        note.level_db - BELOW_DB,
        note.pan,
        INSTRUMENT,
        note.stream,
    )
