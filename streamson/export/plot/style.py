"""How plots look: on paper, and in the dark."""

from typing import Any, Final, NamedTuple


class Style(NamedTuple):
    """Colours.

    Attributes
    ----------
    streams
        Of the streams, in the order of appearance.
    alert
        Of the marks of alerts.
    ink, faint
        Of words, and of what only helps to read.
    paper, panel
        Behind all, and behind what is drawn.
    sequential
        Colour map from little to much, whose least is the paper's end.
    """

    streams: tuple[str, ...]
    alert: str
    ink: str
    faint: str
    paper: str
    panel: str
    sequential: str

    def rc(self) -> Any:
        """Return matplotlib's parameters."""
        return {
            "font.size": 9.5,
            "svg.fonttype": "none",
            "pdf.fonttype": 42,
            "text.parse_math": False,  # a name with dollar signs is no formula
            "text.color": self.ink,
            "axes.labelcolor": self.ink,
            "axes.edgecolor": self.faint,
            "axes.facecolor": self.panel,
            "figure.facecolor": self.paper,
            "savefig.facecolor": self.paper,
            "xtick.color": self.ink,
            "ytick.color": self.ink,
            "grid.color": self.faint,
        }

    def colour(self, number: int) -> str:
        """Return the colour of a stream by its number."""
        return self.streams[number % len(self.streams)]


LIGHT: Final = Style(
    streams=(
        *("#2b6cb0", "#d9822b", "#3a8f4d", "#c8322b", "#7b5aa6", "#8c6239"),
        *("#b3478c", "#5f6b7a", "#9a9a1f", "#1f9aa8", "#e0699b", "#274060"),
    ),
    alert="#c8322b",
    ink="#2d3540",
    faint="#b9c0c9",
    paper="white",
    panel="white",
    sequential="viridis_r",
)
DARK: Final = Style(
    streams=(
        *("#6fb1f0", "#f2a65a", "#7fd18b", "#f0736b", "#b99be3", "#c9a27b"),
        *("#e58cc4", "#a5b2c2", "#d3d35f", "#62d0dc", "#f5a3c4", "#8fa8d9"),
    ),
    alert="#ff5c52",
    ink="#cdd4dc",
    faint="#4a5563",
    paper="#101318",
    panel="#181d24",
    sequential="cool",
)
