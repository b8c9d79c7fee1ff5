"""Small pictures of what is heard, light and dark, and in words what is seen on them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from gallery_items import Item, Picture
from gallery_takes import Rendered, Sound
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from streamson._printable import counted
from streamson.export.plot.panels import draw_curve, draw_roll, draw_time_axes
from streamson.export.plot.scene import Curve, Scene, gather
from streamson.export.plot.style import DARK, LIGHT
from streamson.music.pitch import midi_to_note
from streamson.offline.piece import Piece
from streamson.offline.render import DEFAULT_SAMPLE_RATE

WIDTH_INCHES: Final = 4.8
SMALL_INCHES: Final = 3.4
DPI: Final = 72
"""So a picture's inches are points, and its letters 9 pixels high where it is not scaled."""

WINDOW: Final = 4_096
COLUMNS: Final = 260
ROWS: Final = 110
SPAN_DB: Final = 65
LOWEST_HZ, HIGHEST_HZ = 60, 12_000


def draw(path: Path, item: Item, sound: Sound) -> str:
    """Draw what is heard of an item to an ``.svg`` file; return what is seen, in words."""
    with _figure(path, _SIZES[item.picture]) as figure:
        if item.picture == "spectrogram":
            _spectrogram(figure.subplots(), sound)
            return _spectrogram_in_words(item, sound)
        assert isinstance(item.take, Rendered)
        scene = _scene(item.take.piece)
        _DRAWN[item.picture](figure, scene)
        return _IN_WORDS[item.picture](scene)


_SIZES: Final[dict[Picture, tuple[float, float]]] = {
    "spectrogram": (WIDTH_INCHES, 1.8),
    "roll": (SMALL_INCHES, 1.4),
    "curves": (WIDTH_INCHES, 3.2),
    "orbit": (WIDTH_INCHES, 5.2),
}


@contextmanager
def _figure(path: Path, size: tuple[float, float]) -> Iterator[Figure]:
    """Yield a figure that is written when it is drawn, with colours for light and for dark."""
    more = {"font.size": 8.5, "svg.hashsalt": path.stem}
    with rc_context(LIGHT.rc() | more):
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        yield figure
        figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
    path.write_text(_in_both(path.read_text("utf-8")), "utf-8")


def _in_both(svg: str) -> str:
    """Return a picture whose colours hang on whether its page is light or dark."""
    pairs = {
        LIGHT.ink: DARK.ink,
        LIGHT.faint: DARK.faint,
        LIGHT.alert: DARK.alert,
        **dict(zip(LIGHT.streams, DARK.streams, strict=True)),
    }
    names = {light: f"--c{number}" for number, light in enumerate(pairs)}
    for light, name in names.items():
        svg = svg.replace(light, f"var({name})")
    colours = [
        "".join(f"{names[light]}:{colour};" for light, colour in chosen)
        for chosen in (((one, one) for one in pairs), pairs.items())
    ]
    style = f"svg{{{colours[0]}}}@media(prefers-color-scheme:dark){{svg{{{colours[1]}}}}}"
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # A hundredth of a pixel is enough, and half the size.
    svg = re.sub(
        r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), svg
    )
    return re.sub(r"(<svg [^>]*>)", rf"\1<style>{style}</style>", svg, count=1)


