"""What a video's images show, drawn by Pillow at twice the size so that edges are smooth."""

from collections.abc import Sequence
from itertools import compress
from math import log10
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.export.plot.style import DARK
from streamson.export.video.window import Ranges
from streamson.model.note import Note
from streamson.music.pitch import midi_to_hz, midi_to_note

BACKGROUND: Final = (16, 19, 24)
PANEL: Final = (24, 29, 36)
FAINT: Final = (52, 60, 70)
TEXT: Final = (205, 212, 220)
FLASH: Final = (255, 255, 255)

PAST_S: Final = 4.0
FUTURE_S: Final = 4.0
SCALE: Final = 2
ORBIT_POINTS: Final = 240
"""Points of the orbit's tail."""

MAX_LEGEND_LINES: Final = 6
LEGEND_LINE: Final = 19.0
LEAST_CHANGE: Final = 1e-3
"""Seconds, semitones or dB: less is rounding."""

_MARGIN: Final = 0.02


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def x(self, share: float) -> float:
        """Return the place so far from left to right."""
        return self.left + share * (self.right - self.left)

    def y(self, share: float) -> float:
        """Return the place so far from bottom to top."""
        return self.bottom - share * (self.bottom - self.top)


class Painter:
    """Draws images of a size.

    Parameters
    ----------
    pillow
        The module PIL with Image, ImageDraw and ImageFont.
    size
        Width and height in pixels.
    ranges
        What there must be room for.
    title
        The piece's.
    legend
        Each stream, and a line: what is played of it.
    sample_rate
        Frames of sound a second.
    """

    def __init__(
        self,
        pillow: Any,
        size: tuple[int, int],
        ranges: Ranges,
        *,
        title: str,
        legend: Sequence[tuple[str, str]],
        sample_rate: int,
    ) -> None:
        self._pillow = pillow
        self._size = size[0] * SCALE, size[1] * SCALE
        self._ranges = ranges
        self._rate = sample_rate
        self._unit = self._size[1] / 720
        width, height = self._size
        margin = _MARGIN * height * 1.5
        self._font = pillow.ImageFont.load_default(round(17 * self._unit))
        self._small = pillow.ImageFont.load_default(round(12.5 * self._unit))
        right = width - margin
        lines = [one for one in legend if one[0] in ranges.streams]
        self._legend = lines[:MAX_LEGEND_LINES]
        if more := len(lines) - len(self._legend):
            self._legend.append(("", f"and {more} more"))
        top = margin + 30 * self._unit
        bottom = height - margin - LEGEND_LINE * self._unit * len(self._legend)
        self._legend_at = margin, bottom + 0.4 * margin
        self._orbit: Box | None = None
        if ranges.real is not None:
            side = min(0.42 * width, bottom - top)
            middle = (top + bottom) / 2
            self._orbit = Box(right - side, middle - side / 2, right, middle + side / 2)
            right -= side + margin
        left = margin + 44 * self._unit
        # What never changes has no curve.
        ends = (ranges.pitch, ranges.duration_s, ranges.level_db)
        self._varies = [high - low > LEAST_CHANGE for low, high in ends]
        count = sum(self._varies)
        split = top + (1 - 0.16 * count) * (bottom - top)
        self._roll = Box(left, top, right, split)
        step = (bottom - split) / max(count, 1)
        self._curves = [
            Box(left, split + i * step + 0.12 * step, right, split + (i + 1) * step)
            for i in range(count)
        ]
        self._title_at = margin, 0.6 * margin
        self._still = self._draw_still(title)

    def image(
        self, now_s: float, notes: Sequence[Note], orbit: Sequence[complex]
    ) -> NDArray[np.uint8]:
        """Return the image of a moment, shape (height, width, 3).

        Parameters
        ----------
        now_s
            The moment.
        notes
            Those to be seen, by their onsets.
        orbit
            The last complex values, up to this moment.
        """
        image = self._still.copy()
        draw = self._pillow.ImageDraw.Draw(image)
        self._draw_roll(draw, now_s, notes)
        self._draw_curves(draw, now_s, notes)
        if self._orbit is not None and orbit:
            self._draw_orbit(draw, self._orbit, orbit)
        minutes, seconds = divmod(max(now_s, 0), 60)
        text = f"{minutes:.0f}:{int(seconds):02}"
        x = self._size[0] - self._title_at[0] - draw.textlength(text, font=self._font)
        self._write(draw, (x, self._title_at[1]), text, self._font)
        return np.asarray(image.reduce(SCALE))

    def _draw_still(self, title: str) -> Any:
        """Return what is the same in all images."""
        image = self._pillow.Image.new("RGB", self._size, BACKGROUND)
        draw = self._pillow.ImageDraw.Draw(image)
        for box in (self._roll, *self._curves, *([self._orbit] if self._orbit else [])):
            draw.rectangle(box, fill=PANEL)
        self._write(draw, self._title_at, title, self._font)
        self._draw_legend(draw)
        low, high = self._pitch_range()
        for octave in range(0, 128, 12):
            if low <= octave <= high:
                y = self._roll.y((octave - low) / (high - low))
                draw.line((self._roll.left, y, self._roll.right, y), fill=FAINT, width=SCALE)
                place = (self._roll.left - 34 * self._unit, y - 8 * self._unit)
                self._write(draw, place, midi_to_note(octave), self._small)
        for box, label in zip(self._curves, compress(self._labels(), self._varies), strict=True):
            place = (box.left + 8 * self._unit, box.top + 3 * self._unit)
            self._write(draw, place, label, self._small, (130, 138, 148))
        if self._orbit is not None:
            self._draw_axes(draw, self._orbit)
        for box in (self._roll, *self._curves):
            x = box.x(PAST_S / (PAST_S + FUTURE_S))
            draw.line((x, box.top, x, box.bottom), fill=(120, 128, 138), width=SCALE)
        return image

    def _draw_legend(self, draw: Any) -> None:
        """Write what is played of each stream, in its colour, as far as there is room."""
        x, y = self._legend_at
        most = self._size[0] - 2 * x
        several = len(self._ranges.streams) > 1
        for stream, line in self._legend:
            colour = self._stream_colour(stream) if several and stream else TEXT
            self._write(draw, (x, y), self._fitting(draw, line, most), self._small, colour)
            y += LEGEND_LINE * self._unit

    def _fitting(self, draw: Any, text: str, most: float) -> str:
        if draw.textlength(text, font=self._small) <= most:
            return text
        while text and draw.textlength(f"{text}…", font=self._small) > most:
            text = text[:-1]
        return f"{text}…"

    def _draw_axes(self, draw: Any, box: Box) -> None:
        x, y = self._orbit_place(0j)
        if box.left <= x <= box.right:
            draw.line((x, box.top, x, box.bottom), fill=FAINT, width=SCALE)
        if box.top <= y <= box.bottom:
            draw.line((box.left, y, box.right, y), fill=FAINT, width=SCALE)

    def _labels(self) -> tuple[str, str, str]:
        """Return what the curves show, and from where to where."""
        low, high = (midi_to_hz(note) for note in self._ranges.pitch)
        short, long = self._ranges.duration_s
        soft, loud = self._ranges.level_db
        return (
            f"frequency, {low:.0f} to {high:.0f} Hz",
            f"duration, {short:.2g} to {long:.2g} s",
            f"volume, {soft:.0f} to {loud:.0f} dBFS",
        )

    def _draw_roll(self, draw: Any, now_s: float, notes: Sequence[Note]) -> None:
        low, high = self._pitch_range()
        thick = max(0.42 * (self._roll.bottom - self._roll.top) / (high - low), 2.5 * self._unit)
        thick = min(thick, 9 * self._unit)
        for note in notes:
            start = note.onset_frame / self._rate - now_s
            end = start + note.duration_s
            x0 = self._roll.x(_share(start))
            x1 = max(self._roll.x(_share(end)) - self._unit, x0 + 2)
            if x1 <= self._roll.left or x0 >= self._roll.right:
                continue
            y = self._roll.y((note.midi_note - low) / (high - low))
            bar = (max(x0, self._roll.left), y - thick, min(x1, self._roll.right), y + thick)
            sounds = start <= 0 < end
            draw.rounded_rectangle(bar, radius=thick / 2, fill=self._colour(note, lit=sounds))

    def _draw_curves(self, draw: Any, now_s: float, notes: Sequence[Note]) -> None:
        values = (
            (
                [log10(note.frequency_hz) for note in notes],
                self._frequency_range(),
                DARK.streams[3],
            ),
            ([note.duration_s for note in notes], self._ranges.duration_s, DARK.streams[0]),
            ([note.level_db for note in notes], self._ranges.level_db, DARK.streams[2]),
        )
        several = len(self._ranges.streams) > 1
        for box, (curve, ends, colour) in zip(
            self._curves, compress(values, self._varies), strict=True
        ):
            lines: dict[str, list[tuple[float, float]]] = {}
            for note, value in zip(notes, curve, strict=True):
                x = box.x(_share(note.onset_frame / self._rate - now_s))
                lines.setdefault(note.stream, []).append((x, box.y(0.08 + 0.64 * _in(value, ends))))
            for stream, line in lines.items():
                shown = self._stream_colour(stream) if several else _rgb(colour)
                self._draw_line(draw, box, line, shown)

    def _draw_line(
        self, draw: Any, box: Box, line: list[tuple[float, float]], colour: tuple[int, int, int]
    ) -> None:
        """Draw a line, its future faint, and a dot where it is now."""
        now = box.x(PAST_S / (PAST_S + FUTURE_S))
        inside = [place for place in line if box.left <= place[0] <= box.right]
        past = [place for place in inside if place[0] <= now]
        future = ([past[-1]] if past else []) + [place for place in inside if place[0] > now]
        width = round(2 * self._unit)
        if len(future) > 1:
            draw.line(future, fill=_mixed(colour, PANEL, 0.65), width=width, joint="curve")
        if len(past) > 1:
            draw.line(past, fill=colour, width=width, joint="curve")
        if past:
            x, y = past[-1]
            radius = 4 * self._unit
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def _draw_orbit(self, draw: Any, box: Box, orbit: Sequence[complex]) -> None:
        tail = [self._orbit_place(value) for value in orbit[-ORBIT_POINTS:]]
        for i in range(1, len(tail)):
            age = (len(tail) - i) / ORBIT_POINTS
            colour = _mixed((120, 200, 255), PANEL, min(age, 0.92))
            draw.line((*tail[i - 1], *tail[i]), fill=colour, width=round(2 * self._unit))
        x, y = tail[-1]
        radius = 6 * self._unit
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=FLASH)
        place = (box.left + 10 * self._unit, box.bottom - 26 * self._unit)
        value = orbit[-1]
        self._write(draw, place, f"{value.real:.3g} {value.imag:+.3g} i", self._small)

    def _orbit_place(self, value: complex) -> tuple[float, float]:
        box, real, imaginary = self._orbit, self._ranges.real, self._ranges.imaginary
        assert box is not None
        assert real is not None
        assert imaginary is not None
        # One scale for both axes: a circle is a circle.
        span = 1.1 * max(real[1] - real[0], imaginary[1] - imaginary[0])
        centre = complex(sum(real) / 2, sum(imaginary) / 2)
        shifted = (value - centre) / span
        return box.x(0.5 + shifted.real), box.y(0.5 + shifted.imag)

    def _colour(self, note: Note, *, lit: bool) -> tuple[int, int, int]:
        colour = self._stream_colour(note.stream)
        if lit:
            return _mixed(FLASH, colour, 0.15)
        low, high = self._ranges.level_db
        loud = (note.level_db - low) / max(high - low, 6.0)
        return _mixed(colour, PANEL, 0.55 - 0.5 * loud)

    def _stream_colour(self, stream: str) -> tuple[int, int, int]:
        number = self._ranges.streams.index(stream)
        return _rgb(DARK.colour(number))

    def _pitch_range(self) -> tuple[float, float]:
        low, high = self._ranges.pitch
        middle, half = (low + high) / 2, max((high - low) / 2, 3.0) + 1.5
        return middle - half, middle + half

    def _frequency_range(self) -> tuple[float, float]:
        low, high = (log10(midi_to_hz(note)) for note in self._ranges.pitch)
        return low, high

    def _write(
        self,
        draw: Any,
        place: tuple[float, float],
        text: str,
        font: Any,
        colour: tuple[int, int, int] = TEXT,
    ) -> None:
        draw.text(place, text, fill=colour, font=font)


def _share(seconds: float) -> float:
    """Return where something lies between left and right that is so many seconds ahead."""
    return (seconds + PAST_S) / (PAST_S + FUTURE_S)


def _in(value: float, ends: tuple[float, float]) -> float:
    low, high = ends
    return 0.5 if high - low < 1e-9 else (value - low) / (high - low)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _mixed(
    first: tuple[int, int, int], second: tuple[int, int, int], share: float
) -> tuple[int, int, int]:
    """Return a colour so far on the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
