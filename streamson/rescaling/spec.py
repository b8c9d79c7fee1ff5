"""What a mapping says about its rescaling."""

from typing import Final

import msgspec

from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.normalize import Range, Window

MODES: Final = ("auto", "quantile", "minmax", "rank", "equalize", "decay", "zscore", "fixed")
LOW_QUANTILE: Final = 0.01
MOST_CONTRAST: Final = 1_000.0


class WarmUpSpec(msgspec.Struct, frozen=True):
    """What is done until a range is known.

    Attributes
    ----------
    points
        So many first values are too few to know it.
    play
        ``middle``: they stand in the middle; ``rest``: they have no place, as missing ones.
    """

    points: int = 0
    play: str = "middle"


class Rescale(msgspec.Struct, frozen=True):
    """How a field becomes a number from 0 to 1.

    Attributes
    ----------
    mode
        What is 0 and what is 1. ``auto``: of a whole table its ends, without what is far out; live
        ``equalize`` of what came lately, but for percentages, which stand between 0 and 100.
        ``quantile``: a low and a high quantile of the window; ``minmax``: its extremes; ``rank``:
        none, but the share of the window's values that are lower; ``equalize``: that too, but with
        limited contrast, and with room at both ends for what is far out; ``decay``: extremes that
        draw near to the data by half each half-life; ``zscore``: so many standard n_std below and
        above the mean, both weighted exponentially; ``fixed``: the range that is given.
    window
        Of quantile, minmax, rank and equalize.
    initial_range
        Of minmax: extremes to begin with. Of fixed: the range.
    quantiles
        Of quantile: the low and the high one.
    contrast
        Of equalize: values are torn apart so many times as far as on a straight line at most.
    half_life
        Of decay and zscore, in points.
    n_std
        Of zscore.
    slew
        The ends of the range come half the way nearer to where they belong in so many points; 0 is
        at once.
    warm_up
        What is done with the first points.
    """

    mode: str = "auto"
    window: Window = Window(points=1_000)
    initial_range: Range | None = None
    quantiles: tuple[float, float] = (LOW_QUANTILE, 1 - LOW_QUANTILE)
    contrast: float = 1_000.0
    half_life: float = 300.0
    n_std: float = 2.0
    slew: float = 0.0
    warm_up: WarmUpSpec = WarmUpSpec()

    @property
    def needs_extent(self) -> bool:
        """Whether it would like to know a whole table beforehand."""
        of_all = self.window.is_all and self.mode in ("minmax", "quantile")
        return self.mode == "auto" or of_all

    def is_equalized(self, known: FieldHints, *, is_known: bool) -> bool:
        """Whether places lie on no straight line, for such values, of a table that is known."""
        return self.mode == "equalize" or (
            self.mode == "auto" and not is_known and not known.is_percent
        )
