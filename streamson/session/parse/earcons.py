"""What alerts sound like: patterns of notes, streamson's and a session's own."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from streamson.model.instrument import Instrument
from streamson.session.parse.checks import (
    Check,
    Place,
    any_of,
    check,
    list_schema,
    note,
    number,
    quoted,
    table,
    table_schema,
    word,
)
from streamson.session.parse.instruments import read_instruments

MAX_PATTERN: Final = 16


class Earcon(msgspec.Struct, frozen=True):
    """A pattern of notes.

    Attributes
    ----------
    instrument
        Name of what plays it.
    notes
        MIDI notes, one after the other.
    step
        Seconds from one to the next.
    duration
        Seconds of each.
    level
        In dBFS.
    """

    instrument: str = "earcon bright"
    notes: tuple[float, ...] = (88.0,)
    step: float = 0.15
    duration: float = 0.12
    level: float = -12.0


@check(list_schema(note.schema, MAX_PATTERN))
def _pattern(value: object, place: Place) -> tuple[float, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PATTERN:
        raise place.refuse(value, f"a list of 1 to {MAX_PATTERN} notes")
    return tuple(note(one, place.numbered(i)) for i, one in enumerate(value, 1))


def _earcon_keys(instruments: dict[str, Instrument]) -> dict[str, Check[Any]]:
    return {
        "instrument": Check(word(*instruments), {"type": "string"}),
        "notes": _pattern,
        "step": number(0.02, 2, "s"),
        "duration": number(0.01, 5, "s"),
        "level": number(-60, 0, "dBFS"),
    }


def earcon(instruments: dict[str, Instrument]) -> Check[Earcon]:
    """Allow the name of a sound, or a table of one on these instruments."""
    keys = _earcon_keys(instruments)

    @check(any_of({"enum": list(_document()["earcon"])}, table_schema(keys)))
    def checked(value: object, place: Place) -> Earcon:
        if isinstance(value, dict):
            return Earcon(**table(value, place, keys))
        if isinstance(value, str):
            return builtin_earcons()[word(*builtin_earcons())(value, place)]
        allowed = f"{quoted(builtin_earcons())}, or a table with the keys {', '.join(keys)}"
        raise place.refuse(value, allowed)

    return checked


@cache
def builtin_earcons() -> dict[str, Earcon]:
    """Return the sounds that streamson brings along by name."""
    keys = _earcon_keys(earcon_instruments())
    return {
        name: Earcon(**table(found, Place("earcons.toml", name), keys))
        for name, found in _document()["earcon"].items()
    }


@cache
def earcon_instruments() -> dict[str, Instrument]:
    """Return the instruments of alerts, which parts do not play."""
    return read_instruments(_document()["instrument"], Place("earcons.toml"))


@cache
def _document() -> dict[str, Any]:
    file = resources.files("streamson.session") / "earcons.toml"
    return tomllib.loads(file.read_text("utf-8"))
