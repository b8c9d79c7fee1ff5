"""Which streams are stuck: values that always moved stand still for twice as long as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from streamson.surprise.bank import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamson.surprise.bank import SurpriseBank

SLOWER: Final = Kind("rate", -1)
EQUAL_VALUES: Final = 10
"""What else became slower does not stand still for so many values."""

STUCK_DECADES: Final = 2.0
"""A stuck stream is as surprising as what is told once a week, which is more than this where a
point comes an hour."""


def stuck_slots(bank: SurpriseBank) -> list[int]:
    """Return the slots of a bank's series that are stuck.

    They are followed by a rule and not by the tail of a distribution: their surprise is what was
    asked for, whatever they are, and says nothing of how rare it is.
    """
    slots = np.flatnonzero(bank.surprises >= STUCK_DECADES).tolist()
    return [slot for slot in slots if _is_stuck(bank, slot)]


def _is_stuck(bank: SurpriseBank, slot: int) -> bool:
    if not bank.is_active(slot) or bank.kind(slot) != SLOWER:
        return False
    last: NDArray[np.float64] = bank.last_values(slot)[-EQUAL_VALUES:]
    return bool((last == last[0]).all())
