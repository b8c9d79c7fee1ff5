"""Staleness: which streams fell silent, and which are back."""

from __future__ import annotations

from array import array
from collections import deque
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from streamson.model.event.streams import StreamRecovered, StreamStale
from streamson.score.alerts.budget import AlertSound
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

STALE_TOGETHER_TIMES: Final = 1.3
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

    def __init__(self, name: str, slot: int) -> None:
        self.name = name
        self.slot = slot
        self.last_frame: int | None = None
        self.ended = False
        """Whether its producer said goodbye: it is silent by right."""
        self.stale = False
        self.stale_with = 1
        """How many streams of its host were told to be stale together, itself included."""
        self.sound: AlertSound | None = None
        """What is to be heard of that, until it is back."""
        self._intervals: list[int] = []
        self._longest: deque[int] = deque(maxlen=2 * BLOCKS)
        self._turn_frame = 0

    def add(self, now_frame: int, turn_frames: int) -> int | None:
        """Note that a point came; return how long after the last one, None for the first."""
        before, self.last_frame = self.last_frame, now_frame
        if before is None or self.ended:
            self.ended = False
            return None
        interval = now_frame - before
        if self._intervals and now_frame < self._turn_frame:
            self._intervals[-1] = max(self._intervals[-1], interval)
        else:
            if len(self._intervals) == BLOCK:
                self._longest.extend(nlargest(2, self._intervals))
                self._intervals.clear()
            self._intervals.append(interval)
            self._turn_frame = now_frame + turn_frames
        return interval

    def is_overdue(self, now_frame: int, times: float) -> bool:
        """Return whether it is silent for more than so many times its usual interval."""
        usual = self.usual_frames
        if self.last_frame is None or usual is None or self.ended:
            return False
        return now_frame - self.last_frame > times * usual

    @property
    def usual_frames(self) -> int | None:
        """Its usual interval; None as long as nobody knows."""
        if len(self._longest) + len(self._intervals) < MIN_INTERVALS:
            return None
        return nlargest(2, (*self._longest, *self._intervals))[1]


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
        return min(self._due, default=_NEVER)

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
        name = stream
        if watched.stale_with > 1:
            name = group_of(stream)
            if now_frame < self._hosts_back.get(name, 0):
                return []
            if len(self._hosts_back) >= MAX_HOSTS_BACK:
                self._hosts_back.clear()
            self._hosts_back[name] = now_frame + round(BACK_TOGETHER_S * self._sample_rate)
        silent_s = interval / self._sample_rate
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

        self.fell_silent = []
        notes: list[Note] = []
        due = np.frombuffer(self._due, np.int64) <= now_frame
        for slot in np.flatnonzero(due).tolist():
            stream = self._by_slot[slot]
            if stream is None or stream.stale or stream.last_frame is None:
                continue
            usual = stream.usual_frames
            if usual is None:  # it is looked at again after its next point
                self._due[slot] = _NEVER
                continue
            if not stream.is_overdue(now_frame, STALE_TIMES):
                self._due[slot] = stream.last_frame + int(STALE_TIMES * usual) + 1
                continue
            together = self._silent_together(stream, now_frame)
            # Of which nothing is awaited, of those it is known already.
            self.fell_silent += [
                name for name, one in together.items() if self._due[one.slot] != _NEVER
            ]
            if not told:
                for one in together.values():
                    self._due[one.slot] = _NEVER
                continue
            sound = AlertSound(
                *(stream.name, "silent", ("silent", group_of(stream.name))),
                sound_kind="stale",
                priority=STALE_PRIORITY,
                streams=len(together),
            )
            for one in together.values():
                self._mark(one, stale=True)
                one.stale_with, one.sound = len(together), sound
            stale = StreamStale(
                frame=now_frame,
                streams=tuple(together),
                silent_s=(now_frame - stream.last_frame) / self._sample_rate,
                usual_s=usual / self._sample_rate,
            )
            self._on_event(stale)
            notes += self._budget.request(sound, now_frame)
        return notes

    def _leave(self, stream: _Arrivals) -> None:
        """Take in that nobody waits for a stream any more: what was told of it alone is over."""
        sound, stream.sound = stream.sound, None
        if sound is not None and stream.stale_with == 1:
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
