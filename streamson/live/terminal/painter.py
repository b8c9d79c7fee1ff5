"""Draws lines on a terminal, and reads its keys; the one module that knows curses."""

import curses
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from streamson.live.terminal import hands
from streamson.live.terminal.cells import width_of
from streamson.live.terminal.lines import Line, Style, clipped

ESCAPE_MS: Final = 25
"""How long it waits for what may follow Esc: keys that are no characters begin with it."""

MAX_KEYS: Final = 256
"""That are read at once: of what is pasted the screen is shown meanwhile."""

MAX_SEQUENCE: Final = 16
"""Characters that are taken for one key."""

_KEYS: Final = {
    curses.KEY_UP: hands.UP,
    curses.KEY_DOWN: hands.DOWN,
    curses.KEY_PPAGE: hands.PAGE_UP,
    curses.KEY_NPAGE: hands.PAGE_DOWN,
    curses.KEY_HOME: hands.HOME,
    curses.KEY_END: hands.END,
    curses.KEY_ENTER: hands.ENTER,
    curses.KEY_BACKSPACE: hands.BACKSPACE,
}

_SEQUENCES: Final = {
    "A": hands.UP,
    "B": hands.DOWN,
    "5~": hands.PAGE_UP,
    "6~": hands.PAGE_DOWN,
    "H": hands.HOME,
    "1~": hands.HOME,
    "F": hands.END,
    "4~": hands.END,
}
"""What follows Esc and ``[`` or ``O``."""

_CHARACTERS: Final = {
    "\r": hands.ENTER,
    "\n": hands.ENTER,
    "\x7f": hands.BACKSPACE,
    "\b": hands.BACKSPACE,
    "\x0c": hands.REDRAW,
}

_COLOURS: Final = {
    Style.ALARM: curses.COLOR_RED,
    Style.WARNING: curses.COLOR_YELLOW,
    Style.GOOD: curses.COLOR_GREEN,
}


class Painter:
    """A terminal that is drawn on, from `open` until `close`.

    Attributes
    ----------
    width, height
        Its cells.
    """

    def __init__(self) -> None:
        self.width = self.height = 0
        self._lines: list[Line] = []
        self._attributes: dict[Style, int] = {}

    def open(self) -> None:
        """Take the terminal."""
        self._window = curses.initscr()
        curses.noecho()
        curses.cbreak()
        curses.set_escdelay(ESCAPE_MS)
        self._window.keypad(True)
        self._window.nodelay(True)
        self._window.idlok(False)
        self._window.leaveok(True)
        with suppress(curses.error):  # a terminal whose cursor is always there
            curses.curs_set(0)
        self._attributes = _attributes()
        self.height, self.width = self._window.getmaxyx()

    def close(self) -> None:
        """Give the terminal back as it was."""
        with suppress(curses.error):
            curses.endwin()

    def reopen(self) -> None:
        """Take the terminal again, after somebody else had it; its size may be another one."""
        self.resize()
        self.redraw()

    def resize(self) -> None:
        """Take in the terminal's size."""
        with suppress(curses.error, OSError):  # it was closed at this moment
            size = os.get_terminal_size(1)
            curses.resizeterm(max(1, size.lines), max(1, size.columns))
        self.height, self.width = self._window.getmaxyx()
        self.redraw()

    def redraw(self) -> None:
        """Draw all anew with the next lines."""
        self._lines = []
        self._window.clear()

    def paint(self, lines: list[Line]) -> None:
        """Draw what changed."""
        for y, line in enumerate(lines):
            if y >= len(self._lines) or self._lines[y] != line:
                # The last cell of all can't be drawn without scrolling.
                last = y == self.height - 1
                self._paint_line(y, clipped(line, self.width - 1) if last else line)
        self._lines = lines
        self._window.refresh()

    def pressed(self) -> Iterator[str]:
        """Yield the keys that were pressed."""
        for _ in range(MAX_KEYS):
            key = self._next_key()
            if key == "\x1b":
                key = self._next_key()
                if key in ("[", "O"):
                    key = self._sequence()
                else:
                    yield hands.ESCAPE
            if key is None:
                return
            key = _KEYS.get(key, "") if isinstance(key, int) else _CHARACTERS.get(key, key)
            if key:
                yield key

    def _next_key(self) -> str | int | None:
        """Return a character, or the number of a key that is none; None without any."""
        try:
            return self._window.get_wch()
        except curses.error:
            return None

    def _sequence(self) -> str:
        """Return what a sequence means that curses does not know, for terminals differ.

        Its letters are no keys: else an arrow might acknowledge all alerts.
        """
        sequence = ""
        while len(sequence) < MAX_SEQUENCE and isinstance(key := self._next_key(), str):
            sequence += key
            if "@" <= key <= "~":
                break
        return _SEQUENCES.get(sequence, "")

    def _paint_line(self, y: int, line: Line) -> None:
        x = 0
        with suppress(curses.error):  # the terminal just became smaller
            self._window.move(y, 0)
            self._window.clrtoeol()
            for text, style in line.spans:
                attributes = self._attributes[style]
                if line.selected:  # in which colours would be backgrounds
                    attributes = attributes & curses.A_BOLD | curses.A_REVERSE
                self._window.addstr(y, x, text, attributes)
                x += width_of(text)


def _attributes() -> dict[Style, int]:
    """Return how each style looks: in colours where there are any and nobody minds."""
    found = {
        Style.NORMAL: curses.A_NORMAL,
        Style.STRONG: curses.A_BOLD,
        Style.QUIET: curses.A_DIM,
        Style.BAR: curses.A_REVERSE | curses.A_BOLD,
        Style.HEADING: curses.A_UNDERLINE,
        Style.ALARM: curses.A_BOLD,
        Style.WARNING: curses.A_BOLD,
        Style.GOOD: curses.A_NORMAL,
    }
    if os.environ.get("NO_COLOR"):
        return found
    with suppress(curses.error):
        curses.start_color()
        if curses.has_colors():
            curses.use_default_colors()
            for number, (style, colour) in enumerate(_COLOURS.items(), 1):
                curses.init_pair(number, colour, -1)
                found[style] |= curses.color_pair(number)
    return found
