"""What speaks for a note in a sound, and against it: the ground of confidences and error bars.

The spread of a parameter is that of least squares with errors of unequal size (H. White, "A
heteroskedasticity-consistent covariance matrix estimator", Econometrica 48, 1980): of a note whose
spectra change by ``D`` with the parameter, where ``N`` is wrong, it is
``sqrt(sum(N^2 D^2)) / sum(D^2)``. ``N`` is what nothing explains, and where other notes have their
energy as well the lesser of the two, for magnitudes of tones that meet do not add.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.decode.signal.fit import Fit, FoundNote
from streamson.decode.signal.spectra import BINS, HOP_S, Spectra
from streamson.decode.signal.templates import LEAD_HOPS, Templates

Rows = NDArray[np.float64]

MET: Final = 0.3
"""Of the lesser of two tones that meet, in power: what is wrong of their sum."""

_FAINT: Final = 1e-4
"""Of the power of a tone's strongest row: weaker ones tell nothing of it."""

_LEAST: Final = 1e-20
_QUARTER_TURN: Final = np.pi / 4


class Evidence(NamedTuple):
    """What a note rests on.

    Attributes
    ----------
    onset_s, end_s, level, midi_note, pan
        How far its parameters may be off, as standard deviations of errors that are independent
        from hop to hop; of the level as a share of the amplitude. NaN where nothing is measured.
    """

    onset_s: float
    end_s: float
    level: float
    midi_note: float
    pan: float


def evidence_of(fit: Fit, voice: int) -> list[Evidence]:
    """Return what each note of a voice rests on."""
    others = [own for number, own in enumerate(fit.own) if number != voice]
    return [_of_note(fit, voice, note, others) for note in fit.tunes[voice]]


def _of_note(fit: Fit, voice: int, note: FoundNote, others: Sequence[Spectra]) -> Evidence:
    its = fit.voices[voice]
    envelope = its.envelope(note.duration, note.state)
    start = note.first - LEAD_HOPS
    first, end = max(-start, 0), min(len(envelope), len(fit.rest) - start)
    ages = its.ages[first:end]
    power = (its.atoms[:, note.state].astype(np.float64) ** 2).sum(axis=0)
    rows = np.flatnonzero(power > _FAINT * max(float(power.max()), _LEAST))

    def heard(spectra: Spectra) -> Rows:
        return spectra[first + start : end + start, rows].astype(np.float64)

    atoms = its.atoms[:, note.state, rows].astype(np.float64)
    own = (note.gain * envelope[first:end])[:, None] * atoms[ages]
    beside = sum((heard(other) for other in others), np.zeros_like(own))
    wrong = heard(fit.rest) ** 2 + MET * np.minimum(own, np.maximum(beside, 0.0)) ** 2
    onset, tail = _edges(its, note)
    return Evidence(
        onset_s=HOP_S * _spread(note.gain * onset[first:end, None] * atoms[ages], wrong),
        end_s=HOP_S * _spread(note.gain * tail[first:end, None] * atoms[ages], wrong),
        level=_spread(own, wrong),
        midi_note=_of_pitch(fit, its, note, first, end),
        pan=_of_pan(its, note, own, wrong, rows),
    )


def _spread(slope: Rows, wrong: Rows) -> float:
    """Return the standard deviation of a parameter with which spectra change by a slope."""
    steep = slope**2
    return float(np.sqrt((wrong * steep).sum()) / max(float(steep.sum()), _LEAST))


def _edges(its: Templates, note: FoundNote) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how a note's envelope changes for each hop that it begins earlier, or ends later."""
    here = its.envelope(note.duration, note.state)
    longer = min(note.duration + 1, len(its.durations) - 1)
    shorter = longer - 1
    if longer == 0:
        return np.zeros_like(here), np.zeros_like(here)
    step = int(its.durations[longer] - its.durations[shorter])
    long, short = its.envelope(longer, note.state), its.envelope(shorter, note.state)
    at_end = (long - np.pad(short, (0, step))) / step
    at_onset = (long[step:] - short) / step
    return _as_long(at_onset, len(here)), _as_long(at_end, len(here))


def _as_long(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    return np.pad(values[:length], (0, max(length - len(values), 0)))


def _of_pitch(fit: Fit, its: Templates, note: FoundNote, first: int, end: int) -> float:
    """Return the spread of a pitch that may be any."""
    if not its.candidate.continuous:
        return np.nan
    here = its.states[note.state]
    beside = [
        state
        for state, other in enumerate(its.states)
        if (other.pan, other.brightness) == (here.pan, here.brightness)
    ]
    at = beside.index(note.state)
    low, high = beside[max(at - 1, 0)], beside[min(at + 1, len(beside) - 1)]
    if low == high:
        return np.nan
    semitones = its.states[high].midi_note - its.states[low].midi_note
    change = its.atoms[:, high].astype(np.float64) - its.atoms[:, low]
    power = (change**2).sum(axis=0)
    rows = np.flatnonzero(power > _FAINT * max(float(power.max()), _LEAST))
    slope = change[:, rows] / semitones
    start = note.first - LEAD_HOPS
    wrong = fit.rest[first + start : end + start, rows].astype(np.float64) ** 2
    amplitudes = note.gain * its.envelope(note.duration, note.state)[first:end]
    return _spread(amplitudes[:, None] * slope[its.ages[first:end]], wrong)


def _of_pan(
    its: Templates, note: FoundNote, own: Rows, wrong: Rows, rows: NDArray[np.int64]
) -> float:
    """Return the spread of a place that moves, told by equal power."""
    two = its.atoms.shape[-1] > BINS
    if not two or its.candidate.pan[0] == its.candidate.pan[1]:
        return np.nan
    angle = (its.states[note.state].pan + 1) * _QUARTER_TURN
    is_left = rows < BINS
    # What one side gains the other loses: cos and sin, and their slopes.
    ratio = np.where(is_left, -np.tan(angle), 1 / np.tan(angle)) * _QUARTER_TURN
    return _spread(own * ratio, wrong)
