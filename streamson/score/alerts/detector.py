"""Whether a value is within its known band: with hysteresis, and only if it lasts."""

from __future__ import annotations

from math import inf, isnan, nan
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:  # at run time it would bring numpy along
    import numpy as np
    from numpy.typing import NDArray

    from streamson.rescaling.normalize import Range
    from streamson.session.schema import Alert

MAX_SET_BACK: Final = 3
"""A clock that is set back so often, one point after the other, runs backwards."""


class AlertDetector:
    """The condition of an alert whose band is known, on one field.

    Parameters
    ----------
    alert
        The condition.

    Attributes
    ----------
    active
        Whether the value is outside, by all that the alert says.
    band
        Where it is well.
    """

    def __init__(self, alert: Alert) -> None:
        low, high = self.band = alert.band or (-inf, inf)
        self._back: Range = low + alert.hysteresis, high - alert.hysteresis
        self._duration = alert.duration
        self.active = False
        self._since = nan
        self._set_back = 0

    def update(self, value: float, time: float) -> bool | None:
        """Take in a finite value of that time (seconds).

        Returns
        -------
        bool or None
            True where it has just become active, False where it is just over, None else.
        """
        low, high = self._back if self.active else self.band
        if self.active:
            if not low <= value <= high:
                return None
            self.active, self._since = False, nan
            return False
        if low <= value <= high:
            self._since = nan
            return None
        if self._lasted_s(time) < self._duration:
            return None
        self.active = True
        return True

    def passes(self, values: NDArray[np.float64]) -> bool:
        """Take in values of a batch if nothing can change by any; return whether it is so."""
        low, high = self._back if self.active else self.band
        inside = (values >= low) & (values <= high)
        if self.active:
            return not inside.any()
        if not inside.all():
            return False
        if len(values):
            self._since = nan
        return True

    def _lasted_s(self, time: float) -> float:
        """Return for how long the value is outside at a time; where the clock is set back, 0."""
        if isnan(self._since) or time > self._since:
            self._set_back = 0
        else:
            self._set_back += time < self._since
        if isnan(self._since) or (time < self._since and self._set_back < MAX_SET_BACK):
            self._since = time
        return abs(time - self._since)

    def state(self) -> Any:
        """Return what `restore` wants."""
        return self.active, self._since, self._set_back

    def restore(self, state: Any) -> None:
        """Go on where another detector of the same alert was; ValueError if it was none."""
        self.active, self._since, self._set_back = msgspec.convert(state, tuple[bool, float, int])
