"""One mapping, ready to run: field -> transform -> rescale -> polarity -> range of a parameter."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from streamson.score.counts import Counts
from streamson.score.level import amplitude_to_db
from streamson.score.pitch import HIGHEST_MIDI, LOWEST_MIDI, hz_to_midi
from streamson.score.rescaling import Rescaler, make_rescaler
from streamson.score.scales import scale_notes
from streamson.score.session.schema import MappingSpec
from streamson.score.transform import Transform, make_transform

Survey = Mapping[str, tuple[float, float]]
"""Field name to the lowest and highest value of a whole table."""


class Reader(Protocol):
    """Anything that reads a note's parameter from a point."""

    def read(self, fields: Mapping[str, float], time: float) -> float:
        """Return the parameter for a point's fields and time; NaN where there is none."""


class Constant:
    """The same for every point."""

    def __init__(self, value: float) -> None:
        self._value = value

    def read(self, fields: Mapping[str, float], time: float) -> float:  # noqa: ARG002  # as Reader
        """Return the constant."""
        return self._value


class Direct:
    """A field that gives the parameter itself; NaN where it is missing."""

    def __init__(self, field: str, convert: Callable[[float], float]) -> None:
        self._field = field
        self._convert = convert

    def read(self, fields: Mapping[str, float], time: float) -> float:  # noqa: ARG002  # as Reader
        """Return the converted field."""
        return self._convert(fields.get(self._field, math.nan))


class Rescaled:
    """A field rescaled to [0, 1], turned round if its polarity is down, and spread over a range.

    Parameters
    ----------
    spread
        From [0, 1] to the parameter.
    missing
        What a missing value gives.
    transform
        Done to values before; None is nothing.
    """

    def __init__(
        self,
        field: str,
        rescaler: Rescaler,
        spread: Callable[[float], float],
        *,
        down: bool,
        missing: float,
        transform: Transform | None = None,
    ) -> None:
        self._field = field
        self._rescale = rescaler.rescale
        self._spread = spread
        self._down = down
        self._missing = missing
        self._transform = transform

    def read(self, fields: Mapping[str, float], time: float) -> float:
        """Take in a point and return the parameter."""
        value = fields.get(self._field, math.nan)
        if value - value != 0.0:  # NaN or infinite
            return self._missing
        if self._transform is not None:
            value = self._transform(value, time)
            if value != value:  # noqa: PLR0124  # NaN
                return self._missing
        u = self._rescale(value, time)
        return self._spread(1.0 - u if self._down else u)


def make_reader(
    spec: MappingSpec, *, field: str, counts: Counts, survey: Survey | None = None
) -> Reader:
    """Make a mapping ready to run for one stream.

    Parameters
    ----------
    spec
        The mapping, as checked when the session was read.
    field
        The field it reads: the spec's, or the stream's first.
    counts
        Where values outside the range are counted.
    survey
        Extremes of the whole table, for the window "all"; None live.
    """
    if spec.value is not None:
        return Constant(spec.value)
    if spec.unit == "midi":
        return Direct(field, _midi)
    if spec.unit == "hz":
        return Direct(field, _midi_of_hz)
    spread = _spread(spec)
    rescaler = make_rescaler(
        spec.rescale,
        survey=survey.get(field) if survey is not None and spec.wants_survey else None,
        counts=counts,
    )
    missing = math.nan if spec.parameter == "pitch" else spread(0.5)
    return Rescaled(
        field,
        rescaler,
        spread,
        down=spec.polarity == "down",
        missing=missing,
        transform=make_transform(spec.transform, spec.smooth),
    )


def _spread(spec: MappingSpec) -> Callable[[float], float]:
    low, high = spec.low, spec.high
    span = high - low
    if spec.scale is not None:
        return _steps(scale_notes(spec.scale, low, high))
    if spec.unit == "amplitude":
        return lambda u: amplitude_to_db(low + span * u)
    return lambda u: low + span * u


def _steps(notes: Sequence[float]) -> Callable[[float], float]:
    # The article's formula: 0.999 keeps u = 1 on the last note instead of one beyond it. From
    # 1000 notes on it could not reach the last ones, but 72 divisions of an octave make 769.
    factor = 0.999 * len(notes)
    pitches = [float(note) for note in notes]
    return lambda u: pitches[int(factor * u)]


def _midi(note: float) -> float:
    if note - note != 0.0:
        return math.nan
    return float(min(max(note, LOWEST_MIDI), HIGHEST_MIDI))


def _midi_of_hz(frequency_hz: float) -> float:
    # A frequency of 0 is how many trackers say "no pitch".
    if not 0.0 < frequency_hz < math.inf:
        return math.nan
    return _midi(hz_to_midi(frequency_hz))
