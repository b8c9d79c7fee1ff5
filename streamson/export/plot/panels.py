"""The panels of a plot, each drawn on axes of matplotlib."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from streamson.export.plot.overview import FFT_FRAMES
from streamson.export.plot.scene import Curve, Scene, Values, shortened
from streamson.model.note import Note
from streamson.music.pitch import midi_to_note

MAX_MARKED: Final = 150
"""Points up to which each has a mark."""

MAX_DRAWN: Final = 4_000
"""More points, or notes, are drawn as what lies in each column of the plot."""

COLUMNS: Final = 1_200

SPECTRUM_SPAN_DB: Final = 80

_PITCH_CLASSES: Final = (range(12), (0, 2, 4, 5, 7, 9, 11), (0, 4, 7), (0, 7), (0,))
"""Notes of an octave that may have a tick: fewer, the higher an axis is."""

_CHAR_INCHES: Final = 0.085
_LEAST_CHARS: Final = 8
_STEPS_S: Final = (15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)
"""Between ticks of a time axis."""

_OLDEST_DATE_S: Final = 2e8
_NEWEST_DATE_S: Final = 2e11
"""Times before 1976 and after 8300 are no dates but seconds."""


def draw_curve(ax: Any, scene: Scene, curve: Curve, *, inches: float) -> None:
    """Draw the values of a field over time, as the data has them, on axes of such a height."""
    for stream, (times, values) in curve.streams.items():
        if stream not in scene.streams:
            continue
        colour = scene.colour(stream)
        if len(values) > MAX_DRAWN:
            _draw_band(ax, scene, times, values, colour)
            continue
        few = len(values) <= MAX_MARKED
        ax.plot(
            times,
            values,
            color=colour,
            linewidth=1.1 if few else 0.8,
            marker="o" if few else None,
            markersize=2.4,
        )
    unit = f" ({curve.unit})" if curve.unit else ""
    chars = max(int(inches / _CHAR_INCHES) - len(unit), _LEAST_CHARS)
    ax.set_ylabel(f"{shortened(curve.field, chars)}{unit}\n→ {', '.join(curve.parameters)}")
    ax.margins(y=0.12)
    ax.ticklabel_format(axis="y", style="plain", useOffset=False)
    _draw_alerts(ax, scene)


def _draw_band(ax: Any, scene: Scene, times: Values, values: Values, colour: str) -> None:
    """Draw the least and the greatest value of each column."""
    known = np.isfinite(values)
    times, values = times[known], values[known]
    column = np.minimum(times / scene.seconds * COLUMNS, COLUMNS - 1).astype(int)
    first = np.flatnonzero(np.diff(column, prepend=-1))
    low = np.minimum.reduceat(values, first)
    high = np.maximum.reduceat(values, first)
    ax.fill_between(times[first], low, high, color=colour, linewidth=0.4, alpha=0.85)


def _draw_alerts(ax: Any, scene: Scene) -> None:
    """Mark where an alert sounded, at the top, where no value is."""
    if scene.alerts:
        ax.plot(
            [second for second, _ in scene.alerts],
            [0.96] * len(scene.alerts),
            "v",
            color=scene.style.alert,
            markersize=5,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            zorder=5,
        )


def draw_roll(ax: Any, scene: Scene, *, inches: float) -> None:
    """Draw each note as a bar in time, as high as its pitch, as strong as it is loud."""
    pitches = [note.midi_note for note in scene.notes]
    low, high = pitch_axis(ax, pitches, most=max(round(3 * inches), 1))
    if len(scene.notes) > MAX_DRAWN:
        _draw_crowd(ax, scene, low, high)
    else:
        _draw_bars(ax, scene, [note for note in scene.notes if not note.held_key])
        _draw_held(ax, scene)
    _draw_alerts(ax, scene)


def _draw_bars(ax: Any, scene: Scene, notes: Sequence[Note]) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    levels = [note.level_db for note in scene.notes] or [0.0]
    loudest, span = max(levels), max(max(levels) - min(levels), 6.0)
    least_s = scene.seconds / COLUMNS
    bars, colours = [], []
    for note in notes:
        start = note.onset_frame / scene.sample_rate
        end = start + max(note.duration_s, least_s)
        low, high = note.midi_note - 0.4, note.midi_note + 0.4
        bars.append([(start, low), (end, low), (end, high), (start, high)])
        alpha = 1 - 0.65 * (loudest - note.level_db) / span
        colours.append((*to_rgb(scene.colour(note.stream)), alpha))
    ax.add_collection(PolyCollection(bars, facecolors=colours, linewidths=0))


def _draw_held(ax: Any, scene: Scene) -> None:
    """Draw held voices as the lines that they are: they glide from note to note."""
    voices: dict[tuple[str, int], list[Note]] = {}
    for note in scene.notes:
        if note.held_key:
            voices.setdefault((note.stream, note.held_key), []).append(note)
    for (stream, _), notes in voices.items():
        line = _glides(notes, scene.sample_rate)
        ax.plot(*line, color=scene.colour(stream), linewidth=1.4, solid_joinstyle="round")


def _glides(notes: Sequence[Note], sample_rate: int) -> tuple[list[float], list[float]]:
    """Return times in seconds, and pitches, of a voice: a note ends the glide to the one before."""
    times: list[float] = []
    pitches: list[float] = []
    for note in notes:
        start = note.onset_frame / sample_rate
        if times:
            before_s, before = times[-2:], pitches[-2:]
            now = float(np.interp(start, before_s, before))
            if start < times[-1]:
                del times[-1], pitches[-1]
            times.append(start)
            pitches.append(now)
        else:
            times.append(start)
            pitches.append(note.midi_note)
        times.append(start + note.glide_frames / sample_rate)
        pitches.append(note.midi_note)
    times.append(max(notes[-1].onset_frame / sample_rate + notes[-1].duration_s, times[-1]))
    return times, [*pitches, pitches[-1]]


def _draw_crowd(ax: Any, scene: Scene, low: float, high: float) -> None:
    """Draw so many notes that bars would cover each other: how many lie in each place."""
    from matplotlib.colors import to_rgb

    rows = round(2 * (high - low))
    onset = np.array([note.onset_frame for note in scene.notes]) / scene.sample_rate
    pitch = np.array([note.midi_note for note in scene.notes])
    stream = np.array([scene.streams.index(note.stream) for note in scene.notes])
    x = np.minimum(onset / scene.seconds * COLUMNS, COLUMNS - 1).astype(int)
    y = np.clip((pitch - low) / (high - low) * rows, 0, rows - 1).astype(int)
    most = np.zeros((rows, COLUMNS))
    whole = np.zeros((rows, COLUMNS))
    image = np.zeros((rows, COLUMNS, 4))
    for number, name in enumerate(scene.streams):
        mine = stream == number
        count = np.zeros((rows, COLUMNS))
        np.add.at(count, (y[mine], x[mine]), 1)
        image[..., :3][count > most] = to_rgb(scene.colour(name))
        most = np.maximum(most, count)
        whole += count
    image[..., 3] = np.where(whole > 0, 0.25 + 0.75 * np.sqrt(whole / max(whole.max(), 1)), 0)
    ax.imshow(
        image,
        extent=(0, scene.seconds, low, high),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )


def pitch_axis(ax: Any, pitches: Sequence[float], *, most: int) -> tuple[float, float]:
    """Give axes a pitch axis with so many ticks at most; return its ends."""
    low, high = min(pitches, default=60) - 2, max(pitches, default=72) + 2
    classes = next(c for c in _PITCH_CLASSES if (high - low) / 12 * len(c) <= most or len(c) == 1)
    ticks = [note for note in range(128) if low <= note <= high and note % 12 in classes]
    ax.set_yticks(ticks, [midi_to_note(note) for note in ticks])
    ax.set_ylim(low, high)
    ax.set_ylabel("pitch")
    return low, high


def draw_wave(ax: Any, scene: Scene) -> None:
    """Draw the sound wave."""
    assert scene.wave is not None
    low, high = scene.wave.ends()
    times = np.linspace(0, scene.frames / scene.sample_rate, len(low))
    ax.fill_between(times, low, high, color=scene.style.ink, linewidth=0, rasterized=True)
    most = max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0), 1e-3) * 1.1
    ax.set_ylim(-most, most)
    ax.set_ylabel("amplitude")


def draw_spectrogram(ax: Any, scene: Scene) -> None:
    """Draw the level of each frequency over time."""
    assert scene.spectrum is not None
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
    _frequency_ticks(ax, scene.sample_rate / 2)
    ax.set_ylim(50, scene.sample_rate / 2)
    ax.set_ylabel("frequency (Hz)")
    # Inside, so that the time axis is as long as those of the other panels.
    scale = ax.inset_axes((0.8, 0.91, 0.15, 0.04))
    bar = ax.figure.colorbar(image, cax=scale, orientation="horizontal")
    bar.set_ticks([top - SPECTRUM_SPAN_DB, top])
    bar.ax.set_xticklabels([f"{top - SPECTRUM_SPAN_DB:.0f}", f"{top:.0f} dBFS"], color="white")
    bar.ax.tick_params(labelsize=7, length=0)


def _frequency_ticks(ax: Any, high: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    steps = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000]
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in steps if tick <= high]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())


def draw_orbit(ax: Any, scene: Scene) -> None:
    """Draw complex values as a path in the plane, from its beginning to its end."""
    from matplotlib.collections import LineCollection

    points = np.column_stack([scene.orbit.real, scene.orbit.imag])
    segments = np.stack([points[:-1], points[1:]], axis=1)
    colours = scene.style.sequential
    lines = LineCollection(
        list(segments), cmap=colours, linewidths=0.9, rasterized=len(segments) > MAX_DRAWN
    )
    lines.set_array(np.arange(1, len(segments) + 1))
    ax.add_collection(lines)
    if len(points) <= 2 * MAX_MARKED:
        ax.scatter(*points.T, c=np.arange(len(points)), cmap=colours, s=7, zorder=3)
    ax.axhline(0, color=scene.style.faint, linewidth=0.6)
    ax.axvline(0, color=scene.style.faint, linewidth=0.6)
    ax.set(xlabel="real part", ylabel="imaginary part")
    ax.set_aspect("equal", adjustable="datalim")
    ax.autoscale_view()
    ax.figure.colorbar(lines, ax=ax, label="point", pad=0.02, fraction=0.04)
    finish(ax)


def draw_time_axes(first: Any, last: Any, scene: Scene) -> None:
    """Give panels one below the other a time axis: of the sound below, of the data above."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    last.set_xlim(0, scene.seconds)
    if scene.seconds >= 120:
        step_s = next((step for step in _STEPS_S if scene.seconds / step <= 9), scene.seconds / 8)
        last.xaxis.set_major_locator(MultipleLocator(step_s))
        hours = step_s >= 900
        last.xaxis.set_major_formatter(FuncFormatter(lambda s, _: _clock(s / 60 if hours else s)))
        last.set_xlabel(f"time in the sound ({'h:min' if hours else 'min:s'})")
    else:
        last.set_xlabel("time in the sound (s)")
    sound_s, data_s = scene.data_times
    if len(data_s) < 2 or data_s.min() == data_s.max():
        return
    # A clock may go back, but an axis can't.
    going_up = np.flatnonzero(data_s >= np.maximum.accumulate(data_s))
    ticks, labels, what = _data_ticks(data_s[going_up])
    top = first.secondary_xaxis("top")
    top.set_xticks(np.interp(ticks, data_s[going_up], sound_s[going_up]), labels)
    top.tick_params(labelsize=8.5)
    top.set_xlabel(what, fontsize=8.5)


