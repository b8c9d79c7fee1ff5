"""Lines of a screen, before there is a screen: spans of text, each with what it is."""

import textwrap
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from streamson.live.terminal.cells import cut, width_of


class Style(Enum):
    """What a span is; how that looks is the painter's business. Words tell the same."""

    NORMAL = auto()
    STRONG = auto()
    QUIET = auto()
    BAR = auto()
    HEADING = auto()
    ALARM = auto()
    WARNING = auto()
    GOOD = auto()


class Span(NamedTuple):
    """Text in one style."""

    text: str
    style: Style = Style.NORMAL


@dataclass(frozen=True)
class Line:
    """A line of a screen.

    Attributes
    ----------
    spans
        From the left.
    selected
        Whether it is the one that keys are about.
    """

    spans: tuple[Span, ...] = ()
    selected: bool = False


EMPTY: Final = Line()

INDENT: Final = 2
"""Cells before a sentence."""


def clipped(line: Line, width: int) -> Line:
    """Return as much of a line as has room."""
    spans, room = [], width
    for text, style in line.spans:
        taken = width_of(text)
        if taken > room:
            if room > 0:
                spans.append(Span(cut(text, room, ellipsis=""), style))
            break
        spans.append(Span(text, style))
        room -= taken
    return Line(tuple(spans), line.selected)


def full(line: Line, width: int, style: Style = Style.NORMAL) -> Line:
    """Return a line in exactly so many cells."""
    line = clipped(line, width)
    missing = width - sum(width_of(span.text) for span in line.spans)
    return Line((*line.spans, Span(" " * missing, style)), line.selected) if missing else line


def wrapped(text: str, width: int, height: int, ellipsis: str) -> list[str]:
    """Return a text on so many lines at most, each indented."""
    lines = textwrap.wrap(text, max(1, width - 2 * INDENT), break_on_hyphens=False)
    if len(lines) > height:
        lines[height - 1 :] = [" ".join(lines[height - 1 :])]
    return [" " * INDENT + cut(line, width - 2 * INDENT, ellipsis=ellipsis) for line in lines]


def parted(left: str, right: str, width: int, ellipsis: str) -> Line:
    """Return a bar with something at both ends; where there is no room the left one gives way."""
    right = cut(right, width, ellipsis=ellipsis)
    room = width - width_of(right)
    left = cut(left, max(0, room - 1), ellipsis=ellipsis)
    gap = " " * (width - width_of(left) - width_of(right))
    return Line((Span(f"{left}{gap}{right}", Style.BAR),))


def joined(parts: list[tuple[int, Span]], width: int, gap: str = "   ") -> Line:
    """Return parts beside each other, as many as have room.

    Parameters
    ----------
    parts
        Each with its rank: the least important, with the greatest, are left out first.
    width
        Cells that there are.
    gap
        What stands between.
    """
    chosen: set[int] = set()
    room = width
    for at in sorted(range(len(parts)), key=lambda at: parts[at][0]):
        needed = width_of(parts[at][1].text) + (len(gap) if chosen else 0)
        if needed > room:
            continue
        chosen.add(at)
        room -= needed
    spans: list[Span] = []
    for at in sorted(chosen):
        spans += [Span(gap), parts[at][1]] if spans else [parts[at][1]]
    return Line(tuple(spans))
