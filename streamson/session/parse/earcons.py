"""What alerts sound like: patterns of notes, streamson's and a session's own."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

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
    whole_number,
    word,
)
from streamson.session.parse.instruments import read_instruments

MAX_PATTERN: Final = 16

Priority = Literal["high", "medium", "low"]
"""By IEC 60601-1-8: whether somebody must act at once, must act soon, or is to know of it."""

SoundKind = Literal["above", "below", "outside", "stale"]
"""What an alert tells: a value above or below its limits, an unusual one, or silence."""


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
    rest_after
        Number of notes after which one step is silent, which parts the pattern in two; 0: none.
    duration
        Seconds of each.
    level
        In dBFS.
    """

    instrument: str = "earcon bright"
    notes: tuple[float, ...] = (88.0,)
    step: float = 0.15
    rest_after: int = 0
    duration: float = 0.12
    level: float = -12.0

    @property
    def onsets_s(self) -> tuple[float, ...]:
        """Seconds after which each note begins."""
        rest = self.rest_after or len(self.notes)
        return tuple((i + (i >= rest)) * self.step for i in range(len(self.notes)))

    @property
    def length_s(self) -> float:
        """Seconds until its last note ends."""
        return self.onsets_s[-1] + self.duration


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
        "rest_after": whole_number(0, MAX_PATTERN),
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


def alert_sound(kind: SoundKind, priority: Priority) -> Earcon:
    """Return what an alert sounds like, by what it tells and how urgent that is."""
    name = kind if priority == "medium" else f"{kind} {priority}"
    return builtin_earcons()[name]


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
