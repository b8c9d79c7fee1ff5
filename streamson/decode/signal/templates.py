"""What each voice looks like in spectra: made from the engine's own rendering of its notes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.decode.note import Candidate
from streamson.decode.signal.spectra import (
    ANALYSIS_RATE,
    BINS,
    HOP,
    HOP_S,
    WINDOW,
    Sound,
    Spectra,
    amplitude_at,
    spectra,
    to_analysis_rate,
    to_mono,
)
from streamson.errors import UsageError
from streamson.model.audio import Audio
from streamson.model.instrument import Instrument, Partial
from streamson.model.note import Note
from streamson.music.level import db_to_amplitude
from streamson.music.pitch import midi_to_hz
from streamson.synth.engine import Engine

MAX_STATES: Final = 1_024
"""Notes of all voices together, each at each place that it is listened for at."""

MAX_DURATION_S: Final = 8.0
"""Longer notes are not listened for: a window of sound has to hold several."""

LEAD_HOPS: Final = WINDOW // 2 // HOP
"""Spectra that hear a note before it begins: their windows reach so far."""

TAIL_HOPS: Final = 60
"""Of what rings after a note's duration, 0.35 s: separation leaves little of it."""

AGES: Final = (0, 8, 26)
"""From which hops on a note has another spectrum: its strike, 46 ms; its body; what stays. Upper
partials die away first."""

LEAST_DURATION_HOPS: Final = 4

_SPREAD_HOPS: Final = 2
"""Durations are listened for so much below and above what a voice says."""

_STEP_FROM_HOPS: Final = 90
"""Up to half a second each duration is listened for, beyond it steps of this share of it."""

_STEP_SHARE: Final = 0.025

_PLACES: Final = 3
"""So many, evenly spread, are listened for where a pan or brightness moves."""

_STEP_SEMITONES: Final = 0.25
"""Between the pitches that are listened for where all are allowed."""

_ENGINE_RATE: Final = 44_100
_LEVEL_DB: Final = -24.0
"""Of what is rendered: the limiter leaves it alone."""

_FLAT_NOTE: Final = 93.0
"""At which envelopes are measured, 1.8 kHz."""

_KEPT: Final = 16
"""Voices whose templates are kept: a sound that is heard in several stretches has the same ones. Of
the 1,024 tones that all together may have they take 14 MB."""

_LONGEST_RENDERED_S: Final = 3.0
_LEAST_ENVELOPE: Final = 1e-3
_LEAST_DECAY: Final = 1e-4
_MOST_DECAY: Final = 4.0
"""Tones that beat may swell after their onset."""


@dataclass(frozen=True, slots=True)
class State:
    """One of the tones that a voice may play."""

    midi_note: float
    pan: float
    brightness: float


@dataclass(frozen=True, slots=True)
class Templates:
    """A voice as its spectra have it, at a level of 0 dBFS.

    Attributes
    ----------
    candidate
        The voice.
    states
        The tones that it may play, by pitch.
    atoms : float32, shape (ages, states, rows)
        The spectrum of each tone at each age, where its envelope is 1.
    durations : shape (durations,)
        In hops, going up.
    envelopes : shape (durations, hops)
        Of a note of each duration, from `LEAD_HOPS` before its onset to `TAIL_HOPS` after its end.
    decays : shape (hops, states)
        By how much each tone has died away by then, beside its envelope.
    ages : shape (hops,)
        Number of the age of each of those hops.
    energies : shape (states, durations)
        Of a note's spectra within its duration.
    """

    candidate: Candidate
    states: tuple[State, ...]
    atoms: Spectra
    durations: NDArray[np.int64]
    envelopes: NDArray[np.float64]
    decays: NDArray[np.float64]
    ages: NDArray[np.int64]
    energies: NDArray[np.float64]

    @property
    def steady(self) -> Spectra:
        """The spectrum of each tone over its first third of a second, shape (states, rows)."""
        weights = np.bincount(self.ages[LEAD_HOPS : LEAD_HOPS + TAIL_HOPS], minlength=len(AGES))
        mean: Spectra = np.average(self.atoms, axis=0, weights=weights).astype(np.float32)
        return mean

    def envelope(self, duration: int, state: int) -> NDArray[np.float64]:
        """Return how a note rises and falls, `LEAD_HOPS` before to `TAIL_HOPS` after it."""
        hops = LEAD_HOPS + int(self.durations[duration]) + TAIL_HOPS
        return self.envelopes[duration, :hops] * self.decays[:hops, state]

    def filtered(self, response: NDArray[np.float32]) -> "Templates":
        """Return the same voice through something that has a gain in each row."""
        atoms = self.atoms * response
        energies = _energies(atoms, self.envelopes, self.decays, self.ages, self.durations)
        return replace(self, atoms=atoms, energies=energies)


