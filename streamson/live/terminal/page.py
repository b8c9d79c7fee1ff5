"""The whole screen: what stands on which line, for any size."""

from typing import Final

from streamson.live.terminal.footer import key_line, status_lines, stream_line
from streamson.live.terminal.glyphs import Glyphs
from streamson.live.terminal.happenings import happening_lines
from streamson.live.terminal.header import bar_line, caption_lines, figures_line, meter_line
from streamson.live.terminal.help import help_lines
from streamson.live.terminal.lines import EMPTY, Line, Span, Style, clipped, full
from streamson.live.terminal.table import table_lines
from streamson.live.terminal.view import View, visible_names
from streamson.live.terminal.watched import Watched

WITH_METERS: Final = 14
"""Lines from which on there are meters; from `WITH_STATUS` on, a line for answers alone."""

WITH_STATUS: Final = 18
MAX_STATUS_LINES: Final = 3
WITH_EVENTS: Final = 8
LEAST_ROOM: Final = 5
"""Lines between top and bottom, of which some may be for events."""

LEAST_WIDTH: Final = 16
EVENTS_SHARE: Final = 4
"""One of so many lines is for events, where there are many streams."""


class Page:
    """Composes the screen.

    Parameters
    ----------
    watched
        The listener.
    view
        What was chosen.
    glyphs
        What is drawn with.

    Attributes
    ----------
    table_height
        Streams that had room when it was last composed.
    """

    def __init__(self, watched: Watched, view: View, glyphs: Glyphs) -> None:
        self.table_height = 1
        self._watched = watched
        self._view = view
        self._glyphs = glyphs

    def compose(self, width: int, height: int, now: float) -> list[Line]:
        """Return the lines of a screen of that size.

        Parameters
        ----------
        width, height
            Cells.
        now
            The time, as `time.monotonic`.
        """
        if width < LEAST_WIDTH or height < 3:
            return [clipped(Line((Span("too small"),)), max(0, width - 1))][:height]
        if self._view.help_top is not None:
            return help_lines(width, height, self._view.help_top, self._glyphs)
        return self._compose(width, height, now)

    def _compose(self, width: int, height: int, now: float) -> list[Line]:
        watched, view, glyphs = self._watched, self._view, self._glyphs
        names = visible_names(watched, view)
        top = [bar_line(watched, width, glyphs)]
        if height >= 5:
            top.append(figures_line(watched, width, glyphs))
        if height >= WITH_METERS:
            top.append(meter_line(watched, width, glyphs))
        if height >= WITH_EVENTS:
            top += caption_lines(watched, width, height // 4 - 1, now, glyphs)
        is_tall = height >= WITH_STATUS
        keys = key_line(width, glyphs)
        status = status_lines(
            *(watched, view, len(names)),
            width=width,
            height=MAX_STATUS_LINES if is_tall else 1,
            now=now,
            glyphs=glyphs,
        )
        bottom = status or [keys]
        if is_tall:
            bottom = [*(status or [stream_line(watched, view, width, glyphs)]), keys]
        room = height - len(top) - len(bottom)
        events = self._events_height(len(names), room, height)
        self.table_height = room - events - 1
        view.settle(names, self.table_height)
        size = {"width": width, "height": room - events}
        middle = (
            table_lines(watched, view, names, **size, glyphs=glyphs)
            if names
            else self._empty_table(**size, now=now)
        )
        below = happening_lines(watched, width=width, height=events, now=now, glyphs=glyphs)
        return [*top, *middle, *below, *bottom]

    def _events_height(self, streams: int, room: int, height: int) -> int:
        """Return the lines for events: a share, and what the streams do not need."""
        if height < WITH_EVENTS or room < LEAST_ROOM:
            return 0
        least = max(2, room // EVENTS_SHARE)
        return max(least, room - 1 - max(streams, 3))

    def _empty_table(self, width: int, height: int, now: float) -> list[Line]:
        hello, view = self._watched.mirror.hello, self._view
        if view.filter and self._watched.mirror.rows:
            texts = ["no stream has that in its name"]
        else:
            where = self._glyphs.shown(hello.endpoint) if hello else ""
            follows = hello is not None and hello.follows
            texts = [f"waiting for {'notes of the listener' if follows else 'points'} on {where}"]
            if not follows and not self._watched.caption(now):  # which says itself what comes
                texts.append(f"try: streamson produce system --endpoint {where}")
        heading = full(Line((Span("   STREAM", Style.HEADING),)), width, Style.HEADING)
        lines = [heading, *(clipped(Line((Span(f"   {text}"),)), width) for text in texts)]
        return (lines + [EMPTY] * height)[:height]
