"""Checks of what a session file holds; each says what was found, what is allowed, and where."""

import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeGuard, TypeVar

from streamson.errors import SessionError, nearest
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.music.pitch import HIGHEST_MIDI, LOWEST_MIDI, note_to_midi

T = TypeVar("T")

MAX_SHOWN_CHARS: Final = 60
"""How much of a wrong value a message repeats."""


class Place(NamedTuple):
    """Where in which file a value stands; ``key`` is a path such as ``part 1, pitch.scale``."""

    file: str
    key: str = ""

    def inside(self, key: str) -> "Place":
        """Return the place of a key of the table that stands here."""
        if not self.key:
            return Place(self.file, key)
        # "part 1, pitch" and then "part 1, pitch.scale".
        joint = ", " if self.key[-1].isdigit() else "."
        return Place(self.file, f"{self.key}{joint}{key}")

    def numbered(self, number: int) -> "Place":
        """Return the place of an item of the list that stands here, counted from 1."""
        return Place(self.file, f"{self.key} {number}")

    def error(self, problem: str) -> SessionError:
        """Return the error that says where the problem is."""
        return SessionError(": ".join(filter(None, [self.file, self.key, problem])))

    def refuse(self, found: object, allowed: str, hint: str = "") -> SessionError:
        """Return the error that says what was found and what is allowed instead."""
        return self.error(f"found {show(found)}; allowed: {allowed}{hint}")


Schema = Mapping[str, Any]
"""What JSON Schema says, the language in which editors learn what a file may hold."""


class Check(Generic[T]):
    """Returns a value if it is allowed, converted if need be, and raises `SessionError` otherwise.

    Parameters
    ----------
    function
        Does so.
    schema
        The same for editors; it may allow more, but never less.
    """

    def __init__(self, function: Callable[[object, Place], T], schema: Schema) -> None:
        self._function = function
        self.schema = schema

    def __call__(self, value: object, place: Place) -> T:
        """Return the value that stands at a place, checked."""
        return self._function(value, place)


def check(schema: Schema) -> Callable[[Callable[[object, Place], T]], Check[T]]:
    """Return a decorator that makes a check of a function."""
    return lambda function: Check(function, schema)


def show(value: object) -> str:
    """Return a value as it looks in TOML, shortened."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return _shortened(f"[{', '.join(_show_item(item) for item in value[:MAX_SHOWN_CHARS])}]")
    if isinstance(value, int) and value.bit_length() > 64:  # str() refuses beyond 4300 digits
        return "a number of more than 64 bits"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)
    return _shortened(text)


def number(low: float, high: float, unit: str = "") -> Check[float]:
    """Allow numbers from ``low`` to ``high``, both included."""

    @check({"type": "number", "minimum": low, "maximum": high, **_in_unit(unit)})
    def checked(value: object, place: Place) -> float:
        if is_number(value) and low <= value <= high:
            return float(value)
        raise place.refuse(value, f"a number from {low:g} to {high:g}{unit and ' ' + unit}")

    return checked


def whole_number(low: int, high: int) -> Check[int]:
    """Allow whole numbers from ``low`` to ``high``, both included."""

    @check({"type": "integer", "minimum": low, "maximum": high})
    def checked(value: object, place: Place) -> int:
        if is_whole(value) and low <= value <= high:
            return value
        raise place.refuse(value, f"a whole number from {low} to {high}")

    return checked


def text(max_chars: int) -> Check[str]:
    """Allow strings that are neither empty nor longer than so many characters."""

    @check({"type": "string", "minLength": 1, "maxLength": max_chars})
    def checked(value: object, place: Place) -> str:
        if isinstance(value, str) and 1 <= len(value) <= max_chars:
            return value
        raise place.refuse(value, f"a text of 1 to {max_chars} characters")

    return checked


def word(*allowed: str) -> Check[str]:
    """Allow one of a few words."""

    @check({"enum": list(allowed)})
    def checked(value: object, place: Place) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        raise place.refuse(value, quoted(allowed), _nearest(value, allowed))

    return checked


@check({"type": "boolean"})
def true_or_false(value: object, place: Place) -> bool:
    """Allow ``true`` and ``false``."""
    if isinstance(value, bool):
        return value
    raise place.refuse(value, "true or false")


@check({"type": ["string", "number"], "minimum": LOWEST_MIDI, "maximum": HIGHEST_MIDI})
def note(value: object, place: Place) -> float:
    """Allow the names of notes, and MIDI note numbers with their fractions."""
    if isinstance(value, str):
        try:
            return note_to_midi(value)
        except ValueError:
            pass
    elif is_number(value) and LOWEST_MIDI <= value <= HIGHEST_MIDI:
        return float(value)
    raise place.refuse(value, 'a note such as "G3" or "C#4", or a MIDI number from 0 to 127')


@check({"type": ["string", "integer"], "minLength": 1, "minimum": 1, "maximum": MAX_FIELDS})
def field(value: object, place: Place) -> str | int:
    """Allow the name of a field, and its number in the stream's order."""
    if isinstance(value, str) and 1 <= len(value) <= MAX_FIELD_CHARS:
        return value
    if is_whole(value) and 1 <= value <= MAX_FIELDS:
        return value
    allowed = f"a name of 1 to {MAX_FIELD_CHARS} characters, or a number: 1 is the first field"
    raise place.refuse(value, allowed)


