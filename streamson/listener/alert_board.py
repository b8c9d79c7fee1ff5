"""Alerts that are not over, and whether somebody said that he knows of them."""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from streamson._printable import printable
from streamson.errors import UsageError
from streamson.model.event.alerts import AlertAcknowledged, AlertCleared, AlertRaised
from streamson.model.event.base import Event
from streamson.model.feed import ActiveAlert

MAX_ALERTS: Final = 256
"""Alerts that are listed; of more the oldest are left out."""


class AlertBoard:
    """Subscribes to events; any thread may read and acknowledge.

    Parameters
    ----------
    is_active
        Returns whether a stream has an alert of a field that is not over: one may end without a
        word, where its stream is forgotten or the session changes, and a field may have several.
    on_event
        Is called with what is acknowledged.
    """

    def __init__(
        self, *, is_active: Callable[[str, str], bool], on_event: Callable[[Event], None]
    ) -> None:
        self._is_active = is_active
        self._on_event = on_event
        self._alerts: dict[tuple[str, str], ActiveAlert] = {}
        self._lock = threading.Lock()

    def on_event(self, event: Event) -> None:
        """Take in what happened."""
        if isinstance(event, AlertRaised):
            self._raise(event)
        elif isinstance(event, AlertCleared):
            with self._lock:
                self._drop_what_is_over()

    def alerts(self) -> tuple[ActiveAlert, ...]:
        """Return those that are not over, the oldest first."""
        with self._lock:
            self._drop_what_is_over()
            return tuple(self._alerts.values())

    def acknowledge(self, stream: str, field: str, *, frame: int) -> int:
        """Note that somebody knows of alerts, and return of how many he did not before.

        Parameters
        ----------
        stream, field
            Whose; empty for all.
        frame
            When.

        Raises
        ------
        UsageError
            There is none of them.
        """
        with self._lock:
            self._drop_what_is_over()
            found = [
                (key, alert)
                for key, alert in self._alerts.items()
                if stream in ("", alert.stream) and field in ("", alert.field)
            ]
            news = [(key, alert) for key, alert in found if not alert.acknowledged]
            for key, alert in news:
                self._alerts[key] = msgspec.structs.replace(alert, acknowledged=True)
        if not found:
            whose = f" of {printable(f'{stream} {field}'.strip())}" if stream or field else ""
            raise UsageError(f"there is no alert{whose}")
        for (of_stream, of_field), _ in news:
            self._on_event(AlertAcknowledged(frame=frame, stream=of_stream, field=of_field))
        return len(news)

    def _raise(self, event: AlertRaised) -> None:
        key = event.stream, event.field
        with self._lock:
            self._alerts.pop(key, None)  # the newest comes last
            self._alerts[key] = ActiveAlert(
                stream=event.stream,
                field=event.field,
                sentence=event.sentence,
                raised_at=time.time(),
            )
            if len(self._alerts) > MAX_ALERTS:
                del self._alerts[next(iter(self._alerts))]

    def _drop_what_is_over(self) -> None:  # under the lock
        for key in [key for key in self._alerts if not self._is_active(*key)]:
            del self._alerts[key]
