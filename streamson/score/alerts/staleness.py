"""Staleness: which streams fell silent, and which are back."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from streamson.model.event.streams import MAX_TOGETHER, StreamRecovered, StreamStale
from streamson.score.alerts.budget import AlertSound
from streamson.score.alerts.stall import LATE_TIMES, Stall, StallHold, stalled
from streamson.score.groups import group_of
from streamson.session.parse.earcons import Priority, builtin_earcons

if TYPE_CHECKING:  # at run time they would be loaded before the first stream comes
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from streamson.model.event.base import Event
    from streamson.model.note import Note
    from streamson.score.alerts.arrivals import Arrivals, Frames
    from streamson.score.alerts.budget import AlertBudget

TURN_S: Final = 0.5
"""Of the intervals between a stream's points only the longest of each such turn counts: points may
come in bursts."""

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


class _Watched:
    """A stream that is watched.

    Parameters
    ----------
    name
        The stream's.
    slot
        Its place in what is looked at for all streams at once.
    """

    __slots__ = ("ended", "name", "slot", "sound", "stale", "stale_with", "stall")

    def __init__(self, name: str, slot: int) -> None:
        self.name = name
        self.slot = slot
        self.ended = False
        """Whether its producer said goodbye: it is silent by right."""
        self.stale = False
        self.stale_with = 1
        """How many streams of its host were told to be stale together, itself included."""
        self.stall: Stall | None = None
        """With whom it was told to be silent, where many of different hosts were."""
        self.sound: AlertSound | None = None
        """What is to be heard of that, until it is back."""


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
        self._budget = budget
        self._on_event = on_event
        self._min_silence = round(MIN_SILENCE_S * sample_rate)
        self._streams: dict[str, _Watched] = {}
        self._hosts: dict[str, dict[str, _Watched]] = {}
        self._hosts_back: dict[str, int] = {}
        # By slot, so that thousands of streams are looked at at once.
        self._by_slot: list[_Watched | None] = []
        self._free_slots: list[int] = []
        self._due = array("q")
        self._arrivals_made: Arrivals | None = None
        self.stale = 0
        """How many streams are stale."""
        self.fell_silent: list[str] = []
        """Streams that fell silent at the last tick, whether or not it is told."""
        self.stalled: list[str] = []
        """Others that did with many at once, which are one thing and not each surprising."""
        self._hold = StallHold(sample_rate)
        self._look_at = 0

    def add(self, stream: str) -> None:
        """Watch a stream from now on."""
        if not self._free_slots:
            self._free_slots.append(len(self._by_slot))
            self._by_slot.append(None)
            self._due.append(_NEVER)
        slot = self._free_slots.pop()
        watched = self._streams[stream] = self._by_slot[slot] = _Watched(stream, slot)
        self._arrivals.begin(slot)
        if "/" in stream:
            self._hosts.setdefault(group_of(stream), {})[stream] = watched

    def remove(self, stream: str) -> None:
        """Watch a stream no longer."""
        watched = self._streams.pop(stream)
        self._mark(watched, stale=False)
        self._leave(watched)
        self._by_slot[watched.slot] = None
        self._due[watched.slot] = _NEVER
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
        self._arrivals.pause(watched.slot)
        self._due[watched.slot] = _NEVER

    def last_frame(self, stream: str) -> int:
        """Return when the last point of a stream came; 0 before any."""
        return self._last_frame(self._streams[stream])

    def silent_before(self, frame: int) -> list[str]:
        """Return the streams whose last point came before a frame, the longest silent first."""
        import numpy as np

        last = self._arrivals.last_frames()[: len(self._by_slot)]
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
        if watched.stale:
            return self._come_back(watched, now_frame)
        watched.ended = False
        self._take_in(watched, now_frame)
        return []

    def _come_back(self, watched: _Watched, now_frame: int) -> list[Note]:
        """Take in a point of a stream that was silent; return the notes that tell it is back."""
        silent_s = (now_frame - self._last_frame(watched)) / self._sample_rate
        self._take_in(watched, now_frame)
        self._mark(watched, stale=False)
        if watched.stall is not None:
            return self._end_stall(watched, watched.stall, silent_s, now_frame)
        name = watched.name
        if watched.stale_with > 1:
            name = group_of(name)
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
        if now_frame < self._look_at or self._hold.is_waiting(now_frame):
            return notes
        overdue = self._overdue(np.flatnonzero(self._due_frames() <= now_frame), now_frame)
        # Who comes meanwhile is due later than any of these.
        next_due = int(self._due_frames().min(initial=_NEVER))
        self._look_at = min(next_due, now_frame + self._min_silence)
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

    @property
    def _arrivals(self) -> Arrivals:
        """When points come; made when the first stream does."""
        if self._arrivals_made is None:
            # Only then machine code is waited for.
            from streamson.score.alerts.arrivals import Arrivals

            self._arrivals_made = Arrivals(round(TURN_S * self._sample_rate))
        return self._arrivals_made

    def _due_frames(self) -> Frames:
        """Return when each slot is to be looked at: the memory itself."""
        import numpy as np

        return np.frombuffer(self._due, np.int64)

    def _take_in(self, stream: _Watched, now_frame: int) -> None:
        self._arrivals.add(stream.slot, now_frame)
        self._due[stream.slot] = now_frame + self._min_silence

    def _last_frame(self, stream: _Watched) -> int:
        return int(self._arrivals.last_frames()[stream.slot])

    def _overdue(self, slots: Frames, now_frame: int) -> list[_Watched]:
        """Return the streams that fell silent; see when to look at the others again."""
        if not len(slots):
            return []
        last, usual = self._arrivals.last_frames()[slots], self._arrivals.usual_frames(slots)
        is_late = _are_late(last, usual, now_frame, STALE_TIMES)
        again = last + (STALE_TIMES * usual).astype(last.dtype) + 1
        again[usual < 0] = _NEVER  # it is looked at again after its next point
        self._due_frames()[slots[~is_late]] = again[~is_late]
        found = (self._by_slot[slot] for slot in slots[is_late].tolist())
        return [stream for stream in found if stream is not None]

    def _tell_silence(self, stream: _Watched, now_frame: int, *, told: bool) -> list[Note]:
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
        sound = _silence(stream.name, group_of(stream.name), len(together))
        for one in together.values():
            self._mark(one, stale=True)
            one.stale_with, one.sound, one.stall = len(together), sound, None
        self._on_event(self._stale(stream, tuple(together), now_frame))
        return self._budget.request(sound, now_frame)

    def _stale(
        self, stream: _Watched, names: tuple[str, ...], now_frame: int, *, together: int = 0
    ) -> StreamStale:
        """Return what is told of streams of which this one is silent for longest."""
        usual = int(self._arrivals.usual_frames(self._slots_of([stream]))[0])
        return StreamStale(
            frame=now_frame,
            streams=names,
            silent_s=(now_frame - self._last_frame(stream)) / self._sample_rate,
            usual_s=max(usual, 0) / self._sample_rate,
            together=together,
        )

    def _slots_of(self, streams: Iterable[_Watched]) -> Frames:
        import numpy as np

        return np.array([stream.slot for stream in streams], np.int64)

    def _stalled(self, now_frame: int) -> list[_Watched]:
        """Return the streams that are late at once, of whatever host; none where they are few."""
        import numpy as np

        awaited = np.flatnonzero(self._due_frames() != _NEVER)
        last, usual = self._arrivals.last_frames()[awaited], self._arrivals.usual_frames(awaited)
        is_late = _are_late(last, usual, now_frame, LATE_TIMES)
        last, usual = last[is_late], usual[is_late]
        found = [
            one for slot in awaited[is_late].tolist() if (one := self._by_slot[slot]) is not None
        ]
        together = stalled([one.name for one in found], last, usual, len(awaited))
        return [found[i] for i in together.nonzero()[0].tolist()]

    def _tell_stall(self, late: list[_Watched], now_frame: int, *, told: bool) -> list[Note]:
        """Tell that many streams stand still, as one; return the notes that do."""
        self.stalled = [one.name for one in late]
        if not told:
            for one in late:
                self._due[one.slot] = _NEVER
            return []
        sound = _silence("", "*", len(late))
        stall = Stall(len(late))
        for one in late:
            self._mark(one, stale=True)
            one.stale_with, one.sound, one.stall = 1, sound, stall
        first = min(late, key=lambda one: (self._last_frame(one), one.name))
        names = tuple(self.stalled[:MAX_TOGETHER])
        self._on_event(self._stale(first, names, now_frame, together=len(late)))
        return self._budget.request(sound, now_frame)

    def _end_stall(
        self, stream: _Watched, stall: Stall, silent_s: float, now_frame: int
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

    def _leave(self, stream: _Watched) -> None:
        """Take in that nobody waits for a stream any more: what was told of it alone is over."""
        sound, stream.sound = stream.sound, None
        if sound is not None and stream.stale_with == 1 and stream.stall is None:
            self._budget.end(sound, None, 0)

    def _mark(self, stream: _Watched, *, stale: bool) -> None:
        self.stale += stale - stream.stale
        stream.stale = stale
        if stale:
            self._due[stream.slot] = _NEVER

    def _silent_together(self, stream: _Watched, now_frame: int) -> dict[str, _Watched]:
        """Return a silent stream, and others of its host that are silent for longer than usual."""
        if "/" not in stream.name:
            return {stream.name: stream}
        of_host = self._hosts[group_of(stream.name)]
        slots = self._slots_of(of_host.values())
        last, usual = self._arrivals.last_frames()[slots], self._arrivals.usual_frames(slots)
        is_late = _are_late(last, usual, now_frame, STALE_TOGETHER_TIMES)
        return {
            name: one
            for (name, one), late in zip(of_host.items(), is_late.tolist(), strict=True)
            if late and not (one.stale or one.ended)
        }


def _are_late(last: Frames, usual: Frames, now_frame: int, times: float) -> NDArray[np.bool_]:
    """Return which streams are silent for more than so many times their usual interval."""
    return (usual >= 0) & (now_frame - last > times * usual)


def _silence(stream: str, group: str, streams: int) -> AlertSound:
    """Return what is to be heard of streams of a group that fell silent, of which one is named."""
    return AlertSound(
        *(stream, "silent", ("silent", group)),
        sound_kind="stale",
        priority=STALE_PRIORITY,
        streams=streams,
    )
