"""What waits to be said: little, and nothing old. Speech is slow, and what is over is no news."""

from typing import Final, NamedTuple

from streamson.live.speech.words import Announcement

MAX_WAITING: Final = 4
"""Announcements: some 10 s of speech."""

MAX_AGE_S: Final = 15.0
"""What is older when its turn comes is left out, but what is urgent."""


class _Waiting(NamedTuple):
    said: Announcement
    since_s: float


class WaitingAnnouncements:
    """Announcements in their order, the urgent ones first. Those left out are summed up.

    Attributes
    ----------
    left_out
        How many were: too many waited, or they were too old.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._told_of = 0
        self._waiting: list[_Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, said: Announcement, now_s: float) -> None:
        """Let one wait; where too many do, leave out the last one that is not urgent."""
        self._waiting.append(_Waiting(said, now_s))
        if len(self._waiting) > MAX_WAITING:
            places = range(MAX_WAITING, -1, -1)
            usual = (at for at in places if not self._waiting[at].said.is_urgent)
            del self._waiting[next(usual, MAX_WAITING)]
            self.left_out += 1

    def next(self, now_s: float) -> str:
        """Return what is to be said now, with how many were left out before; empty for nothing."""
        fresh = [one for one in self._waiting if self._is_fresh(one, now_s)]
        self.left_out += len(self._waiting) - len(fresh)
        self._waiting = fresh
        one = min(fresh, key=lambda one: not one.said.is_urgent, default=None)
        texts = []
        if one is not None:
            self._waiting.remove(one)
            texts.append(one.said.text)
        if more := self.left_out - self._told_of:
            self._told_of = self.left_out
            texts.append(f"and {more} more")
        return ", ".join(texts)

    @staticmethod
    def _is_fresh(one: _Waiting, now_s: float) -> bool:
        return one.said.is_urgent or now_s - one.since_s <= MAX_AGE_S
