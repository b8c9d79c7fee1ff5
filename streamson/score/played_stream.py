"""A stream that is played: its parts, and what is known of it."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # at run time points would bring numpy along
    from streamson.model.feed import PartLegend
    from streamson.model.note import Note
    from streamson.model.point import DataPoint
    from streamson.score.parts.part_player import PartPlayer
    from streamson.session.schema import Session

RATE_S: Final = 3.0
"""How many points come a second is a mean that forgets in this time."""


class PlayedStream:
    """A stream that is played.

    Attributes
    ----------
    fields
        Names of its fields, in the order of its first point.
    players
        Its parts, while it is in front.
    points
        How many came.
    points_per_second
        As of the last seconds.
    last
        The last point.
    notes, coalesced, last_note
        What players of before did, that are no more.
    followed
        The field that its pitch follows; empty where it has none such.
    leading
        That field, or else its first: by its surprise the stream comes to the front.
    slot
        Where that surprise is found; below 0 where it is not followed.
    is_asleep
        Whether it fell silent, or ended.
    legend
        By which session it was last asked what is played of it, None where nobody did; and that.
    """

    __slots__ = (
        *("_counted", "_rated_frame", "coalesced", "fields", "followed", "is_asleep", "last"),
        *("last_note", "leading", "legend", "notes", "players", "points", "points_per_second"),
        "slot",
    )

    def __init__(self, fields: tuple[str, ...], followed: str, now_frame: int) -> None:
        self.fields = fields
        self.players: list[PartPlayer] = []
        self.points = 0
        self.last: DataPoint | None = None
        self.notes = 0
        self.coalesced = 0
        self.last_note: Note | None = None
        self.points_per_second = 0.0
        self.followed = followed
        self.leading = followed or fields[0]
        self.slot = -1
        self.is_asleep = False
        self.legend: tuple[Session | None, tuple[PartLegend, ...]] = None, ()
        self._counted = 0
        self._rated_frame = now_frame

    def retire(self, player: PartPlayer) -> None:
        """Remember what a player did that is no more; what waits in it is not played."""
        self.notes += player.notes
        self.coalesced += player.coalesced + player.waiting
        self.last_note = player.last_note or self.last_note

    def update_rate(self, now_frame: int, sample_rate: int) -> None:
        """Take in how many points came since the last time."""
        seconds, self._rated_frame = (now_frame - self._rated_frame) / sample_rate, now_frame
        if seconds <= 0:
            return
        rate, self._counted = (self.points - self._counted) / seconds, self.points
        share = 1 - exp(-seconds / RATE_S)
        self.points_per_second += share * (rate - self.points_per_second)
