"""The panels of a picture, each drawn on axes of matplotlib."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.offline.picture.digest import FFT_FRAMES, Spectrum, Wave
from streamson.score import Note
from streamson.score.pitch import midi_to_note

RED, BLUE, GREEN = "#c8322b", "#2b6cb0", "#3a8f4d"
"""Of pitch, duration and volume, as in the article."""

STREAM_COLOURS: Final = (
    "#2b6cb0",
    "#d9822b",
    "#3a8f4d",
    "#c8322b",
    "#7b5aa6",
    "#8c6239",
    "#b3478c",
)
MAX_MARKED: Final = 400
"""Notes up to which each has a mark."""

_PITCH_CLASSES: Final = (range(12), (0, 2, 4, 5, 7, 9, 11), (0, 4, 7), (0, 7), (0,))
"""Notes of an octave that may have a tick: fewer, the higher an axis is."""

MAX_VECTORS: Final = 5_000
"""More things than that are drawn as pixels in a vector file."""

SPECTRUM_SPAN_DB: Final = 80


class Scene(NamedTuple):
    """All that the panels show.

    Attributes
    ----------
    notes
        By their onsets.
    sample_rate
        Frames a second.
    streams
        In the order of appearance.
    wave, spectrum, frames
        Of the sound; None where no panel shows it.
    orbit
        Complex values in the order of time; empty where there are none.
    """

    notes: Sequence[Note]
    sample_rate: int
    streams: Sequence[str]
    wave: Wave | None
    spectrum: Spectrum | None
    frames: int
    orbit: NDArray[np.complex128]

    @property
    def seconds(self) -> float:
        """Length of the sound, or up to the end of the last note."""
        ends = (note.onset_frame + note.duration_s * self.sample_rate for note in self.notes)
        return max(self.frames, *ends, 1) / self.sample_rate

    def colour(self, stream: str) -> str:
        """Return the colour of a stream."""
        return STREAM_COLOURS[self.streams.index(stream) % len(STREAM_COLOURS)]


def draw_curves(figure: Any, scene: Scene) -> None:
    """Draw frequency, duration and volume against the number of the note: the article's figure."""
    axes = figure.subplots(3, 1, sharex=True)
    curves = (
        ("frequency (Hz)", RED, [note.frequency_hz for note in scene.notes]),
        ("duration (s)", BLUE, [note.duration_s for note in scene.notes]),
        ("volume (dBFS)", GREEN, [note.level_db for note in scene.notes]),
    )
    for ax, (label, colour, values) in zip(axes, curves, strict=True):
        if len(scene.streams) == 1:
            _curve(ax, np.arange(1, len(values) + 1), values, colour)
        else:
            _curves_of_streams(ax, scene, values)
        ax.set_ylabel(label)
        _grid(ax)
    durations = curves[1][2]
    if max(durations) - min(durations) < 1e-3:  # else rounding would fill the axis
        axes[1].set_ylim(0, 2 * durations[0])
    axes[0].set_yscale("log")
    _frequency_ticks(axes[0], curves[0][2])
    axes[-1].set_xlabel("note")
    axes[-1].set_xlim(0.5, max(len(scene.notes), 1) + 0.5)
    figure.align_ylabels(axes)


def _curve(ax: Any, numbers: Any, values: Any, colour: str) -> None:
    marked = len(values) <= MAX_MARKED
    ax.plot(
        numbers,
        values,
        color=colour,
        linewidth=1.1 if marked else 0.6,
        marker="o" if marked else None,
        markersize=2.6,
        rasterized=len(values) > MAX_VECTORS,
    )


def _curves_of_streams(ax: Any, scene: Scene, values: list[float]) -> None:
    numbers, all_values = np.arange(1, len(values) + 1), np.array(values)
    of_stream = np.array([note.stream for note in scene.notes])
    for stream in scene.streams:
        mine = of_stream == stream
        _curve(ax, numbers[mine], all_values[mine], scene.colour(stream))


