"""The tunes of all voices that together explain a sound's spectra best.

First every hop is explained by amplitudes of 0 or more of all tones at once. Of these each voice's
best tune is found: one note at a time, of durations and levels that it may have. Then each voice in
turn is heard anew in what the others leave: the least squares of all, voice by voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.signal.kernel import best_tune, non_negative_fit
from streamson.decode.signal.spectra import Spectra
from streamson.decode.signal.templates import AGES, LEAD_HOPS, TAIL_HOPS, Templates
from streamson.music.level import db_to_amplitude
from streamson.synth.kernel.articulation import SAME_PITCH

ROUNDS: Final = 3
"""So often each voice is heard anew: further rounds change hardly a note."""

MARGIN_DB: Final = 4.0
"""A note may be found so much louder or softer than it can be: tones that meet add and cancel."""

PENALTY: Final = 0.03
"""Of the energy of a short note: what explains less is none. With 0.1, two equal notes of 0.17 s
were found as one."""

ECHO_SHARE: Final = 0.1
"""Of its own energy: without a note that strikes the one before again, so much more is left, or it
is what rings on of that."""

LAYER_SHARE: Final = 0.25
"""Of the energy of a voice's tune: a second one beside it has so much, or is none."""

_OVERLAP_HOPS: Final = 8
"""Notes of one tune that are found to overlap by so little may still follow one another."""

_SAME_SEMITONES: Final = log2(SAME_PITCH) * 12
_PLACES: Final = np.linspace(-1, 1, 2 * LEAD_HOPS + 1)
_FADE: Final = (1 - _PLACES - np.sin(np.pi * _PLACES) / np.pi) / 2
"""A step from 1 to 0 as a Hann window sees it."""

_SWEEPS: Final = 200
_FAINTEST: Final = 1e-4
"""Of a note's gain, -80 dB: softer parts of its envelope are left out."""


@dataclass(frozen=True, slots=True)
class FoundNote:
    """A note of a voice.

    Attributes
    ----------
    first
        Hop at which it begins.
    duration
        Number of its duration in the voice's templates.
    state
        Number of its tone.
    gain
        Its amplitude.
    """

    first: int
    duration: int
    state: int
    gain: float


Tune = list[FoundNote]


def tone_amplitudes(found: Spectra, voices: Sequence[Templates]) -> NDArray[np.float64]:
    """Return the amplitudes of all voices' tones in each hop, 0 or more, shape (hops, tones)."""
    steady = np.concatenate([voice.steady for voice in voices]).astype(np.float64)
    lengths = np.maximum(np.sqrt((steady**2).sum(axis=1)), 1e-9)
    unit = steady / lengths[:, None]
    products = (found @ unit.T.astype(np.float32)).astype(np.float64)
    amplitudes: NDArray[np.float64] = non_negative_fit()(unit @ unit.T, products, _SWEEPS)
    amplitudes /= lengths
    return amplitudes


