"""What a session file may say about a part: what the streams that match a pattern play."""

from typing import Any, Final, get_args

import msgspec

from streamson.model.instrument import Instrument
from streamson.model.limits import MAX_FIELD_CHARS, MAX_REVERB_SEND, MAX_STREAM_CHARS
from streamson.music.level import amplitude_to_db, db_to_amplitude
from streamson.session.palette import auto_instruments
from streamson.session.parse.checks import (
    Check,
    Place,
    Schema,
    any_of,
    check,
    field,
    is_number,
    list_schema,
    number,
    table,
    table_schema,
    text,
    true_or_false,
    two_different,
    whole_number,
    word,
)
from streamson.session.parse.instruments import ENVELOPE, WIDTH, builtin_instruments
from streamson.session.parse.mapping import mapping
from streamson.session.parse.rescale import seconds
from streamson.session.parse.units import UNITS
from streamson.session.resolve import AUTO, changed_name
from streamson.session.schema import EVENTS_PER_SECOND, Bands, Beacon, Choice, Overload, Part

MAX_PARTS: Final = 256
MAX_LAG_S: Final = 3_600.0
MAX_SUBDIVISION: Final = 24
MAX_CHOICES: Final = 64
MAX_GLIDE_S: Final = 60.0
MAX_STAGGER_S: Final = 1.0
MAX_HOLD_S: Final = 3_600.0
MIN_BEACON_S: Final = 1.0
MAX_BEACON_S: Final = 3_600.0


@check({"type": "number"})
def _finite(value: object, place: Place) -> float:
    if is_number(value):
        return float(value)
    raise place.refuse(value, "a finite number")


@check(any_of({"enum": [AUTO]}, {"type": "number", "minimum": 0, "maximum": MAX_STAGGER_S}))
def _stagger(value: object, place: Place) -> float | str:
    if value == AUTO or (is_number(value) and 0 <= value <= MAX_STAGGER_S):
        return value
    raise place.refuse(value, f'"{AUTO}", or a number from 0 to {MAX_STAGGER_S:g} s')


_BANDS_KEYS: Final[dict[str, Check[Any]]] = {"field": field, "limits": two_different}


@check(any_of(two_different.schema, table_schema(_BANDS_KEYS, *_BANDS_KEYS)))
def _bands(value: object, place: Place) -> Bands:
    if isinstance(value, list):
        return Bands(*two_different(value, place))
    if not isinstance(value, dict):
        raise place.refuse(value, "[near, beyond], or a table with the keys field, limits")
    found = table(value, place, _BANDS_KEYS)
    if missing := [key for key in _BANDS_KEYS if key not in found]:
        raise place.error(
            f'found no {" and no ".join(missing)}; allowed: {{ field = "percent", '
            "limits = [near, beyond] }"
        )
    near, beyond = found["limits"]
    return Bands(near, beyond, found["field"])


_BEACON_KEYS: Final[dict[str, Check[Any]]] = {
    "value": _finite,
    "every": seconds(MIN_BEACON_S, MAX_BEACON_S),
    "field": text(MAX_FIELD_CHARS),
}


@check(any_of(_finite.schema, table_schema(_BEACON_KEYS, "value")))
def _beacon(value: object, place: Place) -> Beacon:
    if not isinstance(value, dict):
        if not is_number(value):
            raise place.refuse(value, "a number, or a table with the keys value, every, field")
        return Beacon(float(value))
    found = table(value, place, _BEACON_KEYS)
    if "value" not in found:
        raise place.error("found no value; a beacon sounds at the pitch of one")
    return Beacon(**found)


_SEND_DB: Final = number(-60, round(amplitude_to_db(MAX_REVERB_SEND)), "dB")
_NO_SEND: Final = "none"


@check(any_of(_SEND_DB.schema, {"enum": [_NO_SEND]}))
def _reverb(value: object, place: Place) -> float:
    if value == _NO_SEND:
        return 0.0
    if not is_number(value):
        raise place.refuse(value, f'a level in dB beside what others send, or "{_NO_SEND}"')
    return float(db_to_amplitude(_SEND_DB(value, place)))


