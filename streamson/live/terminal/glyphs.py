"""The characters that draw: blocks where the terminal has them, else plain ones."""

from typing import Final, NamedTuple

from streamson.live.terminal.cells import shown


class Glyphs(NamedTuple):
    """What is drawn with.

    Attributes
    ----------
    spark
        Eight heights of a curve, the lowest first.
    full, peak, empty
        Of a meter: what lasts, what was reached, and the rest.
    ellipsis
        Where something was left out.
    selected
        Before the selected stream.
    up_down
        The two keys.
    between
        Between two things on a line.
    ascii_only
        Whether all text is to be so plain.
    """

    spark: str
    full: str
    peak: str
    empty: str
    ellipsis: str
    selected: str
    up_down: str
    between: str
    ascii_only: bool

    def shown(self, text: str) -> str:
        """Return text from outside as it can be shown with these."""
        return shown(text, ascii_only=self.ascii_only)


BLOCKS: Final = Glyphs(
    spark="▁▂▃▄▅▆▇█",
    full="█",
    peak="▒",
    empty="·",
    ellipsis="…",
    selected="▶",
    up_down="↑↓",
    between="·",
    ascii_only=False,
)

PLAIN: Final = Glyphs(
    spark="_.-:=+*#",
    full="#",
    peak="=",
    empty=".",
    ellipsis="~",
    selected=">",
    up_down="Up/Dn",
    between="|",
    ascii_only=True,
)
"""For terminals without Unicode."""
