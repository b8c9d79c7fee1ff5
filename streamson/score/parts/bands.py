"""Bands: what is well, near and beyond is told by tremolo and brightness, whatever the pitch is.

Of pitch alone listeners named such bands in 80 % of cases, with tremolo and brightness at the
thresholds in all (Paterson et al., Anaesthesia, 2016: 76 people, oxygen saturation). Rates are
chosen so that

- a note of a quarter of a second swings twice where it is near, and five times beyond;
- they lie 1.3 octaves apart, about the width of the filters by which the ear parts modulations
  (Dau, Kollmeier and Kohlrausch, J. Acoust. Soc. Am. 102, 1997, 2892-2905);
- both are heard as a level that swings, and not as roughness, whose strength is greatest at 70 Hz
  (Zwicker and Fastl, "Psychoacoustics", chapters 10 and 11).

Depths of 10 and 26 dB are far above what is just heard: a modulation index of about 0.05
(Viemeister, J. Acoust. Soc. Am. 66, 1979, 1364-1380) is 1 dB.
"""

from __future__ import annotations

from math import isfinite, log10
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from streamson.session.schema import Bands

HYSTERESIS: Final = 0.02
"""A value must come back by this share of the way between the limits: one that trembles at a limit
does not flicker. For it 1 to 2 % of the values are told a band too high on three whole tables of
processor use (scripts/bench/bands.py); with 5 % it were 3 %."""


class Sign(NamedTuple):
    """What tells a band.

    Attributes
    ----------
    tremolo_hz, tremolo_depth
        As of `Note`.
    brightness
        Is added to that of the note.
    level_db
        Is added to that of the note: so it has the power that it has without tremolo.
    """

    tremolo_hz: float = 0.0
    tremolo_depth: float = 0.0
    brightness: float = 0.0
    level_db: float = 0.0


def _sign(tremolo_hz: float, tremolo_depth: float, brightness: float) -> Sign:
    # The mean square of 1 - depth (1 - cos) / 2.
    power = (1 - tremolo_depth / 2) ** 2 + tremolo_depth**2 / 8
    return Sign(tremolo_hz, tremolo_depth, brightness, -10 * log10(power))


SIGNS: Final = (Sign(), _sign(8.0, 0.7, 0.25), _sign(20.0, 0.95, 0.5))
"""Of what is well, near and beyond."""


class BandTracker:
    """Says in which band a value lies, one after the other.

    Parameters
    ----------
    bands
        The limits.
    """

    def __init__(self, bands: Bands) -> None:
        # What is bad when it is low is the same with its sign turned.
        self._sign = 1.0 if bands.near < bands.beyond else -1.0
        self._near, self._beyond = self._sign * bands.near, self._sign * bands.beyond
        slack = HYSTERESIS * self._beyond - HYSTERESIS * self._near
        self._near_again, self._beyond_again = self._near - slack, self._beyond - slack
        self._band = 0

    def update(self, value: float) -> Sign:
        """Take in a value and return the sign of its band; a missing one changes nothing."""
        if isfinite(value):
            value = self._sign * float(value)  # sums of numpy's truths are truths
            least = (value >= self._near) + (value >= self._beyond)
            most = (value >= self._near_again) + (value >= self._beyond_again)
            self._band = min(max(self._band, least), most)
        return SIGNS[self._band]

    def state(self) -> Any:
        """Return the number of the band."""
        return self._band

    def restore(self, state: Any) -> None:
        """Take over the number of a band."""
        band = msgspec.convert(state, int)
        if not 0 <= band < len(SIGNS):
            raise ValueError(f"a band of number {band}")
        self._band = band
