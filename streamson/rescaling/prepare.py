"""Loads the machine code of rescaling before the first point comes.

It is compiled on the first run on a machine, which takes seconds, and loaded from the disk on later
ones; either would hold up the points that come meanwhile.
"""

import threading

import numpy as np

from streamson._jit import stage
from streamson.rescaling.contrast import FAR_SHARES, NEAR_SHARES, equalized
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.held_line import HeldLine
from streamson.rescaling.sorted_values import SortedValues
from streamson.rescaling.tail_quantiles import TailQuantiles

_loading = threading.Lock()


def load_kernels() -> None:
    """Call each kernel once, as rescaling does; any thread may call it."""
    with (
        _loading,
        stage("rescaling"),
    ):  # what one thread compiles numba does not find compiled in another
        _call_each()


def _call_each() -> None:
    values = SortedValues(2)
    values.add(1.0)
    values.replace(1.0, 2.0)
    values.quantiles(0.1, 0.9)
    near, far = values.ranked_at(np.array(NEAR_SHARES)), values.quantiles_at(np.array(FAR_SHARES))
    HeldLine().draw(equalized(*near, far, 1.0, FieldHints()))
    values.turn(np.zeros(2), 0, np.zeros(1))
    values.rank(2.0)
    values.in_order()
    values.remove(2.0)
    TailQuantiles(1, 0.0, 1.0).update(1.0, 0.0)
    HeldLine().place(1.0)
