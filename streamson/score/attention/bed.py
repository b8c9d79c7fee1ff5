"""The bed: what the streams that are not in front sound like, all together."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import TYPE_CHECKING, Final, NamedTuple

from streamson.model.note import Note

if TYPE_CHECKING:
    from streamson.score.attention.group_levels import GroupState

BED: Final = "(bed)"
"""Its notes are of a stream of this name, which can be muted as any."""

INSTRUMENT: Final = "earcon bed"
"""A pad without a strike, which no part plays; its partials do not beat, so that it is even."""

FIRST_KEY: Final = 2**40
"""Of its held voices, one for each seat: those of parts are counted from 1 on."""

CALM_DB: Final = -32.0
UNUSUAL_DB: Final = -24.0
"""Level of all its voices together where nothing is unusual, and where a third and more of all is:
12 LU and 3 LU below four streams in front, which are at -23 LUFS. Ten dB less are half as loud
(Stevens 1955): so what is calm is less than half as loud as what is in front."""

UNUSUAL_SHARE: Final = 0.3
"""All above is as loud and as bright."""

DULL: Final = -0.6
BRIGHT: Final = 0.6
"""Brightness where nothing is unusual, and where much is."""

SWELL_DB: Final = 3.0
SWELL_BRIGHTNESS: Final = 0.3
"""By so much a voice swells where it is its turn: beyond the 1 dB that is just noticed of a slow
swing (Zwicker and Fastl, 7.2), and far from any edge."""

LATE_S: Final = 3.0
"""A voice waits for its next note so much longer than until that is due: a busy machine is late."""

LONGEST_S: Final = 2.0
SHORTEST_S: Final = 0.5
"""From one swell to the next, where a point a second comes, and where a thousand or more do."""


class Seat(NamedTuple):
    """Where groups sound: a pitch, and a place between left and right."""

    midi_note: float
    pan: float


SEATS: Final = (
    *(Seat(48, 0.0), Seat(55, -0.4), Seat(60, 0.4)),
    *(Seat(64, -0.2), Seat(67, 0.2), Seat(72, -0.5)),
)
"""Of groups in the order of their appearance; of more than there are seats several share one. All
sound at once: so they are the partials of a C, spread as these are, for closer tones are rough. In
mono they lose less than 1 dB."""


class Bed:
    """Lets each group of streams sound as one soft voice that is held, and swell in turn.

    All voices go on from note to note, and move evenly: so the bed never breaks off, and has no
    edges. Together they are as loud however many there are.

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
        self._turn = 0

    def is_due(self, onset_frame: int) -> bool:
        """Return whether the next notes may begin by a frame."""
        return onset_frame >= self._next_frame

    def tick(
        self, groups: Sequence[GroupState], points_a_second: float, onset_frame: int
    ) -> list[Note]:
        """Return the notes that begin at a frame, one of each voice; to be called where `is_due`.

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
        swell_s = interval_s(points_a_second)
        self._next_frame = onset_frame + round(swell_s * self._sample_rate)
        seats = min(len(SEATS), len(groups))
        self._turn = (self._turn + 1) % max(seats, 2)  # one alone swells every other time
        return [
            self._note(seat, _unusual(groups[seat :: len(SEATS)]), seats, onset_frame, swell_s)
            for seat in range(seats)
        ]

    def state(self, now_frame: int) -> tuple[int, int]:
        """Return what `restore` wants."""
        return self._next_frame - now_frame, self._turn

    def restore(self, state: tuple[int, int], now_frame: int) -> None:
        """Go on where another one was."""
        waits, turn = state
        self._next_frame, self._turn = now_frame + waits, turn % len(SEATS)

    def _note(
        self, seat: int, unusual: float, seats: int, onset_frame: int, swell_s: float
    ) -> Note:
        share = min(unusual / UNUSUAL_SHARE, 1.0)
        swells = seat == self._turn
        level_db = CALM_DB + share * (UNUSUAL_DB - CALM_DB) + self.level_db - 10 * log10(seats)
        return Note(
            onset_frame=onset_frame,
            duration_s=swell_s,
            duration_frames=round((swell_s + LATE_S) * self._sample_rate),
            midi_note=SEATS[seat].midi_note,
            level_db=level_db + SWELL_DB * swells,
            pan=SEATS[seat].pan,
            instrument=INSTRUMENT,
            stream=BED,
            brightness=DULL + share * (BRIGHT - DULL) + SWELL_BRIGHTNESS * swells,
            held_key=FIRST_KEY + seat,
            glide_frames=round(swell_s * self._sample_rate),
        )


def _unusual(groups: Sequence[GroupState]) -> float:
    """Return the share of the streams of some groups that is out of the ordinary."""
    return sum(one.streams * one.unusual for one in groups) / sum(one.streams for one in groups)


def interval_s(points_a_second: float) -> float:
    """Return the seconds from one swell to the next, where so many points come."""
    share = min(log10(max(points_a_second, 1.0)) / 3, 1.0)
    return LONGEST_S + share * (SHORTEST_S - LONGEST_S)
