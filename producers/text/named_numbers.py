"""Numbers that have their names beside them: pairs and labels."""

import math
import re
from collections.abc import Mapping
from typing import Final

from streamson.formats.quantity import QUANTITY, Quantity, parse_quantity
from streamson.producers.base.sample import MAX_LABELS, label_text
from streamson.producers.text.parsed_line import A_TIME, NO_LABELS

_DECIMAL_COMMA: Final = re.compile(r"(?<![0-9,.])([-+]?[0-9]+),([0-9]+)(?![0-9.]|,[0-9])")
_BETWEEN: Final = re.compile(r"[\s;=]+")
_PAIR: Final = re.compile(
    r"(?<![^\s,;=])([^\s,;=]++)=\s*([^\s,;]+(?:\s[A-Za-zµ°%/]+(?=[\s,;]|$))?)"
)
_LABELLED: Final = re.compile(rf"([A-Za-z_][\w .()/-]{{0,63}}?)\s*:\s+{QUANTITY}[\s,;.]*")
_AMID: Final = re.compile(
    rf"(?<![\w.])([A-Za-z_]\w{{0,63}}):\s{{1,4}}{QUANTITY}(?![\w.:/%-]\w|[\w/])"
)
"""A label of one word, amid others."""

_PROGRESS: Final = re.compile(r"^\D{0,40}[0-9]+/[0-9]+\S*\s+(?=[A-Za-z_])")
"""How far it is, before what is measured: ``Epoch 1/10 loss: 0.5``."""


def with_decimal_points(line: str) -> str:
    """Return a line whose decimal commas are points.

    A comma is decimal between digits where something else stands between the numbers; where
    several stand in one word they part columns.
    """
    if "," not in line:
        return line
    words = _BETWEEN.split(line)
    if len(words) < 2 or any(word.strip(",").count(",") > 1 for word in words):
        return line
    return _DECIMAL_COMMA.sub(r"\1.\2", line)


def pairs_of(line: str) -> dict[str, Quantity]:
    """Return the numbers of pairs: ``T=21.5C``."""
    found = {}
    for name, text in _PAIR.findall(line):
        quantity = parse_quantity(text) or parse_quantity(text.split()[0])
        if quantity is not None:
            found[name] = quantity
    return found


def words_of_pairs(line: str, numbers: dict[str, Quantity]) -> Mapping[str, str]:
    """Return the pairs of a line whose value is no number."""
    if line.count("=") == len(numbers):
        return NO_LABELS
    labels: dict[str, str] = {}
    for name, text in _PAIR.findall(line):
        if name not in numbers and len(labels) < MAX_LABELS:
            labels[name] = label_text(text.split()[0].strip("\"'"))
    return labels


def labels_of(line: str) -> dict[str, Quantity]:
    """Return what is labelled, if that is all there is in a line."""
    found: dict[str, Quantity] = {}
    at = 0
    while at < len(line):
        match = _LABELLED.match(line, at)
        if match is None or not math.isfinite(float(match[2])):
            return {}
        found[match[1]] = Quantity(float(match[2]), match[3] or "")
        at = match.end()
    return found


def labels_amid(line: str) -> dict[str, Quantity]:
    """Return what is labelled by a word amid others, if that are two or more."""
    found: dict[str, Quantity] = {}
    for match in _AMID.finditer(line):
        value = float(match[2])
        if math.isfinite(value):
            found[match[1]] = Quantity(value, match[3] or "")
    return found if len(found) > 1 else {}


def without_surroundings(line: str) -> str:
    """Return a line without its time, how far it is, and a remark at its end."""
    line = line.strip(" " + A_TIME)
    at = line.rfind(" (")
    if at > 0 and line.endswith(")") and line.find(")", at) == len(line) - 1:
        line = line[:at]
    return _PROGRESS.sub("", line)