def make_templates(candidates: Sequence[Candidate], audio: Audio, *, mono: bool) -> list[Templates]:
    """Return what each voice looks like.

    Parameters
    ----------
    candidates
        The voices, as `check_candidates` allows them.
    audio
        How they sound together; a room is left out.
    mono
        Whether what is heard of them has one channel.
    """
    return [_voice(one, _states(one), audio, mono=mono) for one in candidates]


def check_candidates(candidates: Sequence[Candidate]) -> None:
    """Raise `UsageError` if a voice can't be listened for, or there are too many tones."""
    if not candidates:
        raise UsageError("no voice to listen for")
    for candidate in candidates:
        _check(candidate)
    count = sum(len(_states(candidate)) for candidate in candidates)
    if count > MAX_STATES:
        raise UsageError(
            f"{count} tones may sound in all voices together; up to {MAX_STATES} can be told apart"
        )


def reach_s(candidates: Sequence[Candidate]) -> float:
    """Return the seconds that the longest note is heard, with what rings after it."""
    longest = max(int(_durations(candidate)[-1]) for candidate in candidates)
    return (LEAD_HOPS + longest + TAIL_HOPS) * HOP_S


def _check(candidate: Candidate) -> None:
    name = candidate.name
    if candidate.instrument.sample is not None:
        raise UsageError(f'instrument "{name}" is sampled; only those of partials can be decoded')
    if not candidate.midi_notes:
        raise UsageError(f'instrument "{name}" has no note to listen for')
    if candidate.duration_s[0] > MAX_DURATION_S:
        raise UsageError(
            f'notes of instrument "{name}" last {candidate.duration_s[0]:g} s or longer; '
            f"up to {MAX_DURATION_S:g} s can be decoded"
        )


def _states(candidate: Candidate) -> tuple[State, ...]:
    pitches = candidate.midi_notes
    if candidate.continuous:
        steps = max(round((pitches[-1] - pitches[0]) / _STEP_SEMITONES), 1)
        pitches = tuple(np.linspace(pitches[0], pitches[-1], steps + 1).tolist())
    return tuple(
        State(pitch, pan, brightness)
        for pitch in pitches
        for pan in _places(candidate.pan)
        for brightness in _places(candidate.brightness)
    )


def _places(ends: tuple[float, float]) -> list[float]:
    low, high = ends
    if low == high:
        return [low]
    step = (high - low) / _PLACES
    return [low + step * (i + 0.5) for i in range(_PLACES)]


@lru_cache(maxsize=_KEPT)
def _voice(
    candidate: Candidate, states: tuple[State, ...], audio: Audio, *, mono: bool
) -> Templates:
    durations = _durations(candidate)
    hops = LEAD_HOPS + int(durations[-1]) + TAIL_HOPS
    flat = msgspec.structs.replace(candidate.instrument, partials=(Partial(),), width=0.0)
    plain = [State(_FLAT_NOTE, 0.0, 0.0)]
    envelopes = np.zeros((len(durations), hops))
    for i, duration in enumerate(durations):
        (sound,) = _rendered(flat, plain, duration * HOP_S, Audio(volume_db=0.0))
        envelopes[i] = _fitting(_envelope(sound), hops)
    ages = np.zeros(hops, np.int64)
    for age, first in enumerate(AGES[1:], 1):
        ages[LEAD_HOPS + first :] = age
    seconds = min((hops - LEAD_HOPS) * HOP_S, _LONGEST_RENDERED_S)
    (sound,) = _rendered(flat, plain, seconds, Audio(volume_db=0.0))
    reference = np.maximum(_envelope(sound), _LEAST_ENVELOPE)[: LEAD_HOPS + int(seconds / HOP_S)]
    channels = 1 if mono else 2
    atoms = np.zeros((len(AGES), len(states), channels * BINS), np.float32)
    decays = np.empty((hops, len(states)))
    rendered = _rendered(candidate.instrument, states, seconds, audio)
    for i, sound in enumerate(rendered):
        found = spectra(to_mono(sound) if mono else sound)[: len(reference)]
        found /= db_to_amplitude(_LEVEL_DB)
        decay = _decay(found, reference)
        decays[:, i] = np.pad(decay, (0, max(hops - len(decay), 0)), "edge")[:hops]
        atoms[:, i] = _by_age(found, reference * decay)
    energies = _energies(atoms, envelopes, decays, ages, durations)
    return Templates(candidate, states, atoms, durations, envelopes, decays, ages, energies)


