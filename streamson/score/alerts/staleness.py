"""Staleness: which streams fell silent, and which are back."""

from __future__ import annotations

from array import array
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from streamson.model.event.streams import MAX_TOGETHER, StreamRecovered, StreamStale
from streamson.score.alerts.budget import AlertSound
from streamson.score.alerts.stall import LATE_TIMES, Stall, StallHold, stalled
from streamson.score.groups import group_of
from streamson.session.parse.earcons import Priority, builtin_earcons

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamson.model.event.base import Event
    from streamson.model.note import Note
    from streamson.score.alerts.budget import AlertBudget

TURN_S: Final = 0.5
"""Of the intervals between a stream's points only the longest of each such turn counts: points may
come in bursts."""

BLOCK: Final = 64
BLOCKS: Final = 15
"""Of so many blocks of those, and of the one that comes, the two longest are known. The second
longest of all is what is usual, so that a single outage does not count; what happens twice in a
thousand is usual. Of the last 64 alone it told four times as many silences of the tables of the
Numenta Anomaly Benchmark, 0.10 instead of 0.024 a day and stream."""

MIN_INTERVALS: Final = 8
STALE_TIMES: Final = 2.0
MIN_SILENCE_S: Final = 2.0
"""A stream is stale when silent for so many times its usual interval, and at least so long."""

STALE_TOGETHER_TIMES: Final = LATE_TIMES
"""When one stream of a host is stale, others that are silent for so many times theirs are so too:
it is the host that fell silent."""

BACK_TOGETHER_S: Final = 3.0
"""Streams of a host that fell silent together and come back within this time are back together."""

MAX_HOSTS_BACK: Final = 1_024
"""Hosts of which it is remembered that they are back."""

STALE_PRIORITY: Final[Priority] = "medium"
"""Who hears nothing of a stream does not know how it is: somebody is to look soon."""

_NEVER: Final = 2**62
"""When a stream is to be looked at of which nothing is awaited."""


class _Arrivals:
    """When the points of a stream come.

    Parameters
    ----------
    name
        The stream's.
    slot
        Its place in what is looked at for all streams at once.
    """

    __slots__ = (
        *("_blocks", "_in_block", "_last", "_longest", "_most", "_second", "_turn_frame", "ended"),
        *("last_frame", "name", "slot", "sound", "stale", "stale_with", "stall"),
    )

    def __init__(self, name: str, slot: int) -> None:
        self.name = name
        self.slot = slot
        self.last_frame: int | None = None
        self.ended = False
        """Whether its producer said goodbye: it is silent by right."""
        self.stale = False
        self.stale_with = 1
        """How many streams of its host were told to be stale together, itself included."""
        self.stall: Stall | None = None
        """With whom it was told to be silent, where many of different hosts were."""
        self.sound: AlertSound | None = None
        """What is to be heard of that, until it is back."""
        # All memory at once, and no more of it for each point: there may be thousands.
        self._longest = array("q", bytes(8 * 2 * BLOCKS))
        self._blocks = 0
        self._in_block = 0
        # Of the block that comes: the two longest, and that of the turn that is not over.
        self._most = self._second = self._last = 0
        self._turn_frame = 0

    def add(self, now_frame: int, turn_frames: int) -> int | None:
        """Note that a point came; return how long after the last one, None for the first."""
        before, self.last_frame = self.last_frame, now_frame
        if before is None or self.ended:
            self.ended = False
            return None
        interval = now_frame - before
        if self._in_block and now_frame < self._turn_frame:
            self._last = max(self._last, interval)
            return interval
        self._end_turn()
        if self._in_block == BLOCK:
            self._end_block()
        self._last = interval
        self._in_block += 1
        self._turn_frame = now_frame + turn_frames
        return interval

    def _end_turn(self) -> None:
        if self._last > self._most:
            self._most, self._second = self._last, self._most
        elif self._last > self._second:
            self._second = self._last

    def _end_block(self) -> None:
        place = 2 * (self._blocks % BLOCKS)
        self._longest[place], self._longest[place + 1] = self._most, self._second
        self._blocks += 1
        self._in_block = self._most = self._second = self._last = 0

    def is_overdue(self, now_frame: int, times: float) -> bool:
        """Return whether it is silent for more than so many times its usual interval."""
        usual = self.usual_frames
        if self.last_frame is None or usual is None or self.ended:
            return False
        return now_frame - self.last_frame > times * usual

    @property
    def usual_frames(self) -> int | None:
        """Its usual interval; None as long as nobody knows."""
        if not self._blocks and self._in_block < MIN_INTERVALS:
            return None
        return nlargest(2, (*self._longest, self._most, self._second, self._last))[1]


