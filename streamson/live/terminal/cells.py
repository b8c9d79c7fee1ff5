"""Text in the cells of a terminal: what comes from outside is harmless, and as wide as planned."""

import unicodedata
from functools import lru_cache
from typing import Final

from rich.cells import get_character_cell_size

from streamson._printable import printable

MAX_MARKS: Final = 2
"""Combining characters on one cell: more would run over the lines above and below."""

_UNSTEADY: Final = frozenset(
    (
        *range(0xFE00, 0xFE10),  # variation selectors: each terminal makes another width of them
        *range(0xE0100, 0xE01F0),
        *range(0x1F3FB, 0x1F400),  # skin tones
        *(0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0),  # letters that look like nothing
    )
)
"""Code points that are printable, but not of one width, or not seen: written as escapes."""


@lru_cache(maxsize=8_192)
def shown(text: str, *, ascii_only: bool = False) -> str:
    r"""Return text as it can be shown: without what steers a terminal or shifts its cells.

    >>> shown("\x1b[31mred"), shown("é", ascii_only=True)
    ('\\x1b[31mred', '\\xe9')
    """
    text = printable(text)
    if text.isascii():
        return text
    if ascii_only:
        return text.encode("ascii", "backslashreplace").decode()
    found, marks = [], 0
    for character in text:
        if ord(character) in _UNSTEADY:
            found.append(ascii(character)[1:-1])
            marks = 0
        elif _width(character):
            found.append(character)
            marks = 0
        elif not found:
            found.append(f"\N{DOTTED CIRCLE}{character}")
        elif marks < MAX_MARKS:
            found.append(character)
            marks += 1
    return "".join(found)


def width_of(text: str) -> int:
    """Return how many cells a text takes that `shown` has returned."""
    return len(text) if text.isascii() else sum(map(_width, text))


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Return a name in exactly so many cells; of one that is too long the middle is left out.

    Names differ at both their ends, such as ``web1/cpu`` and ``web2/disk``.

    >>> fit("web1/processor", 8), fit("x", 3, right=True)
    ('web…ssor', '  x')
    """
    missing = width - width_of(text)
    if missing < 0:
        text = _shortened(text, width, ellipsis)
        missing = width - width_of(text)
    return " " * missing + text if right else text + " " * missing


def cut(text: str, width: int, *, ellipsis: str = "…") -> str:
    """Return as much of the beginning of a sentence as has room."""
    if width_of(text) <= width:
        return text
    room = width - len(ellipsis)
    return _start(text, room) + ellipsis if room >= 0 else ""


def _shortened(text: str, width: int, ellipsis: str) -> str:
    if width <= 1:
        return ellipsis[:width]
    room = width - 1
    start = _start(text, room * 2 // 5)
    return start + ellipsis + _end(text, room - width_of(start))


def _start(text: str, width: int) -> str:
    taken = 0
    for at, character in enumerate(text):
        taken += _width(character)
        if taken > width:
            return text[:at]
    return text


def _end(text: str, width: int) -> str:
    taken, first = 0, len(text)
    for at in range(len(text) - 1, -1, -1):
        taken += _width(text[at])
        if taken > width:
            break
        if _width(text[at]):  # a mark belongs to what is before it
            first = at
    return text[first:]


@lru_cache(maxsize=4_096)
def _width(character: str) -> int:
    size = get_character_cell_size(character)
    # Signs of Indic scripts that stand beside their letter take a cell of their own.
    return 1 if size == 0 and unicodedata.category(character) == "Mc" else size
