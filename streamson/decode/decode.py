"""From a sound to its notes: the way through this room."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.note import Candidate, DecodedNote
from streamson.decode.signal.any_pitch import confidences_of_any_pitch
from streamson.decode.signal.confidence import confidences
from streamson.decode.signal.evidence import evidence_of
from streamson.decode.signal.exact import exact_tones
from streamson.decode.signal.fit import ROUNDS, Fit, FoundNote
from streamson.decode.signal.gain import fit_at_its_gain
from streamson.decode.signal.response import lost
from streamson.decode.signal.spectra import (
    HOP_S,
    Sound,
    Spectra,
    spectra,
    to_analysis_rate,
    to_mono,
)
from streamson.decode.signal.spread import error_of
from streamson.decode.signal.templates import Templates, check_candidates, make_templates, reach_s
from streamson.decode.signal.windows import Window, windows
from streamson.model.audio import Audio
from streamson.music.level import amplitude_to_db

PLAIN: Final = Audio(volume_db=0.0)

SILENCE: Final = 1e-5
"""A window without a sample beyond it, -100 dBFS, has no note."""

CLEARLY: Final = 0.8
"""Voices that lost some of their energy on the way have to leave less than this share of what whole
ones leave unexplained, or they are taken to be whole."""

LEAST_LIKELY: Final = 0.01
"""Notes that are less likely right are not told. Of five streams at once 494 of 500 notes are above
this, and 456 above 0.1."""

_MONO: Final = 1e-6
"""Of a sound's energy: what its channels differ by at most where they are one."""

_SAME_S: Final = 0.04
_SAME_SEMITONES: Final = 0.2
"""Nearer than this, notes that two windows found are one: a pitch between those that are listened
for comes out a little otherwise in each."""


def decode_notes(
    sound: NDArray[np.float32],
    sample_rate: int,
    candidates: Sequence[Candidate],
    *,
    audio: Audio = PLAIN,
) -> list[DecodedNote]:
    """Return the notes of a sound by their onsets.

    Parameters
    ----------
    sound
        Shape (frames, 2), or (frames,) of one channel. Samples that are not finite count as
        silence.
    sample_rate
        Its frames a second.
    candidates
        What may sound in it.
    audio
        How the session sounds together: its volume, and whether its notes are equally loud.

    Raises
    ------
    UsageError
        If there is nothing to listen for, or a candidate can't be decoded: it is sampled, or has
        no note; or there are too many of them.
    """
    return list(decode_blocks([sound], sample_rate, candidates, audio=audio))


def decode_blocks(
    blocks: Iterable[NDArray[np.float32]],
    sample_rate: int,
    candidates: Sequence[Candidate],
    *,
    audio: Audio = PLAIN,
) -> Iterator[DecodedNote]:
    """Yield the notes of a sound that comes in blocks, by their onsets.

    However long the sound is, no more of it is held than a block and a window of
    `windows.WINDOW_S` seconds with what is beside it. Parameters and errors are those of
    `decode_notes`; all blocks have as many channels as the first.
    """
    decoder = _Decoder(candidates, audio)
    for window in windows(blocks, sample_rate, margin_s=decoder.margin_s):
        yield from decoder.notes(window)


