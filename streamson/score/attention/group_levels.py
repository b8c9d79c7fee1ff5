"""Groups of streams: how many streams each has, and how many of these are out of the ordinary."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

UNUSUAL_DECADES: Final = 3.0
"""From here on a stream counts as out of the ordinary: by chance one of two hundred is, at a
point a second."""


class GroupState(NamedTuple):
    """A group of streams.

    Attributes
    ----------
    name
        What their names begin with, up to the first slash; empty for those without one.
    streams
        How many there are that did not end.
    unusual
        Share of these that is out of the ordinary, 0 to 1.
    """

    name: str
    streams: int
    unusual: float


class Groups:
    """Knows of which group the stream in each slot is.

    Numbers of groups that are no more are given anew.

    Parameters
    ----------
    capacity
        Streams have slots below this number.
    """

    def __init__(self, capacity: int) -> None:
        self._of_slot = np.zeros(capacity, np.int64)
        self._numbers: dict[str, int] = {}
        self._streams: Counter[str] = Counter()
        self._free: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, group: str, slot: int) -> None:
        """Count a stream of a group."""
        self._streams[group] += 1
        if group not in self._numbers:
            if not self._free:
                self._free.append(self._size)
                self._size += 1
            self._numbers[group] = self._free.pop()
        self._of_slot[slot] = self._numbers[group]

    def move(self, before: int, slot: int) -> None:
        """Take in that a stream has another slot from now on."""
        self._of_slot[slot] = self._of_slot[before]

    def remove(self, group: str) -> None:
        """Count one stream of a group less."""
        self._streams[group] -= 1
        if not self._streams[group]:
            del self._streams[group]
            self._free.append(self._numbers.pop(group))

    def count(self, group: str, slots: NDArray[np.bool_]) -> int:
        """Return how many of some streams are of a group."""
        return int((slots & (self._of_slot == self._numbers[group])).sum())

    def states(self, live: NDArray[np.bool_], decades: NDArray[np.float64]) -> list[GroupState]:
        """Return the groups, in the order of their appearance.

        Parameters
        ----------
        live
            By slot: whether there is a stream that did not end.
        decades
            By slot: how surprising it is.
        """
        unusual = live & (decades >= UNUSUAL_DECADES)
        # As lists: numbers of arrays, one by one, take ten times as long.
        streams = np.bincount(self._of_slot[live], minlength=self._size).tolist()
        odd = np.bincount(self._of_slot[unusual], minlength=self._size).tolist()
        return [
            GroupState(name, streams[i], odd[i] / streams[i])
            for name, i in self._numbers.items()
            if streams[i]
        ]
