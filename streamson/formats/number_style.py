"""Numbers as they are written in different countries: ``1,116.91``, ``1.116,91``, ``1 116,91``."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from streamson.formats.quantity import Quantity, parse_quantity

MAX_UNIT_CHARS: Final = 16
"""Whatever follows each number of a column, up to so many characters, is its unit."""

MAX_NUMBER_CHARS: Final = 400
"""A longer text is no number."""

_BODY: Final = re.compile(r"([-+]?)\s?([0-9.,](?:[0-9.,' ]*[0-9.,])?)((?:[eE][-+]?[0-9]+)?.*)")
_GROUPED: Final = {
    ".": re.compile(
        r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]{1,3}(?:[' ][0-9]{3})+(?:\.[0-9]*)?"
    ),
    ",": re.compile(
        r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?|[0-9]{1,3}(?:[' ][0-9]{3})+(?:,[0-9]*)?"
    ),
}
_PLAIN: Final = {
    ".": re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+"),
    ",": re.compile(r"[0-9]+[.,]?[0-9]*|[.,][0-9]+"),
}
_COMMA_IS_DECIMAL: Final = re.compile(
    r"\s*[-+]?(?:[0-9]*,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+|[0-9.]*\.[0-9]{3},[0-9]*)(?![0-9,.]).{0,16}"
)
_POINT_IS_DECIMAL: Final = re.compile(
    r"\s*[-+]?(?:[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})|0\.[0-9]+|[0-9,]*,[0-9]{3}\.[0-9]*)(?![0-9,.]).{0,16}"
)
_SIGNS: Final = str.maketrans({"−": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"})
_CURRENCIES: Final = "$€£¥"


def decimal_sign(cells: Iterable[object]) -> str:
    """Return what stands before the fraction: ``.`` or ``,``; empty if cells can be read both ways.

    Parameters
    ----------
    cells
        Those that can be read in one way only tell.
    """
    commas = points = 0
    for cell in cells:
        if isinstance(cell, str) and ("," in cell or "." in cell) and len(cell) < MAX_NUMBER_CHARS:
            text = cell.translate(_SIGNS).lstrip(_CURRENCIES)
            commas += _COMMA_IS_DECIMAL.fullmatch(text) is not None
            points += _POINT_IS_DECIMAL.fullmatch(text) is not None
    if commas == points:
        return ""
    return "," if commas > points else "."


class NumberReader:
    """Read the numbers of a column.

    Parameters
    ----------
    decimal
        What stands before the fraction.
    unit
        What follows each number, beside the units that are known.

    Attributes
    ----------
    unit
        The unit of all its numbers, as the first one had it; empty without one.
    """

    def __init__(self, decimal: str = ".", unit: str = "") -> None:
        self.unit = unit
        self._decimal = decimal
        self._suffix = unit

    def read(self, cell: object) -> float | None:
        """Return the number of a cell, in the column's unit; None if it is none."""
        if isinstance(cell, str):
            if (self._decimal == "." or not ("." in cell or "," in cell)) and "_" not in cell:
                try:
                    return float(cell)
                except ValueError:
                    pass
            quantity = self._quantity(cell)
            if quantity is None:
                return None
            if not self.unit:
                self.unit = quantity.unit
            return quantity.in_unit(self.unit) if quantity.fits(self.unit) else None
        if isinstance(cell, bool) or not isinstance(cell, int | float):
            return None
        try:
            return float(cell)
        except OverflowError:
            return None

    def _quantity(self, cell: str) -> Quantity | None:
        text = cell.strip()
        if not text or len(text) > MAX_NUMBER_CHARS:
            return None
        text = text.translate(_SIGNS)
        if self._suffix and text.endswith(self._suffix):
            text = text.removesuffix(self._suffix).rstrip()
        negative = text.startswith("(") and text.endswith(")")
        if negative:  # as accountants write it
            text = text[1:-1]
        text = text.lstrip(_CURRENCIES).strip()
        if len(text) > 1 and text[0] in "-+" and text[1] in _CURRENCIES:
            text = text[0] + text[2:].lstrip()
        match = _BODY.fullmatch(text.rstrip(_CURRENCIES).rstrip())
        if match is None:
            return None
        sign, body, rest = match.groups()
        if _GROUPED[self._decimal].fullmatch(body):
            body = re.sub(f"[^0-9{re.escape(self._decimal)}]", "", body).replace(",", ".")
        elif _PLAIN[self._decimal].fullmatch(body):
            body = body.replace(",", ".")
        else:
            return None
        quantity = parse_quantity(f"{sign}{body}{rest}")
        if quantity is not None and negative:
            return Quantity(-quantity.value, quantity.unit)
        return quantity


def number_reader(cells: Sequence[object], decimal: str) -> NumberReader | None:
    """Return how to read a column, of which there are some cells; None if it has no numbers.

    Most of the cells are numbers, or each one is followed by the same word.
    """
    reader = NumberReader(decimal)
    if _share(reader, cells) > 0.5:
        return reader
    texts = [cell.strip()[-MAX_UNIT_CHARS - 1 :] for cell in cells if isinstance(cell, str)]
    if len(texts) < len(cells):
        return None
    suffix = re.sub(r"^.*[0-9.,]", "", texts[0], flags=re.DOTALL)
    while suffix and not all(text.endswith(suffix) for text in texts):
        suffix = suffix[1:]
    suffix = suffix.strip()
    if not suffix or len(suffix) > MAX_UNIT_CHARS:
        return None
    reader = NumberReader(decimal, suffix)
    return reader if _share(reader, cells) > 0.5 else None


def _share(reader: NumberReader, cells: Sequence[object]) -> float:
    return sum(reader.read(cell) is not None for cell in cells) / len(cells)