def _durations(candidate: Candidate) -> NDArray[np.int64]:
    """Return the durations that are listened for, in hops."""
    low, high = candidate.duration_s
    least = max(round(low / HOP_S) - _SPREAD_HOPS, LEAST_DURATION_HOPS)
    greatest = max(round(min(high, MAX_DURATION_S) / HOP_S) + _SPREAD_HOPS, least)
    found = [least]
    while found[-1] < greatest:
        step = 1 if found[-1] < _STEP_FROM_HOPS else ceil(found[-1] * _STEP_SHARE)
        found.append(min(found[-1] + step, greatest))
    return np.array(found)


def _rendered(
    instrument: Instrument, states: Sequence[State], seconds: float, audio: Audio
) -> Iterator[Sound]:
    """Yield the sound of each tone at `ANALYSIS_RATE`, `LEAD_HOPS` before its onset included."""
    engine = Engine(
        _ENGINE_RATE,
        volume_db=audio.volume_db,
        instruments={"": instrument},
        equal_loudness=audio.equal_loudness,
    )
    lead = LEAD_HOPS * HOP * _ENGINE_RATE // ANALYSIS_RATE
    frames = round(seconds * _ENGINE_RATE)
    wanted = lead + frames + round(TAIL_HOPS * HOP_S * _ENGINE_RATE)
    for state in states:
        first = engine.frame
        note = Note(
            first + lead,
            seconds,
            frames,
            state.midi_note,
            _LEVEL_DB,
            state.pan,
            instrument="",
            stream="",
            brightness=state.brightness,
        )
        engine.play(note)
        sound = engine.render(wanted)
        engine.render(max(engine.end_frame(note) - engine.frame, 0))  # what rings on
        yield to_analysis_rate(sound, _ENGINE_RATE)


def _envelope(sound: Sound) -> NDArray[np.float64]:
    """Return the amplitude of a steady tone in each hop, as windows blur it."""
    return amplitude_at(to_mono(sound), midi_to_hz(_FLAT_NOTE)) / db_to_amplitude(_LEVEL_DB)


def _fitting(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return as many values as there are to be; zeros after them where they are too few."""
    return np.pad(values[:length], (0, max(length - len(values), 0)))


def _decay(found: Spectra, reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how a tone dies away beside its envelope, 1 on the whole at its onset."""
    first = slice(LEAD_HOPS, LEAD_HOPS + AGES[1])
    mean = found[first].sum(axis=0, dtype=np.float64) / reference[first].sum()
    power = max(float(mean @ mean), 1e-12)
    decay: NDArray[np.float64] = found @ mean / power / reference
    decay[:LEAD_HOPS] = decay[LEAD_HOPS]  # hardly anything is heard yet
    return np.clip(decay, _LEAST_DECAY, _MOST_DECAY)


def _by_age(found: Spectra, shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the spectrum at each age, where a note's shape is 1: least squares over its hops."""
    ends = [*AGES[1:], len(found)]
    atoms = np.zeros((len(AGES), found.shape[1]))
    for age, (first, end) in enumerate(zip(AGES, ends, strict=True)):
        part = slice(LEAD_HOPS + first, LEAD_HOPS + end)
        weights = shape[part]
        if len(weights):
            atoms[age] = weights @ found[part] / (weights @ weights)
    return atoms


def _energies(
    atoms: Spectra,
    envelopes: NDArray[np.float64],
    decays: NDArray[np.float64],
    ages: NDArray[np.int64],
    durations: NDArray[np.int64],
) -> NDArray[np.float64]:
    powers = (atoms.astype(np.float64) ** 2).sum(axis=-1)  # (ages, states)
    steady = decays**2 * powers[ages]  # (hops, states)
    found = np.empty((atoms.shape[1], len(durations)))
    for i, duration in enumerate(durations):
        part = slice(LEAD_HOPS, LEAD_HOPS + int(duration))
        found[:, i] = envelopes[i, part] ** 2 @ steady[part]
    return np.maximum(found, 1e-12)
