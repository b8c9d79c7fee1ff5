"""Alerts: which fields are watched for them, and what is told when one is raised or over."""

from __future__ import annotations

from collections import deque
from fnmatch import fnmatchcase
from heapq import heappop, heappush
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streamson.model.event.alerts import AlertCleared, AlertKind, AlertRaised
from streamson.rescaling.field_hints import hints_for
from streamson.score.alerts.budget import AlertSound
from streamson.score.alerts.detector import AlertDetector
from streamson.score.alerts.surprises import points_of
from streamson.score.groups import group_of
from streamson.session.parse.earcons import SoundKind, builtin_earcons
from streamson.session.schema import field_name

if TYPE_CHECKING:  # at run time points would bring numpy along
    from collections.abc import Callable, Sequence

    from streamson.model.counts import ScoreCounts
    from streamson.model.event.base import Event
    from streamson.model.note import Note
    from streamson.model.point import Message
    from streamson.score.alerts.budget import AlertBudget
    from streamson.score.alerts.surprises import SurpriseChange, SurpriseMonitor
    from streamson.session.schema import Alert, Session

AGAIN_S: Final = 2.0
"""The same alert of the same stream is not told more often: a value that trembles at its limit."""

REPEAT_AGAIN_S: Final = 1.0
"""An alert that is to sound again while others have the budget tries once more after this time."""

MAX_ACKNOWLEDGEMENTS: Final = 1_024
"""Acknowledgements that wait for the next point."""

_SOUND_KINDS: Final[dict[tuple[AlertKind, int], SoundKind]] = {
    ("above", 1): "above",
    ("below", -1): "below",
    ("level", 1): "above",
    ("level", -1): "below",
}


class _Unusual(NamedTuple):
    """What is told of a value that raises an alert."""

    value: float
    time: float
    kind: AlertKind
    sign: int
    low: float
    high: float
    surprise: float = 0.0


class _Watched:
    """An alert on one stream.

    Attributes
    ----------
    active
        Whether it was raised and is not over.
    sound
        What is to be heard of it, from when it was told until it is over; None else.
    """

    def __init__(self, stream: str, alert: Alert, field: str) -> None:
        self.stream = stream
        self.alert = alert
        self.field = field
        self.detector = None if alert.band is None else AlertDetector(alert)
        self.active = False
        self.acknowledged = False
        self.kind: AlertKind = "level"
        self.notified_frame = -(2**62)
        self.sound: AlertSound | None = None

    @property
    def key(self) -> str:
        """What it watches: the rest may change while it goes on."""
        alert = self.alert
        condition: tuple[object, ...] = alert.outlier.count, alert.outlier.period
        if alert.band is not None:
            condition = alert.band, alert.hysteresis, alert.duration
        return f"alert {(self.field, *condition)}"


class _State(msgspec.Struct):
    """What is remembered of an alert on a stream."""

    active: bool
    told: bool
    sounded: bool
    acknowledged: bool
    kind: AlertKind
    detector: Any = None


