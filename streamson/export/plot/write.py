"""A plot of a piece in a file: its panels one below the other, with title and legend."""

import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from streamson._optional import import_optional
from streamson._printable import counted
from streamson.errors import InputFileError, UsageError, nearest
from streamson.export.plot.panels import (
    draw_curve,
    draw_orbit,
    draw_roll,
    draw_spectrogram,
    draw_time_axes,
    draw_wave,
    finish,
)
from streamson.export.plot.scene import Curve, Scene, gather, length_in_words, shortened
from streamson.export.plot.style import DARK, LIGHT
from streamson.offline.piece import Piece

_DPIS: Final = (150.0, 125.0, 100.0, 85.0, 75.0)
"""At the last one a letter is seven pixels high."""

WIDTH_INCHES: Final = 10.0
MIN_PIXELS, MAX_PIXELS = 200, 20_000
MAX_LEGEND_LINES: Final = 12
LEGEND_CHARS_AN_INCH: Final = 15
MAX_CURVES: Final = 12

CURVES: Final = "curves"
ORBIT: Final = "orbit"
PANELS: Final = (CURVES, "roll", "wave", "spectrogram", ORBIT)
DEFAULT_PANELS: Final = (CURVES, "roll")
ALL: Final = "all"

_ORBIT_INCHES: Final = 6.5
_LINE_INCHES: Final = 0.19
_TITLE_INCHES: Final = 0.45
_GOOD_SCALE: Final = 0.9
_LEAST_SCALE: Final = 0.6
"""Panels that are lower than so much of their height can't be read."""


class _Panel(NamedTuple):
    """A panel over time: how it is drawn in so many inches, how many, and whether of the sound."""

    draw: Callable[[Any, Scene, float], None]
    inches: float
    sound: bool = False


_OVER_TIME: Final = {
    "roll": _Panel(lambda ax, scene, inches: draw_roll(ax, scene, inches=inches), 3.0),
    "wave": _Panel(lambda ax, scene, _: draw_wave(ax, scene), 1.7, sound=True),
    "spectrogram": _Panel(lambda ax, scene, _: draw_spectrogram(ax, scene), 3.2, sound=True),
}


class PlotFormat(NamedTuple):
    """How a plot looks.

    Attributes
    ----------
    panels
        Names of `PANELS`, from top to bottom; ``all``: all that the piece has something for.
    title
        By default the piece's, with the number of its notes and its length.
    size
        Width and height in pixels; by default as high as the panels need.
    dark
        Whether it is light on dark.
    """

    panels: tuple[str, ...] = ()
    title: str | None = None
    size: tuple[int, int] | None = None
    dark: bool = False

    def check(self) -> None:
        """Raise `UsageError` if there is no such plot."""
        for name in self.panels:
            if name not in (*PANELS, ALL):
                allowed = (*PANELS, ALL)
                raise UsageError(
                    f'no plot "{name}"; allowed: {", ".join(allowed)}{nearest(name, allowed)}'
                )
        if self.size and not all(MIN_PIXELS <= side <= MAX_PIXELS for side in self.size):
            raise UsageError(
                f"a plot of {self.size[0]}x{self.size[1]} pixels; {MIN_PIXELS} to {MAX_PIXELS} "
                "are allowed"
            )

    @property
    def chosen(self) -> tuple[str, ...]:
        """The panels by name."""
        return PANELS if ALL in self.panels else (self.panels or DEFAULT_PANELS)


def write_plot(piece: Piece, path: Path, plot: PlotFormat | None = None) -> str:
    """Draw a piece to a ``.png``, ``.svg`` or ``.pdf`` file; return what is in it.

    Parameters
    ----------
    piece
        The piece.
    path
        The file.
    plot
        How it looks.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    UsageError
        If there is no such panel, or too much to draw.
    InputFileError
        If there are no notes, or no complex numbers for an orbit.
    """
    plot = plot or PlotFormat()
    plot.check()
    import_optional("matplotlib", "plot", "a plot")
    from matplotlib import rc_context

    names = plot.chosen
    style = DARK if plot.dark else LIGHT
    sound = any(_OVER_TIME[name].sound for name in names if name in _OVER_TIME)
    scene = gather(piece, style, sound=sound)
    if not scene.notes:
        raise InputFileError(f"{piece.title}: there are no notes to draw")
    if len(scene.orbit) < 2:
        if ORBIT in plot.panels:
            raise InputFileError(
                f"{piece.title}: an orbit needs complex numbers: fields named re and im"
            )
        names = tuple(name for name in names if name != ORBIT)
    with rc_context(style.rc()):
        figure = _figure(piece, scene, names, plot)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for it
            figure.savefig(path, dpi="figure", metadata={"Title": piece.title})
    return f"{', '.join(names)} of {counted(len(scene.notes), 'note')}"


