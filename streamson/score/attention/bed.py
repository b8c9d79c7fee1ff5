"""The bed: what the streams that are not in front sound like, all together."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import TYPE_CHECKING, Final, NamedTuple

from streamson.model.note import Note

if TYPE_CHECKING:
    from streamson.score.attention.attention import GroupState

BED: Final = "(bed)"
"""Its notes are of a stream of this name, which can be muted as any."""

INSTRUMENT: Final = "glass"
"""A pad without a strike: nothing of it draws attention."""

DURATION_S: Final = 3.0
"""Longer than the time between two notes, so that it never breaks off."""

CALM_DB: Final = -44.0
UNUSUAL_DB: Final = -34.0
"""Level where nothing is unusual, and where a third and more of a group is: 8 dB and more below the
softest note of a stream by default (-26 dBFS)."""

UNUSUAL_SHARE: Final = 0.3
"""All above is as loud and as bright."""

DULL: Final = -0.9
BRIGHT: Final = 0.3
"""Brightness where nothing is unusual, and where much is."""

LONGEST_S: Final = 2.0
SHORTEST_S: Final = 0.5
"""From one note to the next, where a point a second comes, and where a thousand or more do."""


class Seat(NamedTuple):
    """Where groups sound: a pitch, and a place between left and right."""

    midi_note: float
    pan: float


SEATS: Final = (
    *(Seat(48, -0.5), Seat(55, 0.5), Seat(52, -0.2), Seat(60, 0.2)),
    *(Seat(57, -0.8), Seat(64, 0.8), Seat(50, -0.35), Seat(62, 0.35)),
)
"""Of groups in the order of their appearance; of more than there are seats several share one. The
notes are of C major pentatonic, in which nothing grates, and below what streams play by default."""


class Bed:
    """Lets the groups of streams sound in turn, one soft note each.

    Parameters
    ----------
    sample_rate
        Frames a second.
    level_db
        Beside its own level.
    """

    def __init__(self, *, sample_rate: int, level_db: float) -> None:
        self.level_db = level_db
        self._sample_rate = sample_rate
        self._next_frame = 0
        self._seat = 0

    def is_due(self, onset_frame: int) -> bool:
        """Return whether the next note may begin by a frame."""
        return onset_frame >= self._next_frame

    def tick(
        self, groups: Sequence[GroupState], points_a_second: float, onset_frame: int
    ) -> list[Note]:
        """Return the notes that begin at a frame; to be called where `is_due`.

        Parameters
        ----------
        groups
            In the order of their appearance.
        points_a_second
            Of all streams.
        onset_frame
            When they are to begin.
        """
        if not groups:
            return []
        self._next_frame = onset_frame + round(interval_s(points_a_second) * self._sample_rate)
        self._seat = (self._seat + 1) % min(len(SEATS), len(groups))
        sharing = groups[self._seat :: len(SEATS)]
        streams = sum(group.streams for group in sharing)
        unusual = sum(group.streams * group.unusual for group in sharing) / streams
        return [self._note(SEATS[self._seat], unusual, onset_frame)]

    def state(self, now_frame: int) -> tuple[int, int]:
        """Return what `restore` wants."""
        return self._next_frame - now_frame, self._seat

    def restore(self, state: tuple[int, int], now_frame: int) -> None:
        """Go on where another one was."""
        waits, seat = state
        self._next_frame, self._seat = now_frame + waits, seat % len(SEATS)

    def _note(self, seat: Seat, unusual: float, onset_frame: int) -> Note:
        share = min(unusual / UNUSUAL_SHARE, 1.0)
        return Note(
            onset_frame=onset_frame,
            duration_s=DURATION_S,
            duration_frames=round(DURATION_S * self._sample_rate),
            midi_note=seat.midi_note,
            level_db=CALM_DB + share * (UNUSUAL_DB - CALM_DB) + self.level_db,
            pan=seat.pan,
            instrument=INSTRUMENT,
            stream=BED,
            brightness=DULL + share * (BRIGHT - DULL),
        )


def interval_s(points_a_second: float) -> float:
    """Return the seconds from one note to the next, where so many points come."""
    share = min(log10(max(points_a_second, 1.0)) / 3, 1.0)
    return LONGEST_S + share * (SHORTEST_S - LONGEST_S)
