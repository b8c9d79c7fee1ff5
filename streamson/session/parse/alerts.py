"""What a session file may say about alerts."""

import logging
from math import inf
from typing import Any, Final, get_args

import msgspec

from streamson.errors import MissingDependencyError
from streamson.model.instrument import Instrument
from streamson.model.limits import MAX_STREAM_CHARS
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
    word,
)
from streamson.session.parse.earcons import Priority, earcon
from streamson.session.parse.instruments import builtin_instruments
from streamson.session.parse.rescale import seconds
from streamson.session.rate import AlertRate, parse_rate
from streamson.session.schema import Alert, Notices

_log = logging.getLogger(__name__)

MAX_ALERTS: Final = 256
MAX_SPEECHES: Final = 32
MAX_SPEECH_CHARS: Final = 200
MAX_BUDGET: Final = 100
MIN_REPEAT_S: Final = 10.0
MAX_DURATION_S: Final = 86_400.0

_CONDITIONS: Final = ("above", "below", "outside", "outlier")


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


_RATES: Final = (
    'how often a false alert may come, such as "1 a week", "2 a day", "3 a month" or "1 an hour"'
)


_INSTEAD: Final = (
    ". A number of quartiles and a window are no more; what is usual is learnt: write outlier = "
    '"1 a week", and leave window out'
)


@check({"type": "string", "pattern": r"^\s*[0-9]{1,4}\s+(an?|per)\s+[a-z]+\s*$"})
def outlier(value: object, place: Place) -> AlertRate:
    """Allow how often a false alert may come."""
    rate = parse_rate(value) if isinstance(value, str) else None
    if rate is not None:
        return rate
    # A number, and a window, stood there before: the distance of the quartiles, beyond them.
    raise place.refuse(value, _RATES, _INSTEAD if is_number(value) else "")


_NOTICES_KEYS: Final[dict[str, Check[Any]]] = {
    "stale": true_or_false,
    "lost": true_or_false,
    "range": true_or_false,
    "level": number(-40, 10, "dB"),
    "budget": whole_number(1, MAX_BUDGET),
}
_ALERT_KEYS: Final[dict[str, Check[Any]]] = {
    "stream": text(MAX_STREAM_CHARS),
    "field": field,
    "above": _finite,
    "below": _finite,
    "outside": ascending,
    "outlier": outlier,
    "hysteresis": _hysteresis,
    "duration": seconds(0, MAX_DURATION_S),
    "priority": word(*get_args(Priority)),
    "repeat": seconds(MIN_REPEAT_S, MAX_DURATION_S),
    "speech": text(MAX_SPEECH_CHARS),
    "voice": text(20),
}


NOTICES: Final = table_of(_NOTICES_KEYS, Notices)
"""What the ``[notices]`` table says."""


def alerts_schema() -> Schema:
    """Return what editors may know of the alerts."""
    return list_schema(table_schema(_keys(builtin_instruments())), MAX_ALERTS, least=0)


def _keys(instruments: dict[str, Instrument]) -> dict[str, Check[Any]]:
    return {**_ALERT_KEYS, "sound": earcon(instruments)}


def read_alerts(
    value: object,
    place: Place,
    instruments: dict[str, Instrument],
    for_earcons: dict[str, Instrument],
) -> tuple[Alert, ...]:
    """Return the alerts of a file's ``[[alert]]`` tables.

    Parameters
    ----------
    value, place
        What was found, and where.
    instruments, for_earcons
        What earcons may be played on; those that only earcons play. For each text that is spoken
        one is added to these.

    Raises
    ------
    SessionError
        Something in them isn't allowed.
    """
    if not isinstance(value, list):
        raise place.refuse(value, "tables that each begin with [[alert]]")
    if len(value) > MAX_ALERTS:
        raise place.error(f"found {len(value)} alerts; allowed: at most {MAX_ALERTS}")
    keys = _keys({**instruments, **for_earcons})
    speeches: dict[str, Instrument] = {}
    alerts = []
    for i, found in enumerate(value, 1):
        here = Place(place.file, f"alert {i}")
        if isinstance(found, dict) and "window" in found:
            raise here.error(f"found window{_INSTEAD}")
        alerts.append(_alert(table(found, here, keys), here, speeches))
    for_earcons.update(speeches)
    return tuple(alerts)


def _alert(found: dict[str, Any], place: Place, speeches: dict[str, Instrument]) -> Alert:
    conditions = [name for name in _CONDITIONS if name in found]
    if len(conditions) != 1:
        problem = f"found {' and '.join(conditions) or 'no condition'}"
        raise place.error(f"{problem}; allowed: one of {', '.join(_CONDITIONS)}")
    (condition,) = conditions
    for name in ("hysteresis", "duration"):
        if name in found and condition == "outlier":
            raise place.error(f"found {name} with outlier, which has its own")
    if "voice" in found and "speech" not in found:
        raise place.error("found voice without speech; nothing is spoken")
    limit = found.pop(condition)
    speech, voice = found.pop("speech", ""), found.pop("voice", "en")
    alert = Alert(**found)
    match condition:
        case "above":
            alert = msgspec.structs.replace(alert, band=(-inf, limit))
        case "below":
            alert = msgspec.structs.replace(alert, band=(limit, inf))
        case "outside":
            alert = msgspec.structs.replace(alert, band=limit)
            if 2 * alert.hysteresis >= limit[1] - limit[0]:
                raise place.error(
                    f"found hysteresis {alert.hysteresis:g}; allowed: less than half of the way "
                    f"from {limit[0]:g} to {limit[1]:g}"
                )
        case _:
            alert = msgspec.structs.replace(alert, outlier=limit)
    if not speech:
        return alert
    return msgspec.structs.replace(alert, speech=_speaker(speech, voice, place, speeches))


def _speaker(text: str, voice: str, place: Place, speeches: dict[str, Instrument]) -> str:
    """Add an instrument that says a text; return its name, empty where nothing can speak."""
    # Only who says something waits for what speaks.
    from streamson.session.speech import speaker

    name = f'"{text}" in {voice}'
    if name in speeches:
        return name
    if len(speeches) >= MAX_SPEECHES:
        raise place.inside("speech").error(f"allowed: at most {MAX_SPEECHES} different texts")
    try:
        speeches[name] = speaker(text, voice)
    except MissingDependencyError as error:
        _log.warning("%s: %s", place.key, error)
        return ""
    except ValueError as error:
        raise place.inside("speech").error(str(error)) from None
    return name