def finish(ax: Any) -> None:
    """Leave out of axes what helps nobody."""
    ax.grid(axis="y", alpha=0.35, linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)


def _clock(count: float) -> str:
    """Return seconds as minutes and seconds, or minutes as hours and minutes."""
    return f"{round(count) // 60}:{round(count) % 60:02}"


def _data_ticks(data_s: Values) -> tuple[Values, list[str], str]:
    """Return round times of the data, how they are written, and what they are."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, num2date
    from matplotlib.ticker import MaxNLocator

    low, high = float(data_s[0]), float(data_s[-1])
    if low < _OLDEST_DATE_S or high > _NEWEST_DATE_S:
        ticks = np.array([t for t in MaxNLocator(7).tick_values(low, high) if low <= t <= high])
        return ticks, [f"{tick:.6g}" for tick in ticks], "time of the data (s)"
    locator = AutoDateLocator(maxticks=7)
    ends = (datetime.fromtimestamp(end, UTC) for end in (low, high))
    days = list(locator.tick_values(*ends))
    dates = [num2date(day, UTC).timestamp() for day in days]
    kept = [i for i, date in enumerate(dates) if low <= date <= high]
    labels = ConciseDateFormatter(locator).format_ticks([days[i] for i in kept])
    first, last = (datetime.fromtimestamp(end, UTC) for end in (low, high))
    written = ("%Y-%m-%d", "%Y-%m", "%Y")
    shared = next(
        (f", {first:{form}}" for form in written if f"{first:{form}}" == f"{last:{form}}"), ""
    )
    what = f"time of the data{shared} (UTC)"
    return np.array([dates[i] for i in kept]), labels, what
