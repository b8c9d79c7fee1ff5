"""A stream that is played: its parts, and what is known of it."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # at run time points would bring numpy along
    from streamson.model.point import Message
    from streamson.score.part_player import PartPlayer

RATE_S: Final = 3.0
"""How many points come a second is a mean that forgets in this time."""


class PlayedStream:
    """A stream that is played.

    Attributes
    ----------
    fields
        Names of its fields, in the order of its first point.
    players
        Its parts.
    points
        How many came.
    points_per_second
        As of the last seconds.
    last
        The last point or batch.
    """

    __slots__ = ("_counted", "fields", "last", "players", "points", "points_per_second")

    def __init__(self, fields: tuple[str, ...], players: list[PartPlayer]) -> None:
        self.fields = fields
        self.players = players
        self.points = 0
        self.last: Message | None = None
        self.points_per_second = 0.0
        self._counted = 0

    def update_rate(self, seconds: float) -> None:
        """Take in that so many seconds have passed since the last time."""
        if seconds <= 0:
            return
        rate, self._counted = (self.points - self._counted) / seconds, self.points
        share = 1 - exp(-seconds / RATE_S)
        self.points_per_second += share * (rate - self.points_per_second)
