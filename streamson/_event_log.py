"""Events as lines of the log."""

import logging
from typing import Final

from streamson._rate_limited_log import RateLimitedLog
from streamson.model.event.alerts import AlertAcknowledged
from streamson.model.event.base import Event
from streamson.model.event.following import SessionNotFollowed
from streamson.model.event.recordings import (
    RecordingEnded,
    RecordingPaused,
    RecordingRotated,
    RecordingStarted,
)
from streamson.model.event.steering import (
    PageServed,
    SessionRefused,
    StreamMuted,
    StreamSoloed,
    VolumeChanged,
)
from streamson.model.event.streams import PointsLost, StreamForward, StreamWithdrawn

_QUIET: Final = (
    *(PointsLost, RecordingStarted, RecordingEnded, RecordingRotated),
    *(VolumeChanged, StreamMuted, StreamSoloed, AlertAcknowledged, PageServed),
    *(StreamForward, StreamWithdrawn),
)
"""What somebody asked for, or others say as well: it is a line only for who wants to know more."""

_log = logging.getLogger("streamson.events")


class EventLog:
    """Writes events to the log; those that a sick disk may cause for ever, now and then."""

    def __init__(self) -> None:
        self._limited = RateLimitedLog(_log)

    def __call__(self, event: Event) -> None:
        """Write an event."""
        if isinstance(event, RecordingPaused) or (
            isinstance(event, RecordingStarted) and event.is_again
        ):
            gone = isinstance(event, RecordingPaused) and event.is_gone
            kind = f"{type(event).__name__}{' gone' if gone else ''}"
            self._limited.warning(kind, "%s", event.sentence)
        elif isinstance(event, SessionRefused | SessionNotFollowed):
            _log.error("%s", event.sentence)
        elif isinstance(event, _QUIET):
            _log.info("%s", event.sentence)
        else:
            _log.warning("%s", event.sentence)

    def close(self) -> None:
        """Write what the log still owes."""
        self._limited.flush()