def _frequency_ticks(ax: Any, frequencies: list[float]) -> None:
    if not frequencies:
        return
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    low, high = min(frequencies), max(frequencies)
    steps = [100, 150, 200, 300, 400, 600, 800, 1_000, 1_500, 2_000, 3_000, 4_000]
    ticks = [30, 50, 70, *steps, 6_000, 8_000, 12_000]
    seen = [tick for tick in ticks if low / 1.2 <= tick <= high * 1.2]
    ax.yaxis.set_major_locator(FixedLocator(seen or [low]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())


def draw_roll(figure: Any, scene: Scene) -> None:
    """Draw each note as a bar in time, as high as its pitch, as strong as it is loud."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    ax = figure.subplots()
    levels = [note.level_db for note in scene.notes] or [0.0]
    loudest, span = max(levels), max(max(levels) - min(levels), 6.0)
    bars, colours = [], []
    for note in scene.notes:
        start, end = note.onset_frame / scene.sample_rate, note.duration_s
        end += start
        low, high = note.midi_note - 0.4, note.midi_note + 0.4
        bars.append([(start, low), (end, low), (end, high), (start, high)])
        alpha = 1 - 0.65 * (loudest - note.level_db) / span
        colours.append((*to_rgb(scene.colour(note.stream)), alpha))
    collection = PolyCollection(
        bars, facecolors=colours, linewidths=0, rasterized=len(bars) > MAX_VECTORS
    )
    ax.add_collection(collection)
    _pitch_axis(ax, [note.midi_note for note in scene.notes])
    _time_axis(ax, scene)


def _pitch_axis(ax: Any, pitches: list[float]) -> None:
    low, high = min(pitches, default=60) - 2, max(pitches, default=72) + 2
    classes = next(c for c in _PITCH_CLASSES if (high - low) / 12 * len(c) <= 16 or len(c) == 1)
    ticks = [note for note in range(128) if low <= note <= high and note % 12 in classes]
    ax.set_yticks(ticks, [midi_to_note(note) for note in ticks])
    ax.set_ylim(low, high)
    ax.set_ylabel("pitch")


def draw_wave(figure: Any, scene: Scene) -> None:
    """Draw the sound wave, and above it where its notes begin."""
    assert scene.wave is not None
    ax = figure.subplots()
    low, high = scene.wave.ends()
    times = np.linspace(0, scene.frames / scene.sample_rate, len(low))
    ax.fill_between(times, low, high, color="0.3", linewidth=0, rasterized=True)
    most = max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0), 1e-3) * 1.25
    for stream in scene.streams:
        mine = [n.onset_frame / scene.sample_rate for n in scene.notes if n.stream == stream]
        ax.vlines(
            mine,
            0.86 * most,
            0.97 * most,
            color=scene.colour(stream),
            linewidth=0.8,
            rasterized=len(mine) > MAX_VECTORS,
        )
    ax.set_ylim(-most, most)
    ax.set_ylabel("amplitude")
    _time_axis(ax, scene)


def draw_spectrogram(figure: Any, scene: Scene) -> None:
    """Draw the level of each frequency over time."""
    assert scene.spectrum is not None
    ax = figure.subplots()
    levels = scene.spectrum.levels_db()
    if not len(levels):
        levels = np.full((1, FFT_FRAMES // 2 + 1), -200.0, np.float32)
    frequencies = np.arange(levels.shape[1]) * scene.sample_rate / FFT_FRAMES
    top = float(levels.max())
    times = np.linspace(0, scene.frames / scene.sample_rate, len(levels) + 1)
    # Rows of equal height on a logarithmic axis, each as strong as the strongest line in it.
    edges = np.geomspace(50, scene.sample_rate / 2, 401)
    first = np.searchsorted(frequencies, edges[:-1])
    first = np.minimum(first, levels.shape[1] - 1)
    rows = np.maximum.reduceat(levels, first, axis=1).T
    image = ax.pcolormesh(
        times,
        edges,
        rows,
        cmap="magma",
        vmin=top - SPECTRUM_SPAN_DB,
        vmax=top,
        rasterized=True,
        shading="flat",
    )
    ax.set_yscale("log")
    _frequency_ticks(ax, [60, scene.sample_rate / 2])
    ax.set_ylim(50, scene.sample_rate / 2)
    ax.set_ylabel("frequency (Hz)")
    figure.colorbar(image, ax=ax, label="level (dBFS)", pad=0.01, fraction=0.03)
    _time_axis(ax, scene)
    ax.set_xlim(0, times[-1])


def draw_orbit(figure: Any, scene: Scene) -> None:
    """Draw complex values as a path in the plane, light at its beginning and dark at its end."""
    from matplotlib.collections import LineCollection

    ax = figure.subplots()
    points = np.column_stack([scene.orbit.real, scene.orbit.imag])
    segments = np.stack([points[:-1], points[1:]], axis=1)
    lines = LineCollection(
        list(segments), cmap="viridis_r", linewidths=0.9, rasterized=len(segments) > MAX_VECTORS
    )
    lines.set_array(np.arange(1, len(segments) + 1))
    ax.add_collection(lines)
    if len(points) <= MAX_MARKED:
        ax.scatter(*points.T, c=np.arange(len(points)), cmap="viridis_r", s=7, zorder=3)
    ax.axhline(0, color="0.6", linewidth=0.6)
    ax.axvline(0, color="0.6", linewidth=0.6)
    ax.set(xlabel="real part", ylabel="imaginary part")
    ax.set_aspect("equal", adjustable="datalim")
    ax.autoscale_view()
    figure.colorbar(lines, ax=ax, label="point", pad=0.02, fraction=0.04)
    _grid(ax)


def _time_axis(ax: Any, scene: Scene) -> None:
    ax.set_xlabel("time (s)")
    ax.set_xlim(0, scene.seconds)
    _grid(ax)


def _grid(ax: Any) -> None:
    ax.grid(axis="y", alpha=0.25, linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
