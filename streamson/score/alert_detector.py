"""Whether a value is within its band: with hysteresis, and only if it lasts."""

from math import inf, isnan, nan
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from streamson.model.stateful import Stateful, Stateless
from streamson.rescaling.normalize import Range
from streamson.session.schema import Alert

MIN_KNOWN: Final = 0.3
"""A window must be full to this share to tell what is usual."""

TAIL_SHARE: Final = 0.25
"""What is usual is at least so much of the way from the 1 % to the 99 % quantile wide: most values
of some metrics are the same."""

BACK_SHARE: Final = 0.8
"""A value is usual again at so much of the distance at which it became unusual."""


MAX_SET_BACK: Final = 3
"""A clock that is set back so often, one point after the other, runs backwards."""


class Band(NamedTuple):
    """What is well; and, further inside, where a value must come to be well again."""

    low: float
    high: float
    low_again: float
    high_again: float


class _BandSource(Stateful, Protocol):
    """Anything that knows the band for a value that comes."""

    def band_for(self, value: float, time: float) -> Band:
        """Return the band, and take in the value."""


class AlertDetector:
    """One alert's condition on one field.

    Parameters
    ----------
    alert
        The condition.

    Attributes
    ----------
    active
        Whether the value is outside, by all that the alert says.
    band
        The band at the last value.
    """

    def __init__(self, alert: Alert) -> None:
        self._duration = alert.duration
        self._band_source: _BandSource
        if alert.band is not None:
            self._band_source = _Known(alert.band, alert.hysteresis)
        else:
            self._band_source = _Fences(alert.window, alert.outlier)
        self.active = False
        self.band: Range = (-inf, inf)
        self._since = nan
        self._set_back = 0

    def update(self, value: float, time: float) -> bool | None:
        """Take in a finite value of that time (seconds).

        Returns
        -------
        bool or None
            True where it has just become active, False where it is just over, None else.
        """
        low, high, low_again, high_again = self._band_source.band_for(value, time)
        self.band = low, high
        if self.active:
            if low_again <= value <= high_again:
                self.active, self._since = False, nan
                return False
            return None
        if low <= value <= high:
            self._since = nan
            return None
        if self._lasted_s(time) < self._duration:
            return None
        self.active = True
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
        return self.active, self._since, self._band_source.state()

    def restore(self, state: Any) -> None:
        """Go on where another detector of the same alert was; ValueError if it was none."""
        active, since, band = msgspec.convert(state, tuple[bool, float, Any])
        self._band_source.restore(band)
        self.active, self._since = active, since


class _Known(Stateless):
    """A band that is known."""

    def __init__(self, band: Range, hysteresis: float) -> None:
        low, high = band
        self._band = Band(low, high, low + hysteresis, high - hysteresis)

    def band_for(self, value: float, time: float) -> Band:  # noqa: ARG002  # as _BandSource
        return self._band


class _Fences:
    """What is usual: Tukey's fences around the values before."""

    def __init__(self, points: int, factor: float) -> None:
        # Only who asks for order waits for the machine code that keeps it.
        from streamson.rescaling.quantiles import OrderedPoints

        self._values = OrderedPoints(points)
        self._factor = factor
        self._least = MIN_KNOWN * points

    def band_for(self, value: float, time: float) -> Band:
        window = self._values.values
        band = Band(-inf, inf, -inf, inf)
        if len(window) >= self._least:
            first, third = window.quantiles(0.25, 0.75)
            lowest, highest = window.quantiles(0.01, 0.99)
            away = self._factor * max(third - first, TAIL_SHARE * (highest - lowest))
            back = BACK_SHARE * away
            band = Band(first - away, third + away, first - back, third + back)
        self._values.take(value, time)
        return band

    def state(self) -> Any:
        return self._values.state()

    def restore(self, state: Any) -> None:
        self._values.restore(state)