@check({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
def ascending(value: object, place: Place) -> tuple[float, float]:
    """Allow a list of two finite numbers, the lower one first."""
    match value:
        case [low, high] if is_number(low) and is_number(high) and low < high:
            return float(low), float(high)
    raise place.refuse(value, "[lowest, highest], two finite numbers, the lower one first")


@check({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
def two_different(value: object, place: Place) -> tuple[float, float]:
    """Allow a list of two finite numbers that are not the same."""
    match value:
        case [first, second] if is_number(first) and is_number(second) and first != second:
            return float(first), float(second)
    raise place.refuse(value, "[near, beyond], two different finite numbers")


def table(value: object, place: Place, keys: Mapping[str, Check[Any]]) -> dict[str, Any]:
    """Check a table key by key; keys that aren't there are left out."""
    if not isinstance(value, dict):
        raise place.refuse(value, "a table with the keys " + ", ".join(keys))
    for key in value:
        if key not in keys:
            problem = f"unknown key {show(key)}; allowed: {', '.join(keys)}"
            raise place.error(problem + _nearest(key, keys))
    return {key: keys[key](found, place.inside(key)) for key, found in value.items()}


def table_of(keys: Mapping[str, Check[Any]], make: Callable[..., T], *required: str) -> Check[T]:
    """Allow tables with these keys; what is made of their values is returned.

    Keys that are required are so for editors: who reads the table explains what is missing.
    """

    @check(table_schema(keys, *required))
    def checked(value: object, place: Place) -> T:
        return make(**table(value, place, keys))

    return checked


def table_schema(keys: Mapping[str, Check[Any]], *required: str) -> Schema:
    """Return the schema of a table with these keys."""
    return {
        "type": "object",
        "properties": {key: dict(found.schema) for key, found in keys.items()},
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
    }


def list_schema(items: Schema, most: int, *, least: int = 1) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": dict(items), "minItems": least, "maxItems": most}


def any_of(*schemas: Schema) -> Schema:
    """Return the schema of what one of several allows."""
    different: list[Schema] = []
    for schema in schemas:
        if schema not in different:
            different.append(schema)
    return different[0] if len(different) == 1 else {"anyOf": [dict(one) for one in different]}


def _in_unit(unit: str) -> Schema:
    return {"description": f"in {unit}"} if unit else {}


def is_whole(value: object) -> TypeGuard[int]:
    """Return whether it is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether it is a finite number that a float can hold; true and false are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond 1.8e308
        return False


def quoted(words: Collection[str]) -> str:
    """Return the words in quotes, separated by commas."""
    return ", ".join(f'"{word}"' for word in words)


def _show_item(item: object) -> str:
    return "a list" if isinstance(item, list) else show(item)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS] + "…"


def _nearest(found: object, allowed: Collection[str]) -> str:
    return nearest(found, allowed) if isinstance(found, str) else ""
