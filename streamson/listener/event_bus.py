"""The event bus: what happens in any room and thread, told to all subscribers in one order."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from streamson._faults import Faults
from streamson.model.event.base import Event

MAX_WAITING: Final = 10_000
"""Events that wait to be told, some 3 MB; of more the oldest are dropped and counted."""


class EventBus:
    """Takes in events, and hands them to subscribers.

    Any thread may `emit`, which never waits for a subscriber. One thread at a time delivers: so
    each subscriber gets every event once, in the order in which they were emitted, and the same
    order as all others.

    Parameters
    ----------
    faults
        Survives what a subscriber does wrong, so that others get the event all the same.

    Attributes
    ----------
    dropped
        Events for which there was no room.
    deliveries
        How often it was let deliver: once a turn of the loop, so that it is seen that it turns.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.dropped = 0
        self.deliveries = 0
        self._faults = faults or Faults()
        self._waiting: deque[Event] = deque()
        self._subscribers: list[Callable[[Event], None]] = []
        self._lock = threading.Lock()

    def subscribe(self, subscriber: Callable[[Event], None]) -> None:
        """Hand events to somebody from now on, in the thread that delivers."""
        self._subscribers.append(subscriber)

    def emit(self, event: Event) -> None:
        """Take in that something happened."""
        with self._lock:
            self._waiting.append(event)
            if len(self._waiting) > MAX_WAITING:
                self._waiting.popleft()
                self.dropped += 1

    def deliver(self) -> None:
        """Tell what waits."""
        self.deliveries += 1
        while self._waiting:
            with self._lock:
                waiting = list(self._waiting)
                self._waiting.clear()
            for event in waiting:
                for subscriber in self._subscribers:
                    with self._faults.surviving("an event"):
                        subscriber(event)
