"""Words for a person: which field each parameter of a note follows, and between which values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from streamson.model.feed import Followed, PartLegend
from streamson.music.level import amplitude_to_db
from streamson.music.pitch import midi_to_note
from streamson.rescaling.field_hints import hints_for
from streamson.score.parts.mapping import source_of
from streamson.session.ensemble import Ensemble
from streamson.session.resolve import bands_of, beacon_of, written_name
from streamson.session.schema import (
    PARAMETERS,
    MappingSpec,
    Part,
    Session,
    field_name,
)

if TYPE_CHECKING:
    from streamson.rescaling.extents import Extents

UNITS: Final = {"duration": " s", "volume": " dBFS"}
NO_UNITS: Final[Mapping[str, str]] = MappingProxyType({})


def legend(
    session: Session,
    streams: Mapping[str, tuple[str, ...]],
    extents: "Extents | None" = None,
    units: Mapping[str, str] = NO_UNITS,
) -> list[tuple[str, str]]:
    """Return a stream and a line about it, for each stream.

    Parameters
    ----------
    session
        The session.
    streams
        Stream to its fields, in the order of appearance.
    extents
        Of a whole table.
    units
        Field to its unit, where that is known.
    """
    ensemble = Ensemble(session)
    return [
        (
            stream,
            legend_line(stream, ensemble.join(stream, fields), fields, extents, units),
        )
        for stream, fields in streams.items()
    ]


def legend_line(
    stream: str,
    parts: Iterable[Part],
    fields: Sequence[str],
    extents: "Extents | None" = None,
    units: Mapping[str, str] = NO_UNITS,
) -> str:
    """Return what is played of a stream, such as ``cpu: percent -> pitch D3..G5 (0..100)``.

    Parameters
    ----------
    stream
        Its name.
    parts
        What play it.
    fields
        Names of its fields, in their order.
    extents
        Of a whole table; live only what is known of a field is told.
    units
        Field to its unit, where that is known.
    """
    return f"{stream}: {'; '.join(_part_line(part, fields, extents, units) for part in parts)}"


def _part_line(
    part: Part, fields: Sequence[str], extents: "Extents | None", units: Mapping[str, str]
) -> str:
    if part.mute:
        return "nothing, for its part is mute"
    pitch = part.pitch
    if pitch.value is None and (wanted := field_name(pitch.field, fields)) not in fields:
        what = f"field {wanted}" if wanted else f"field number {pitch.field}"
        return f"nothing, for its pitch is to follow the {what}; there is {', '.join(fields)}"
    instrument = part.instrument
    plays = (
        written_name(instrument)
        if isinstance(instrument, str)
        else f"instrument by {instrument.field}"
    )
    steady = "" if pitch.value is None else f"pitch {midi_to_note(pitch.value)}"
    reads = (steady, *follows(part, fields, extents, units), *_told_beside(part, fields))
    return ", ".join(filter(None, (*reads, plays)))


def _told_beside(part: Part, fields: Sequence[str]) -> Iterator[str]:
    """Yield what tremolo and brightness tell, and what the beacon."""
    if (bands := bands_of(part, fields)) is not None:
        falling = " down" if bands.near > bands.beyond else ""
        near, beyond = _number(bands.near), _number(bands.beyond)
        of = "" if bands.field is None else f"{field_name(bands.field, fields)} "
        yield f"{of}near from {near}{falling}, beyond from {beyond}{falling}"
    if (beacon := beacon_of(part, fields)) is not None:
        yield f"beacon at {_number(beacon.value)} every {beacon.every:g} s"


def part_legend(part: Part, fields: Sequence[str]) -> PartLegend:
    """Return what a part plays of a stream with such fields, for whoever lays it out himself."""
    instrument = part.instrument
    return PartLegend(
        instrument=written_name(instrument) if isinstance(instrument, str) else "",
        follows=tuple(
            _followed(getattr(part, parameter), fields) for parameter in mapped_fields(part, fields)
        ),
        text=_part_line(part, fields, None, NO_UNITS),
        bands=None if (bands := bands_of(part, fields)) is None else (bands.near, bands.beyond),
        beacon=None if (beacon := beacon_of(part, fields)) is None else beacon.value,
    )


def _followed(spec: MappingSpec, fields: Sequence[str]) -> Followed:
    low, high = (
        (f"{_end(spec, end)}{UNITS.get(spec.parameter, '')}" for end in (spec.low, spec.high))
        if spec.is_rescaled
        else ("", "")
    )
    return Followed(
        parameter=spec.parameter,
        field=followed(spec, fields),
        polarity=spec.polarity,
        low=low,
        high=high,
    )


def mapped_fields(part: Part, fields: Sequence[str]) -> dict[str, str]:
    """Return the field that each parameter of a part follows."""
    found = {}
    for parameter in PARAMETERS:
        spec: MappingSpec | None = getattr(part, parameter)
        if spec is not None and spec.value is None:
            name = field_name(spec.field, fields)
            if name in fields:
                found[parameter] = str(name)
    return found


def follows(
    part: Part,
    fields: Sequence[str],
    extents: "Extents | None" = None,
    units: Mapping[str, str] = NO_UNITS,
) -> Iterator[str]:
    """Yield what each parameter of a part that is not constant follows."""
    for parameter in PARAMETERS:
        spec: MappingSpec | None = getattr(part, parameter)
        if spec is None or spec.value is not None:
            continue
        name = field_name(spec.field, fields)
        if name not in fields:
            yield f"{parameter} has no field {name or spec.field}"
            continue
        yield f"{followed(spec, fields)} -> {parameter}{_between(spec, name, extents, units)}"


def followed(spec: MappingSpec, fields: Sequence[str]) -> str:
    """Return what a mapping reads, such as ``rate of bytes``."""
    transforms = "".join(f"{name} of " for name in reversed(spec.transform))
    return f"{transforms}{field_name(spec.field, fields)}"


def _between(
    spec: MappingSpec, name: str, extents: "Extents | None", units: Mapping[str, str]
) -> str:
    if not spec.is_rescaled:
        return ""
    first, last = (_end(spec, end) for end in (spec.low, spec.high))
    if spec.polarity == "down":
        first, last = last, first
    values = _values(spec, name, extents)
    unit = f" {units[name]}" if name in units and not spec.transform else ""
    between = f" ({_number(values[0])}..{_number(values[1])}{unit})" if values else ""
    if spec.rescale.is_equalized(hints_for(name, spec.transform), is_known=extents is not None):
        between = " (equalised)"
    return f" {first}..{last}{UNITS.get(spec.parameter, '')}{between}"


def _number(value: float) -> str:
    """Return four digits of a number, without an exponent where that is readable."""
    rounded = float(f"{value:.4g}")
    return f"{rounded:.0f}" if 1e4 <= abs(rounded) < 1e8 else f"{rounded:g}"


def _values(spec: MappingSpec, name: str, extents: "Extents | None") -> tuple[float, float] | None:
    """Return the values between which a mapping reaches from end to end, where they are known."""
    rescale = spec.rescale
    if rescale.mode == "fixed":
        return rescale.initial_range
    if extents is not None and rescale.needs_extent:
        extent = extents.get(source_of(spec, name))
        if extent is None:
            return None
        return extent.whole if rescale.mode == "minmax" else extent.robust
    known = hints_for(name, spec.transform)
    return (known.low, known.high) if rescale.mode == "auto" and known.low < known.high else None


def _end(spec: MappingSpec, value: float) -> str:
    if spec.parameter == "pitch":
        return midi_to_note(value)
    return f"{amplitude_to_db(value) if spec.unit == 'amplitude' else value:.3g}"