class _Decoder:
    """Hears window after window.

    Attributes
    ----------
    margin_s
        Seconds before and after a window that it has to hear as well.
    """

    def __init__(self, candidates: Sequence[Candidate], audio: Audio) -> None:
        check_candidates(candidates)
        self._candidates = candidates
        self._audio = audio
        self._voices: dict[bool, list[Templates]] = {}
        self._gain_db = 0.0
        self._last: list[DecodedNote] = []
        self.margin_s = reach_s(candidates)

    def _templates(self, *, mono: bool) -> list[Templates]:
        if mono not in self._voices:
            self._voices[mono] = make_templates(self._candidates, self._audio, mono=mono)
        return self._voices[mono]

    def notes(self, window: Window) -> list[DecodedNote]:
        """Return the notes that begin in a window."""
        if np.abs(window.sound).max(initial=0.0) < SILENCE:
            return []
        sound = to_analysis_rate(window.sound, window.sample_rate)
        mono = self._is_mono(sound)
        fit = self._fit(spectra(to_mono(sound) if mono else sound), mono=mono)
        self._gain_db = fit.gain_db
        for _ in range(ROUNDS):
            fit.refine()
        played_by = self._add_layers(fit)
        found = sorted(self._decoded(fit, played_by, window), key=lambda note: note.onset_s)
        return [note for note in found if self._is_new(note)]

    def _fit(self, found: Spectra, *, mono: bool) -> Fit:
        """Return the tunes of a window; the first one tells what was lost on the way."""
        known = mono in self._voices
        voices = self._templates(mono=mono)
        fit = fit_at_its_gain(found, voices, self._gain_db)
        gains = None if known else lost(found, voices)
        if gains is None:
            return fit
        fewer = [voice.filtered(gains) for voice in voices]
        other = fit_at_its_gain(found, fewer, self._gain_db)
        for each in (fit, other):
            each.refine()
        if other.rest_share > CLEARLY * fit.rest_share:
            return fit
        self._voices[mono] = fewer
        return other

    def _add_layers(self, fit: Fit) -> list[int]:
        """Let voices whose notes may overlap play two at once; return whose each tune is."""
        whose = list(range(len(self._candidates)))
        for number, candidate in enumerate(self._candidates):
            if not candidate.sequential and fit.add_layer(number):
                whose.append(number)
        if len(whose) > len(self._candidates):
            for _ in range(ROUNDS):
                fit.refine()
        return whose

    def _is_mono(self, sound: Sound) -> bool:
        """Return whether a sound has one channel, or two that are the same."""
        if sound.shape[1] == 1:
            return True
        apart = sound[:, 0] - sound[:, 1]
        return float(np.vdot(apart, apart)) <= _MONO * float(np.vdot(sound, sound))

    def _decoded(self, fit: Fit, played_by: Sequence[int], window: Window) -> Iterator[DecodedNote]:
        for tune, number in enumerate(played_by):
            tones = exact_tones(fit, tune)
            evidence = evidence_of(fit, tune)
            if self._candidates[number].continuous:
                likely = confidences_of_any_pitch(fit, tune)
            else:
                likely = confidences(evidence, self._below_db(fit, tune), len(self._candidates))
            for note, tone, rests, confidence in zip(
                fit.tunes[tune], tones, evidence, likely, strict=True
            ):
                onset_s = window.first_s + note.first * HOP_S
                is_here = window.begin_s - _SAME_S <= onset_s < window.end_s
                if is_here and confidence >= LEAST_LIKELY:
                    yield DecodedNote(
                        onset_s=max(onset_s, 0.0),
                        duration_s=_duration_s(fit.voices[tune], note),
                        midi_note=tone.midi_note,
                        level_db=amplitude_to_db(tone.gain),
                        pan=tone.pan,
                        instrument=self._candidates[number].name,
                        candidate=number,
                        confidence=confidence,
                        error=error_of(rests, self._candidates[number]),
                    )

    @staticmethod
    def _below_db(fit: Fit, tune: int) -> list[float]:
        """Return by how much each note is softer than its voice plays."""
        softest_db = fit.voices[tune].candidate.level_db[0] + fit.gain_db
        return [max(softest_db - amplitude_to_db(note.gain), 0.0) for note in fit.tunes[tune]]

    def _is_new(self, note: DecodedNote) -> bool:
        """Return whether a note is none that the window before had; remember it."""
        self._last = [one for one in self._last if one.onset_s > note.onset_s - _SAME_S]
        if any(_is_same(one, note) for one in self._last):
            return False
        self._last.append(note)
        return True


def _is_same(one: DecodedNote, other: DecodedNote) -> bool:
    """Return whether two notes that begin at about the same time are one."""
    apart = abs(one.midi_note - other.midi_note)
    return one.candidate == other.candidate and apart <= _SAME_SEMITONES


def _duration_s(voice: Templates, note: FoundNote) -> float:
    """Return how long a note is, within what its voice says."""
    low, high = voice.candidate.duration_s
    return min(max(int(voice.durations[note.duration]) * HOP_S, low), high)
