"""Alerts that are not over, and whether somebody said that he knows of them."""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from streamson.model.event import AlertAcknowledged, AlertCleared, AlertRaised, Event
from streamson.model.feed import ActiveAlert

MAX_ALERTS: Final = 256
"""Alerts that are listed; of more the oldest are left out."""


class AlertBoard:
    """Subscribes to events; any thread may read and acknowledge.

    Parameters
    ----------
    is_active
        Returns whether a stream has an alert that is not over: one may end without a word, where
        its stream is forgotten or the session changes.
    on_event
        Is called with what is acknowledged.
    """

    def __init__(
        self, *, is_active: Callable[[str], bool], on_event: Callable[[Event], None]
    ) -> None:
        self._is_active = is_active
        self._on_event = on_event
        self._alerts: dict[tuple[str, str], ActiveAlert] = {}
        self._lock = threading.Lock()

    def on_event(self, event: Event) -> None:
        """Take in what happened."""
        with self._lock:
            if isinstance(event, AlertRaised):
                key = event.stream, event.field
                self._alerts.pop(key, None)
                self._alerts[key] = ActiveAlert(
                    stream=event.stream,
                    field=event.field,
                    sentence=event.sentence,
                    raised_at=time.time(),
                )
                if len(self._alerts) > MAX_ALERTS:
                    del self._alerts[next(iter(self._alerts))]
            elif isinstance(event, AlertCleared):
                self._alerts.pop((event.stream, event.field), None)

    def alerts(self) -> tuple[ActiveAlert, ...]:
        """Return those that are not over, the oldest first."""
        with self._lock:
            for key in [key for key in self._alerts if not self._is_active(key[0])]:
                del self._alerts[key]
            return tuple(self._alerts.values())

    def acknowledge(self, stream: str, field: str, *, frame: int) -> int:
        """Note that somebody knows of alerts, and return of how many he did not before.

        Parameters
        ----------
        stream, field
            Whose; empty for all.
        frame
            When.
        """
        found = [
            alert
            for alert in self.alerts()
            if stream in ("", alert.stream)
            and field in ("", alert.field)
            and not alert.acknowledged
        ]
        for alert in found:
            with self._lock:
                self._alerts[alert.stream, alert.field] = msgspec.structs.replace(
                    alert, acknowledged=True
                )
            self._on_event(AlertAcknowledged(frame=frame, stream=alert.stream, field=alert.field))
        return len(found)