class _Layout(NamedTuple):
    """How large everything is: the figure and its parts in inches, from top to bottom."""

    dpi: float
    width: float
    height: float
    parts: list[float]
    legend: list[tuple[str, str]]
    scale: float


def _layout(
    piece: Piece, scene: Scene, parts: Sequence[float], size: tuple[int, int] | None
) -> _Layout:
    """Return how large everything is; where there is little room, words are smaller."""
    for dpi in _DPIS if size else _DPIS[:1]:
        width = size[0] / dpi if size else WIDTH_INCHES
        legend = _legend(piece, scene, round(width * LEGEND_CHARS_AN_INCH))
        foot = 0.1 + _LINE_INCHES * len(legend)
        height = size[1] / dpi if size else sum(parts) + _TITLE_INCHES + foot
        scale = (height - _TITLE_INCHES - foot) / sum(parts)
        if scale >= _GOOD_SCALE:
            break
    if size and scale < _LEAST_SCALE:
        least = dpi * (sum(parts) * _LEAST_SCALE + _TITLE_INCHES + foot)
        raise UsageError(
            f"its panels and its legend find no room in {size[0]}x{size[1]} pixels; "
            f"{size[0]}x{least:.0f} are enough, or leave out --size"
        )
    return _Layout(dpi, width, height, [*(one * scale for one in parts), foot], legend, scale)


def _figure(piece: Piece, scene: Scene, names: tuple[str, ...], plot: PlotFormat) -> Any:
    from matplotlib.figure import Figure

    over_time = list(_over_time(scene, names))
    heights = [0.5 + sum(panel.inches for panel in over_time)] if over_time else []
    heights += [_ORBIT_INCHES] if ORBIT in names else []
    dpi, width, height, heights, legend, scale = _layout(piece, scene, heights, plot.size)
    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    parts: Any = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    figure.suptitle(plot.title or _title(piece, scene), fontsize=13)
    if over_time:
        axes: Any = parts[0].subplots(
            len(over_time),
            1,
            sharex=True,
            squeeze=False,
            height_ratios=[panel.inches for panel in over_time],
        )[:, 0]
        for ax, panel in zip(axes, over_time, strict=True):
            panel.draw(ax, scene, panel.inches * scale)
            finish(ax)
        draw_time_axes(axes[0], axes[-1], scene)
        parts[0].align_ylabels(axes)
    if ORBIT in names:
        draw_orbit(parts[1 if over_time else 0].subplots(), scene)
    _write_legend(parts[-1], legend)
    return figure


def _over_time(scene: Scene, names: tuple[str, ...]) -> Iterator[_Panel]:
    """Yield the panels that share the time axis."""
    for name in names:
        if name == CURVES:
            shown = scene.curves[:MAX_CURVES]
            inches = 1.7 if len(shown) <= 3 else 1.2
            for curve in shown:
                yield _Panel(_drawing(curve), inches)
        elif name in _OVER_TIME:
            yield _OVER_TIME[name]


def _drawing(curve: Curve) -> Callable[[Any, Scene, float], None]:
    return lambda ax, scene, inches: draw_curve(ax, scene, curve, inches=inches)


def _title(piece: Piece, scene: Scene) -> str:
    notes = counted(len(scene.notes), "note")
    return f"{shortened(piece.title)}: {notes} in {length_in_words(scene.seconds)}"


def _legend(piece: Piece, scene: Scene, chars: int) -> list[tuple[str, str]]:
    """Return lines that fit, each with its colour."""
    several = len(scene.streams) > 1
    lines: list[tuple[str, str]] = []
    played = [(stream, line) for stream, line in piece.legend() if stream in scene.streams]
    for stream, line in played[:MAX_LEGEND_LINES]:
        shown = shortened(stream) + line.removeprefix(stream)
        colour = scene.colour(stream) if several else scene.style.ink
        wrapped = textwrap.wrap(shown, chars, subsequent_indent="    ", max_lines=2)
        lines += [(text, colour) for text in wrapped]
    if len(played) > MAX_LEGEND_LINES:
        lines.append((f"and {len(played) - MAX_LEGEND_LINES} more", scene.style.ink))
    if scene.alerts:
        count = len(scene.alerts)
        lines.append((f"▼ alert ({count})", scene.style.alert))
    return lines


def _write_legend(figure: Any, lines: list[tuple[str, str]]) -> None:
    ax = figure.subplots()
    ax.set_axis_off()
    for number, (line, colour) in enumerate(lines):
        ax.text(
            0.01,
            1 - (number + 0.5) / len(lines),
            line,
            color=colour,
            fontsize=8.5,
            va="center",
            transform=ax.transAxes,
        )
