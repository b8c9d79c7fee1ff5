"""Whether what a relay hands on comes back to it: relays may be connected in a circle by mistake.

A goodbye of a stream that nobody has is sent along. Every relay hands it on, and it tells a
listener nothing; the relay that knows it again is part of a circle. It is sent to whoever has just
come, so that only the relay whose connection closed the circle finds out, and cuts that one.
"""

import secrets
from math import inf
from typing import Final

from streamson.model.point import Goodbye
from streamson.wire import probe
from streamson.wire.points.codec import encode

STREAM: Final = probe.STREAM
"""How the names of such streams begin."""

INTERVAL_S: Final = 10.0
"""Time between two looks, and up to half as much again: of two relays that find out at the same
moment each cuts, so they must not look again at the same moment."""

ANSWER_S: Final = 3.0
"""What has not come back by then does not."""


class LoopProbe:
    """Of one connection.

    Attributes
    ----------
    frame
        What is sent along.
    comes_back
        Whether what is sent there comes back.
    """

    def __init__(self) -> None:
        self.comes_back = False
        self._goodbye = Goodbye(probe.new_name())
        self.frame = encode(self._goodbye)
        self._due = 0.0
        self._sent_at = inf  # of the first that has not come back

    def at_once(self) -> None:
        """Let it be sent now: somebody came."""
        self._due = 0.0

    def is_due(self, now: float) -> bool:
        """Return whether to send it now."""
        if now < self._due:
            return False
        self._due = now + INTERVAL_S * (1 + secrets.randbelow(500) / 1_000)
        self._sent_at = min(self._sent_at, now)
        return True

    def has_returned(self, goodbye: Goodbye) -> bool:
        """Return whether a goodbye is this one, come back."""
        if goodbye != self._goodbye:
            return False
        self.comes_back, self._sent_at = True, inf
        return True

    def is_over(self, now: float) -> bool:
        """Return whether what came back no longer does."""
        if not self.comes_back or now < self._sent_at + ANSWER_S:
            return False
        self.comes_back = False
        return True

    def reset(self) -> None:
        """Begin anew: who was there has gone."""
        self.comes_back, self._sent_at = False, inf
