"""What a listener tells, encoded: whatever is in it."""

from collections.abc import Callable
from typing import Any

import msgspec

from streamson._printable import printable


def encoded(message: Any, encode: Callable[[Any], bytes]) -> bytes:
    """Return a message's bytes; text that is none is escaped, such as a path of arbitrary bytes."""
    try:
        return encode(message)
    except UnicodeEncodeError:
        return encode(_as_text(msgspec.to_builtins(message, builtin_types=(bytes,))))


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_as_text(key): _as_text(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_text(one) for one in value]
    return value
