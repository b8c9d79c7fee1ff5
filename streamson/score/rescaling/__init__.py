"""Rescaling: where a value stands among those seen lately, from 0 to 1.

Missing values (NaN, and infinities, which have no place between extremes) are never handed to a
rescaler: they neither count towards its number of points nor move its clock.
"""

from streamson.score.rescaling.place import MAX_WINDOW_POINTS, Range, Window, place
from streamson.score.rescaling.rescaler import Rescaler, make_rescaler
from streamson.score.rescaling.spec import MODES, Rescale, WarmUp

__all__ = [
    "MAX_WINDOW_POINTS",
    "MODES",
    "Range",
    "Rescale",
    "Rescaler",
    "WarmUp",
    "Window",
    "make_rescaler",
    "place",
]