_PART_KEYS: Final[dict[str, Check[Any]]] = {
    "mute": true_or_false,
    "register": word("as written", AUTO),
    "timing": word("arrival", "sequence", "grid", "event"),
    "max_lag": number(0.1, MAX_LAG_S, "s"),
    "subdivision": whole_number(1, MAX_SUBDIVISION),
    "notes_per_second": number(2, 1_000),
    "overload": word(*get_args(Overload)),
    "stagger": _stagger,
    "missing": word("rest", "hold", "gap"),
    "articulation": word("separate", "continuous"),
    "glide": number(0.002, MAX_GLIDE_S, "s"),
    "hold": number(0.1, MAX_HOLD_S, "s"),
    "envelope": ENVELOPE,
    "width": WIDTH,
    "bands": _bands,
    "beacon": _beacon,
    "humanize": true_or_false,
    "reverb": _reverb,
    **{parameter: mapping(parameter) for parameter in UNITS},
}


def read_parts(value: object, place: Place, instruments: dict[str, Instrument]) -> tuple[Part, ...]:
    """Return the parts of a file's ``[[part]]`` tables.

    Parameters
    ----------
    value, place
        What was found, and where.
    instruments
        What they may play; a part that changes an instrument adds it as another one.

    Raises
    ------
    SessionError
        Something in them isn't allowed.
    """
    if not isinstance(value, list):
        raise place.refuse(value, "tables that each begin with [[part]]")
    if len(value) > MAX_PARTS:
        raise place.error(f"found {len(value)} parts; allowed: at most {MAX_PARTS}")
    keys = _keys(instruments)
    return tuple(
        _part(found, Place(place.file, f"part {i}"), keys, instruments)
        for i, found in enumerate(value, 1)
    )


def parts_schema() -> Schema:
    """Return what editors may know of the parts."""
    return list_schema(table_schema(_keys(builtin_instruments())), MAX_PARTS, least=0)


def _keys(instruments: dict[str, Instrument]) -> dict[str, Check[Any]]:
    plays = _instrument(instruments)
    return {"stream": text(MAX_STREAM_CHARS), "instrument": plays, **_PART_KEYS}


def _part(
    value: object, place: Place, keys: dict[str, Check[Any]], instruments: dict[str, Instrument]
) -> Part:
    found = table(value, place, keys)
    changes = {key: found.pop(key) for key in ("envelope", "width") if key in found}
    for key, (needs, allowed, why) in _KEYS_THAT_NEED.items():
        if key in found and found.get(needs, getattr(Part(), needs)) not in allowed:
            raise place.error(f"found {key} without {needs} = {_either(allowed)}; {why}")
    part = Part(**{**_timing_defaults(found), **found})
    _check_pitch(part, place)
    played = _played(part.instrument)
    _check_samples(part, [name for name in played if instruments[name].sample], instruments, place)
    if part.articulation == "continuous" and not isinstance(part.instrument, str):
        raise place.inside("instrument").error(
            'found a choice with articulation = "continuous"; one voice is held, of one instrument'
        )
    if not changes:
        return part
    if part.instrument == AUTO:
        raise place.error(f'found {", ".join(changes)} with instrument = "auto"; name instruments')
    renamed = {name: changed_name(name, place.key) for name in played}
    for name, new in renamed.items():
        instruments[new] = _changed(instruments[name], **changes)
    return msgspec.structs.replace(part, instrument=_renamed(part.instrument, renamed))


