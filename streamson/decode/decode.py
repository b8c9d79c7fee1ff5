"""From a sound to its notes: the way through this room."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.note import Candidate, DecodedNote
from streamson.decode.signal.confidence import confidences
from streamson.decode.signal.fit import ROUNDS, Fit
from streamson.decode.signal.gain import fit_at_its_gain
from streamson.decode.signal.spectra import (
    HOP_S,
    Sound,
    spectra,
    to_analysis_rate,
    to_mono,
)
from streamson.decode.signal.templates import Templates, make_templates
from streamson.decode.signal.windows import Window, windows
from streamson.model.audio import Audio
from streamson.music.level import amplitude_to_db

PLAIN: Final = Audio(volume_db=0.0)

SILENCE: Final = 1e-5
"""A window without a sample beyond it, -100 dBFS, has no note."""

_MONO: Final = 1e-6
"""Of a sound's energy: what its channels differ by at most where they are one."""

_SAME_S: Final = 0.04
"""Nearer than this, notes of one pitch that two windows found are one."""


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
        self._candidates = candidates
        self._audio = audio
        self._voices: dict[bool, list[Templates]] = {}
        self._gain_db = 0.0
        self._last: dict[int, DecodedNote] = {}
        self.margin_s = max(
            (voice.envelopes.shape[1] * HOP_S for voice in self._templates(mono=False)),
            default=0.0,
        )

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
        voices = self._templates(mono=mono)
        fit = fit_at_its_gain(spectra(to_mono(sound) if mono else sound), voices, self._gain_db)
        self._gain_db = fit.gain_db
        for _ in range(ROUNDS):
            fit.refine()
        found = sorted(self._decoded(fit, voices, window), key=lambda note: note.onset_s)
        return [note for note in found if self._is_new(note)]

    def _is_mono(self, sound: Sound) -> bool:
        """Return whether a sound has one channel, or two that are the same."""
        if sound.shape[1] == 1:
            return True
        apart = sound[:, 0] - sound[:, 1]
        return float(np.vdot(apart, apart)) <= _MONO * float(np.vdot(sound, sound))

    def _decoded(
        self, fit: Fit, voices: Sequence[Templates], window: Window
    ) -> Iterator[DecodedNote]:
        for number, voice in enumerate(voices):
            name = voice.candidate.name
            for note, confidence in zip(fit.tunes[number], confidences(fit, number), strict=True):
                onset_s = window.first_s + note.first * HOP_S
                state = voice.states[note.state]
                if window.begin_s - _SAME_S <= onset_s < window.end_s:
                    yield DecodedNote(
                        max(onset_s, 0.0),
                        int(voice.durations[note.duration]) * HOP_S,
                        state.midi_note,
                        amplitude_to_db(note.gain),
                        state.pan,
                        name,
                        number,
                        confidence,
                    )

    def _is_new(self, note: DecodedNote) -> bool:
        """Return whether a note is none that the window before had; remember it."""
        last = self._last.get(note.candidate)
        if last is not None and note.onset_s < last.onset_s + _SAME_S:
            return False
        self._last[note.candidate] = note
        return True
