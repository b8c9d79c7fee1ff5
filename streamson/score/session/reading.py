"""From the tables of a session file to a session: what may stand where."""

import re
from typing import Any, Final

import msgspec

from streamson.instrument import Instrument
from streamson.score.overload import KEEPS
from streamson.score.rescaling import MAX_WINDOW_POINTS, MODES, Rescale, WarmUp, Window
from streamson.score.scales import SCALES, nearest_scale, parse_scale, scale_notes
from streamson.score.session.checks import (
    Check,
    Place,
    ascending,
    is_whole,
    number,
    quoted,
    table,
    text,
    true_or_false,
    whole_number,
    word,
)
from streamson.score.session.instruments import (
    ENVELOPE_KEYS,
    WIDTH,
    builtin_instruments,
    read_instruments,
)
from streamson.score.session.schema import (
    Audio,
    MappingSpec,
    Part,
    Session,
)
from streamson.score.session.units import UNITS, Unit
from streamson.score.transform import TRANSFORMS
from streamson.space import Reverb

MAX_PARTS: Final = 256
MAX_NAME_CHARS: Final = 200
MAX_TRANSFORMS: Final = 4
MAX_QUEUE: Final = 4096
MAX_GLIDE_S: Final = 60.0
MAX_HOLD_S: Final = 3_600.0
MAX_LOOK_AHEAD_S: Final = 5.0
MAX_WINDOW_S: Final = 366 * 86_400.0


def _scale(value: object, place: Place) -> str:
    if isinstance(value, str):
        try:
            parse_scale(value)
        except ValueError:
            pass
        else:
            return value
    close = nearest_scale(value) if isinstance(value, str) else None
    hint = f'; did you mean "{close}"?' if close else ""
    allowed = f"a root such as c or f# and one of {', '.join(SCALES)}, 19 edo"
    raise place.refuse(value, allowed, hint)


def _quantiles(value: object, place: Place) -> tuple[float, float]:
    low, high = ascending(value, place)
    if low >= 0 and high <= 1:
        return low, high
    raise place.refuse(value, "[low, high], both from 0 to 1")


_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *(s|min|h|d)")


def _window(value: object, place: Place) -> Window:
    if value == "all":
        return Window()
    if is_whole(value) and 2 <= value <= MAX_WINDOW_POINTS:
        return Window(points=value)
    if isinstance(value, str) and (match := _TIME.fullmatch(value)):
        seconds = float(match[1]) * _SECONDS[match[2]]
        if 0 < seconds <= MAX_WINDOW_S:
            return Window(seconds=seconds)
    allowed = f'2 to {MAX_WINDOW_POINTS} points, a time such as "30s", "10min", "2h" or "7d" '
    raise place.refuse(value, allowed + 'up to 366 days, or "all"')


_WARM_UP_KEYS: Final[dict[str, Check[Any]]] = {
    "points": whole_number(1, MAX_WINDOW_POINTS),
    "play": word("middle", "rest"),
}


def _warm_up(value: object, place: Place) -> WarmUp:
    if isinstance(value, dict):
        found = table(value, place, _WARM_UP_KEYS)
        if "points" not in found:
            raise place.error("found no points; say how many are too few to know the range")
        return WarmUp(**found)
    if is_whole(value) and 0 <= value <= MAX_WINDOW_POINTS:
        return WarmUp(value)
    raise place.refuse(
        value,
        f"0 to {MAX_WINDOW_POINTS} points, which then stand in the middle, or a table such as "
        '{ points = 20, play = "rest" }',
    )


_RESCALE_KEYS: Final[dict[str, Check[Any]]] = {
    "mode": word(*MODES),
    "window": _window,
    "initial_range": ascending,
    "range": ascending,
    "quantiles": _quantiles,
    "half_life": number(1, MAX_WINDOW_POINTS, "points"),
    "deviations": number(0.1, 100),
    "slew": number(0, MAX_WINDOW_POINTS, "points"),
    "warm_up": _warm_up,
}
_KEYS_OF_MODE: Final = {
    "quantile": {"window", "quantiles", "slew"},
    "minmax": {"window", "initial_range", "slew"},
    "rank": {"window"},
    "decay": {"half_life", "slew"},
    "zscore": {"half_life", "deviations", "slew"},
    "fixed": {"range"},
}


