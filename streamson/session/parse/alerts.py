"""What a session file may say about cues."""

import logging
from math import inf
from typing import Any, Final

import msgspec

from streamson.errors import MissingDependencyError
from streamson.model.instrument import Instrument
from streamson.model.limits import MAX_STREAM_CHARS
from streamson.rescaling.normalize import MAX_WINDOW_POINTS
from streamson.session.parse.checks import (
    Check,
    Place,
    Schema,
    ascending,
    check,
    field,
    is_number,
    list_schema,
    number,
    table,
    table_of,
    table_schema,
    text,
    true_or_false,
    whole_number,
)
from streamson.session.parse.earcons import builtin_sounds, sound
from streamson.session.parse.instruments import builtin_instruments
from streamson.session.parse.rescale import seconds
from streamson.session.schema import Cue, Notices

_log = logging.getLogger(__name__)

MAX_CUES: Final = 256
MAX_SAYINGS: Final = 32
MAX_SAYING_CHARS: Final = 200
MIN_WINDOW_POINTS: Final = 20
MAX_LASTING_S: Final = 86_400.0

_CONDITIONS: Final = ("above", "below", "outside", "unusual")


@check({"type": "number"})
def _finite(value: object, place: Place) -> float:
    if is_number(value):
        return float(value)
    raise place.refuse(value, "a finite number")


@check({"type": "number", "minimum": 0})
def _hysteresis(value: object, place: Place) -> float:
    if is_number(value) and value >= 0:
        return float(value)
    raise place.refuse(value, "a finite number, 0 or more")


_NOTICES_KEYS: Final[dict[str, Check[Any]]] = {
    "stale": true_or_false,
    "lost": true_or_false,
    "range": true_or_false,
    "level": number(-40, 10, "dB"),
}
_CUE_KEYS: Final[dict[str, Check[Any]]] = {
    "stream": text(MAX_STREAM_CHARS),
    "field": field,
    "above": _finite,
    "below": _finite,
    "outside": ascending,
    "unusual": number(0.5, 100),
    "window": whole_number(MIN_WINDOW_POINTS, MAX_WINDOW_POINTS),
    "hysteresis": _hysteresis,
    "for": seconds(0, MAX_LASTING_S),
    "say": text(MAX_SAYING_CHARS),
    "voice": text(20),
}


NOTICES: Final = table_of(_NOTICES_KEYS, Notices)
"""What the ``[cues]`` table says."""


def cues_schema() -> Schema:
    """Return what editors may know of the cues."""
    return list_schema(table_schema(_keys(builtin_instruments())), MAX_CUES, least=0)


def _keys(instruments: dict[str, Instrument]) -> dict[str, Check[Any]]:
    return {**_CUE_KEYS, "sound": sound(instruments)}


def read_cues(
    value: object,
    place: Place,
    instruments: dict[str, Instrument],
    for_cues: dict[str, Instrument],
) -> tuple[Cue, ...]:
    """Return the cues of a file's ``[[cue]]`` tables.

    Parameters
    ----------
    value, place
        What was found, and where.
    instruments, for_cues
        What sounds may be played on; those that only cues play. For each text that is spoken one is
        added to these.

    Raises
    ------
    SessionError
        Something in them isn't allowed.
    """
    if not isinstance(value, list):
        raise place.refuse(value, "tables that each begin with [[cue]]")
    if len(value) > MAX_CUES:
        raise place.error(f"found {len(value)} cues; allowed: at most {MAX_CUES}")
    keys = _keys({**instruments, **for_cues})
    sayings: dict[str, Instrument] = {}
    cues = []
    for i, found in enumerate(value, 1):
        here = Place(place.file, f"cue {i}")
        cues.append(_cue(table(found, here, keys), here, sayings))
    for_cues.update(sayings)
    return tuple(cues)


def _cue(found: dict[str, Any], place: Place, sayings: dict[str, Instrument]) -> Cue:
    conditions = [name for name in _CONDITIONS if name in found]
    if len(conditions) != 1:
        problem = f"found {' and '.join(conditions) or 'no condition'}"
        raise place.error(f"{problem}; allowed: one of {', '.join(_CONDITIONS)}")
    (condition,) = conditions
    if "window" in found and condition != "unusual":
        raise place.error("found window without unusual; a limit that is known needs none")
    if "hysteresis" in found and condition == "unusual":
        raise place.error("found hysteresis with unusual, which has its own")
    if "voice" in found and "say" not in found:
        raise place.error("found voice without say; nothing is spoken")
    limit = found.pop(condition)
    saying, voice = found.pop("say", ""), found.pop("voice", "en")
    lasting = found.pop("for", 0.0)
    found.setdefault("sound", builtin_sounds()["outside" if condition == "unusual" else condition])
    cue = Cue(**found, lasting=lasting)
    match condition:
        case "above":
            cue = msgspec.structs.replace(cue, band=(-inf, limit))
        case "below":
            cue = msgspec.structs.replace(cue, band=(limit, inf))
        case "outside":
            cue = msgspec.structs.replace(cue, band=limit)
            if 2 * cue.hysteresis >= limit[1] - limit[0]:
                raise place.error(
                    f"found hysteresis {cue.hysteresis:g}; allowed: less than half of the way from "
                    f"{limit[0]:g} to {limit[1]:g}"
                )
        case _:
            cue = msgspec.structs.replace(cue, unusual=limit)
    if not saying:
        return cue
    return msgspec.structs.replace(cue, say=_speaker(saying, voice, place, sayings))


def _speaker(text: str, voice: str, place: Place, sayings: dict[str, Instrument]) -> str:
    """Add an instrument that says a text; return its name, empty where nothing can speak."""
    # Only who says something waits for what speaks.
    from streamson.session.speech import speaker

    name = f'"{text}" in {voice}'
    if name in sayings:
        return name
    if len(sayings) >= MAX_SAYINGS:
        raise place.inside("say").error(f"allowed: at most {MAX_SAYINGS} different texts")
    try:
        sayings[name] = speaker(text, voice)
    except MissingDependencyError as error:
        _log.warning("%s: %s", place.key, error)
        return ""
    except ValueError as error:
        raise place.inside("say").error(str(error)) from None
    return name
