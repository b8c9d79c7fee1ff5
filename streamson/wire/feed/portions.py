"""Rows of streams in portions that a message holds, so that other messages come between them."""

from collections.abc import Iterable, Iterator
from typing import Final

from streamson.model.feed import StreamRow

MESSAGE_BYTES: Final = 20_000
"""About the most of a message, which is some 32 rows: one row may take more by itself."""


def in_portions(rows: Iterable[StreamRow]) -> Iterator[tuple[StreamRow, ...]]:
    """Yield rows as messages hold them: at least one message, which may be empty."""
    portion: list[StreamRow] = []
    size = 0
    for row in rows:
        # What is left of a row without its names; a character takes up to four bytes.
        row_bytes = 500 + 4 * (len(row.name) + sum(map(len, row.fields)))
        if portion and size + row_bytes > MESSAGE_BYTES:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(row)
        size += row_bytes
    yield tuple(portion)
