"""The bottom of the screen: what came of the last key, and which keys there are."""

from itertools import islice
from typing import Final

from streamson.live.terminal.cells import cut
from streamson.live.terminal.figures import rounded
from streamson.live.terminal.glyphs import Glyphs
from streamson.live.terminal.lines import EMPTY, Line, Span, Style, full, joined, wrapped
from streamson.live.terminal.view import View
from streamson.live.terminal.watched import Watched

MAX_FIELDS: Final = 20
"""Fields of a stream that are told: a line has room for no more."""


def status_lines(
    watched: Watched, view: View, found: int, *, width: int, height: int, now: float, glyphs: Glyphs
) -> list[Line]:
    """Return the filter while there is one, or what came of the last key; nothing for neither.

    Parameters
    ----------
    watched
        The listener.
    view
        What was chosen.
    found
        How many streams the filter lets through.
    width, height
        Cells that it may take.
    now
        The time, as `time.monotonic`.
    glyphs
        What is drawn with.
    """
    status = None if view.typing else view.status(now)
    if status is not None:
        text, ok = status
        style = Style.STRONG if ok else Style.ALARM
        lines = wrapped(glyphs.shown(text), width, height, glyphs.ellipsis)
        return [full(Line((Span(line, style),)), width) for line in lines]
    if not view.typing and not view.filter:
        return []
    typed = glyphs.shown(view.filter) + ("_" if view.typing else "")
    total = len(watched.mirror.rows)
    text = f"  find: {typed}   {found} of {total} streams"
    keys = "Enter keeps it, Esc ends it" if view.typing else "Esc shows all"
    parts = [(0, Span(text, Style.STRONG)), (1, Span(keys, Style.QUIET))]
    return [full(joined(parts, width), width)]


def key_line(width: int, glyphs: Glyphs) -> Line:
    """Return as many keys as have room, the most needed in any case."""
    parts = [
        (9, f"{glyphs.up_down} choose"),
        (2, "m mute"),
        (5, "s solo"),
        (10, "h alone"),
        (4, "M mute all"),
        (3, "+- volume"),
        (6, "a known"),
        (7, "r rec"),
        (8, "/ find"),
        (0, "? help"),
        (1, "q quit"),
    ]
    if width < 8:
        return EMPTY
    spans = [(rank, Span(text)) for rank, text in parts]
    return full(Line((Span("  "), *joined(spans, width - 3, "  ").spans)), width - 1)


def stream_line(watched: Watched, view: View, width: int, glyphs: Glyphs) -> Line:
    """Return what the table has no room for of the selected stream: all fields, what they play."""
    row = watched.mirror.rows.get(view.selected or "")
    if row is None:
        return EMPTY
    values = ", ".join(f"{name} {rounded(value)}" for name, value in _some(row.fields))
    legend = "; ".join(part.text for part in row.legend or ())
    text = glyphs.shown(f"{row.name}: {values}" + (f"; {legend}" if legend else ""))
    text = cut(f"  {text}", width - 1, ellipsis=glyphs.ellipsis)
    return full(Line((Span(text, Style.QUIET),)), width)


def _some(fields: dict[str, float]) -> list[tuple[str, float]]:
    return list(islice(fields.items(), MAX_FIELDS))
