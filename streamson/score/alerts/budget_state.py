"""What a budget remembers over a restart, as plain values: checked before it is used again."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from streamson.session.parse.earcons import Priority, SoundKind

MAX_REMEMBERED: Final = 65_536
"""Sounds and kinds of ten minutes; a state of more is none."""

Kind = str | tuple[str, ...]

_Age = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
_Name = Annotated[str, msgspec.Meta(max_length=4_096)]


class WaitingState(msgspec.Struct):
    """An alert that waited to be told; attributes as of `AlertSound`."""

    stream: _Name
    what: _Name
    kind: Kind
    sound_kind: SoundKind
    priority: Priority
    lasts: bool
    first: bool
    is_over: bool
    streams: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class BudgetState(msgspec.Struct):
    """What was told in the last ten minutes, and what was not yet.

    Attributes
    ----------
    sounded_s
        How long ago there were sounds, in seconds.
    told_s
        Kinds, and how long ago each was told.
    waiting
        What waited.
    beyond
        How many more there were.
    """

    sounded_s: Annotated[list[_Age], msgspec.Meta(max_length=MAX_REMEMBERED)]
    told_s: Annotated[list[tuple[Kind, _Age]], msgspec.Meta(max_length=MAX_REMEMBERED)]
    waiting: Annotated[list[WaitingState], msgspec.Meta(max_length=MAX_REMEMBERED)]
    beyond: Annotated[int, msgspec.Meta(ge=0)] = 0

    def plain(self) -> Any:
        """Return it as plain values."""
        return msgspec.to_builtins(self)


def read_budget_state(state: Any) -> BudgetState:
    """Return what was remembered.

    Raises
    ------
    ValueError
        It isn't the state of a budget.
    """
    return msgspec.convert(state, BudgetState)
