"""The engine's memory in machine code: each array of the layout by its name.

Python hands the callback the address of one table of addresses, called `engine` in the kernels;
``memory.voices(engine)`` and the like turn it into the named array.
"""

from typing import Any

import numpy as np
from numba import carray

from streamson._jit import inner
from streamson.synth.kernel.layout import LAYOUT
from streamson.synth.kernel.pointers import pointer


def _view(name: str) -> Any:
    """Return a compiled function: address of the table to the array of that name.

    Kernels pass the one address around, not the arrays: numba counts references for each array
    that is an argument, which took most of a voice's time.
    """
    entries = (len(LAYOUT),)
    position = list(LAYOUT).index(name)
    shape, dtype = LAYOUT[name]

    @inner
    def view(engine):  # type: ignore[no-untyped-def]
        return carray(pointer(carray(pointer(engine), entries, np.int64)[position]), shape, dtype)

    return view


state = _view("state")
notes = _view("notes")
note_indices = _view("note_indices")
played = _view("played")
played_indices = _view("played_indices")
tap_frames = _view("tap_frames")
tap = _view("tap")
tap_indices = _view("tap_indices")
note_heap = _view("note_heap")
voices = _view("voices")
voice_partials = _view("voice_partials")
heads = _view("heads")
tilts = _view("tilts")
tilt_states = _view("tilt_states")
active = _view("active")
free = _view("free")
instruments = _view("instruments")
partials = _view("partials")
mipmaps = _view("mipmaps")
tilt_gains = _view("tilt_gains")
sample_left = _view("sample_left")
sample_right = _view("sample_right")
envelope = _view("envelope")
taken = _view("taken")
bus = _view("bus")
sends = _view("sends")
kept = _view("kept")
held = _view("held")
ready = _view("ready")
joined = _view("joined")
lines = _view("lines")
lines_out = _view("lines_out")
line_delays = _view("line_delays")
line_gains = _view("line_gains")
clock = _view("clock")
references = _view("references")
resampler_taps = _view("resampler_taps")
resampler_frames = _view("resampler_frames")
