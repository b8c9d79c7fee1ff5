"""Whether the feed of another listener is there: told when it goes, and when it is back."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from streamson.model.event.base import Event
from streamson.model.event.following import FeedLost, FeedRecovered

SILENCE_S: Final = 3.0
"""A feed whose clock is not heard for so long is gone, as all that read it take it."""

AGAIN_S: Final = 1.5
"""How often it is connected to anew then: a connection that was cut without a word, or whose
machine does not answer, is found again within this time once it can be."""


class FeedPresence:
    """To be told of each sign of it, and asked often.

    Parameters
    ----------
    endpoint
        Where it is, for messages.
    frame
        Returns the frame of now.
    on_event
        Is called when it goes, and when it is back.
    """

    def __init__(
        self, endpoint: str, *, frame: Callable[[], int], on_event: Callable[[Event], None]
    ) -> None:
        self._endpoint = endpoint
        self._frame = frame
        self._on_event = on_event
        self._heard_at = self._connected_at = monotonic()
        self._is_lost = False

    def hear(self) -> bool:
        """Note that it is there; return whether it was gone."""
        silent_s, self._heard_at = monotonic() - self._heard_at, monotonic()
        was_lost, self._is_lost = self._is_lost, False
        if was_lost:
            event = FeedRecovered(frame=self._frame(), endpoint=self._endpoint, silent_s=silent_s)
            self._on_event(event)
        return was_lost

    def has_gone(self) -> bool:
        """Return whether it has gone; once, when that is noticed."""
        if self._is_lost or monotonic() < self._heard_at + SILENCE_S:
            return False
        self._is_lost = True
        self._on_event(FeedLost(frame=self._frame(), endpoint=self._endpoint))
        return True

    def is_due_again(self) -> bool:
        """Return whether it is to be connected to anew; once each time."""
        now = monotonic()
        if not self._is_lost or now < self._connected_at + AGAIN_S:
            return False
        self._connected_at = now
        return True