def _rescale(value: object, place: Place) -> Rescale:
    found = table(value, place, _RESCALE_KEYS)
    mode = found.get("mode", Rescale().mode)
    allowed = _KEYS_OF_MODE[mode]
    if idle := found.keys() - allowed - {"mode", "warm_up"}:
        of_modes = [mode for mode, keys in _KEYS_OF_MODE.items() if idle <= keys]
        hint = f"; they go with {quoted(of_modes)}" if of_modes else ""
        raise place.error(
            f'found {", ".join(sorted(idle))} with mode = "{mode}"; '
            f"allowed with it: {', '.join(sorted(allowed))}, warm_up{hint}"
        )
    if mode == "fixed":
        if "range" not in found:
            raise place.error('found mode = "fixed" without range = [lowest, highest]')
        found["initial_range"] = found.pop("range")
    return Rescale(**found)


def _transforms(value: object, place: Place) -> tuple[str, ...]:
    one = word(*TRANSFORMS)
    if not isinstance(value, list):
        return (one(value, place),)
    if not 1 <= len(value) <= MAX_TRANSFORMS:
        raise place.refuse(value, f"one of {quoted(TRANSFORMS)}, or a list of 1 to 4")
    return tuple(one(name, place.numbered(i)) for i, name in enumerate(value, 1))


def _mapping(parameter: str) -> Check[MappingSpec]:
    units = UNITS[parameter]

    def check(value: object, place: Place) -> MappingSpec:
        name = _unit_name(value, place, units)
        unit = units[name]
        _refuse_idle_keys(value, unit, place)
        found = table(value, place, _keys(parameter, unit))
        spec = MappingSpec(parameter, **{"low": unit.low, "high": unit.high, "unit": name, **found})
        if spec.value is not None:
            return msgspec.structs.replace(spec, value=unit.convert(spec.value))
        _check_field_and_range(spec, set(found), place)
        return spec

    return check


def _unit_name(value: object, place: Place, units: dict[str, Unit]) -> str:
    """Return the unit a mapping names, for the checks of its other keys hang on it."""
    default = next(iter(units))
    if not isinstance(value, dict) or "unit" not in value or len(units) == 1:
        return default
    return word(*filter(None, units))(value["unit"], place.inside("unit"))


def _keys(parameter: str, unit: Unit) -> dict[str, Check[Any]]:
    keys: dict[str, Check[Any]] = {
        "field": text(MAX_NAME_CHARS),
        "value": unit.check,
        "low": unit.check,
        "high": unit.check,
        "polarity": word("up", "down"),
        "rescale": _rescale,
        "transform": _transforms,
        "smooth": number(0, MAX_WINDOW_POINTS, "points"),
    }
    if parameter in {"pitch", "volume"}:
        keys["unit"] = text(MAX_NAME_CHARS)  # already checked
    if parameter == "pitch":
        keys["scale"] = _scale
    return keys


_RESCALING_KEYS: Final = {
    "low",
    "high",
    "scale",
    "polarity",
    "rescale",
    "transform",
    "smooth",
}


def _refuse_idle_keys(value: object, unit: Unit, place: Place) -> None:
    """Refuse keys that would have no effect beside others."""
    if not isinstance(value, dict):
        return
    if "value" in value and (idle := {"field", *_RESCALING_KEYS} & set(value)):
        raise place.error(f"value is a constant; found with it: {', '.join(sorted(idle))}")
    if unit.direct and (idle := _RESCALING_KEYS & set(value)):
        allowed = f'unit = "{value["unit"]}" takes the field as it is, so only field goes with it'
        raise place.error(f"found {', '.join(sorted(idle))}; allowed: {allowed}")


def _check_field_and_range(spec: MappingSpec, given: set[str], place: Place) -> None:
    if spec.parameter != "pitch" and "field" not in given:
        raise place.error("found neither field nor value; one of them is needed")
    if spec.low > spec.high:
        raise place.error(
            f"found low {spec.low:g} above high {spec.high:g}; "
            'to turn the direction round use polarity = "down"'
        )
    if spec.scale is not None and not scale_notes(spec.scale, spec.low, spec.high):
        raise place.error(f'no note of "{spec.scale}" from low {spec.low:g} to high {spec.high:g}')


