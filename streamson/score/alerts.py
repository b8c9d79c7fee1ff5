"""Alerts: which fields are watched for them, and what is told when one is raised or over."""

from __future__ import annotations

from fnmatch import fnmatchcase
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, Final

from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.rescaling.field_hints import hints_for
from streamson.score.alert_detector import AlertDetector
from streamson.session.parse.earcons import builtin_earcons
from streamson.session.schema import field_name

if TYPE_CHECKING:  # at run time points would bring numpy along
    from collections.abc import Callable, Iterator, Sequence

    from streamson.model.counts import ScoreCounts
    from streamson.model.event.base import Event
    from streamson.model.note import Note
    from streamson.model.point import Message
    from streamson.score.earcon_player import EarconPlayer
    from streamson.session.schema import Alert, Session

AGAIN_S: Final = 2.0
"""The same alert of the same stream is not told more often: a value that trembles at its limit."""


class _Watched:
    """An alert on one stream."""

    def __init__(self, alert: Alert, field: str) -> None:
        self.alert = alert
        self.field = field
        self.detector = AlertDetector(alert)
        self.notified_frame = -(2**62)
        self.notified = False

    @property
    def key(self) -> str:
        """What it watches: the rest may change while it goes on."""
        alert = self.alert
        watched = (
            *(self.field, alert.band, alert.outlier, alert.window),
            *(alert.hysteresis, alert.duration),
        )
        return f"alert {watched}"


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
    earcons
        What sounds.
    on_event
        Is called with what happens.
    """

    def __init__(
        self,
        session: Session,
        *,
        sample_rate: int,
        counts: ScoreCounts,
        earcons: EarconPlayer,
        on_event: Callable[[Event], None],
    ) -> None:
        self._session = session
        self._again_frames = AGAIN_S * sample_rate
        self._counts = counts
        self._earcons = earcons
        self._on_event = on_event
        self._fields: dict[str, Sequence[str]] = {}
        self._watched: dict[str, list[_Watched]] = {}

    def add(self, stream: str, fields: Sequence[str]) -> None:
        """Watch a stream from now on."""
        self._fields[stream] = fields
        self._watched[stream] = self._alerts_for(stream)

    def remove(self, stream: str) -> None:
        """Watch a stream no longer."""
        del self._fields[stream], self._watched[stream]

    def change(self, session: Session) -> None:
        """Watch for what another session says; what is watched as before goes on."""
        self._session = session
        for stream in self._watched:
            state = self.state(stream)
            self._watched[stream] = self._alerts_for(stream)
            self.restore(stream, state)

    def process(self, message: Message, now_frame: int) -> list[Note]:
        """Take in a point, or a batch; return the notes of what it tells."""
        notes: list[Note] = []
        for watched in self._watched[message.stream]:
            for value, time in _values(message, watched.field):
                notes += self._update(message.stream, watched, value, time, now_frame)
        return notes

    @property
    def active(self) -> int:
        """How many alerts are active."""
        streams = list(self._watched.values())
        return sum(watched.detector.active for stream in streams for watched in stream)

    def active_of(self, stream: str, field: str | None = None) -> int:
        """Return how many alerts of a stream are active, or of one of its fields."""
        return sum(
            watched.detector.active
            for watched in self._watched.get(stream, ())
            if field in (None, watched.field)
        )

    def state(self, stream: str) -> dict[str, Any]:
        """Return what `restore` wants for a stream."""
        return {watched.key: watched.detector.state() for watched in self._watched[stream]}

    def restore(self, stream: str, state: dict[str, Any]) -> None:
        """Let a stream's alerts go on where the same alerts were.

        Raises
        ------
        ValueError
            It isn't the state of a detector.
        """
        for watched in self._watched[stream]:
            if watched.key in state:
                watched.detector.restore(state[watched.key])
                watched.notified = watched.detector.active

    def _alerts_for(self, stream: str) -> list[_Watched]:
        alerts = [alert for alert in self._session.alerts if fnmatchcase(stream, alert.stream)]
        fields = self._fields[stream]
        return [_Watched(alert, field_name(alert.field, fields)) for alert in alerts]

    def _update(
        self, stream: str, watched: _Watched, value: float, time: float, now_frame: int
    ) -> list[Note]:
        change = watched.detector.update(value, time)
        if change is None:
            return []
        alert, field = watched.alert, watched.field
        unit = "%" if hints_for(field, ()).is_percent else ""
        if change:
            self._counts.alerts += 1
            if now_frame - watched.notified_frame < self._again_frames:
                return []
            watched.notified, watched.notified_frame = True, now_frame
            low, high = watched.detector.band
            raised = AlertRaised(
                frame=now_frame,
                stream=stream,
                field=field,
                value=value,
                unit=unit,
                low=low if isfinite(low) else None,
                high=high if isfinite(high) else None,
                time=time,
                speech=alert.speech.rpartition(" in ")[0],
            )
            self._on_event(raised)
            return self._earcons.play(alert.sound, stream, now_frame, alert.speech)
        if not watched.notified:
            return []
        watched.notified = False
        over = AlertCleared(
            frame=now_frame, stream=stream, field=field, value=value, unit=unit, time=time
        )
        self._on_event(over)
        return self._earcons.play(builtin_earcons()["over"], stream, now_frame)


def _values(message: Message, field: str) -> Iterator[tuple[float, float]]:
    """Yield the values of a field and their times: of a batch the least, the greatest, the last."""
    if not message.is_batch:
        value = message.fields.get(field, nan)
        if isfinite(value):
            yield value, message.time
        return
    import numpy as np

    column = message.columns.get(field)
    known = np.flatnonzero(np.isfinite(column)) if column is not None else ()
    if column is None or not len(known):
        return
    values = column[known]
    for i in sorted({int(values.argmin()), int(values.argmax()), len(values) - 1}):
        yield float(values[i]), float(message.times[known[i]])