def _spectrogram(ax: Any, sound: Sound) -> None:
    """Draw the level of each frequency over time."""
    levels, seconds = _levels(sound)
    top = float(levels.max())
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1)
    first = np.searchsorted(np.arange(levels.shape[0]) * DEFAULT_SAMPLE_RATE / WINDOW, edges[:-1])
    rows = np.maximum.reduceat(levels, first, axis=0)[:ROWS]
    ax.imshow(
        rows,
        extent=(0, seconds, np.log10(LOWEST_HZ), np.log10(HIGHEST_HZ)),
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=top - SPAN_DB,
        vmax=top,
        interpolation="none",
    )
    ticks = np.log10([100, 300, 1_000, 3_000, 10_000])
    ax.yaxis.set_major_locator(FixedLocator(list(ticks)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{round(10**at):,}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set(ylabel="Hz", xlabel="seconds")
    ax.spines[:].set_visible(False)


def _levels(sound: Sound) -> tuple[Sound, float]:
    """Return dB, shape (frequencies, columns), and how many seconds they are."""
    mono = sound.mean(axis=1)
    hop = max(len(mono) // COLUMNS, 1)
    transform = ShortTimeFFT(
        hann(WINDOW, sym=False), hop, fs=1.0, fft_mode="onesided2X", scale_to="magnitude"
    )
    levels = np.abs(transform.stft(mono, p0=0, p1=COLUMNS))
    return 20 * np.log10(np.maximum(levels, 1e-6)), COLUMNS * hop / DEFAULT_SAMPLE_RATE


def _spectrogram_in_words(item: Item, sound: Sound) -> str:
    levels, seconds = _levels(sound)
    loud = np.flatnonzero(levels.max(axis=1) > levels.max() - 40)
    hz = round(float(loud[-1]) * DEFAULT_SAMPLE_RATE / WINDOW, -2)
    begin = f"Spectrogram of {seconds:.1f} seconds: "
    if not isinstance(item.take, Rendered):
        return f"{begin}six notes that climb, then a chord, with partials up to {hz:,.0f} Hz."
    piece = item.take.piece
    told = [note for note in piece.notes() if note.foreground]
    pitches = ", ".join(midi_to_note(note.midi_note) for note in told)
    at_s = told[0].onset_frame / piece.sample_rate
    return (
        f"{begin}the partials of a tone, which pale while the alert sounds. From {at_s:.1f} s on "
        f"{counted(len(told), 'note')} of it ({pitches}) with partials up to {hz:,.0f} Hz."
    )


def _roll(figure: Figure, scene: Scene) -> None:
    ax: Any = figure.subplots()
    draw_roll(ax, scene, inches=1.2)
    _finish(ax, scene)


def _curves(figure: Figure, scene: Scene) -> None:
    upper: Any
    lower: Any
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
    for curve in scene.curves:
        draw_curve(upper, scene, curve, inches=1)
    upper.set_ylabel(scene.curves[0].field if len(scene.curves) == 1 else "values")
    if len(scene.streams) > 1:
        marks = [Line2D([], [], color=scene.colour(stream)) for stream in scene.streams]
        names = [stream.rpartition(".")[2] for stream in scene.streams]
        upper.legend(
            *(marks, names),
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=len(names),
            frameon=False,
            borderaxespad=0.2,
        )
    draw_roll(lower, scene, inches=1.2)
    for ax in (upper, lower):
        _finish(ax, scene)
    upper.set_xlabel("")
    figure.align_ylabels()


def _scene(piece: Piece) -> Scene:
    """Return what is drawn: a stream has the same colour in all pictures, and one curve."""
    scene = gather(piece, LIGHT, sound=False)
    streams = [stream for stream, _ in piece.legend() if stream in scene.streams]
    curves = scene.curves if len(streams) > 1 else scene.curves[:1]
    return scene._replace(streams=streams, curves=curves or [_unheard(piece)])


def _unheard(piece: Piece) -> Curve:
    """Return the first field's values, where no parameter follows any: the points are heard."""
    moments = list(piece.moments())
    field = next(iter(moments[0].fields))
    seconds = np.array([moment.frame / piece.sample_rate for moment in moments])
    values = np.array([moment.fields[field] for moment in moments])
    return Curve(field, "", (), {moments[0].stream: (seconds, values)})


def _orbit(figure: Figure, scene: Scene) -> None:
    plane: Any
    roll: Any
    plane, roll = figure.subplots(2, 1, height_ratios=[2, 1])
    values = scene.orbit
    plane.plot(values.real, values.imag, color=scene.style.streams[0], linewidth=0.8, alpha=0.75)
    plane.plot([0], [0], "+", color=scene.style.alert, markersize=12, markeredgewidth=1.5)
    plane.set(xlabel="real part: the pitch", ylabel="imaginary part: the duration")
    plane.set_aspect("equal", adjustable="datalim")
    draw_roll(roll, scene, inches=1.2)
    _finish(roll, scene)
    plane.spines[["top", "right"]].set_visible(False)
    plane.grid(alpha=0.35, linewidth=0.6)


def _finish(ax: Any, scene: Scene) -> None:
    draw_time_axes(ax, ax, scene._replace(data_times=(np.zeros(0), np.zeros(0))))
    ax.set_xlabel("seconds")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.35, linewidth=0.6)


def _roll_in_words(scene: Scene) -> str:
    return f"Piano roll: {_notes_in_words(scene)}, up and down again."


def _curves_in_words(scene: Scene) -> str:
    values = np.concatenate([v for curve in scene.curves for _, v in curve.streams.values()])
    several = len(scene.streams) > 1
    field = scene.curves[0].field
    what = f"the values of {len(scene.streams)} streams" if several else f"the field {field}"
    text = (
        f"Above, {what} over {scene.seconds:.0f} seconds, {np.nanmin(values):.4g} to "
        f"{np.nanmax(values):.4g}. Below, a piano roll: {_notes_in_words(scene)}."
    )
    if scene.alerts:
        text += f" {_sentence(counted(len(scene.alerts), 'alert'))} marked."
    return text


def _orbit_in_words(scene: Scene) -> str:
    return (
        f"Above, {len(scene.orbit)} values in the complex plane: loops of different sizes, most of "
        f"which pass near the cross at 0. Below, a piano roll: {_notes_in_words(scene)}."
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _notes_in_words(scene: Scene) -> str:
    held = {(note.stream, note.held_key) for note in scene.notes if note.held_key}
    pitches = [note.midi_note for note in scene.notes]
    low, high = midi_to_note(min(pitches)), midi_to_note(max(pitches))
    if held:
        return f"{counted(len(held), 'held line')} between {low} and {high}"
    different = len({round(pitch, 2) for pitch in pitches})
    where = f"all on {low}" if different == 1 else f"on {different} pitches from {low} to {high}"
    return f"{counted(len(scene.notes), 'note')} {where}"


_DRAWN: Final[dict[str, Callable[[Figure, Scene], None]]] = {
    "roll": _roll,
    "curves": _curves,
    "orbit": _orbit,
}
_IN_WORDS: Final[dict[str, Callable[[Scene], str]]] = {
    "roll": _roll_in_words,
    "curves": _curves_in_words,
    "orbit": _orbit_in_words,
}