_REVERB_KEYS: Final[dict[str, Check[Any]]] = {
    "level": number(-60, 6, "dB"),
    "decay": number(0.1, 20, "s"),
}
_AUDIO_KEYS: Final[dict[str, Check[Any]]] = {
    "volume_db": number(-60, 12, "dB"),
    "sample_rate": whole_number(8000, 192_000),
    "look_ahead": number(0, MAX_LOOK_AHEAD_S, "s"),
    "equal_loudness": true_or_false,
    "reverb": lambda value, place: Reverb(**table(value, place, _REVERB_KEYS)),
}
_PART_KEYS: Final[dict[str, Check[Any]]] = {
    "timing": word("arrival", "sequence"),
    "queue": whole_number(1, MAX_QUEUE),
    "notes_per_second": number(2, 1_000),
    "overload": word(*KEEPS),
    "articulation": word("separate", "continuous"),
    "glide": number(0.002, MAX_GLIDE_S, "s"),
    "hold": number(0.1, MAX_HOLD_S, "s"),
    "envelope": lambda value, place: table(value, place, ENVELOPE_KEYS),
    "width": WIDTH,
    **{parameter: _mapping(parameter) for parameter in UNITS},
}


def _audio(value: object, place: Place) -> Audio:
    return Audio(**table(value, place, _AUDIO_KEYS))


def _parts(value: object, place: Place, instruments: dict[str, Instrument]) -> tuple[Part, ...]:
    """Return the parts; adds an instrument for each that changes one."""
    if not isinstance(value, list):
        raise place.refuse(value, "tables that each begin with [[part]]")
    if len(value) > MAX_PARTS:
        raise place.error(f"found {len(value)} parts; allowed: at most {MAX_PARTS}")
    keys = {"stream": text(MAX_NAME_CHARS), "instrument": word(*instruments), **_PART_KEYS}
    return tuple(
        _part(found, Place(place.file, f"part {i}"), keys, instruments)
        for i, found in enumerate(value, 1)
    )


def _part(
    value: object, place: Place, keys: dict[str, Check[Any]], instruments: dict[str, Instrument]
) -> Part:
    found = table(value, place, keys)
    if "queue" in found and found.get("timing") != "sequence":
        raise place.error('found queue without timing = "sequence"; other notes never wait')
    if found.get("timing") == "sequence" and (
        idle := {"notes_per_second", "overload"} & set(found)
    ):
        raise place.error(
            f'found {", ".join(sorted(idle))} with timing = "sequence"; its notes wait in a queue'
        )
    if found.get("articulation") != "continuous" and (idle := {"glide", "hold"} & set(found)):
        raise place.error(
            f'found {", ".join(sorted(idle))} without articulation = "continuous"; '
            "separate notes are not held"
        )
    plays = found.get("instrument", Part().instrument)
    if "brightness" in found and instruments[plays].sample:
        raise place.inside("brightness").error(f'"{plays}" is a sample; only partials have it')
    sample = instruments[plays].sample
    if found.get("articulation") == "continuous" and sample and not sample.loop:
        raise place.inside("instrument").error(
            f'"{plays}" is a sample without a loop, which can\'t be held; give it one'
        )
    changes = {key: found.pop(key) for key in ("envelope", "width") if key in found}
    part = Part(**found)
    if not changes:
        return part
    name = f"{part.instrument} of {place.key}"
    instruments[name] = _changed(instruments[part.instrument], **changes)
    return msgspec.structs.replace(part, instrument=name)


def _changed(
    instrument: Instrument, envelope: dict[str, float] | None = None, width: float | None = None
) -> Instrument:
    return msgspec.structs.replace(
        instrument,
        envelope=msgspec.structs.replace(instrument.envelope, **(envelope or {})),
        width=instrument.width if width is None else width,
    )


def read_session(document: object, file: str) -> Session:
    """Return the session that a parsed TOML document describes.

    Parameters
    ----------
    document
        The document's top-level table.
    file
        Name of the file, for messages and as the session's name.

    Raises
    ------
    SessionError
        Something in it isn't allowed; the message says where, what, and what is.
    """
    place = Place(file)
    tables = table(document, place, dict.fromkeys(("audio", "instrument", "part"), _as_it_is))
    audio = _audio(tables.get("audio", {}), place.inside("audio"))
    own = read_instruments(tables.get("instrument", []), place.inside("instrument"))
    instruments = {**builtin_instruments(), **own}
    parts = _parts(tables.get("part", []), place.inside("part"), instruments)
    return Session(file, audio, parts, instruments)


def _as_it_is(value: object, _place: Place) -> object:
    return value