_KEYS_THAT_NEED: Final[dict[str, tuple[str, tuple[str, ...], str]]] = {
    "max_lag": ("timing", ("sequence", "event"), "other notes never wait"),
    "subdivision": ("timing", ("grid",), "other notes keep no beat"),
    "notes_per_second": ("timing", ("arrival", "grid", "event"), "a sequence goes by its lag"),
    "glide": ("articulation", ("continuous",), "separate notes are not held"),
    "hold": ("articulation", ("continuous",), "separate notes are not held"),
    "gate": ("articulation", ("separate",), "a held voice has no end"),
    "humanize": ("articulation", ("separate",), "a held voice repeats nothing"),
    "stagger": ("timing", ("arrival",), "other notes have a time of their own"),
}
"""Keys of a part that would do nothing without another: that one, its values, and why."""


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _timing_defaults(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is different in a part of events: it clicks, often, and one click is as good."""
    if found.get("timing") != "event":
        return {}
    return {"instrument": "click", "notes_per_second": EVENTS_PER_SECOND, "overload": "last"}


def _instrument(instruments: dict[str, Instrument]) -> Check[str | Choice]:
    name = word(*instruments, AUTO)

    plays = any_of({"enum": [*instruments, AUTO]}, {"type": "string"})
    pair_schema = {"type": "array", "minItems": 2, "maxItems": 2}

    @check(list_schema(pair_schema, MAX_CHOICES))
    def pairs(value: object, place: Place) -> tuple[tuple[float, str], ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_CHOICES:
            raise place.refuse(value, f"a list of 1 to {MAX_CHOICES} pairs [value, instrument]")
        found = []
        for i, pair in enumerate(value, 1):
            match pair:
                case [at, plays] if is_number(at):
                    found.append((float(at), word(*instruments)(plays, place.numbered(i))))
                case _:
                    raise place.numbered(i).refuse(pair, "a pair [value, instrument]")
        return tuple(sorted(found))

    keys: dict[str, Check[Any]] = {
        "field": field,
        "default": Check(word(*instruments), plays),
        "equals": pairs,
        "above": pairs,
    }

    @check(any_of(plays, table_schema(keys, "field", "default")))
    def checked(value: object, place: Place) -> str | Choice:
        if not isinstance(value, dict):
            return name(value, place)
        found = table(value, place, keys)
        if missing := {"field", "default"} - set(found):
            raise place.error(
                f"found no {' and no '.join(sorted(missing))}; a choice needs a field, equals or "
                "above with their instruments, and a default"
            )
        if not {"equals", "above"} & set(found):
            raise place.error("found neither equals nor above; one of them says when what plays")
        return Choice(**found)

    return checked


def _played(instrument: str | Choice) -> list[str]:
    """Return the instruments that a part may play."""
    if isinstance(instrument, Choice):
        return list(dict.fromkeys(instrument.names))
    return list(auto_instruments()) if instrument == AUTO else [instrument]


def _check_pitch(part: Part, place: Place) -> None:
    """Refuse what tells of the pitch's values where it has none."""
    if part.pitch.value is None:
        return
    if part.bands is not None and part.bands.field is None:
        raise place.inside("bands").error(
            "found limits with a constant pitch; name the field that they are of: "
            'bands = { field = "percent", limits = [70, 90] }'
        )
    if part.beacon is not None:
        raise place.inside("beacon").error(
            "found a beacon with a constant pitch; it sounds where the pitch is of a value"
        )


def _renamed(instrument: str | Choice, names: dict[str, str]) -> str | Choice:
    if isinstance(instrument, str):
        return names[instrument]
    return Choice(
        instrument.field,
        names[instrument.default],
        tuple((value, names[name]) for value, name in instrument.equals),
        tuple((value, names[name]) for value, name in instrument.above),
    )


def _check_samples(
    part: Part, samples: list[str], instruments: dict[str, Instrument], place: Place
) -> None:
    """Refuse what can't be done with sampled instruments."""
    for name in samples:
        sample = instruments[name].sample
        if part.articulation == "continuous" and sample and not sample.loop:
            raise place.inside("instrument").error(
                f'"{name}" is a sample without a loop, which can\'t be held; give it one'
            )


def _changed(
    instrument: Instrument, envelope: dict[str, float] | None = None, width: float | None = None
) -> Instrument:
    return msgspec.structs.replace(
        instrument,
        envelope=msgspec.structs.replace(instrument.envelope, **(envelope or {})),
        width=instrument.width if width is None else width,
    )
