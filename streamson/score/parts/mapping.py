"""One mapping, ready to run: field -> transform -> rescale -> polarity -> range of a parameter."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from streamson.model.counts import ScoreCounts
from streamson.model.stateful import Stateful, Stateless
from streamson.music.level import amplitude_to_db
from streamson.music.pitch import hz_to_midi
from streamson.rescaling.field_hints import hints_for
from streamson.rescaling.normalize import Range
from streamson.rescaling.rescaler import Rescaler, make_rescaler
from streamson.rescaling.transform import Source, Transform
from streamson.session.schema import DEFAULTS, LIMITS, MappingSpec

if TYPE_CHECKING:
    from streamson.rescaling.extents import Extents

_LEAST_HZ: Final = 1e-3
_LEAST_AMPLITUDE: Final = 1e-9


class ParameterSource(Stateful, Protocol):
    """Anything that reads a note's parameter from a point."""

    def read(self, fields: Mapping[str, float], time: float) -> float:
        """Return the parameter for a point's fields and time; NaN where there is none."""

    def at(self, value: float) -> float:
        """Return the parameter that a value, transformed, would give now; NaN if none is known."""

    value: float
    """The value that was read last, transformed; NaN where it was missing."""

    @property
    def range(self) -> Range | None:
        """The values between which it reaches from end to end, where there are such."""


class Constant(Stateless):
    """The same for every point."""

    range: Range | None = None
    value = math.nan

    def __init__(self, value: float) -> None:
        self._value = value

    def read(self, fields: Mapping[str, float], time: float) -> float:  # noqa: ARG002  # as ParameterSource
        """Return the constant."""
        return self._value

    def at(self, value: float) -> float:  # noqa: ARG002  # as ParameterSource
        """Return NaN: no value gives it."""
        return math.nan


class HoldLast:
    """What a missing value gives: always the same, or the parameter that was there last."""

    @property
    def range(self) -> Range | None:
        """The values between which it reaches from end to end, where there are such."""
        return None

    def __init__(self, missing: float, *, hold: bool) -> None:
        self.value = math.nan
        self._missing = missing
        self._hold = hold


class Passthrough(HoldLast):
    """A field that gives the parameter itself.

    Parameters
    ----------
    convert
        From the field's unit to the parameter's; NaN where there is no such.
    limits
        Of the parameter: what lies beyond is taken for the nearest end, and counted.
    missing
        What a missing value gives.
    """

    def __init__(
        self,
        field: str,
        convert: Callable[[float], float],
        limits: Range,
        *,
        missing: float,
        hold: bool,
        counts: ScoreCounts,
    ) -> None:
        super().__init__(missing, hold=hold)
        self._field = field
        self._convert = convert
        self._low, self._high = limits
        self._counts = counts

    def read(self, fields: Mapping[str, float], time: float) -> float:  # noqa: ARG002  # as ParameterSource
        """Return the converted field."""
        self.value = value = fields.get(self._field, math.nan)
        found = self._convert(value)
        if found - found != 0.0:  # NaN or infinite
            return self._missing
        if not self._low <= found <= self._high:
            self._counts.values_clamped += 1
            found = self._low if found < self._low else self._high
        if self._hold:
            self._missing = found
        return found

    def at(self, value: float) -> float:
        """Return the parameter that a value gives; NaN where it gives none."""
        found = self._convert(value)
        return min(max(found, self._low), self._high) if math.isfinite(found) else math.nan

    def state(self) -> Any:
        """Return the last parameter."""
        return self._missing

    def restore(self, state: Any) -> None:
        """Take over a last parameter."""
        last = msgspec.convert(state, float)
        if self._low <= last <= self._high:
            self._missing = last


