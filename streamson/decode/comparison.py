"""Decoded notes beside those that were played: what was found, what was not, and how exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.decode.note import DecodedNote
from streamson.model.note import Note

ONSET_S: Final = 0.03
"""A note is found where one is decoded that begins no further away: a tenth of a short note's time,
and what the ear hears as one moment."""

PITCH_SEMITONES: Final = 0.5

MAX_OFFSET_S: Final = 30.0
"""A recording may have begun so much before or after the notes' own clock."""

OFFSET_STEP_S: Final = 0.01
OFFSET_NOTES: Final = 400
"""The offset is told by so many of the first notes."""

DRIFT_NOTES: Final = 50
"""How fast the recorder's clock runs is told by so many of the first notes, then by twice as many,
and so on: each time the line through them reaches the next ones within `ONSET_S`."""


@dataclass(frozen=True, slots=True)
class PlayedNote:
    """A note that was played, and when.

    Attributes
    ----------
    onset_s
        On the clock of the notes, in seconds.
    note
        All else of it.
    """

    onset_s: float
    note: Note


@dataclass(frozen=True, slots=True)
class Comparison:
    """Decoded notes beside those that were played.

    Attributes
    ----------
    played
        The notes that were played in the stretch that was decoded.
    decoded
        How many were decoded.
    pairs
        Of notes of the same pitch that begin at the same time: index of the one that was played,
        and of the one that was decoded.
    wrong_pitch
        How many more begin at the same time.
    same_instrument
        Share of the pairs of which both are of one instrument; NaN without any.
    offset_s
        How much later the sound has all notes than they were played, at the first of them.
    drift_ppm
        How much longer the sound's seconds are, in millionths; 0 where no note is moved by it.
    onset_error_s, duration_error_s
        Median of the absolute errors of the pairs, NaN without any.
    duration_correlation, level_correlation
        Of the pairs, between what was decoded and what was played; NaN where either is constant.
    """

    played: tuple[PlayedNote, ...]
    decoded: int
    pairs: tuple[tuple[int, int], ...]
    wrong_pitch: int
    same_instrument: float
    offset_s: float
    drift_ppm: float
    onset_error_s: float
    duration_error_s: float
    duration_correlation: float
    level_correlation: float

    @property
    def found(self) -> float:
        """Share of the played notes that were found, of the right pitch at the right time."""
        return len(self.pairs) / len(self.played) if self.played else 0.0

    @property
    def false(self) -> float:
        """Share of the decoded notes that nobody played."""
        return 1 - len(self.pairs) / self.decoded if self.decoded else 0.0


def compare(
    decoded: Sequence[DecodedNote],
    played: Sequence[PlayedNote],
    stretch_s: tuple[float, float] = (-inf, inf),
) -> Comparison:
    """Return decoded notes beside those that were played.

    Parameters
    ----------
    decoded
        By their onsets.
    played
        By their onsets.
    stretch_s
        The stretch of the sound that was decoded: notes that begin outside count as not played.
    """
    first, last = stretch_s[0] - MAX_OFFSET_S, stretch_s[1] + MAX_OFFSET_S
    near = [one for one in played if first <= one.onset_s < last]
    clock = _clock(decoded, near, _offset_s(decoded, near))
    times = [(one, clock.heard_s(one.onset_s)) for one in played]
    times = [(one, at) for one, at in times if stretch_s[0] <= at < stretch_s[1]]
    played, played_s = [one for one, _ in times], [at for _, at in times]
    pairs = _pairs(decoded, played, played_s, PITCH_SEMITONES)
    taken = {j for _, j in pairs}
    of_pairs = {i for i, _ in pairs}
    lost = [i for i in range(len(played)) if i not in of_pairs]
    wrong = _pairs(
        [note for j, note in enumerate(decoded) if j not in taken],
        [played[i] for i in lost],
        [played_s[i] for i in lost],
        np.inf,
    )
    found = [(played[i].note, decoded[j], played_s[i]) for i, j in pairs]
    same = [was.instrument == note.instrument for was, note, _ in found]
    onsets = [abs(note.onset_s - onset) for _, note, onset in found]
    durations = _two([(was.duration_s, note.duration_s) for was, note, _ in found])
    levels = _two([(was.level_db, note.level_db) for was, note, _ in found])
    return Comparison(
        played=tuple(played),
        decoded=len(decoded),
        pairs=tuple(pairs),
        wrong_pitch=len(wrong),
        same_instrument=float(np.mean(same)) if same else np.nan,
        offset_s=clock.offset_s,
        drift_ppm=clock.drift * 1e6,
        onset_error_s=float(np.median(onsets)) if onsets else np.nan,
        duration_error_s=float(np.median(np.abs(np.diff(durations)))) if found else np.nan,
        duration_correlation=_correlation(durations),
        level_correlation=_correlation(levels),
    )


