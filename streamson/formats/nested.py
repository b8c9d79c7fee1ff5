"""Nested JSON as columns: each value by its path."""

from collections.abc import Iterator, Mapping
from typing import Final

MAX_DEPTH: Final = 8
"""Of nesting; what is deeper is left out."""


def leaves(found: object, path: str = "", depth: int = MAX_DEPTH) -> Iterator[tuple[str, object]]:
    """Yield the values of objects in objects, and of lists, with their path: ``a.b.1``."""
    if isinstance(found, Mapping):
        if depth:
            for key, inner in found.items():
                yield from leaves(inner, f"{path}.{key}" if path else str(key), depth - 1)
    elif isinstance(found, list):
        if depth:
            for number, inner in enumerate(found, 1):
                yield from leaves(inner, f"{path}.{number}" if path else f"c{number}", depth - 1)
    else:
        yield path, found
