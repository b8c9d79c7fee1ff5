"""What a session file may say about a mapping: from a field to a parameter of notes."""

from typing import Any, Final, get_args

import msgspec

from streamson.music.scales import MAX_NOTES, Scale
from streamson.rescaling.normalize import MAX_WINDOW_POINTS
from streamson.rescaling.spec import Rescale
from streamson.rescaling.transform import TRANSFORMS
from streamson.session.parse.checks import (
    Check,
    Place,
    Schema,
    any_of,
    check,
    field,
    list_schema,
    number,
    quoted,
    table,
    text,
    word,
)
from streamson.session.parse.rescale import read_rescale
from streamson.session.parse.scale import read_scale
from streamson.session.parse.units import UNITS, Unit
from streamson.session.schema import MappingSpec, Quantize

MAX_TRANSFORMS: Final = 4
NO_RESCALE: Final = "none"
"""A rescaling that is none: the field gives the parameter itself."""


@check(any_of({"enum": list(TRANSFORMS)}, list_schema({"enum": list(TRANSFORMS)}, MAX_TRANSFORMS)))
def _transforms(value: object, place: Place) -> tuple[str, ...]:
    one = word(*TRANSFORMS)
    if not isinstance(value, list):
        return (one(value, place),)
    if not 1 <= len(value) <= MAX_TRANSFORMS:
        raise place.refuse(value, f"one of {quoted(TRANSFORMS)}, or a list of 1 to 4")
    return tuple(one(name, place.numbered(i)) for i, name in enumerate(value, 1))


def mapping(parameter: str) -> Check[MappingSpec]:
    """Allow the tables that say where a parameter comes from."""
    units = UNITS[parameter]

    @check(_mapping_schema(parameter))
    def checked(value: object, place: Place) -> MappingSpec:
        name = _unit_name(value, place, units)
        unit = units[name]
        is_passthrough = unit.is_passthrough or (
            isinstance(value, dict) and value.get("rescale") == NO_RESCALE
        )
        _refuse_idle_keys(value, place, is_passthrough=is_passthrough)
        found = table(value, place, _keys(parameter, unit))
        notes_of, rescale = found.pop("scale", None), found.pop("rescale", None)
        spec = MappingSpec(
            parameter,
            **{"low": unit.low, "high": unit.high, **found, "unit": name},
            rescale=rescale or Rescale(),
            is_passthrough=is_passthrough and "value" not in found,
        )
        if spec.value is not None:
            return msgspec.structs.replace(spec, value=unit.convert(spec.value))
        given = set(value) if isinstance(value, dict) else set()
        _check_field_and_range(spec, given, place)
        return spec if notes_of is None else _in_scale(spec, notes_of, given, place)

    return checked


@check(any_of({"enum": [NO_RESCALE]}, read_rescale.schema))
def _rescale(value: object, place: Place) -> Rescale | None:
    return None if value == NO_RESCALE else read_rescale(value, place)


def _mapping_schema(parameter: str) -> Schema:
    """Return what a mapping's table may hold, whatever its unit."""
    units = UNITS[parameter]
    of_units = [_keys(parameter, unit) for unit in units.values()]
    schemas = {key: any_of(*(keys[key].schema for keys in of_units)) for key in of_units[0]}
    if "unit" in schemas:
        schemas["unit"] = {"enum": list(filter(None, units))}
    return {"type": "object", "properties": schemas, "additionalProperties": False}


def _unit_name(value: object, place: Place, units: dict[str, Unit]) -> str:
    """Return the unit a mapping names, for the checks of its other keys hang on it."""
    default = next(iter(units))
    if not isinstance(value, dict) or "unit" not in value or len(units) == 1:
        return default
    return word(*filter(None, units))(value["unit"], place.inside("unit"))


def _keys(parameter: str, unit: Unit) -> dict[str, Check[Any]]:
    keys: dict[str, Check[Any]] = {
        "field": field,
        "value": unit.check,
        "low": unit.check,
        "high": unit.check,
        "polarity": word("up", "down"),
        "rescale": _rescale,
        "transform": _transforms,
        "smooth": number(0, MAX_WINDOW_POINTS, "points"),
    }
    if len(UNITS[parameter]) > 1:
        keys["unit"] = text(20)  # already checked
    if parameter == "pitch":
        keys["scale"] = read_scale
        keys["quantize"] = word(*get_args(Quantize))
    return keys


_RESCALING_KEYS: Final = {
    "low",
    "high",
    "scale",
    "quantize",
    "polarity",
    "rescale",
    "transform",
    "smooth",
}


def _refuse_idle_keys(value: object, place: Place, *, is_passthrough: bool) -> None:
    """Refuse keys that would have no effect beside others."""
    if not isinstance(value, dict):
        return
    if "value" in value and (idle := {"field", *_RESCALING_KEYS} & set(value)):
        raise place.error(f"value is a constant; found with it: {', '.join(sorted(idle))}")
    idle = _RESCALING_KEYS & set(value)
    if value.get("rescale") == NO_RESCALE:
        idle -= {"rescale"}
    if is_passthrough and idle:
        said = "rescale" if value.get("rescale") == NO_RESCALE else "unit"
        allowed = f'{said} = "{value[said]}" takes the field as it is, so only field'
        allowed += " and unit go with it" if said == "rescale" else " goes with it"
        raise place.error(f"found {', '.join(sorted(idle))}; allowed: {allowed}")


def _check_field_and_range(spec: MappingSpec, given: set[str], place: Place) -> None:
    if spec.parameter != "pitch" and "field" not in given:
        raise place.error("found neither field nor value; one of them is needed")
    if "quantize" in given and "scale" not in given:
        raise place.error("found quantize without scale; a continuous pitch has no notes")
    if spec.low > spec.high:
        raise place.error(
            f"found low {spec.low:g} above high {spec.high:g}; "
            'to turn the direction round use polarity = "down"'
        )


def _in_scale(
    spec: MappingSpec, scale: Scale | tuple[float, ...], given: set[str], place: Place
) -> MappingSpec:
    """Return a pitch that plays the notes of a scale, or a list of notes."""
    if isinstance(scale, Scale):
        notes = scale.notes(spec.low, spec.high)
        if not 1 <= len(notes) <= MAX_NOTES:
            raise place.error(
                f"{len(notes)} notes of the scale lie from low {spec.low:g} to high {spec.high:g}; "
                f"allowed: 1 to {MAX_NOTES}"
            )
        return msgspec.structs.replace(spec, notes=notes)
    if idle := {"low", "high"} & given:
        raise place.error(f"found {', '.join(sorted(idle))} with a list of notes; it says all")
    return msgspec.structs.replace(spec, notes=scale, low=scale[0], high=scale[-1])