class Rescaled(HoldLast):
    """A field rescaled to [0, 1], turned round if its polarity is down, and spread over a range.

    Parameters
    ----------
    spread
        From [0, 1] to the parameter.
    missing
        What a missing value gives.
    hold
        Whether it gives what was there last, once something was.
    transform
        Done to values before.
    """

    def __init__(
        self,
        field: str,
        rescaler: Rescaler,
        spread: Callable[[float], float],
        *,
        down: bool,
        missing: float,
        hold: bool,
        transform: Transform | None,
    ) -> None:
        super().__init__(missing, hold=hold)
        self._field = field
        self._rescaler = rescaler
        self._rescale = rescaler.rescale
        self._spread = spread
        self._down = down
        self._transform = transform
        self._last_u: float | None = None

    def read(self, fields: Mapping[str, float], time: float) -> float:
        """Take in a point and return the parameter."""
        self.value = value = fields.get(self._field, math.nan)
        if value - value != 0.0:  # NaN or infinite
            return self._missing
        if self._transform is not None:
            self.value = value = self._transform(value, time)
            if value != value:  # noqa: PLR0124  # NaN
                return self._missing
        u = self._rescale(value, time)
        if u != u:  # noqa: PLR0124  # nobody knows yet
            return self._missing
        found = self._spread(1.0 - u if self._down else u)
        if self._hold:
            self._last_u, self._missing = u, found
        return found

    def at(self, value: float) -> float:
        """Return the parameter that a value would give now; NaN if nobody knows yet."""
        u = self._rescaler.place(value)
        return math.nan if math.isnan(u) else self._spread(1.0 - u if self._down else u)

    @property
    def range(self) -> Range | None:
        """The values between which it reaches from end to end, where there are such."""
        found = self._rescaler.range
        return found if found is not None and found[0] <= found[1] else None

    def state(self) -> Any:
        """Return the states of transform and rescaler, and the last place."""
        transform = self._transform.state() if self._transform else None
        return transform, self._rescaler.state(), self._last_u

    def restore(self, state: Any) -> None:
        """Take over the states of a transform and a rescaler, and a last place."""
        transform, rescaler, last_u = msgspec.convert(state, tuple[Any, Any, float | None])
        if last_u is not None and not 0 <= last_u <= 1:
            raise ValueError(f"a place of {last_u}")
        if self._transform is not None:
            self._transform.restore(transform)
        self._rescaler.restore(rescaler)
        if last_u is not None and self._hold:
            self._last_u = last_u
            self._missing = self._spread(1.0 - last_u if self._down else last_u)


def source_of(spec: MappingSpec, field: str) -> Source:
    """Return what a mapping rescales, where it reads a field of this name."""
    return Source(field, spec.transform, spec.smooth)


def make_source(
    spec: MappingSpec,
    *,
    field: str,
    counts: ScoreCounts,
    extents: Extents | None = None,
    hold: bool = False,
) -> ParameterSource:
    """Make a mapping ready to run for one stream.

    Parameters
    ----------
    spec
        The mapping, as checked when the session was read.
    field
        The field it reads: the spec's, or the stream's first.
    counts
        Where values outside the range are counted.
    extents
        Of the whole table; None live.
    hold
        Whether a missing value gives what was there last; without, a rest for the pitch, and the
        middle of the range for the others.
    """
    if spec.value is not None:
        return Constant(spec.value)
    if spec.is_passthrough:
        return Passthrough(
            field,
            _CONVERSIONS.get(spec.unit, float),
            LIMITS[spec.parameter],
            missing=DEFAULTS.get(spec.parameter, math.nan),
            hold=hold,
            counts=counts,
        )
    spread = _spread(spec)
    rescaler = make_rescaler(
        spec.rescale,
        extent=None if extents is None else extents.get(source_of(spec, field)),
        known=hints_for(field, spec.transform),
        counts=counts,
    )
    return Rescaled(
        field,
        rescaler,
        spread,
        down=spec.polarity == "down",
        missing=math.nan if spec.parameter == "pitch" else spread(0.5),
        hold=hold,
        transform=Transform(spec.transform, spec.smooth) if spec.transform or spec.smooth else None,
    )


def _spread(spec: MappingSpec) -> Callable[[float], float]:
    low, high = spec.low, spec.high
    span = high - low
    if spec.notes:
        if spec.quantize == "nearest":
            return _nearest(spec.notes, low, high)
        return equal_steps(spec.notes)
    if spec.unit == "amplitude":
        return lambda u: amplitude_to_db(low + span * u)
    return lambda u: low + span * u


def equal_steps(notes: Sequence[float]) -> Callable[[float], float]:
    """Return what gives each note an equal part of [0, 1]; at most `scales.MAX_NOTES`."""
    # The article's formula: 0.999 keeps u = 1 on the last note instead of one beyond it.
    factor = 0.999 * len(notes)
    pitches = [float(note) for note in notes]
    return lambda u: pitches[int(factor * u)]


def _nearest(notes: Sequence[float], low: float, high: float) -> Callable[[float], float]:
    span = high - low
    between = [(a + b) / 2 for a, b in pairwise(notes)]
    return lambda u: notes[bisect(between, low + span * u)]


def _hz_to_midi(frequency_hz: float) -> float:
    # A frequency of 0 is how many trackers say "no pitch".
    if not 0.0 < frequency_hz < math.inf:
        return math.nan
    # The least float is 0 when it is divided by anything: that has no logarithm.
    return hz_to_midi(max(frequency_hz, _LEAST_HZ))


def _amplitude_to_db(amplitude: float) -> float:
    return math.nan if math.isnan(amplitude) else amplitude_to_db(max(amplitude, _LEAST_AMPLITUDE))


_CONVERSIONS: Final[Mapping[str, Callable[[float], float]]] = {
    "hz": _hz_to_midi,
    "amplitude": _amplitude_to_db,
}
