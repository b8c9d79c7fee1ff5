"""Whether a terminal can show a screen, and if not, why."""

import locale
import os
import sys

from streamson._printable import printable
from streamson.live.terminal.glyphs import BLOCKS, PLAIN, Glyphs


def why_no_screen(output: int) -> str | None:
    """Return why there can be no screen, as the end of a sentence; None if there can be one.

    Parameters
    ----------
    output
        Descriptor of what it would be drawn on.
    """
    if sys.platform == "win32":
        return "Python can't draw one on Windows"
    if not os.isatty(0):
        return "standard input is no terminal, so there are no keys"
    try:
        import curses
    except ImportError:
        return "this Python was built without curses"
    kind = os.environ.get("TERM", "")
    try:
        curses.setupterm(kind, output)
    except curses.error:
        return f'nothing is known of a terminal "{printable(kind)}" (TERM)'
    if curses.tigetstr("cup") and curses.tigetstr("clear"):
        return None
    return f'the terminal can\'t move its cursor (TERM is "{printable(kind)}")'


def glyphs_for_terminal() -> Glyphs:
    """Return what to draw with: blocks where the locale has them."""
    encoding = locale.getpreferredencoding(False) if sys.flags.utf8_mode == 0 else _of_locale()
    return BLOCKS if encoding.lower().replace("-", "") == "utf8" else PLAIN


def _of_locale() -> str:
    """Return the encoding of the locale itself, which is what curses draws in."""
    if sys.platform == "win32":
        return ""
    return locale.nl_langinfo(locale.CODESET)
