"""What is known of the listener that is shown: its mirror, and what the screen adds to it."""

import time
from collections import deque
from typing import Any, Final

import msgspec

from streamson.live.mirror import Mirror
from streamson.model.event.base import Event
from streamson.model.event.devices import DeviceBack, DeviceLost
from streamson.model.event.steering import Caption
from streamson.model.feed import (
    EVENT,
    HELLO,
    LEVEL,
    PAST,
    STATE,
    STATISTICS,
    STREAMS,
    ListenerState,
    StreamRow,
)

TOPICS: Final = (STATE, STREAMS, EVENT, PAST, STATISTICS, LEVEL)
"""What a screen reads of a feed: no notes, for each row has its last one, and no sound."""

CURVE_VALUES: Final = 120
"""Values of each stream that are remembered: a curve as wide as there is room for."""

RATE_WINDOW: Final = 6
"""Statistics between whose ends the rate of points is taken: the last five seconds."""


CAPTION_S: Final = 15.0
"""How long a caption is shown, unless another one follows, or there is nothing else yet."""

CLOCK_STEP_FRAMES: Final = 100_000
"""A clock that goes back by more, two seconds, is another one: topics come out of step by less."""

_CLOCKED: Final = frozenset((STATE, STREAMS, LEVEL))


class Watched:
    """A listener as a screen knows it.

    Attributes
    ----------
    mirror
        Its mirror; another one where another listener took the place of the first.
    curves
        The last values of each stream.
    sounding
        Streams of which a note began since `settle`.
    peak_dbfs, rms_dbfs
        The greatest of both channels since then; None in silence.
    lost_device
        The sound device that went away and is not back; empty for none.
    """

    def __init__(self) -> None:
        self.mirror = Mirror()
        self._begin()

    def _begin(self) -> None:
        before, self.mirror = self.mirror, Mirror()
        # It is told first, before anything shows that another listener tells it.
        self.mirror.hello = before.hello
        self.mirror.events.extend(before.events)
        self.curves: dict[str, deque[float]] = {}
        self.sounding: set[str] = set()
        self.peak_dbfs: list[float | None] = [None, None]
        self.rms_dbfs: list[float | None] = [None, None]
        self._meters_are_old = True
        self._caption = "", float("-inf")
        self.lost_device = ""
        self._frame = 0
        self._shown_fields: dict[str, tuple[object, str]] = {}
        self._steps: deque[tuple[float, int]] = deque(maxlen=RATE_WINDOW)
        self._steered: tuple[ListenerState | None, frozenset[str], frozenset[str]] = (
            *(None, frozenset(), frozenset()),
        )

    def settle(self) -> None:
        """Begin to take in what comes after what was shown."""
        self.sounding.clear()
        self._meters_are_old = True

    def update(self, topic: str, message: Any) -> None:
        """Take in a message."""
        if self._is_of_another(topic, message):
            self._begin()
        if topic in _CLOCKED:
            self._frame = message.frame
        before = (
            {row.name: self.mirror.rows.get(row.name) for row in message.rows}
            if topic == STREAMS
            else {}
        )
        self.mirror.update(topic, message)
        if topic == STREAMS:
            for name, row in before.items():
                self._follow(name, row)
            for name in message.gone:
                self._forget(name)
            if len(self.curves) > len(self.mirror.rows):
                for name in self.curves.keys() - self.mirror.rows.keys():
                    self._forget(name)
        elif topic == EVENT:
            self._take_event(message.event, 0.0)
        elif topic == PAST:
            for told in message.events:
                self._take_event(told.event, max(0.0, time.time() - told.time))
        elif topic == LEVEL:
            self._take_level(message.peak_dbfs, message.rms_dbfs)
        elif topic == STATISTICS:
            self._steps.append((message.seconds, message.points_received))

    def steer(self, result: Any) -> None:
        """Take in the state that came with an answer; the feed tells of it a moment later."""
        try:
            state = msgspec.convert(result, ListenerState)
        except msgspec.ValidationError:
            return
        if self.mirror.state is None or state.frame >= self.mirror.state.frame:
            self.mirror.update(STATE, state)

    def caption(self, now: float) -> str:
        """Return what somebody who explains says at this time; empty for nothing."""
        text, told_at = self._caption
        is_shown = now - told_at < CAPTION_S or not self.mirror.rows
        return text if is_shown else ""

    @property
    def points_per_second(self) -> float:
        """Points that come in all."""
        if len(self._steps) < 2:
            return 0.0
        (since, first), (until, last) = self._steps[0], self._steps[-1]
        return (last - first) / (until - since) if until > since else 0.0

    def shown_field(self, row: StreamRow) -> str:
        """Return the field of a stream that is shown: the one that its pitch follows."""
        known = self._shown_fields.get(row.name)
        if known is not None and known[0] is row.legend and known[1] in row.fields:
            return known[1]
        field = _pitch_field(row)
        self._shown_fields[row.name] = row.legend, field
        return field

    def is_muted(self, name: str) -> bool:
        """Return whether somebody muted a stream."""
        return name in self._steering()[0]

    def is_soloed(self, name: str) -> bool:
        """Return whether somebody soloed a stream."""
        return name in self._steering()[1]

    def is_heard(self, name: str) -> bool:
        """Return whether a stream's notes sound, by what is muted and soloed."""
        muted, soloed = self._steering()
        return name not in muted and (not soloed or name in soloed)

    def _steering(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the streams that are muted, and those that are soloed.

        The state knows it sooner than the rows do.
        """
        state = self.mirror.state
        if self._steered[0] is not state:
            muted = frozenset(state.muted_streams if state else ())
            soloed = frozenset(state.soloed_streams if state else ())
            self._steered = state, muted, soloed
        return self._steered[1:]

    def _is_of_another(self, topic: str, message: Any) -> bool:
        """Return whether another listener tells this than told what is known: its clock is new."""
        if topic == HELLO:
            return self.mirror.hello is not None and not self.mirror.is_there
        if topic not in _CLOCKED:
            return False
        return bool(message.frame < self._frame - CLOCK_STEP_FRAMES)

    def _follow(self, name: str, before: StreamRow | None) -> None:
        row = self.mirror.rows.get(name)
        if row is None:  # one too many
            return
        if before is not None and row.notes > before.notes:
            self.sounding.add(name)
        if before is not None and row.points == before.points:
            return
        field = self.shown_field(row)
        if field in row.fields:
            curve = self.curves.get(name)
            if curve is None:
                curve = self.curves[name] = deque(maxlen=CURVE_VALUES)
            curve.append(row.fields[field])

    def _forget(self, name: str) -> None:
        self.curves.pop(name, None)
        self._shown_fields.pop(name, None)

    def _take_event(self, event: Event, ago_s: float) -> None:
        if isinstance(event, Caption):
            self._caption = event.text, time.monotonic() - ago_s
        elif isinstance(event, DeviceLost):
            self.lost_device = event.device
        elif isinstance(event, DeviceBack):
            self.lost_device = ""

    def _take_level(
        self,
        peak: tuple[float | None, float | None],
        rms: tuple[float | None, float | None],
    ) -> None:
        if self._meters_are_old:
            self.peak_dbfs, self.rms_dbfs = list(peak), list(rms)
            self._meters_are_old = False
            return
        for at in range(2):
            self.peak_dbfs[at] = _greater(self.peak_dbfs[at], peak[at])
            self.rms_dbfs[at] = _greater(self.rms_dbfs[at], rms[at])


def _greater(one: float | None, other: float | None) -> float | None:
    return max((level for level in (one, other) if level is not None), default=None)


def _pitch_field(row: StreamRow) -> str:
    """Return the field that a stream's pitch follows, else its first one; empty without any."""
    for part in row.legend or ():
        for followed in part.follows:
            if followed.parameter == "pitch":
                # With a transform it is called "rate of bytes".
                for name in (followed.field, followed.field.rpartition(" of ")[2]):
                    if name in row.fields:
                        return name
    return next(iter(row.fields), "")
