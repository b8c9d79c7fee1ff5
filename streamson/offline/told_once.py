"""Lines about a piece, which is scored again for each of its uses: each is told once."""

import logging
from datetime import UTC, datetime
from math import isfinite, nan
from typing import Final

from streamson.model.event import Event

MAX_TOLD: Final = 10_000
"""Lines that are remembered; of a piece that has more, others are not told."""

_OLDEST_DATE_S: Final = 2e8
"""Times below it, of 1976, are no dates but seconds, or rows."""

_log = logging.getLogger(__name__)


class ToldOnce:
    """Tells of an event the first time that it happens, with the time that the data has then."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Take in what happened."""
        told = f"{_written(getattr(event, 'time', nan))}{event.sentence}"
        if told in self._told or len(self._told) > MAX_TOLD:
            return
        self._told.add(told)
        if len(self._told) > MAX_TOLD:
            told = f"more than {MAX_TOLD} lines: others are not told"
        _log.warning("%s", told)


def _written(time: float) -> str:
    if not isfinite(time):
        return ""
    if time < _OLDEST_DATE_S:
        return f"at {time:.10g}: "
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} "
