"""Lines about a piece, which is scored again for each of its uses: each is told once."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from math import isfinite, nan
from typing import Final

from streamson.model.event.base import Event
from streamson.model.event.streams import PointsUnplayed

MAX_LOGGED: Final = 10_000
"""Lines that are remembered; of a piece that has more, others are not told."""

_OLDEST_DATE_S: Final = 2e8
"""Times below it, of 1976, are no dates but seconds, or rows."""

_log = logging.getLogger(__name__)


class LogOnce:
    """Tells of an event the first time that it happens, with the time that the data has then.

    Parameters
    ----------
    tell
        Is called with each line; None: it goes to the log.

    Attributes
    ----------
    unplayed
        Stream to what is to be said of its points that no part plays: it is of the piece as a
        whole, and told with it.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._tell = tell or partial(_log.warning, "%s")
        self._logged: set[str] = set()
        self.unplayed: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Take in what happened."""
        if isinstance(event, PointsUnplayed):
            self.unplayed[event.stream] = event.sentence
            return
        line = f"{_written(getattr(event, 'time', nan))}{event.sentence}"
        if line in self._logged or len(self._logged) > MAX_LOGGED:
            return
        self._logged.add(line)
        if len(self._logged) > MAX_LOGGED:
            line = f"more than {MAX_LOGGED} lines: others are not told"
        self._tell(line)


def _written(time: float) -> str:
    if not isfinite(time):
        return ""
    if time < _OLDEST_DATE_S:
        return f"at {time:.10g}: "
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} "
