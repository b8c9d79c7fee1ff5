"""The decoder's inner loops, as machine code: non-negative fit, and the best tune of a voice."""

from functools import cache
from typing import Any, Final

import numpy as np
from numba import njit

from streamson import _jit

_STILL: Final = 1e-6
"""A sweep that moves nothing further than this, in amplitudes, is the last."""

REST: Final = -1
"""In the place of a state: nothing is played."""


@cache
def non_negative_fit() -> Any:
    """Return machine code that fits amplitudes of 0 or more to spectra, hop by hop.

    Least squares by coordinate descent on the normal equations (Franc, Hlavac, Navara, "Sequential
    coordinate-wise algorithm for the non-negative least squares problem", 2005), each hop from the
    one before it.

    Its arguments: the atoms' inner products, shape (atoms, atoms), with 1 on the diagonal; those of
    spectra and atoms, shape (hops, atoms); most sweeps a hop. It returns shape (hops, atoms).
    """

    @_jit.cached(njit, nogil=True)
    def fit(gram: Any, products: Any, sweeps: int) -> Any:
        hops, atoms = products.shape
        found = np.zeros((hops, atoms))
        amplitudes = np.zeros(atoms)
        slope = np.zeros(atoms)
        for hop in range(hops):
            for i in range(atoms):
                slope[i] = -products[hop, i]
            for j in range(atoms):
                if amplitudes[j] > 0:
                    for i in range(atoms):
                        slope[i] += gram[j, i] * amplitudes[j]
            for _ in range(sweeps):
                furthest = 0.0
                for i in range(atoms):
                    if amplitudes[i] == 0 and slope[i] >= 0:
                        continue
                    step = max(-slope[i], -amplitudes[i])
                    if step == 0:
                        continue
                    amplitudes[i] += step
                    for j in range(atoms):
                        slope[j] += gram[i, j] * step
                    furthest = max(furthest, abs(step))
                if furthest < _STILL:
                    break
            found[hop] = amplitudes
        return found

    return fit


@cache
def best_tune() -> Any:
    """Return machine code that finds the notes and rests that explain most of a voice's spectra.

    A hidden semi-Markov model's best way (Viterbi), by least squares: a note of a gain g explains
    ``2 g c - g g n`` of the energy, c being the inner product of its own spectra and what was
    found, n that of its own with themselves; the gain is the best one within its range.

    Its arguments: inner products of spectra and atoms, shape (ages, hops, states); the age of each
    hop of a note; envelopes, shape (durations, hops); what is left of each tone by then, shape
    (hops, states); durations in hops, going up; n of each, shape (states, durations); least and
    greatest gain; the share of the n of its shortest duration that a note has to explain beside, or
    one would be taken for several.

    It returns the notes, going back in time, as rows of one array: first hop, number of the
    duration, state, gain.
    """

    @_jit.cached(njit, nogil=True)
    def tune(  # noqa: PLR0917  # machine code takes no options
        products: Any,
        ages: Any,
        envelopes: Any,
        decays: Any,
        durations: Any,
        energies: Any,
        least: float,
        greatest: float,
        penalty: float,
    ) -> Any:
        _, hops, states = products.shape
        best = np.full(hops + 1, -np.inf)
        best[0] = 0.0
        came_by = np.full(hops + 1, REST)
        state_of = np.full(hops + 1, REST)
        gain_of = np.zeros(hops + 1)
        inner = np.zeros(states)
        for hop in range(hops):
            if best[hop] > best[hop + 1]:
                best[hop + 1] = best[hop]
                came_by[hop + 1] = REST
            for i in range(len(durations)):
                end = hop + durations[i]
                if end > hops:
                    break
                inner[:] = 0.0
                for k in range(durations[i]):
                    weight = envelopes[i, k]
                    row = products[ages[k], hop + k]
                    for state in range(states):
                        inner[state] += weight * decays[k, state] * row[state]
                for state in range(states):
                    if inner[state] <= 0:
                        continue
                    energy = energies[state, i]
                    gain = min(max(inner[state] / energy, least), greatest)
                    cost = penalty * energies[state, 0] * gain
                    explained = gain * (2 * inner[state] - gain * energy - cost)
                    if best[hop] + explained > best[end]:
                        best[end] = best[hop] + explained
                        came_by[end], state_of[end], gain_of[end] = i, state, gain
        notes = np.zeros((hops, 4))
        count, hop = 0, hops
        while hop > 0:
            if came_by[hop] == REST:
                hop -= 1
                continue
            first = hop - durations[came_by[hop]]
            notes[count, 0], notes[count, 1] = first, came_by[hop]
            notes[count, 2], notes[count, 3] = state_of[hop], gain_of[hop]
            count += 1
            hop = first
        return notes[:count]

    return tune
