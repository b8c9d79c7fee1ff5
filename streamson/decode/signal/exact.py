"""The pitch and the place of a note between those that were listened for."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.decode.signal.fit import Fit, FoundNote
from streamson.decode.signal.spectra import BINS, Spectra
from streamson.decode.signal.templates import AGES, LEAD_HOPS, Templates

_QUARTER_TURN: Final = np.pi / 4
_LEAST: Final = 1e-12
_FURTHEST: Final = 0.5
"""Of a step: further beside the best pitch than that, the next would be the best."""


class Tone(NamedTuple):
    """What a note sounds like."""

    midi_note: float
    pan: float
    gain: float


def exact_tones(fit: Fit, voice: int) -> list[Tone]:
    """Return the tone of each note of a voice."""
    its = fit.voices[voice]
    moves = its.candidate.pan[0] != its.candidate.pan[1] and its.atoms.shape[-1] > BINS
    heard = fit.left_for(voice) if moves or its.candidate.continuous else fit.rest
    tones = []
    for note in fit.tunes[voice]:
        state = its.states[note.state]
        tone = Tone(state.midi_note, state.pan, note.gain)
        if moves:
            tone = _placed(tone, its, note, heard)
        if its.candidate.continuous:
            tone = tone._replace(midi_note=_pitched(its, note, heard))
        tones.append(tone)
    return tones


def _placed(tone: Tone, its: Templates, note: FoundNote, heard: Spectra) -> Tone:
    """Return a tone at the place that its levels left and right tell, by equal power.

    An instrument's partials may lie beside its own place: so what is told of the places that are
    listened for is known, and what is heard lies between these.
    """
    angle = (tone.pan + 1) * _QUARTER_TURN
    shares = np.array([np.cos(angle), np.sin(angle)])
    sides = [slice(0, BINS), slice(BINS, 2 * BINS)]
    products = [_products(its, note, note.state, heard, side) for side in sides]
    amplitudes = [max(inner / max(energy, _LEAST), 0.0) for inner, energy in products]
    left, right = (float(side) for side in np.array(amplitudes) * shares)
    if left + right <= 0:
        return tone
    here = its.states[note.state]
    beside = [
        state
        for state, other in enumerate(its.states)
        if (other.midi_note, other.brightness) == (here.midi_note, here.brightness)
    ]
    own = its.atoms[0, note.state].astype(np.float64)
    told = []
    for state in beside:
        as_loud = [
            float(own[side] @ its.atoms[0, state, side]) / max(float(own[side] @ own[side]), _LEAST)
            for side in sides
        ]
        told.append(_place(np.array(as_loud) * shares))
    pan = _between(_place(np.array([left, right])), told, [its.states[i].pan for i in beside])
    low, high = its.candidate.pan
    return tone._replace(pan=min(max(pan, low), high), gain=float(np.hypot(left, right)))


def _place(sides: NDArray[np.float64]) -> float:
    """Return where a tone of such amplitudes left and right is, by equal power."""
    return float(np.arctan2(sides[1], sides[0]) / _QUARTER_TURN - 1)


def _between(told: float, known: Sequence[float], places: Sequence[float]) -> float:
    """Return the place of which this is told, on lines through those that are known."""
    if min(np.diff(known)) <= 0:
        return told
    at = min(max(int(np.searchsorted(known, told)), 1), len(known) - 1)
    slope = (places[at] - places[at - 1]) / (known[at] - known[at - 1])
    return places[at - 1] + slope * (told - known[at - 1])


def _pitched(its: Templates, note: FoundNote, heard: Spectra) -> float:
    """Return the pitch where a parabola through what three neighbours explain has its top."""
    here = its.states[note.state]
    beside = [
        state
        for state, other in enumerate(its.states)
        if other.pan == here.pan and other.brightness == here.brightness
    ]
    at = beside.index(note.state)
    if not 0 < at < len(beside) - 1:
        return here.midi_note
    explained = []
    for state in beside[at - 1 : at + 2]:
        inner, energy = _products(its, note, state, heard, slice(None))
        explained.append(inner * abs(inner) / max(energy, _LEAST))
    below, top, above = explained
    bend = below - 2 * top + above
    if bend >= 0:
        return here.midi_note
    steps = min(max((below - above) / (2 * bend), -_FURTHEST), _FURTHEST)
    return here.midi_note + steps * (its.states[beside[at + 1]].midi_note - here.midi_note)


def _products(
    its: Templates, note: FoundNote, state: int, heard: Spectra, rows: slice
) -> tuple[float, float]:
    """Return the inner products of a note at some tone with what was heard, and with itself."""
    duration = int(its.durations[note.duration])
    part = slice(LEAD_HOPS, LEAD_HOPS + duration)
    envelope = its.envelope(note.duration, state)[part]
    inner = energy = 0.0
    for age in range(len(AGES)):
        hops = np.flatnonzero(its.ages[part] == age)
        atom = its.atoms[age, state, rows].astype(np.float64)
        inner += float(envelope[hops] @ (heard[hops + note.first, rows] @ atom))
        energy += float((envelope[hops] ** 2).sum() * (atom @ atom))
    return inner, energy
