"""A plot of decoded notes over those that were played."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from streamson._optional import import_optional
from streamson.decode.comparison import Comparison
from streamson.decode.note import DecodedNote
from streamson.export.plot.panels import finish, pitch_axis
from streamson.export.plot.scene import shortened
from streamson.export.plot.style import LIGHT, Style

ROLL_S: Final = 40.0
"""So much is drawn of a longer sound: of more no note could be seen."""

MAX_POINTS: Final = 5_000
"""So many pairs are drawn at most, evenly chosen."""

SIZE_INCHES: Final = (10.0, 7.5)
DPI: Final = 150

_LOST: Final = "played only"
_FALSE: Final = "decoded only"


def write_decoded_plot(
    path: Path,
    title: str,
    decoded: Sequence[DecodedNote],
    compared: Comparison,
) -> None:
    """Draw decoded notes over those that were played to a ``.png``, ``.svg`` or ``.pdf`` file.

    Above are the notes in time; below are length and level of those that were found, decoded over
    played, where what is exact lies on the line.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    import_optional("matplotlib", "plot", "a plot")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(LIGHT.rc()):
        figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
        axes = figure.subplot_mosaic(
            [["roll", "roll"], ["duration", "level"]], height_ratios=[1.1, 1.0]
        )
        figure.suptitle(
            f"{shortened(title)}: {compared.found:.1%} of {len(compared.played)} notes found, "
            f"{compared.false:.1%} of {compared.decoded} false",
            fontsize=13,
        )
        _draw_roll(axes["roll"], decoded, compared)
        pairs = [(compared.played[i].note, decoded[j]) for i, j in compared.pairs]
        pairs = pairs[:: max(len(pairs) // MAX_POINTS, 1)]
        lengths = [(was.duration_s, note.duration_s) for was, note in pairs]
        levels = [(was.level_db, note.level_db) for was, note in pairs]
        _draw_pairs(axes["duration"], lengths, "duration (s)", compared.duration_correlation)
        _draw_pairs(axes["level"], levels, "level (dBFS)", compared.level_correlation)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for it
            figure.savefig(path, dpi="figure", metadata={"Title": title})


def _draw_roll(
    ax: Any,
    decoded: Sequence[DecodedNote],
    compared: Comparison,
) -> None:
    """Draw what was played as pale bars, and what was decoded as dark lines in them."""
    style = LIGHT
    found = {i for i, _ in compared.pairs}
    right = {j for _, j in compared.pairs}
    was = [(i, one.onset_s + compared.offset_s, one.note) for i, one in enumerate(compared.played)]
    was = [one for one in was if one[1] <= ROLL_S]
    now = [(j, note) for j, note in enumerate(decoded) if note.onset_s <= ROLL_S]
    pitches = [one.midi_note for _, _, one in was] + [note.midi_note for _, note in now]
    low, high = pitch_axis(ax, pitches, most=9)
    half = (high - low) / 70
    for wanted, colour, alpha in ((True, style.streams[0], 0.35), (False, style.streams[1], 1.0)):
        bars = [
            (onset, note.duration_s, note.midi_note)
            for i, onset, note in was
            if (i in found) is wanted
        ]
        _bars(ax, bars, half, colour, alpha)
    lines = [(note.onset_s, note.duration_s, note.midi_note) for j, note in now if j in right]
    _bars(ax, lines, half / 3, style.ink, 1.0)
    false = [(note.onset_s, note.midi_note) for j, note in now if j not in right]
    ax.plot(*_columns(false), "x", color=style.alert, markersize=6, markeredgewidth=1.6)
    ends = [onset + note.duration_s for _, onset, note in was]
    ends += [note.onset_s + note.duration_s for _, note in now]
    ax.set_xlim(0, min(max(ends, default=1.0), ROLL_S))
    whole = max((one.onset_s for one in compared.played), default=0.0) <= ROLL_S
    ax.set_xlabel(
        "time in the sound (s)" if whole else f"time in the sound (its first {ROLL_S:g} s)"
    )
    finish(ax)
    _legend(ax, style)


def _bars(
    ax: Any, bars: Sequence[tuple[float, float, float]], half: float, colour: str, alpha: float
) -> None:
    from matplotlib.collections import PolyCollection

    corners = [
        [(x, y - half), (x + width, y - half), (x + width, y + half), (x, y + half)]
        for x, width, y in bars
    ]
    # The edge parts notes of one pitch that follow one another.
    edge = LIGHT.panel
    bodies = PolyCollection(
        corners, facecolors=colour, edgecolors=edge, alpha=alpha, linewidths=0.8
    )
    ax.add_collection(bodies)


def _legend(ax: Any, style: Style) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Patch(facecolor=style.streams[0], alpha=0.35, label="played"),
        Line2D([], [], color=style.ink, linewidth=2, label="decoded"),
        Patch(facecolor=style.streams[1], label=_LOST),
        Line2D([], [], color=style.alert, marker="x", linestyle="", label=_FALSE),
    ]
    ax.legend(
        handles=marks, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=8.5
    )


def _draw_pairs(
    ax: Any, pairs: Sequence[tuple[float, float]], what: str, correlation: float
) -> None:
    """Draw what was decoded over what was played, and the line on which both are the same."""
    was, now = _columns(pairs)
    ax.plot(was, now, ".", color=LIGHT.streams[0], markersize=5, alpha=0.5, markeredgewidth=0)
    if pairs:
        ends = (min(*was, *now), max(*was, *now))
        ax.plot(ends, ends, color=LIGHT.ink, linewidth=0.8, zorder=0)
    told = f", r = {correlation:.4f}" if correlation == correlation else ""  # noqa: PLR0124  # NaN
    ax.set(xlabel=f"played {what}{told}", ylabel=f"decoded {what}")
    ax.set_aspect("equal", adjustable="datalim")
    finish(ax)


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [first for first, _ in pairs], [second for _, second in pairs]
