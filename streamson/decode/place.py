"""From a parameter of a note to the place from 0 to 1 that a value had: half a mapping, back.

Forward it is in `score.parts.mapping`: a place is turned round where the polarity is down, and
spread over the parameter's range, in equal steps of a scale or evenly.
"""

from itertools import pairwise
from typing import Final

from streamson.decode.interval import Interval
from streamson.music.level import db_to_amplitude
from streamson.session.schema import MappingSpec

STEPS_SHARE: Final = 0.999
"""What the mapping multiplies a place with before it takes the step: the article's formula."""


def place_of(spec: MappingSpec, measured: float, error: float) -> Interval:
    """Return the places of which a mapping makes what was measured.

    Parameters
    ----------
    spec
        A mapping that is rescaled.
    measured
        The parameter as a note has it: MIDI note, seconds, dBFS, pan.
    error
        How far what was played lies from what was measured at most. Of a pitch with a scale the
        nearest note of it counts, whose step is the error.
    """
    if spec.notes:
        found = _step(spec, measured)
    else:
        low, high = _linear(spec, measured - error), _linear(spec, measured + error)
        at = _linear(spec, measured)
        found = Interval(*(_share(spec, end) for end in (low, at, high)))
    if spec.polarity == "down":
        found = Interval(1 - found.high, 1 - found.value, 1 - found.low)
    return found


def _linear(spec: MappingSpec, measured: float) -> float:
    """Return a parameter as it is spread evenly."""
    return db_to_amplitude(measured) if spec.unit == "amplitude" else measured


def _share(spec: MappingSpec, linear: float) -> float:
    """Return how far a parameter is on its way from low to high."""
    if spec.low == spec.high:
        return 0.5
    return min(max((linear - spec.low) / (spec.high - spec.low), 0.0), 1.0)


def _step(spec: MappingSpec, midi_note: float) -> Interval:
    notes = spec.notes
    step = min(range(len(notes)), key=lambda i: abs(notes[i] - midi_note))
    if spec.quantize == "nearest":
        between = [(a + b) / 2 for a, b in pairwise(notes)]
        edges = [0.0, *(_share(spec, edge) for edge in between), 1.0]
    else:
        count = STEPS_SHARE * len(notes)
        edges = [*(i / count for i in range(len(notes))), 1.0]
    low, high = edges[step], min(edges[step + 1], 1.0)
    return Interval(low, (low + high) / 2, high)
