"""The table of streams: a row each, the columns that have room."""

from collections.abc import Sequence
from typing import Final

from streamson.live.terminal import columns, figures
from streamson.live.terminal.cells import cut, fit, width_of
from streamson.live.terminal.columns import Column, columns_for
from streamson.live.terminal.glyphs import Glyphs
from streamson.live.terminal.lines import EMPTY, Line, Span, Style, full
from streamson.live.terminal.view import BED, KNOWN, View, known_alerts, state_word
from streamson.live.terminal.watched import Watched
from streamson.model.feed import StreamRow
from streamson.music.pitch import midi_to_note

MARGIN: Final = 3
"""Cells before the names: what is selected, what is muted or soloed."""

_MARKS: Final = {"live": " ", "ALERT": "!", KNOWN: "k", "silent": "?", "ended": "x", BED: "."}
"""States, where there is no room for a word."""

_STYLES: Final = {
    "ALERT": Style.ALARM,
    KNOWN: Style.WARNING,
    "silent": Style.WARNING,
    "ended": Style.QUIET,
    BED: Style.QUIET,
    "live": Style.GOOD,
}


def table_lines(
    watched: Watched, view: View, names: Sequence[str], *, width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    """Return the heading and as many streams as have room.

    Parameters
    ----------
    watched
        The listener.
    view
        Where to begin, and what is selected.
    names
        The streams that can be seen.
    width, height
        Cells; the heading is one line of them.
    glyphs
        What is drawn with.
    """
    seen = names[view.top : view.top + height - 1]
    longest = max((width_of(glyphs.shown(name)) for name in seen), default=0)
    view.name_width = max(view.name_width, longest)
    layout = columns_for(width - MARGIN, view.name_width)
    acknowledged = known_alerts(watched)
    lines = [_heading(layout, view, names, width)]
    for name in seen:
        row = watched.mirror.rows[name]
        words = _Words(watched, row, state_word(row, acknowledged), glyphs)
        lines.append(_row(words, layout, width, selected=name == view.selected))
    return lines + [EMPTY] * (height - len(lines))


class _Words:
    """What is said of a stream in each column."""

    def __init__(self, watched: Watched, row: StreamRow, state: str, glyphs: Glyphs) -> None:
        self.row = row
        self.state = state
        self.glyphs = glyphs
        self.curve = watched.curves.get(row.name, ())
        self.field = watched.shown_field(row)
        self.is_heard = watched.is_heard(row.name)
        self.is_muted = watched.is_muted(row.name)
        self.is_soloed = watched.is_soloed(row.name)
        self.is_sounding = row.name in watched.sounding

    def of(self, column: Column) -> Span:  # noqa: PLR0911  # a line a column
        row, glyphs = self.row, self.glyphs
        match column.title:
            case columns.NAME:
                return Span(glyphs.shown(row.name), self._name_style())
            case columns.STATE:
                return Span(self.state, _STYLES.get(self.state, Style.NORMAL))
            case columns.VALUE:
                value = row.fields.get(self.field)
                return Span("" if value is None else figures.rounded(value), Style.STRONG)
            case columns.FIELD:
                return Span(glyphs.shown(self.field))
            case columns.RANGE:
                return Span(figures.between(row.range))
            case columns.CURVE:
                return Span(figures.curve(list(self.curve), column.most, glyphs), self._style())
            case columns.NOTE:
                note = "" if row.last_note is None else midi_to_note(row.last_note.midi_note)
                return Span(note, Style.STRONG if self.is_sounding else Style.QUIET)
            case columns.RATE:
                return Span(figures.rate(row.points_per_second), self._style())
            case columns.LOST:
                lost = row.points_lost
                text = figures.rounded(lost) if lost else "0"
                return Span(text, Style.WARNING if lost else Style.QUIET)
            case columns.PLAYS:
                legend = row.legend or ()
                return Span(glyphs.shown("; ".join(part.text for part in legend)), Style.QUIET)
        return Span(_MARKS.get(self.state, " "), _STYLES.get(self.state, Style.NORMAL))

    def mark(self) -> str:
        """Return whether it was muted or soloed, or is not heard for another reason."""
        if self.is_muted:
            return "M"
        if self.is_soloed:
            return "S"
        return " " if self.is_heard else "-"

    def _style(self) -> Style:
        return Style.NORMAL if self.is_heard else Style.QUIET

    def _name_style(self) -> Style:
        return Style.STRONG if self.is_heard else Style.QUIET


def _row(words: _Words, layout: Sequence[Column], width: int, *, selected: bool) -> Line:
    glyphs = words.glyphs
    sign = glyphs.selected if selected else " "
    spans = [Span(sign), Span(words.mark(), Style.WARNING), Span(" ")]
    for column in layout:
        text, style = words.of(column)
        if column.title != columns.NAME:  # of which alone the end matters as much as the beginning
            text = cut(text, column.most, ellipsis=glyphs.ellipsis)
        cells = fit(text, column.most, right=column.right, ellipsis=glyphs.ellipsis)
        spans += [Span(cells, style), Span(" " * columns.GAP)]
    return full(Line(tuple(spans), selected), width)


def _heading(layout: Sequence[Column], view: View, names: Sequence[str], width: int) -> Line:
    titles = [" " * MARGIN]
    for column in layout:
        title = column.title
        if title == columns.NAME and names:
            title = f"{view.position + 1}/{len(names)}"
            whole = f"{columns.NAME} {title}"
            title = whole if len(whole) <= column.most else title
        titles.append(fit(title, column.most, right=column.right) + " " * columns.GAP)
    return full(Line((Span("".join(titles), Style.HEADING),)), width, Style.HEADING)
