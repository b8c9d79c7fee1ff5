"""What a plot shows of a piece, gathered before anything is drawn."""

from collections.abc import Mapping, Sequence
from itertools import islice
from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.errors import UsageError
from streamson.export.plot.overview import Spectrum, Wave, overview
from streamson.export.plot.style import Style
from streamson.model.note import Note
from streamson.offline.piece import Piece, is_melody
from streamson.score.legend import mapped_fields
from streamson.session.resolve import parts_for
from streamson.session.schema import PARAMETERS

MAX_NOTES: Final = 1_000_000
MAX_POINTS: Final = 1_000_000
MAX_NAME_CHARS: Final = 32

Values = NDArray[np.float64]


class Curve(NamedTuple):
    """A field that is heard, of all streams that have one of the name.

    Attributes
    ----------
    field, unit
        Its name, and its unit if one is known.
    parameters
        Those that follow it.
    streams
        Stream to the times, in seconds of sound, and the values.
    """

    field: str
    unit: str
    parameters: Sequence[str]
    streams: Mapping[str, tuple[Values, Values]]


class Scene(NamedTuple):
    """All that the panels show.

    Attributes
    ----------
    style
        Colours.
    notes
        Of the melody, by their onsets.
    alerts
        Seconds and stream of each alert.
    sample_rate
        Frames a second.
    streams
        In the order of appearance.
    curves
        Of the fields that are heard and vary, the pitch's first.
    data_times
        Seconds of sound, and the data's own time then; empty where it has none.
    wave, spectrum, frames
        Of the sound; None where no panel shows it.
    orbit
        Complex values in the order of time; empty where there are none.
    """

    style: Style
    notes: Sequence[Note]
    alerts: Sequence[tuple[float, str]]
    sample_rate: int
    streams: Sequence[str]
    curves: Sequence[Curve]
    data_times: tuple[Values, Values]
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
        return self.style.colour(self.streams.index(stream))


def gather(piece: Piece, style: Style, *, sound: bool) -> Scene:
    """Gather what is to be drawn of a piece.

    Parameters
    ----------
    piece
        The piece.
    style
        Colours.
    sound
        Whether a panel shows the sound, which then is rendered.

    Raises
    ------
    UsageError
        If there are too many notes.
    """
    notes: list[Note] = []
    alerts: list[tuple[float, str]] = []
    for note in islice(piece.notes(), MAX_NOTES + 1):
        if is_melody(note, piece.session):
            notes.append(note)
        elif note.foreground:
            start = note.onset_frame / piece.sample_rate
            # An alert is several notes.
            if not alerts or alerts[-1][1] != note.stream or start > alerts[-1][0] + 1:
                alerts.append((start, note.stream))
    if len(notes) + len(alerts) > MAX_NOTES:
        raise UsageError(f"{piece.title}: more than {MAX_NOTES} notes, too many for a plot")
    orbit, curves, data_times = _points(piece)
    wave = spectrum = None
    frames = 0
    if sound:
        wave, spectrum, frames = overview(piece.sound())
    played = list(dict.fromkeys(note.stream for note in notes))
    return Scene(
        style,
        notes,
        alerts,
        piece.sample_rate,
        played,
        curves,
        data_times,
        wave,
        spectrum,
        frames,
        orbit,
    )


def shortened(name: str, chars: int = MAX_NAME_CHARS) -> str:
    """Return a name that fits."""
    return name if len(name) <= chars else f"{name[: chars - 1]}…"


def length_in_words(seconds: float) -> str:
    """Return a length of time for a person."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _points(piece: Piece) -> tuple[NDArray[np.complex128], list[Curve], tuple[Values, Values]]:
    """Return what is shown of the points: complex values, curves, and the data's own time."""
    orbit: list[complex] = []
    found: dict[str, dict[str, tuple[list[float], list[float]]]] = {}
    fields_of: dict[str, tuple[str, ...]] = {}
    heard: dict[str, list[str]] = {}
    sound_s: list[float] = []
    data_s: list[float] = []
    for moment in islice(piece.moments(), MAX_POINTS):
        value = moment.complex_value
        if value is not None:
            orbit.append(value)
        second = moment.frame / piece.sample_rate
        if moment.stream not in fields_of:
            fields_of[moment.stream] = fields = tuple(moment.fields)
            parts = parts_for(piece.session, moment.stream, fields, len(fields_of) - 1)
            followed = [mapped_fields(part, fields) for part in parts]
            found[moment.stream] = {}
            for parameter in PARAMETERS:
                for one in followed:
                    if parameter in one:
                        names = heard.setdefault(one[parameter], [])
                        names += [parameter] if parameter not in names else []
                        found[moment.stream].setdefault(one[parameter], ([], []))
        for field, (times, values) in found[moment.stream].items():
            times.append(second)
            values.append(moment.fields.get(field, np.nan))
        if not isnan(moment.time):
            sound_s.append(second)
            data_s.append(moment.time)
    order = sorted(heard, key=lambda field: min(map(PARAMETERS.index, heard[field])))
    curves = [curve for field in order if (curve := _curve(field, heard, found, piece))]
    return np.array(orbit, np.complex128), curves, (np.array(sound_s), np.array(data_s))


def _curve(
    field: str, heard: Mapping[str, list[str]], found: Mapping[str, Any], piece: Piece
) -> Curve | None:
    """Return the curve of a field, or None if it never changes."""
    streams = {
        stream: (np.array(fields[field][0]), np.array(fields[field][1], float))
        for stream, fields in found.items()
        if field in fields
    }
    if not any(len(np.unique(v[np.isfinite(v)])) > 1 for _, v in streams.values()):
        return None
    return Curve(field, piece.units.get(field, ""), heard[field], streams)
