"""From the tables of a session file to a session: what may stand where."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from streamson.score.checks import (
    Check,
    Place,
    ascending,
    is_number,
    number,
    table,
    text,
    whole_number,
    word,
)
from streamson.score.level import amplitude_to_db
from streamson.score.pitch import HIGHEST_MIDI, LOWEST_MIDI, hz_to_midi, midi_to_hz, note_to_midi
from streamson.score.rescale import MAX_WINDOW_POINTS, Window
from streamson.score.scales import SCALES, nearest_scale, parse_scale, scale_notes
from streamson.score.schema import (
    HIGHEST_NOTE,
    INSTRUMENTS,
    LOWEST_NOTE,
    Audio,
    MappingSpec,
    Part,
    Rescale,
    Session,
)

MAX_PARTS: Final = 256
MAX_NAME_CHARS: Final = 200
MAX_QUEUE: Final = 4096
MAX_WINDOW_S: Final = 366 * 86_400.0


class _Unit(NamedTuple):
    """A unit of a parameter: its check, default range, and what a note has instead of it."""

    check: Check[float]
    low: float = 0
    high: float = 0
    direct: bool = False
    convert: Callable[[float], float] = float


def _note(value: object, place: Place) -> float:
    if isinstance(value, str):
        try:
            return note_to_midi(value)
        except ValueError:
            pass
    elif is_number(value) and LOWEST_MIDI <= value <= HIGHEST_MIDI:
        return float(value)
    raise place.refuse(value, 'a note such as "G3" or "C#4", or a MIDI number from 0 to 127')


def _amplitude(value: object, place: Place) -> float:
    if is_number(value) and 0 < value <= 1:
        return float(value)
    raise place.refuse(value, "a number above 0 and up to 1, full scale")


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
    raise place.refuse(value, f"a root such as c or f# and one of {', '.join(SCALES)}", hint)


_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *(s|min|h|d)")


def _window(value: object, place: Place) -> Window:
    if value == "all":
        return Window()
    if isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= MAX_WINDOW_POINTS:
        return Window(points=value)
    if isinstance(value, str) and (match := _TIME.fullmatch(value)):
        seconds = float(match[1]) * _SECONDS[match[2]]
        if 0 < seconds <= MAX_WINDOW_S:
            return Window(seconds=seconds)
    allowed = f'2 to {MAX_WINDOW_POINTS} points, a time such as "30s", "10min", "2h" or "7d" '
    raise place.refuse(value, allowed + 'up to 366 days, or "all"')


def _rescale(value: object, place: Place) -> Rescale:
    keys = {"mode": word("minmax"), "window": _window, "initial_range": ascending}
    return Rescale(**table(value, place, keys))


_UNITS: Final[dict[str, dict[str, _Unit]]] = {  # the first unit is the default
    "pitch": {
        "": _Unit(_note, LOWEST_NOTE, HIGHEST_NOTE),
        "midi": _Unit(_note, direct=True),
        "hz": _Unit(
            number(midi_to_hz(LOWEST_MIDI), midi_to_hz(HIGHEST_MIDI), "Hz"),
            direct=True,
            convert=hz_to_midi,
        ),
    },
    "duration": {"": _Unit(number(0.01, 60, "s"), 0.1, 0.5)},
    "volume": {
        "dbfs": _Unit(number(-90, 0, "dBFS"), -26, -14),
        "amplitude": _Unit(_amplitude, 0.05, 0.2, convert=amplitude_to_db),
    },
    "pan": {"": _Unit(number(-1, 1), -1, 1)},
}


def _mapping(parameter: str) -> Check[MappingSpec]:
    units = _UNITS[parameter]

    def check(value: object, place: Place) -> MappingSpec:
        found = table(value, place, _keys(parameter, units[_unit_name(value, place, units)]))
        name = found.setdefault("unit", next(iter(units)))
        spec = MappingSpec(parameter, **{"low": units[name].low, "high": units[name].high, **found})
        _check_together(spec, set(found) - {"unit"}, units[name], place)
        if spec.value is None:
            return spec
        return msgspec.structs.replace(spec, value=units[name].convert(spec.value))

    return check


def _unit_name(value: object, place: Place, units: dict[str, _Unit]) -> str:
    """Return the unit a mapping names, for the checks of its other keys hang on it."""
    default = next(iter(units))
    if not isinstance(value, dict) or "unit" not in value or len(units) == 1:
        return default
    return word(*filter(None, units))(value["unit"], place.inside("unit"))


def _keys(parameter: str, unit: _Unit) -> dict[str, Check[Any]]:
    keys: dict[str, Check[Any]] = {
        "field": text(MAX_NAME_CHARS),
        "value": unit.check,
        "low": unit.check,
        "high": unit.check,
        "polarity": word("up", "down"),
        "rescale": _rescale,
    }
    if parameter in {"pitch", "volume"}:
        keys["unit"] = text(MAX_NAME_CHARS)  # already checked
    if parameter == "pitch":
        keys["scale"] = _scale
    return keys


def _check_together(spec: MappingSpec, given: set[str], unit: _Unit, place: Place) -> None:
    """Refuse keys that are right by themselves but don't go together."""
    if spec.value is not None and given != {"value"}:
        raise place.error(f"value goes alone; found with it: {_listed(given - {'value'})}")
    if unit.direct and (idle := given - {"field", "value"}):
        raise place.error(f'unit = "{spec.unit}" takes the field as it is; found: {_listed(idle)}')
    if spec.parameter != "pitch" and not given & {"field", "value"}:
        raise place.error("found neither field nor value; one of them is needed")
    if spec.low > spec.high:
        raise place.error(
            f"found low {spec.low:g} above high {spec.high:g}; "
            'to turn the direction round use polarity = "down"'
        )
    if spec.scale is not None and not scale_notes(spec.scale, spec.low, spec.high):
        raise place.error(f'no note of "{spec.scale}" from low {spec.low:g} to high {spec.high:g}')


def _listed(keys: set[str]) -> str:
    return ", ".join(sorted(keys))


_AUDIO_KEYS: Final[dict[str, Check[Any]]] = {
    "volume_db": number(-60, 12, "dB"),
    "sample_rate": whole_number(8000, 192_000),
}
_PART_KEYS: Final[dict[str, Check[Any]]] = {
    "stream": text(MAX_NAME_CHARS),
    "instrument": word(*INSTRUMENTS),
    "timing": word("arrival", "sequence"),
    "queue": whole_number(1, MAX_QUEUE),
    **{parameter: _mapping(parameter) for parameter in _UNITS},
}


def _audio(value: object, place: Place) -> Audio:
    return Audio(**table(value, place, _AUDIO_KEYS))


def _parts(value: object, place: Place) -> tuple[Part, ...]:
    if not isinstance(value, list):
        raise place.refuse(value, "tables that each begin with [[part]]")
    if len(value) > MAX_PARTS:
        raise place.error(f"found {len(value)} parts; allowed: at most {MAX_PARTS}")
    return tuple(_part(found, Place(place.file, f"part {i}")) for i, found in enumerate(value, 1))


def _part(value: object, place: Place) -> Part:
    found = table(value, place, _PART_KEYS)
    if "queue" in found and found.get("timing") != "sequence":
        raise place.error('found queue without timing = "sequence"; other notes never wait')
    return Part(**found)


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
    found = table(document, Place(file), {"audio": _audio, "part": _parts})
    return Session(file, found.get("audio", Audio()), found.get("part", ()))
