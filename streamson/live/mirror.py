"""A listener as its feed tells of it: every message taken in, the newest of all at hand."""

import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from streamson.model.feed import (
    EVENT,
    HELLO,
    LEVEL,
    NOTE,
    PAST,
    STATE,
    STATISTICS,
    STREAMS,
    EventTold,
    Hello,
    Level,
    ListenerState,
    StreamRow,
    Streams,
)
from streamson.model.statistics import Statistics

MAX_EVENTS: Final = 500
"""Events that are remembered."""

MAX_AGAIN: Final = 100
"""Among so many of the last events it is looked whether one is known already."""

MAX_ROWS: Final = 20_000
"""Streams that are remembered: what tells of more is no listener of ours."""

SILENCE_S: Final = 3.0
"""A feed that told nothing for so long has gone: it tells of streams four times a second."""

FORGET_S: Final = 60.0
"""A stream that was not told of for so long is no more: each is told of every ten seconds."""


class Mirror:
    """What is known of a listener.

    Attributes
    ----------
    hello, state, statistics, level
        The newest; None before the first.
    rows
        Streams by name, in the order of their appearance, each with its legend.
    events
        The last ones, the newest last.
    notes
        Notes that were told since it began.
    changes
        Grows with every message: what shows it need not look at what did not change.
    """

    def __init__(self) -> None:
        self.hello: Hello | None = None
        self.state: ListenerState | None = None
        self.statistics: Statistics | None = None
        self.level: Level | None = None
        self.rows: dict[str, StreamRow] = {}
        self.events: deque[EventTold] = deque(maxlen=MAX_EVENTS)
        self.notes = 0
        self.changes = 0
        self._told_at: dict[str, float] = {}
        self._heard_at = 0.0

    @property
    def is_there(self) -> bool:
        """Whether the feed tells anything at this time."""
        return time.monotonic() - self._heard_at < SILENCE_S

    def update(self, topic: str, message: Any) -> list[EventTold]:
        """Take in a message; return the events that it tells of and that were not known."""
        self._heard_at = time.monotonic()
        self.changes += 1
        if topic in (EVENT, PAST):
            return self._add_events((message,) if topic == EVENT else message.events)
        if topic == STREAMS:
            self._update_rows(message)
        elif topic == NOTE:
            self.notes += 1
        elif topic == HELLO:
            if self.hello is not None and self.hello.endpoint != message.endpoint:
                self.rows.clear()  # another listener took the place of the one before
            self.hello = message
        elif topic in (STATE, STATISTICS, LEVEL):
            setattr(self, topic, message)
        return []

    def _add_events(self, told: Sequence[EventTold]) -> list[EventTold]:
        """Take in what is new: the past may come after, or before, what happens now."""
        known = list(islice(reversed(self.events), MAX_AGAIN))
        new = [event for event in told if event not in known]
        self.events.extend(new)
        return new

    def _update_rows(self, message: Streams) -> None:
        for row in message.rows:
            before = self.rows.get(row.name)
            if before is None and len(self.rows) >= MAX_ROWS:
                continue
            legend = row.legend
            if legend is msgspec.UNSET:
                legend = () if before is None else before.legend
                row = msgspec.structs.replace(row, legend=legend)  # noqa: PLW2901
            self.rows[row.name] = row
            self._told_at[row.name] = self._heard_at
        for name in message.gone:
            self._forget(name)
        if len(self.rows) > message.count:
            for name, told_at in list(self._told_at.items()):
                if self._heard_at - told_at > FORGET_S:
                    self._forget(name)

    def _forget(self, name: str) -> None:
        self.rows.pop(name, None)
        self._told_at.pop(name, None)
