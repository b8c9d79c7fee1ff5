"""Attention: which few of many streams come forward, and how unusual all of them are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.score.attention.bar import MAX_BAR_DECADES, Bar
from streamson.score.attention.calibration import AGES, Calibration, Claims
from streamson.score.attention.group_levels import Groups, GroupState
from streamson.score.attention.levels import Levels
from streamson.score.groups import group_of

HYSTERESIS_DECADES: Final = 0.5
"""A stream stays in front until its surprise is so far below what lets it come."""

NOTABLE_DECADES: Final = MAX_BAR_DECADES + HYSTERESIS_DECADES
"""Who falls silent or is stuck, or whose alert is raised, is notable whatever others do."""

MARGIN_DECADES: Final = 1.5
"""Where all places are taken, who comes must be more surprising than the least by so much."""

GATHER_S: Final = 1.0
"""So long a stream must have been notable: what goes off together, at a point a second, is told as
one thing by then."""

LEAST_FRONT_S: Final = 12.0
"""A stream stays in front at least so long: it takes some notes until one knows what is heard."""

APART_S: Final = 3.0
"""Streams come forward so long after one another: of two signs at once fewer than two are named
(McGookin and Brewster, "Understanding concurrent earcons", 2004)."""

BURST: Final = 8
REFILL_S: Final = 45.0
"""So many may come one after the other; then one in this time, 80 an hour, whatever happens: a mix
that changes without end tells less than the bed."""

MAX_ALWAYS: Final = 16
"""Streams that are always in front, beside those that attention chooses."""

RETURN_S: Final = 60.0
"""Streams that were there before a restart are awaited for so long."""


class Change(NamedTuple):
    """A stream that came forward, or went back.

    Attributes
    ----------
    stream
        Its name.
    forward
        Whether it came.
    group, streams
        What its name begins with, and how many streams of it are notable at this moment, itself
        included; an empty group and 1 where it stands for itself alone.
    decades
        How surprising it is.
    """

    stream: str
    forward: bool
    group: str
    streams: int
    decades: float


class _Remembered(msgspec.Struct):
    """What is remembered of attention."""

    decades: dict[str, float]
    fading: list[str]
    front: dict[str, int]
    risen: dict[str, int]
    credit: float
    since_last: int
    points_a_second: float
    raised: float = 0.0
    stuck: list[str] = []
    claims: dict[str, Claims] = {}
    ages: tuple[list[float], list[float]] | None = None


class Attention:
    """Chooses which streams are in front.

    As long as there are no more than may be in front, all are. All times are frames of one clock,
    and nothing else is read: the same calls have the same effect.

    Parameters
    ----------
    foreground
        How many may be in front.
    sample_rate
        Frames a second.
    capacity
        Streams have slots below this number.

    Attributes
    ----------
    foreground
        How many may be in front; it may be changed.
    came
        How many came forward so far.
    """

    def __init__(self, foreground: int, *, sample_rate: int, capacity: int) -> None:
        self.foreground = foreground
        self.came = 0
        self._sample_rate = sample_rate
        self._slots: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._groups = Groups(capacity)
        self._levels = Levels(capacity)
        self._bar = Bar()
        self._calibration = Calibration(capacity)
        self._ended: set[str] = set()
        self._always: dict[str, None] = {}
        self._front: dict[str, int] = {}
        self._risen: dict[str, int] = {}
        self._credit = float(BURST)
        self._came_frame = -(2**62)
        self._tick_frame: int | None = None
        self._remembered: _Remembered | None = None
        self._awaited_until = 0

    @property
    def is_mixing(self) -> bool:
        """Whether there are more streams than may be in front."""
        always = sum(stream not in self._ended for stream in self._always)
        awaited = 0 if self._remembered is None else len(self._remembered.decades)
        return len(self._slots) + awaited - len(self._ended) - always > self.foreground

    @property
    def front(self) -> tuple[str, ...]:
        """The streams in front, in the order in which they came."""
        return tuple(self._front)

    @property
    def points_a_second(self) -> float:
        """How many points of all streams come, as of the last minute."""
        return self._bar.points_a_second

    def is_front(self, stream: str) -> bool:
        """Return whether a stream is in front."""
        return stream in self._front

    def decades(self, stream: str) -> float:
        """Return how surprising a stream is of late: 3 is once in a thousand points."""
        return float(self._levels.decades[self._slots[stream]])

    def add(self, stream: str, slot: int, now_frame: int, *, always: bool = False) -> bool:
        """Take in a stream that appears; return whether it is in front from its first point on.

        Parameters
        ----------
        stream
            Its name.
        slot
            A number that no other has, where `tick` finds its surprise.
        now_frame
            When.
        always
            Whether it is one of those that are always in front, if there is room for it.
        """
        if always and len(self._always) < MAX_ALWAYS:
            self._always[stream] = None
        self._slots[stream], self._names[slot] = slot, stream
        self._groups.add(group_of(stream), slot)
        self._levels.begin(slot)
        self._calibration.begin(slot)
        taken = sum(self._takes_place(one) for one in self._front)
        before = self._remembered
        if before is not None and stream in before.decades:
            self._levels.decades[slot] = before.decades.pop(stream)
            self._levels.fading[slot] = stream in before.fading
            self._levels.stuck[slot] = stream in before.stuck
            if stream in before.claims:
                self._calibration.restore_of(slot, before.claims[stream])
            if stream in before.risen:
                self._risen[stream] = now_frame - before.risen[stream]
            if stream in before.front and taken < self.foreground:
                self._front[stream] = now_frame - before.front[stream]
                return True
        is_front = stream in self._always or (taken < self.foreground and not self.is_mixing)
        if is_front:
            self._front[stream] = now_frame
        return is_front

    def move(self, stream: str, slot: int) -> None:
        """Find a stream's surprise, of another series, in another slot from now on."""
        before, self._slots[stream] = self._slots[stream], slot
        self._calibration.begin(slot)
        if before == slot:
            return
        self._calibration.begin(before)
        del self._names[before]
        self._names[slot] = stream
        self._levels.move(before, slot)
        self._groups.move(before, slot)

    def remove(self, stream: str) -> None:
        """Forget a stream."""
        slot = self._slots.pop(stream)
        del self._names[slot]
        self._groups.remove(group_of(stream))
        self._levels.end(slot)
        self._calibration.begin(slot)
        self._ended.discard(stream)
        self._front.pop(stream, None)
        self._risen.pop(stream, None)
        self._always.pop(stream, None)

    def end(self, stream: str) -> None:
        """Take in that a stream ended: it waits for no place."""
        self._ended.add(stream)
        self._levels.live[self._slots[stream]] = False

    def silence(self, stream: str, *, notable: bool = True) -> None:
        """Take in that a stream fell silent; its last value fades.

        That is notable by itself, unless many did at once: they are one thing, of which none tells
        more than another.
        """
        if notable:
            self.notice(stream)
        self._levels.fading[self._slots[stream]] = True

    def wake(self, stream: str) -> None:
        """Take in that a point came of a stream that was silent, or had ended."""
        self._ended.discard(stream)
        self._levels.wake(self._slots[stream])

    def notice(self, stream: str) -> None:
        """Take in that a stream is notable, whatever its surprise."""
        self._levels.notice(self._slots[stream], NOTABLE_DECADES)

    def stick(self, slots: Sequence[int]) -> None:
        """Take in which slots have streams that are stuck; one is notable when it begins to be."""
        for slot in self._levels.stick(slots):
            self._levels.notice(slot, NOTABLE_DECADES)

    def keep_in_front(self, streams: Iterable[str]) -> None:
        """Let these always be in front, beside the others: the first of them, if too many."""
        known = dict.fromkeys(stream for stream in streams if stream in self._slots)
        self._always = dict.fromkeys(list(known)[:MAX_ALWAYS])

    def tick(
        self,
        now_frame: int,
        surprises: NDArray[np.float64],
        points: NDArray[np.float64],
        come: int,
    ) -> list[Change]:
        """Decide who is in front from now on; to be called often.

        Parameters
        ----------
        now_frame
            Now.
        surprises
            By slot: of how many decades of points the last value of each is the most unusual, shape
            (capacity,). NaN is nothing known.
        points
            How many points each had so far.
        come
            How many points of all came since the last time.

        Returns
        -------
        list of Change
            Who goes back, and then who comes.
        """
        passed_s = self._passed_s(now_frame)
        self._credit = min(self._credit + passed_s / REFILL_S, BURST)
        self._bar.follow(come, passed_s)
        claims = self._levels.claims(surprises)
        self._levels.follow(self._calibration.believed(claims, points), passed_s)
        if not self.is_mixing:
            return self._let_all_come(now_frame)
        bar = self._bar.decades
        self._note_risen(now_frame)
        return [*self._let_leave(now_frame), *self._let_come(bar, now_frame)]

    def groups(self) -> list[GroupState]:
        """Return the groups of streams, in the order of their appearance."""
        return self._groups.states(self._levels.live, self._levels.decades)

    def state(self, now_frame: int) -> Any:
        """Return what `restore` wants."""
        slots, levels = self._slots, self._levels
        return msgspec.to_builtins(
            _Remembered(
                decades={name: float(levels.decades[slot]) for name, slot in slots.items()},
                fading=[name for name, slot in slots.items() if levels.fading[slot]],
                front={name: now_frame - since for name, since in self._front.items()},
                risen={name: now_frame - since for name, since in self._risen.items()},
                credit=self._credit,
                since_last=now_frame - self._came_frame,
                points_a_second=self._bar.points_a_second,
                raised=self._bar.raised,
                stuck=[name for name, slot in slots.items() if levels.stuck[slot]],
                claims={name: self._calibration.state_of(slot) for name, slot in slots.items()},
                ages=self._calibration.state(),
            )
        )

    def restore(self, state: Any, now_frame: int) -> None:
        """Go on where another one was; to be called before the first stream.

        Raises
        ------
        ValueError
            It isn't such a state.
        """
        found = msgspec.convert(state, _Remembered)
        numbers = [*found.decades.values(), found.credit, found.points_a_second, found.raised]
        numbers += [number for claims in found.claims.values() for number in claims]
        if not (np.isfinite(numbers).all() and min(numbers) >= 0 and found.credit <= BURST):
            raise ValueError("a surprise, or a rate, that can't be")
        if found.raised > MAX_BAR_DECADES:
            raise ValueError("a bar higher than any")
        if found.ages is not None:
            self._calibration.restore(_checked_ages(found.ages))
        if min([*found.front.values(), *found.risen.values(), found.since_last]) < 0:
            raise ValueError("a time to come")
        self._remembered = found
        self._awaited_until = now_frame + round(RETURN_S * self._sample_rate)
        self._credit, self._bar.raised = found.credit, found.raised
        self._bar.points_a_second = found.points_a_second
        self._came_frame = now_frame - found.since_last
        self._tick_frame = now_frame

    def _takes_place(self, stream: str) -> bool:
        return stream not in self._ended and stream not in self._always

    def _passed_s(self, now_frame: int) -> float:
        """Return the time since the last tick."""
        before = now_frame if self._tick_frame is None else self._tick_frame
        self._tick_frame = now_frame
        if now_frame > self._awaited_until:
            self._remembered = None
        return (now_frame - before) / self._sample_rate

    def _let_all_come(self, now_frame: int) -> list[Change]:
        behind = [one for one in self._slots if one not in self._front and one not in self._ended]
        self._front.update(dict.fromkeys(behind, now_frame))
        return [Change(name, True, "", 1, self.decades(name)) for name in behind]

    def _note_risen(self, now_frame: int) -> None:
        """Note since when streams are notable."""
        bar, to_come = self._bar.decades, self._bar.decades_to_come
        for name in list(self._risen):
            if self.decades(name) < bar - HYSTERESIS_DECADES:
                del self._risen[name]
        for slot in np.flatnonzero(self._levels.decades >= to_come).tolist():
            self._risen.setdefault(self._names[slot], now_frame)

    def _let_leave(self, now_frame: int) -> list[Change]:
        """Let those go back that are ordinary again, and those beyond what may be in front."""
        least = LEAST_FRONT_S * self._sample_rate
        placed = [(name, since) for name, since in self._front.items() if name not in self._always]
        leaving = [
            name
            for name, since in placed
            if name in self._ended or (name not in self._risen and now_frame - since >= least)
        ]
        staying = [name for name, _ in placed if name not in leaving]
        staying.sort(key=self._rank)
        return [self._back(name) for name in (*sorted(leaving), *staying[self.foreground :])]

    def _let_come(self, bar: float, now_frame: int) -> list[Change]:
        """Let those come that are always in front, and the most surprising of the others."""
        missing = [name for name in self._always if name not in self._front]
        changes = [
            self._forward(name, now_frame, bar) for name in missing if name not in self._ended
        ]
        if self._credit < 1 or now_frame - self._came_frame < APART_S * self._sample_rate:
            return changes
        comer = self._comer(now_frame)
        if comer is None:
            return changes
        placed = [name for name in self._front if name not in self._always]
        if len(placed) >= self.foreground:
            gives_way = self._who_gives_way(placed, comer, now_frame)
            if gives_way is None:
                return changes
            changes.append(self._back(gives_way))
        self._credit -= 1
        self._came_frame = now_frame
        self.came += 1
        self._bar.came()
        return [*changes, self._forward(comer, now_frame, bar)]

    def _comer(self, now_frame: int) -> str | None:
        """Return the most surprising stream that waits, of groups that have places left."""
        gathered = now_frame - GATHER_S * self._sample_rate
        taken = Counter(group_of(name) for name in self._front if name not in self._always)
        places = max(self.foreground // max(len(self._groups), 1), 1)
        waiting = [
            name
            for name, since in self._risen.items()
            if since <= gathered and name not in self._front and name not in self._ended
            if not (group := group_of(name)) or taken[group] < places
        ]
        return min(waiting, key=self._rank, default=None)

    def _who_gives_way(self, placed: list[str], comer: str, now_frame: int) -> str | None:
        """Return the least surprising of those in front, where it is so by far and long enough."""
        least = LEAST_FRONT_S * self._sample_rate
        free = [name for name in placed if now_frame - self._front[name] >= least]
        weakest = max(free, key=self._rank, default=None)
        if weakest is None or self.decades(weakest) + MARGIN_DECADES > self.decades(comer):
            return None
        return weakest

    def _rank(self, name: str) -> tuple[float, str]:
        """Return what is least for the most surprising, whatever the order of their appearance."""
        return -self.decades(name), name

    def _forward(self, name: str, now_frame: int, bar: float) -> Change:
        self._front[name] = now_frame
        group = group_of(name)
        if not group:
            return Change(name, True, "", 1, self.decades(name))
        levels = self._levels
        notable = levels.live & (levels.decades >= bar - HYSTERESIS_DECADES)
        streams = self._groups.count(group, notable)
        return Change(name, True, group if streams > 1 else "", max(streams, 1), self.decades(name))

    def _back(self, name: str) -> Change:
        del self._front[name]
        return Change(name, False, "", 1, self.decades(name))


def _checked_ages(ages: tuple[list[float], list[float]]) -> tuple[list[float], list[float]]:
    if any(len(one) != AGES or not np.isfinite(one).all() or min(one) <= 0 for one in ages):
        raise ValueError("what streams of an age claimed can't be")
    return ages
