"""Checks of what a session file holds; each says what was found, what is allowed, and where."""

import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, TypeGuard, TypeVar

from streamson.errors import SessionError, nearest
from streamson.score.pitch import HIGHEST_MIDI, LOWEST_MIDI, note_to_midi

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


Check = Callable[[object, Place], T]
"""Returns the value if it is allowed, converted if need be, and raises `SessionError` otherwise."""


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

    def check(value: object, place: Place) -> float:
        if is_number(value) and low <= value <= high:
            return float(value)
        raise place.refuse(value, f"a number from {low:g} to {high:g}{unit and ' ' + unit}")

    return check


def whole_number(low: int, high: int) -> Check[int]:
    """Allow whole numbers from ``low`` to ``high``, both included."""

    def check(value: object, place: Place) -> int:
        if is_whole(value) and low <= value <= high:
            return value
        raise place.refuse(value, f"a whole number from {low} to {high}")

    return check


def text(max_chars: int) -> Check[str]:
    """Allow strings that are neither empty nor longer than so many characters."""

    def check(value: object, place: Place) -> str:
        if isinstance(value, str) and 1 <= len(value) <= max_chars:
            return value
        raise place.refuse(value, f"a text of 1 to {max_chars} characters")

    return check


def word(*allowed: str) -> Check[str]:
    """Allow one of a few words."""

    def check(value: object, place: Place) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        raise place.refuse(value, quoted(allowed), _nearest(value, allowed))

    return check


def true_or_false(value: object, place: Place) -> bool:
    """Allow ``true`` and ``false``."""
    if isinstance(value, bool):
        return value
    raise place.refuse(value, "true or false")


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


def ascending(value: object, place: Place) -> tuple[float, float]:
    """Allow a list of two finite numbers, the lower one first."""
    match value:
        case [low, high] if is_number(low) and is_number(high) and low < high:
            return float(low), float(high)
    raise place.refuse(value, "[lowest, highest], two finite numbers, the lower one first")


def table(value: object, place: Place, keys: Mapping[str, Check[Any]]) -> dict[str, Any]:
    """Check a table key by key; keys that aren't there are left out."""
    if not isinstance(value, dict):
        raise place.refuse(value, "a table with the keys " + ", ".join(keys))
    for key in value:
        if key not in keys:
            problem = f"unknown key {show(key)}; allowed: {', '.join(keys)}"
            raise place.error(problem + _nearest(key, keys))
    return {key: keys[key](found, place.inside(key)) for key, found in value.items()}


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
