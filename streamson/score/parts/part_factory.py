"""What plays a part of a stream, made as a session says: its timing, and how its voice is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamson.score.parts.beacon import BeaconTurns
from streamson.score.parts.note_budget import BudgetedTiming, NoteBudget
from streamson.score.parts.part_player import Held, PartPlayer
from streamson.score.parts.timing import Arrival, Event, Grid, Timing
from streamson.score.parts.timing import Sequence as SequenceTiming

if TYPE_CHECKING:  # at run time extents would bring numpy along
    from streamson.model.counts import ScoreCounts
    from streamson.rescaling.extents import Extents
    from streamson.session.schema import Part, Session

JOIN_S: Final = 0.25
"""A held voice of a sequence outlasts its note by so much."""


class PartFactory:
    """Makes the players of parts.

    Parameters
    ----------
    session
        Its tempo and look-ahead hold for all parts.
    sample_rate
        Frames a second.
    counts
        What became of the points.
    extents
        Of a whole table; None live.

    Attributes
    ----------
    session
        May be changed: what is made from then on follows it.
    budget
        Of the notes of all players.
    """

    _in_sequence = False
    """Whether all parts play one note after the other, whatever their timing."""

    def __init__(
        self,
        session: Session,
        *,
        sample_rate: int,
        counts: ScoreCounts,
        extents: Extents | None,
    ) -> None:
        self.session = session
        self.budget = NoteBudget(sample_rate)
        self._turns = BeaconTurns(self.budget, sample_rate)
        self._sample_rate = sample_rate
        self._counts = counts
        self._extents = extents
        self._last_key = 0

    def player(self, part: Part, stream: str, fields: tuple[str, ...]) -> PartPlayer:
        """Return what plays a part, its pan and instrument chosen, of a stream with some fields."""
        return PartPlayer(
            part,
            stream=stream,
            fields=fields,
            timing=self._timing(part),
            held=self._held(part),
            counts=self._counts,
            extents=self._extents,
            turns=self._turns,
        )

    def _held(self, part: Part) -> Held:
        if part.articulation != "continuous":
            return Held()
        self._last_key += 1
        in_sequence = self._in_sequence or part.timing == "sequence"
        return Held(
            key=self._last_key,
            glide_frames=round(part.glide * self._sample_rate),
            # In a sequence the next note is there when one ends.
            frames=round((JOIN_S if in_sequence else part.hold) * self._sample_rate),
        )

    def _timing(self, part: Part) -> Timing:
        return BudgetedTiming(self._timing_of(part), self.budget)

    def _timing_of(self, part: Part) -> Timing:
        rate = self._sample_rate
        match part.timing:
            case "sequence":
                longest = part.duration.high if part.duration.value is None else part.duration.value
                return SequenceTiming(rate, longest=longest, max_lag=part.max_lag)
            case "grid":
                return Grid(
                    rate,
                    steps_per_second=self.session.tempo / 60 * part.subdivision,
                    notes_per_second=part.notes_per_second,
                )
            case "event":
                return Event(rate, notes_per_second=part.notes_per_second, max_lag=part.max_lag)
            case _:
                return Arrival(
                    rate,
                    notes_per_second=part.notes_per_second,
                    look_ahead=self.session.audio.look_ahead > 0,
                    stagger=stagger_s(part),
                )


def stagger_s(part: Part) -> float:
    """Return how much later a part's notes begin, which is known once it has a stream."""
    return 0.0 if isinstance(part.stagger, str) else part.stagger
