"""Instruments: those that streamson brings along, and those of a session file."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

from streamson.instrument import MAX_PARTIALS, MIN_RAMP_S, Envelope, Instrument, Partial
from streamson.score.checks import Check, Place, number, table, text

MAX_INSTRUMENTS: Final = 128
"""Instruments of one session file."""

MAX_NAME_CHARS: Final = 60
MAX_ABOUT_CHARS: Final = 200
MAX_RAMP_S: Final = 60.0

ENVELOPE_KEYS: Final[dict[str, Check[Any]]] = {
    "attack": number(MIN_RAMP_S, MAX_RAMP_S, "s"),
    "decay": number(0, MAX_RAMP_S, "s"),
    "sustain": number(0, 1),
    "release": number(MIN_RAMP_S, MAX_RAMP_S, "s"),
    "curve": number(-8, 8),
}
WIDTH: Final = number(0, 1)

_PARTIAL_KEYS: Final[dict[str, Check[Any]]] = {
    "ratio": number(0.01, 100),
    "level": number(-90, 24, "dB"),
    "decay": number(0.005, 600, "s"),
    "detune": number(-1_200, 1_200, "cents"),
    "pan": number(-1, 1),
    "noise": number(0, 2),
}


def _partials(value: object, place: Place) -> tuple[Partial, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PARTIALS:
        raise place.refuse(value, f"a list of 1 to {MAX_PARTIALS} tables")
    return tuple(
        Partial(**table(found, place.numbered(i), _PARTIAL_KEYS))
        for i, found in enumerate(value, 1)
    )


def _envelope(value: object, place: Place) -> Envelope:
    return Envelope(**table(value, place, ENVELOPE_KEYS))


_INSTRUMENT_KEYS: Final[dict[str, Check[Any]]] = {
    "name": text(MAX_NAME_CHARS),
    "about": text(MAX_ABOUT_CHARS),
    "partials": _partials,
    "envelope": _envelope,
    "width": WIDTH,
}


def read_instruments(value: object, place: Place) -> dict[str, Instrument]:
    """Return the instruments of a file's ``[[instrument]]`` tables by name.

    Raises
    ------
    SessionError
        Something in them isn't allowed; the message says where, what, and what is.
    """
    if not isinstance(value, list):
        raise place.refuse(value, "tables that each begin with [[instrument]]")
    if len(value) > MAX_INSTRUMENTS:
        raise place.error(f"found {len(value)} instruments; allowed: at most {MAX_INSTRUMENTS}")
    instruments: dict[str, Instrument] = {}
    for i, found in enumerate(value, 1):
        here = Place(place.file, f"instrument {i}")
        keys = table(found, here, _INSTRUMENT_KEYS)
        if "name" not in keys:
            raise here.error("found no name; parts play an instrument by its name")
        name = keys.pop("name")
        if name in instruments:
            raise here.inside("name").error(f'found "{name}" a second time')
        instruments[name] = Instrument(**keys)
    return instruments


@cache
def builtin_instruments() -> dict[str, Instrument]:
    """Return the instruments that streamson brings along by name, the plain sine first."""
    file = resources.files("streamson.score") / "instruments.toml"
    document = tomllib.loads(file.read_text("utf-8"))
    return read_instruments(document["instrument"], Place("instruments.toml"))
