"""What all events have in common."""

from collections.abc import Sequence
from typing import Final

import msgspec

MAX_LISTED: Final = 8
"""Streams, or fields, that a sentence names."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Something that happened.

    Attributes
    ----------
    frame
        Of the listener's clock; of a table, of its sound.
    """

    frame: int

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        raise NotImplementedError


def listed(names: Sequence[str], joint: str = ", ") -> str:
    """Return some names for a sentence; of many, the first."""
    more = len(names) - MAX_LISTED
    return joint.join(names[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
