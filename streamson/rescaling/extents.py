"""What is known of a table's values before they are played: where they begin and end."""

import math
from array import array
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from streamson.rescaling.normalize import Range
from streamson.rescaling.reservoir import SAMPLE_POINTS, scattered
from streamson.rescaling.transform import Source, Transform

FAR_OUT: Final = 3.0
"""What lies so many times the distance of the quartiles beyond them is far out: J. W. Tukey,
"Exploratory Data Analysis", 1977."""

MOST_CLAMPED: Final = 0.02
"""Share of the values that are left beyond an end at most, however far out they are."""


class Extent:
    """Where values begin and end.

    Parameters
    ----------
    values
        All that are finite, at least one.

    Attributes
    ----------
    least, greatest
        Of all values.
    """

    def __init__(self) -> None:
        self.least, self.greatest = math.inf, -math.inf
        self._seen = 0
        self._sample = array("d")

    def add(self, value: float) -> None:
        """Take in a finite value."""
        self.least, self.greatest = min(self.least, value), max(self.greatest, value)
        if self._seen < SAMPLE_POINTS:
            self._sample.append(value)
        elif (slot := scattered(self._seen) % (self._seen + 1)) < SAMPLE_POINTS:
            self._sample[slot] = value  # algorithm R of Vitter 1985
        self._seen += 1

    @property
    def whole(self) -> Range:
        """The least and the greatest value."""
        return self.least, self.greatest

    def quantiles(self, low: float, high: float) -> Range:
        """Return two quantiles: of a fair sample where there are more than 16,384 values."""
        # Halves, because their differences are always finite; half of the least float is 0.
        found = np.quantile(np.array(self._sample) / 2, (low, high)) * 2
        found = np.clip(found, self.least, self.greatest)
        return float(found[0]), float(found[1])

    @property
    def robust(self) -> Range:
        """The extremes but for what is far out; of that one in fifty at each end at most."""
        lower, upper = self.quantiles(0.25, 0.75)
        fence = FAR_OUT * (upper - lower)
        values = np.array(self._sample)
        inside = values[(values >= lower - fence) & (values <= upper + fence)]
        low, high = self.quantiles(MOST_CLAMPED, 1 - MOST_CLAMPED)
        if self.least < lower - fence:
            low = min(low, float(inside.min(initial=lower)))
        else:
            low = self.least
        if self.greatest > upper + fence:
            high = max(high, float(inside.max(initial=upper)))
        else:
            high = self.greatest
        return (low, high) if low < high else self.whole


Extents = Mapping[Source, Extent]
"""What mappings read of a whole table, and where it begins and ends."""


def extents_of(
    rows: Iterable[tuple[Mapping[str, float], float]], sources: Iterable[Source]
) -> Extents:
    """Return where the values of a table begin and end, in one pass.

    Parameters
    ----------
    rows
        Fields and times (seconds).
    sources
        What is read of them; what has no value is left out.
    """
    extents = {source: Extent() for source in sources}
    steps = [(extent, *source[:1], _transform(source)) for source, extent in extents.items()]
    for fields, time in rows:
        for extent, field, transform in steps:
            value = fields.get(field, math.nan)
            if transform is not None and math.isfinite(value):
                value = transform(value, time)
            if math.isfinite(value):
                extent.add(value)
    return {source: extent for source, extent in extents.items() if extent.least <= extent.greatest}


def _transform(source: Source) -> Transform | None:
    if not source.transform and not source.smooth:
        return None
    return Transform(source.transform, source.smooth)
