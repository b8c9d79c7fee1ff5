"""A picture of a piece in a file: its panels one below the other, with title and legend."""

import warnings
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from streamson.errors import InputFileError, UsageError, nearest
from streamson.extras import need
from streamson.offline.picture.digest import digest
from streamson.offline.picture.panels import (
    Scene,
    draw_curves,
    draw_orbit,
    draw_roll,
    draw_spectrogram,
    draw_wave,
)
from streamson.offline.piece import Piece

MAX_NOTES: Final = 1_000_000
MAX_POINTS: Final = 1_000_000
DPI: Final = 150
WIDTH_INCHES: Final = 10.0
STYLE: Final[Any] = {
    "font.size": 10,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "text.parse_math": False,  # a name with dollar signs is no formula
}
MAX_LEGEND_LINES: Final = 12


class _Panel(NamedTuple):
    """A kind of panel: how it is drawn, how high it is, and whether it needs the sound."""

    draw: Callable[[Any, Scene], None]
    inches: float
    sound: bool = False


PANELS: Final = {
    "curves": _Panel(draw_curves, 5.4),
    "wave": _Panel(draw_wave, 2.3, sound=True),
    "roll": _Panel(draw_roll, 3.4),
    "spectrogram": _Panel(draw_spectrogram, 3.6, sound=True),
    "orbit": _Panel(draw_orbit, 7.0),
}
DEFAULT_PANELS: Final = ("curves",)
ALL: Final = "all"


def check_panels(panels: tuple[str, ...]) -> None:
    """Raise `UsageError` if there is no panel of a name."""
    for name in panels:
        if name not in (*PANELS, ALL):
            allowed = (*PANELS, ALL)
            raise UsageError(
                f'no picture "{name}"; allowed: {", ".join(allowed)}{nearest(name, allowed)}'
            )


def write_picture(piece: Piece, path: Path, panels: tuple[str, ...] = ()) -> str:
    """Draw a piece to a ``.png``, ``.svg`` or ``.pdf`` file; return what is in it.

    Parameters
    ----------
    piece
        The piece.
    path
        The file.
    panels
        Names of `PANELS`, from top to bottom; ``all``: all that the piece has something for; by
        default the article's curves.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    UsageError
        If there is no such panel, or too much to draw.
    InputFileError
        If there are no notes, or no complex numbers for an orbit.
    """
    check_panels(panels)
    need("matplotlib", "plot", "a picture")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    scene, lines = _scene(piece, panels)
    names = _chosen(panels, scene)
    chosen = [PANELS[name] for name in names]
    if not scene.notes:
        raise InputFileError(f"{piece.title}: there are no notes to draw")
    shown = lines[:MAX_LEGEND_LINES]
    if len(lines) > len(shown):
        shown.append(("", f"and {len(lines) - len(shown)} more"))
    foot = 0.25 + 0.19 * len(shown)
    heights = [0.45, *(panel.inches for panel in chosen), foot]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, sum(heights)), layout="constrained")
        rows: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
        top, *middle, bottom = rows
        top.suptitle(_title(piece, scene), fontsize=13)
        for panel, part in zip(chosen, middle, strict=True):
            panel.draw(part, scene)
        _write_legend(bottom, scene, shown)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for it
            figure.savefig(path, dpi=DPI, metadata={"Title": piece.title})
    return f"{', '.join(names)} of {len(scene.notes)} notes"


def _scene(piece: Piece, panels: tuple[str, ...]) -> tuple[Scene, list[tuple[str, str]]]:
    """Gather what is to be drawn, and the lines of the legend."""
    notes = [note for note in islice(piece.notes(), MAX_NOTES + 1) if not note.foreground]
    if len(notes) > MAX_NOTES:
        raise UsageError(f"{piece.title}: more than {MAX_NOTES} notes, too many for a picture")
    orbit: list[complex] = []
    for moment in piece.moments():
        value = moment.complex_value
        if value is not None and len(orbit) < MAX_POINTS:
            orbit.append(value)
    path = np.array(orbit, np.complex128)
    if "orbit" in panels and len(path) < 2:
        raise InputFileError(
            f"{piece.title}: an orbit needs complex numbers: fields named re and im"
        )
    wave = spectrum = None
    frames = 0
    if any(PANELS[name].sound for name in _names(panels)):
        wave, spectrum, frames = digest(piece.sound())
    played = list(dict.fromkeys(note.stream for note in notes))
    scene = Scene(notes, piece.sample_rate, played, wave, spectrum, frames, path)
    return scene, [(stream, line) for stream, line in piece.legend() if stream in played]


def _names(panels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(PANELS) if ALL in panels else (panels or DEFAULT_PANELS)


def _chosen(panels: tuple[str, ...], scene: Scene) -> tuple[str, ...]:
    names = _names(panels)
    return tuple(name for name in names if name != "orbit" or len(scene.orbit) > 1)


def _title(piece: Piece, scene: Scene) -> str:
    minutes, seconds = divmod(scene.seconds, 60)
    length = f"{minutes:.0f} min {seconds:.0f} s" if minutes else f"{seconds:.1f} s"
    return f"{piece.title}: {len(scene.notes)} notes in {length}"


def _write_legend(figure: Any, scene: Scene, lines: list[tuple[str, str]]) -> None:
    ax = figure.subplots()
    ax.set_axis_off()
    for number, (stream, line) in enumerate(lines):
        several = len(scene.streams) > 1 and stream in scene.streams
        ax.text(
            0.01,
            1 - (number + 0.5) / max(len(lines), 1),
            line,
            color=scene.colour(stream) if several else "0.25",
            fontsize=8.5,
            va="center",
            transform=ax.transAxes,
        )
