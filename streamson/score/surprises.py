"""The surprise of streams' fields: each series once, whoever asks for it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from streamson.score.stream_registry import MAX_STREAMS

if TYPE_CHECKING:  # at run time it brings numba along
    from streamson.surprise.bank import SurpriseBank

WEEK_S: Final = 604_800.0
"""An alert that asks for nothing else is told by chance once in this time."""

MAX_SERIES: Final = 2 * MAX_STREAMS
"""The leading field of each stream, and as many more that alerts watch."""


class _Series:
    """A field of a stream that is followed."""

    __slots__ = ("slot", "uses")

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.uses = 0


class Surprises:
    """Has the bank, and knows which slot is whose."""

    def __init__(self) -> None:
        self._series: dict[str, dict[tuple[str, float], _Series]] = {}

    @cached_property
    def bank(self) -> SurpriseBank:
        """The bank; it is there once somebody asks for it."""
        from streamson.surprise.bank import SurpriseBank

        return SurpriseBank(MAX_SERIES)

    def find(self, stream: str, field: str) -> int | None:
        """Return a slot where somebody follows a field already; None where nobody does."""
        of_stream = self._series.get(stream, {})
        return next((one.slot for (name, _), one in of_stream.items() if name == field), None)

    def follow(self, stream: str, field: str, interval_s: float = WEEK_S) -> int:
        """Return the slot of a field, which is followed until `leave` was called as often.

        Parameters
        ----------
        stream, field
            Whose values they are.
        interval_s
            The mean time between false alerts.

        Raises
        ------
        ValueError
            There is no room for another one.
        """
        of_stream = self._series.setdefault(stream, {})
        series = of_stream.get((field, interval_s))
        if series is None:
            series = of_stream[field, interval_s] = _Series(self.bank.add(interval_s))
        series.uses += 1
        return series.slot

    def leave(self, stream: str, field: str, interval_s: float = WEEK_S) -> None:
        """Follow a field no longer, where nobody else does."""
        of_stream = self._series[stream]
        series = of_stream[field, interval_s]
        series.uses -= 1
        if not series.uses:
            self.bank.remove(series.slot)
            del of_stream[field, interval_s]
            if not of_stream:
                del self._series[stream]