class Fit:
    """The tunes of all voices in a stretch of sound.

    Parameters
    ----------
    found
        The sound's spectra.
    voices
        What may sound.
    gain_db
        By how much the sound is louder than what was played.
    amplitudes
        Of all tones, from `tone_amplitudes`.

    Attributes
    ----------
    tunes
        Of each voice its notes, by their onsets.
    gain_db
        As given.
    """

    def __init__(
        self,
        found: Spectra,
        voices: Sequence[Templates],
        gain_db: float,
        amplitudes: NDArray[np.float64],
    ) -> None:
        self._found = found
        self.voices = list(voices)
        self.gain_db = gain_db
        self._amplitudes = amplitudes
        self.tunes = [self._best(i, self._first_products(i)) for i in range(len(voices))]
        self._own = [self._spectra_of(i, tune) for i, tune in enumerate(self.tunes)]
        self._rest = found - np.sum(self._own, axis=0, dtype=np.float32)

    def refine(self) -> None:
        """Hear each voice anew, once, in what the others leave."""
        for i in range(len(self.voices)):
            heard = self.left_for(i)
            self._rest += self._own[i]
            self.tunes[i] = self._best(i, self.products(i, heard))
            self._explain(i)

    def _explain(self, voice: int) -> None:
        """Take what a voice's tune explains from what is left."""
        own = self._spectra_of(voice, self.tunes[voice])
        self._rest -= own
        count = len(self.tunes[voice])
        self._drop_echoes(voice)
        if len(self.tunes[voice]) < count:
            self._rest += own
            own = self._spectra_of(voice, self.tunes[voice])
            self._rest -= own
        self._own[voice] = own

    def add_layer(self, voice: int) -> bool:
        """Let a voice play a second tune beside its own, if what is left has one.

        Both begin with what is heard of each tone by itself.

        Returns
        -------
        bool
            Whether it has: the new tune is that of a new voice, the last.
        """
        products = self.products(voice, self._rest)
        second = self._spectra_of(voice, self._best(voice, products))
        if _energy(second) < LAYER_SHARE * _energy(self._own[voice]):
            return False
        self._rest += self._own[voice]
        self.tunes[voice], other = self._two_tunes(voice)
        self._own[voice] = self._spectra_of(voice, self.tunes[voice])
        self.voices.append(self.voices[voice])
        self.tunes.append(other)
        self._own.append(self._spectra_of(voice, other))
        self._rest -= self._own[voice] + self._own[-1]
        return True

    def _two_tunes(self, voice: int) -> tuple[Tune, Tune]:
        """Return the notes of each tone by itself as two tunes, what finds no place left out."""
        products = self._first_products(voice)
        notes: Tune = []
        for state in range(products.shape[2]):
            alone = np.zeros_like(products)
            alone[:, :, state] = products[:, :, state]
            notes += self._best(voice, alone)
        tunes: tuple[Tune, Tune] = ([], [])
        ends = [0, 0]
        for note in sorted(notes, key=lambda note: note.first):
            which = int(ends[1] < ends[0])
            if note.first + _OVERLAP_HOPS >= ends[which]:
                tunes[which].append(note)
                ends[which] = note.first + int(self.voices[voice].durations[note.duration])
        return tunes

    @property
    def own(self) -> Sequence[Spectra]:
        """What the notes of each tune explain."""
        return self._own

    @property
    def rest(self) -> Spectra:
        """What no note explains; above and below 0."""
        return self._rest

    def left_for(self, voice: int) -> Spectra:
        """Return what the other voices leave, without what rings on of the voice's own notes."""
        left: Spectra = (
            self._rest + self._own[voice] - self._spectra_of(voice, self.tunes[voice], ringing=True)
        )
        return left

    def products(self, voice: int, heard: Spectra) -> NDArray[np.float64]:
        """Return the inner products of spectra and a voice's atoms, (ages, hops, states)."""
        return np.stack([heard @ atoms.T for atoms in self.voices[voice].atoms]).astype(np.float64)

    def range_of(self, voice: int) -> tuple[float, float]:
        """Return the least and the greatest gain that a note of a voice may be found with."""
        low, high = self.voices[voice].candidate.level_db
        return (
            db_to_amplitude(low + self.gain_db - MARGIN_DB),
            db_to_amplitude(high + self.gain_db + MARGIN_DB),
        )

    @property
    def rest_share(self) -> float:
        """The share of the sound's energy that no note explains."""
        return float(_energy(self._rest) / max(_energy(self._found), 1e-20))

    def _first_products(self, voice: int) -> NDArray[np.float64]:
        """Return inner products as `products`, of what amplitudes say of each tone alone."""
        first = sum(len(its.states) for its in self.voices[:voice])
        own = self._amplitudes[:, first : first + len(self.voices[voice].states)]
        powers = (self.voices[voice].atoms.astype(np.float64) ** 2).sum(axis=-1)
        found: NDArray[np.float64] = own[None] * powers[:, None]
        return found

    def _best(self, voice: int, products: NDArray[np.float64]) -> Tune:
        its = self.voices[voice]
        least, greatest = self.range_of(voice)
        rows = best_tune()(
            np.ascontiguousarray(products),
            its.ages[LEAD_HOPS:],
            np.ascontiguousarray(its.envelopes[:, LEAD_HOPS:]),
            its.decays[LEAD_HOPS:],
            its.durations,
            its.energies,
            least,
            greatest,
            PENALTY,
        )
        return [
            FoundNote(int(first), int(duration), int(state), float(gain))
            for first, duration, state, gain in rows[::-1]
        ]

    def _spectra_of(self, voice: int, tune: Tune, *, ringing: bool = False) -> Spectra:
        """Return the spectra of a voice's tune, or only of what rings on after each note."""
        whole = np.zeros_like(self._found)
        for note, following in zip_longest(tune, tune[1:]):
            self._add(whole, voice, note, following, ringing=ringing)
        return whole

    def _add(
        self,
        whole: Spectra,
        voice: int,
        note: FoundNote,
        following: FoundNote | None,
        *,
        ringing: bool = False,
        sign: float = 1.0,
        at: int = 0,
    ) -> None:
        """Add a note to spectra that begin at a hop, as the one that follows lets it ring."""
        its = self.voices[voice]
        end = LEAD_HOPS + int(its.durations[note.duration])
        begin = end if ringing else 0
        envelope = its.envelope(note.duration, note.state) * (sign * note.gain)
        if following is not None and _strikes_again(its, note, following):
            _damp(envelope, following.first - note.first + LEAD_HOPS)
        envelope[np.abs(envelope) < _FAINTEST * note.gain] = 0
        start = note.first - LEAD_HOPS - at
        for age in range(len(AGES)):
            hops = np.flatnonzero(its.ages[: len(envelope)] == age)
            hops = hops[(hops >= begin) & (hops + start >= 0) & (hops + start < len(whole))]
            if len(hops):
                part = slice(hops[0] + start, hops[-1] + start + 1)
                weights = envelope[hops[0] : hops[-1] + 1].astype(np.float32)
                whole[part] += weights[:, None] * its.atoms[age, note.state]

    def _drop_echoes(self, voice: int) -> None:
        """Leave out notes that what rings of the one before explains as well.

        A note that is struck again ends that: so each of the two would hold the other up.
        """
        its, tune = self.voices[voice], self.tunes[voice]
        i = 1
        while i < len(tune):
            before, note = tune[i - 1], tune[i]
            following = tune[i + 1] if i + 1 < len(tune) else None
            energy = note.gain**2 * float(its.energies[note.state, note.duration])
            if (
                _strikes_again(its, before, note)
                and self._loss(voice, before, note, following) < ECHO_SHARE * energy
            ):
                del tune[i]
            else:
                i += 1

    def _loss(
        self, voice: int, before: FoundNote, note: FoundNote, following: FoundNote | None
    ) -> float:
        """Return how much more energy would be left without a note."""
        its = self.voices[voice]
        at = max(before.first - LEAD_HOPS, 0)
        end = note.first + int(its.durations[note.duration]) + TAIL_HOPS
        left = self._rest[at:end]
        missing = np.zeros_like(left)
        self._add(missing, voice, before, note, at=at)
        self._add(missing, voice, note, following, at=at)
        self._add(missing, voice, before, following, sign=-1.0, at=at)
        return 2 * float(np.vdot(left, missing)) + _energy(missing)


def _strikes_again(its: Templates, note: FoundNote, following: FoundNote) -> bool:
    """Return whether a note ends what rings of the one before: the engine plays no pitch twice."""
    apart = its.states[following.state].midi_note - its.states[note.state].midi_note
    return abs(apart) <= _SAME_SEMITONES


def _damp(envelope: NDArray[np.float64], hop: int) -> None:
    """End an envelope at a hop, as windows of spectra see that."""
    first = max(hop - LEAD_HOPS, 0)
    fade = _FADE[first - hop + LEAD_HOPS :][: max(len(envelope) - first, 0)]
    envelope[first : first + len(fade)] *= fade
    envelope[first + len(fade) :] = 0


def _energy(some: Spectra) -> float:
    return float(np.vdot(some, some))