class StalenessMonitor:
    """Tells when streams fall silent, and when they are back.

    Parameters
    ----------
    sample_rate
        Frames a second.
    budget
        What lets it sound.
    on_event
        Is called with what happens.
    """

    def __init__(
        self, *, sample_rate: int, budget: AlertBudget, on_event: Callable[[Event], None]
    ) -> None:
        self._sample_rate = sample_rate
        self._turn_frames = round(TURN_S * sample_rate)
        self._budget = budget
        self._on_event = on_event
        self._min_silence = round(MIN_SILENCE_S * sample_rate)
        self._streams: dict[str, _Arrivals] = {}
        self._hosts: dict[str, dict[str, _Arrivals]] = {}
        self._hosts_back: dict[str, int] = {}
        # By slot, so that thousands of streams are looked at at once.
        self._by_slot: list[_Arrivals | None] = []
        self._free_slots: list[int] = []
        self._last = array("q")
        self._due = array("q")
        self.stale = 0
        """How many streams are stale."""
        self.fell_silent: list[str] = []
        """Streams that fell silent at the last tick, whether or not it is told."""
        self.stalled: list[str] = []
        """Others that did with many at once, which are one thing and not each surprising."""
        self._hold = StallHold(sample_rate)

    def add(self, stream: str) -> None:
        """Watch a stream from now on."""
        if not self._free_slots:
            self._free_slots.append(len(self._by_slot))
            self._by_slot.append(None)
            self._last.append(_NEVER)
            self._due.append(_NEVER)
        slot = self._free_slots.pop()
        watched = self._streams[stream] = self._by_slot[slot] = _Arrivals(stream, slot)
        self._last[slot] = 0
        if "/" in stream:
            self._hosts.setdefault(group_of(stream), {})[stream] = watched

    def remove(self, stream: str) -> None:
        """Watch a stream no longer."""
        watched = self._streams.pop(stream)
        self._mark(watched, stale=False)
        self._leave(watched)
        self._by_slot[watched.slot] = None
        self._last[watched.slot] = self._due[watched.slot] = _NEVER
        self._free_slots.append(watched.slot)
        if "/" in stream:
            of_host = self._hosts[group_of(stream)]
            del of_host[stream]
            if not of_host:
                del self._hosts[group_of(stream)]

    def end(self, stream: str) -> None:
        """Wait no longer for a stream's next point."""
        watched = self._streams[stream]
        self._mark(watched, stale=False)
        self._leave(watched)
        watched.ended = True
        self._due[watched.slot] = _NEVER

    def last_frame(self, stream: str) -> int:
        """Return when the last point of a stream came; 0 before any."""
        return self._streams[stream].last_frame or 0

    def silent_before(self, frame: int) -> list[str]:
        """Return the streams whose last point came before a frame, the longest silent first."""
        import numpy as np

        last = np.frombuffer(self._last, np.int64)
        slots = np.flatnonzero(last < frame)
        found = (self._by_slot[slot] for slot in slots[np.argsort(last[slots], kind="stable")])
        return [stream.name for stream in found if stream is not None]

    @property
    def next_due(self) -> int:
        """The frame at which `tick` may next find a silent stream; it may be far away."""
        due = min(self._due, default=_NEVER)
        return due if self._hold.until is None else max(due, self._hold.until)

    def state_of(self, stream: str) -> str:
        """Return whether a stream is ``"live"``, ``"stale"`` or ``"ended"``."""
        watched = self._streams[stream]
        if watched.ended:
            return "ended"
        return "stale" if watched.stale else "live"

    def process(self, stream: str, now_frame: int) -> list[Note]:
        """Take in that a point came; return the notes that tell that the stream is back."""
        watched = self._streams[stream]
        interval = watched.add(now_frame, self._turn_frames)
        self._last[watched.slot] = now_frame
        self._due[watched.slot] = now_frame + self._min_silence
        if interval is None or not watched.stale:
            return []
        self._mark(watched, stale=False)
        silent_s = interval / self._sample_rate
        if watched.stall is not None:
            return self._end_stall(watched, watched.stall, silent_s, now_frame)
        name = stream
        if watched.stale_with > 1:
            name = group_of(stream)
            if now_frame < self._hosts_back.get(name, 0):
                return []
            if len(self._hosts_back) >= MAX_HOSTS_BACK:
                self._hosts_back.clear()
            self._hosts_back[name] = now_frame + round(BACK_TOGETHER_S * self._sample_rate)
        self._on_event(StreamRecovered(frame=now_frame, name=name, silent_s=silent_s))
        sound, watched.sound = watched.sound, None
        if sound is None or sound.is_over:  # another stream of its host was back before
            return []
        return self._budget.end(sound, builtin_earcons()["back"], now_frame)

    def tick(self, now_frame: int, *, told: bool) -> list[Note]:
        """Return the notes that tell which streams fell silent; to be called often.

        Parameters
        ----------
        now_frame
            Now.
        told
            Whether they are told at all; else it is only known who they are.
        """
        import numpy as np

        self.fell_silent, self.stalled = [], []
        notes: list[Note] = []
        if self._hold.is_waiting(now_frame):
            return notes
        due = np.frombuffer(self._due, np.int64) <= now_frame
        slots = np.flatnonzero(due).tolist()
        overdue = [one for slot in slots if (one := self._overdue(slot, now_frame)) is not None]
        if not overdue:
            self._hold.end()
            return notes
        together = self._stalled(now_frame)
        if together and self._hold.wait(now_frame):
            return notes
        if together:
            return self._tell_stall(together, now_frame, told=told)
        self._hold.end()
        for stream in overdue:
            if not stream.stale:
                notes += self._tell_silence(stream, now_frame, told=told)
        return notes

    def _overdue(self, slot: int, now_frame: int) -> _Arrivals | None:
        """Return the stream of a slot where it fell silent; else see when to look at it again."""
        stream = self._by_slot[slot]
        if stream is None or stream.stale or stream.last_frame is None:
            return None
        usual = stream.usual_frames
        if usual is None:  # it is looked at again after its next point
            self._due[slot] = _NEVER
            return None
        if not stream.is_overdue(now_frame, STALE_TIMES):
            self._due[slot] = stream.last_frame + int(STALE_TIMES * usual) + 1
            return None
        return stream

    def _tell_silence(self, stream: _Arrivals, now_frame: int, *, told: bool) -> list[Note]:
        """Tell that a stream fell silent, with others of its host; return the notes that do."""
        together = self._silent_together(stream, now_frame)
        # Of which nothing is awaited, of those it is known already.
        self.fell_silent += [
            name for name, one in together.items() if self._due[one.slot] != _NEVER
        ]
        if not told:
            for one in together.values():
                self._due[one.slot] = _NEVER
            return []
        sound = AlertSound(
            *(stream.name, "silent", ("silent", group_of(stream.name))),
            sound_kind="stale",
            priority=STALE_PRIORITY,
            streams=len(together),
        )
        for one in together.values():
            self._mark(one, stale=True)
            one.stale_with, one.sound, one.stall = len(together), sound, None
        self._on_event(self._stale(stream, tuple(together), now_frame))
        return self._budget.request(sound, now_frame)

    def _stale(
        self, stream: _Arrivals, names: tuple[str, ...], now_frame: int, *, together: int = 0
    ) -> StreamStale:
        """Return what is told of streams of which this one is silent for longest."""
        return StreamStale(
            frame=now_frame,
            streams=names,
            silent_s=(now_frame - (stream.last_frame or 0)) / self._sample_rate,
            usual_s=(stream.usual_frames or 0) / self._sample_rate,
            together=together,
        )

    def _stalled(self, now_frame: int) -> list[_Arrivals]:
        """Return the streams that are late at once, of whatever host; none where they are few."""
        awaited = [
            one
            for one in self._streams.values()
            if not (one.stale or one.ended) and self._due[one.slot] != _NEVER
        ]
        late = [one for one in awaited if one.is_overdue(now_frame, LATE_TIMES)]
        return stalled(late, len(awaited))

    def _tell_stall(self, late: list[_Arrivals], now_frame: int, *, told: bool) -> list[Note]:
        """Tell that many streams stand still, as one; return the notes that do."""
        self.stalled = [one.name for one in late]
        if not told:
            for one in late:
                self._due[one.slot] = _NEVER
            return []
        sound = AlertSound(
            *("", "silent", ("silent", "*")),
            sound_kind="stale",
            priority=STALE_PRIORITY,
            streams=len(late),
        )
        stall = Stall(len(late))
        for one in late:
            self._mark(one, stale=True)
            one.stale_with, one.sound, one.stall = 1, sound, stall
        first = min(late, key=lambda one: (one.last_frame or 0, one.name))
        names = tuple(self.stalled[:MAX_TOGETHER])
        self._on_event(self._stale(first, names, now_frame, together=len(late)))
        return self._budget.request(sound, now_frame)

    def _end_stall(
        self, stream: _Arrivals, stall: Stall, silent_s: float, now_frame: int
    ) -> list[Note]:
        """Take in that a stream of a stall is back; return the notes of the first one."""
        sound, stream.sound, stream.stall = stream.sound, None, None
        if stall.is_over or sound is None:
            return []
        stall.is_over = True
        back = StreamRecovered(
            frame=now_frame, name=stream.name, silent_s=silent_s, together=stall.streams
        )
        self._on_event(back)
        return self._budget.end(sound, builtin_earcons()["back"], now_frame)

    def _leave(self, stream: _Arrivals) -> None:
        """Take in that nobody waits for a stream any more: what was told of it alone is over."""
        sound, stream.sound = stream.sound, None
        if sound is not None and stream.stale_with == 1 and stream.stall is None:
            self._budget.end(sound, None, 0)

    def _mark(self, stream: _Arrivals, *, stale: bool) -> None:
        self.stale += stale - stream.stale
        stream.stale = stale
        if stale:
            self._due[stream.slot] = _NEVER

    def _silent_together(self, stream: _Arrivals, now_frame: int) -> dict[str, _Arrivals]:
        """Return a silent stream, and others of its host that are silent for longer than usual."""
        if "/" not in stream.name:
            return {stream.name: stream}
        return {
            name: one
            for name, one in self._hosts[group_of(stream.name)].items()
            if not one.stale and one.is_overdue(now_frame, STALE_TOGETHER_TIMES)
        }