class AlertMonitor:
    """Watches the fields of streams for the alerts of a session.

    Parameters
    ----------
    session
        Its alerts.
    sample_rate
        Frames a second.
    counts
        Where alerts are counted.
    budget
        What lets them sound.
    surprises
        Tells what is unusual.
    on_event
        Is called with what happens.
    """

    def __init__(
        self,
        session: Session,
        *,
        sample_rate: int,
        counts: ScoreCounts,
        budget: AlertBudget,
        surprises: SurpriseMonitor,
        on_event: Callable[[Event], None],
    ) -> None:
        self._session = session
        self._sample_rate = sample_rate
        self._again_frames = AGAIN_S * sample_rate
        self._counts = counts
        self._budget = budget
        self._surprises = surprises
        self._on_event = on_event
        self._fields: dict[str, Sequence[str]] = {}
        self._watched: dict[str, list[_Watched]] = {}  # of streams that have alerts
        self._acknowledged: deque[tuple[str, str]] = deque(maxlen=MAX_ACKNOWLEDGEMENTS)
        self._repeats: list[tuple[int, int, _Watched, AlertSound]] = []
        self._repeat_number = 0
        self.active = 0
        """How many alerts are active."""

    def add(self, stream: str, fields: Sequence[str]) -> None:
        """Watch a stream from now on."""
        self._fields[stream] = fields
        watched = self._alerts_for(stream)
        if watched:
            self._watched[stream] = watched
        self._follow(watched)

    def remove(self, stream: str) -> None:
        """Watch a stream no longer."""
        del self._fields[stream]
        for watched in self._watched.pop(stream, ()):
            self._drop(watched)

    def end(self, stream: str) -> None:
        """Note that a stream's producer ended: what lasted is over without a word.

        Once it is back, what is outside its band is told anew.
        """
        for watched in self._watched.get(stream, ()):
            if watched.detector is not None:
                watched.detector = AlertDetector(watched.alert)
            self._end(watched)

    def change(self, session: Session) -> None:
        """Watch for what another session says; what is watched as before goes on."""
        self._session = session
        for stream in self._fields:
            before = self._watched.get(stream, [])
            after = self._alerts_for(stream)
            self._follow(after)
            for i, watched in enumerate(after):
                same = next((one for one in before if one.key == watched.key), None)
                if same is not None:
                    before.remove(same)
                    same.alert = watched.alert
                    self._release(watched)
                    after[i] = same
            for watched in before:
                self._drop(watched)
            self._watched.pop(stream, None)
            if after:
                self._watched[stream] = after

    def acknowledge(self, stream: str, field: str) -> None:
        """Be silent about alerts until they are over; any thread may call it.

        Parameters
        ----------
        stream, field
            Whose; empty for all.
        """
        self._acknowledged.append((stream, field))

    def process(
        self, message: Message, changes: Sequence[SurpriseChange], now_frame: int
    ) -> list[Note]:
        """Take in a point, or a batch; return the notes of what it tells.

        Parameters
        ----------
        message
            The point, or the batch.
        changes
            What of its series became unusual by it, or usual again.
        now_frame
            When.
        """
        if self._acknowledged:
            self._acknowledge()
        notes: list[Note] = []
        for watched in self._watched.get(message.stream, ()):
            if watched.detector is None:
                for change in changes:
                    if (change.field, change.rate) == (watched.field, watched.alert.outlier):
                        notes += self._change(watched, change, now_frame)
            else:
                notes += self._detect(watched, watched.detector, message, now_frame)
        return notes

    def tick(self, now_frame: int) -> list[Note]:
        """Return the notes of alerts that sound again because they last; to be called often."""
        self._acknowledge()
        notes: list[Note] = []
        while self._repeats and self._repeats[0][0] <= now_frame:
            _, _, watched, sound = heappop(self._repeats)
            if watched.sound is not sound or watched.acknowledged or not watched.alert.repeat:
                continue
            again_s = REPEAT_AGAIN_S
            if not self._budget.is_waiting(sound):
                repeated = self._budget.repeat(sound, now_frame)
                notes += repeated
                again_s = watched.alert.repeat if repeated else REPEAT_AGAIN_S
            self._repeat_after(again_s, watched, sound, now_frame)
        return notes

    def active_of(self, stream: str, field: str | None = None) -> int:
        """Return how many alerts of a stream are active, or of one of its fields."""
        return sum(
            watched.active
            for watched in self._watched.get(stream, ())
            if field in (None, watched.field)
        )

    def state(self, stream: str) -> dict[str, Any]:
        """Return what `restore` wants for a stream."""
        return {
            watched.key: msgspec.to_builtins(
                _State(
                    watched.active,
                    told=watched.sound is not None,
                    sounded=watched.sound is not None and watched.sound.sounded,
                    acknowledged=watched.acknowledged,
                    kind=watched.kind,
                    detector=None if watched.detector is None else watched.detector.state(),
                )
            )
            for watched in self._watched.get(stream, ())
        }

    def restore(self, stream: str, state: dict[str, Any]) -> None:
        """Let a stream's alerts go on where the same alerts were.

        Raises
        ------
        ValueError
            It isn't the state of an alert.
        """
        for watched in self._watched.get(stream, ()):
            if watched.key not in state:
                continue
            known = msgspec.convert(state[watched.key], _State)
            if watched.detector is not None:
                watched.detector.restore(known.detector)
            self._set_active(watched, active=known.active)
            watched.acknowledged, watched.kind = known.acknowledged, known.kind
            if known.told:
                sound = self._sound_of(watched, 0)
                watched.sound = self._budget.take_up(sound, watched.alert.sound)
                if known.sounded:
                    self._budget.has_sounded(watched.sound)

    def _alerts_for(self, stream: str) -> list[_Watched]:
        alerts = [alert for alert in self._session.alerts if fnmatchcase(stream, alert.stream)]
        fields = self._fields[stream]
        return [_Watched(stream, alert, field_name(alert.field, fields)) for alert in alerts]

    def _follow(self, watched: Sequence[_Watched]) -> None:
        for one in watched:
            if one.detector is None:
                self._surprises.follow(one.stream, one.field, one.alert.outlier)

    def _release(self, watched: _Watched) -> None:
        if watched.detector is None:
            self._surprises.release(watched.stream, watched.field, watched.alert.outlier)

    def _drop(self, watched: _Watched) -> None:
        """Watch for an alert no longer; where it lasts, its end is not told."""
        self._release(watched)
        self._end(watched)

    def _end(self, watched: _Watched) -> None:
        """Take it for over, which is not told."""
        self._set_active(watched, active=False)
        sound, watched.sound = watched.sound, None
        if sound is not None:
            self._budget.end(sound, None, 0)

    def _set_active(self, watched: _Watched, *, active: bool) -> None:
        self.active += active - watched.active
        watched.active = active

    def _acknowledge(self) -> None:
        while self._acknowledged:
            stream, field = self._acknowledged.popleft()
            of_streams = self._watched.values() if not stream else [self._watched.get(stream, [])]
            for watched in (one for of_stream in of_streams for one in of_stream):
                if watched.sound is not None and field in ("", watched.field):
                    watched.acknowledged = True
                    self._budget.acknowledge(watched.sound)

    def _detect(
        self, watched: _Watched, detector: AlertDetector, message: Message, now_frame: int
    ) -> list[Note]:
        """Return the notes of what a point, or a batch, does to a known band."""
        if message.is_batch:
            import numpy as np

            column = message.columns.get(watched.field)
            if column is None or detector.passes(column[np.isfinite(column)]):
                return []
        notes: list[Note] = []
        for value, time in points_of(message, watched.field):
            change = detector.update(value, time)
            if change is None:
                continue
            if not change:
                notes += self._clear(watched, value, time, now_frame)
                continue
            low, high = detector.band
            kind: AlertKind = "above" if value > high else "below"
            found = _Unusual(value, time, kind, 1 if value > high else -1, low, high)
            notes += self._raise(watched, found, now_frame)
        return notes

    def _change(self, watched: _Watched, change: SurpriseChange, now_frame: int) -> list[Note]:
        """Return the notes of a series that became unusual, or is as usual again."""
        if not change.raised:
            if not watched.active:  # it began before anybody watched
                return []
            return self._clear(watched, change.value, change.time, now_frame)
        kind = msgspec.convert(change.kind, AlertKind)
        found = _Unusual(
            *(change.value, change.time, kind, change.sign),
            *(change.low, change.high, change.surprise),
        )
        return self._raise(watched, found, now_frame)

    def _raise(self, watched: _Watched, found: _Unusual, now_frame: int) -> list[Note]:
        self._set_active(watched, active=True)
        self._counts.alerts += 1
        if now_frame - watched.notified_frame < self._again_frames:
            self._counts.alerts_trembling += 1
            return []
        alert = watched.alert
        watched.notified_frame, watched.kind, watched.acknowledged = now_frame, found.kind, False
        watched.sound = sound = self._sound_of(watched, found.sign)
        notes = self._budget.request(sound, now_frame)
        raised = AlertRaised(
            frame=now_frame,
            stream=watched.stream,
            field=watched.field,
            value=found.value,
            unit=_unit(watched.field),
            kind=found.kind,
            sign=found.sign,
            low=found.low if isfinite(found.low) else None,
            high=found.high if isfinite(found.high) else None,
            surprise=found.surprise,
            seldom="" if watched.detector else alert.outlier.words,
            priority=alert.priority,
            time=found.time,
            speech=alert.speech.rpartition(" in ")[0],
            waits=not notes,
        )
        self._on_event(raised)
        if alert.repeat:
            self._repeat_after(alert.repeat, watched, sound, now_frame)
        return notes

    def _clear(self, watched: _Watched, value: float, time: float, now_frame: int) -> list[Note]:
        self._set_active(watched, active=False)
        sound, watched.sound = watched.sound, None
        if sound is None:
            return []
        over = AlertCleared(
            frame=now_frame,
            stream=watched.stream,
            field=watched.field,
            value=value,
            unit=_unit(watched.field),
            kind=watched.kind,
            time=time,
        )
        self._on_event(over)
        return self._budget.end(sound, builtin_earcons()["over"], now_frame)

    def _sound_of(self, watched: _Watched, sign: int) -> AlertSound:
        alert = watched.alert
        sound_kind = _SOUND_KINDS.get((watched.kind, sign), "outside")
        return AlertSound(
            watched.stream,
            watched.field,
            (watched.key, alert.stream, watched.kind, group_of(watched.stream)),
            sound_kind=sound_kind,
            priority=alert.priority,
            sound=alert.sound,
            speech=alert.speech,
        )

    def _repeat_after(
        self, seconds: float, watched: _Watched, sound: AlertSound, now_frame: int
    ) -> None:
        self._repeat_number += 1
        due = now_frame + round(seconds * self._sample_rate)
        heappush(self._repeats, (due, self._repeat_number, watched, sound))


def _unit(field: str) -> str:
    return "%" if hints_for(field, ()).is_percent else ""