def _pairs(
    decoded: Sequence[DecodedNote],
    played: Sequence[PlayedNote],
    played_s: Sequence[float],
    semitones: float,
) -> list[tuple[int, int]]:
    """Return pairs of notes of about the same time and pitch, the nearest in time first."""
    onsets = np.array([note.onset_s for note in decoded])
    near: list[tuple[float, int, int]] = []
    for i, (one, onset_s) in enumerate(zip(played, played_s, strict=True)):
        low, high = np.searchsorted(onsets, [onset_s - ONSET_S, onset_s + ONSET_S])
        near += [
            (abs(onsets[j] - onset_s), i, j)
            for j in range(low, high)
            if abs(decoded[j].midi_note - one.note.midi_note) <= semitones
        ]
    pairs: list[tuple[int, int]] = []
    of_played, of_decoded = set[int](), set[int]()
    for _, i, j in sorted(near):
        if i not in of_played and j not in of_decoded:
            of_played.add(i)
            of_decoded.add(j)
            pairs.append((i, j))
    return sorted(pairs)


def _offset_s(decoded: Sequence[DecodedNote], played: Sequence[PlayedNote]) -> float:
    """Return how much later notes were decoded than played: what most pairs of a pitch say.

    0 where that says it as well: notes at even distances fit many offsets.
    """
    first, second = played[:OFFSET_NOTES], decoded[:OFFSET_NOTES]
    if not first or not second:
        return 0.0
    was = np.array([(one.onset_s, one.note.midi_note) for one in first])
    now = np.array([(note.onset_s, note.midi_note) for note in second])
    same = np.abs(now[None, :, 1] - was[:, None, 1]) <= PITCH_SEMITONES
    apart = (now[None, :, 0] - was[:, None, 0])[same]
    apart = apart[np.abs(apart) <= MAX_OFFSET_S]
    if not len(apart):
        return 0.0
    votes = np.bincount(np.round((apart + MAX_OFFSET_S) / OFFSET_STEP_S).astype(int))
    # An offset lies on the edge of two steps as well as in the middle of one.
    smooth = np.convolve(votes, [1, 2, 1], "same")
    middle = round(MAX_OFFSET_S / OFFSET_STEP_S)
    at_zero = smooth[middle] if middle < len(smooth) else 0
    best = int(np.argmax(smooth))
    if at_zero >= 0.9 * smooth[best]:
        best = middle
    near = apart[np.abs(apart - (best * OFFSET_STEP_S - MAX_OFFSET_S)) <= 2 * OFFSET_STEP_S]
    offset = float(np.median(near))
    return offset if abs(offset) > ONSET_S / 2 else 0.0  # so much may be the decoder's


class _Clock(NamedTuple):
    """A recorder's clock beside that of the notes."""

    offset_s: float
    drift: float
    first_s: float

    def heard_s(self, onset_s: float) -> float:
        """Return when a note is heard in the sound."""
        return onset_s + self.offset_s + self.drift * (onset_s - self.first_s)


def _clock(decoded: Sequence[DecodedNote], played: Sequence[PlayedNote], offset_s: float) -> _Clock:
    """Return the clock that a recording was made by: no two run alike."""
    first_s = played[0].onset_s if played else 0.0
    clock = still = _Clock(offset_s, 0.0, first_s)
    count = DRIFT_NOTES
    while count < 2 * len(played):
        some = played[:count]
        at = [clock.heard_s(one.onset_s) for one in some]
        pairs = _pairs(decoded, some, at, PITCH_SEMITONES)
        if len(pairs) < count / 2:
            return still  # nobody knows
        since = np.array([some[i].onset_s - first_s for i, _ in pairs])
        late = np.array([decoded[j].onset_s - some[i].onset_s for i, j in pairs])
        drift, offset = np.polyfit(since, late, 1) if np.ptp(since) else (0.0, offset_s)
        clock = _Clock(float(offset), float(drift), first_s)
        count *= 2
    is_moved = abs(clock.drift) * (played[-1].onset_s - first_s if played else 0.0) > ONSET_S / 2
    return clock if is_moved else still


def _two(pairs: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    return np.array(pairs, float).reshape(-1, 2)


def _correlation(two: NDArray[np.float64]) -> float:
    """Return Pearson's correlation of two columns; NaN where one is constant."""
    if len(two) < 2 or (np.ptp(two, axis=0) < 1e-9).any():
        return float("nan")
    return float(np.asarray(np.corrcoef(two.T))[0, 1])
