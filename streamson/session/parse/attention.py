"""What a session file may say about who is in front."""

from typing import Any, Final

from streamson.session.parse.checks import (
    Check,
    Place,
    check,
    is_whole,
    number,
    table_of,
    true_or_false,
)
from streamson.session.schema import AttentionSpec

MAX_FOREGROUND: Final = 32
"""More at once nobody tells apart: then all may as well play."""

ALL: Final = "all"


@check({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_FOREGROUND}, {"const": ALL}]})
def _foreground(value: object, place: Place) -> int | None:
    if value == ALL:
        return None
    if is_whole(value) and 1 <= value <= MAX_FOREGROUND:
        return value
    raise place.refuse(value, f'a whole number from 1 to {MAX_FOREGROUND}, or "{ALL}"')


_KEYS: Final[dict[str, Check[Any]]] = {
    "foreground": _foreground,
    "bed": true_or_false,
    "bed_level": number(-30, 12, "dB"),
}
ATTENTION: Final = table_of(_KEYS, AttentionSpec)
"""Reads an ``[attention]`` table."""
