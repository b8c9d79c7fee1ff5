"""The page of help."""

from typing import Final

from streamson.live.terminal.glyphs import Glyphs
from streamson.live.terminal.lines import EMPTY, Line, Span, Style, full, parted

_KEYS: Final = (
    ("Up Down", "choose a stream; PgUp PgDn Home End"),
    ("m", "mute it, or hear it again"),
    ("s", "solo: hear only streams with an S"),
    ("h", "hear it alone, or all again"),
    ("u", "hear all: nothing muted, no solo"),
    ("M", "mute all sound, or not"),
    ("+ -", "volume, by 1 dB"),
    ("a", "I know of the stream's alerts"),
    ("A", "I know of all alerts"),
    ("r", "record to a file here, or end it"),
    ("/", "find by part of a name, or a state"),
    ("Esc", "show all streams, leave this page"),
    ("Ctrl-L", "draw all anew"),
    ("q", "quit"),
)

_MARKS: Final = (
    ("M", "muted"),
    ("S", "soloed"),
    ("-", "not heard: others are soloed"),
    ("!  ALERT", "an alert that is not over"),
    ("k  known", "the same, and somebody knows"),
    ("?  silent", "no point for twice the usual time"),
    ("x  ended", "its producer said goodbye"),
    (".  bed", "nothing unusual: one of the bed"),
)

_FIGURES: Final = (
    ("VALUE", "the last one of the FIELD that"),
    ("", "the pitch follows"),
    ("RANGE", "heard from end to end at present"),
    ("NOTE", "the last one, bright as it begins"),
    ("load", "of the sound's own thread"),
    ("latency", "from a point to its sound"),
)


def help_lines(width: int, height: int, top: int, glyphs: Glyphs) -> list[Line]:
    """Return the page from a line on, with the line that says how to leave it."""
    page = _page(width)
    top = max(0, min(top, last_top(width, height)))
    more = "" if len(page) <= height - 2 else f"{glyphs.up_down} more, "
    lines = [
        parted(" HELP", f"{more}Esc back ", width, glyphs.ellipsis),
        *page[top : top + height - 2],
    ]
    return (lines + [EMPTY] * (height - len(lines)))[:height]


def last_top(width: int, height: int) -> int:
    """Return the last line from which on the page fills a screen."""
    return max(0, len(_page(width)) - (height - 2))


def _page(width: int) -> list[Line]:
    left = [_heading("KEYS"), *map(_entry, _KEYS)]
    right = [_heading("MARKS"), *map(_entry, _MARKS), EMPTY, _heading("FIGURES")]
    right += map(_entry, _FIGURES)
    column = width // 2
    if column < 48:
        return [full(line, width) for line in (*left, EMPTY, *right)]
    rows = max(len(left), len(right))
    left += [EMPTY] * (rows - len(left))
    right += [EMPTY] * (rows - len(right))
    return [
        Line((*full(one, column).spans, *full(other, width - column).spans))
        for one, other in zip(left, right, strict=True)
    ]


def _heading(text: str) -> Line:
    return Line((Span("  "), Span(text, Style.STRONG)))


def _entry(entry: tuple[str, str]) -> Line:
    key, text = entry
    return Line((Span(f"  {key:<9}", Style.STRONG), Span(f" {text}")))
