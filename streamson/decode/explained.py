"""How much of a sound its notes explain: a session that did not play it explains little."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.note import DecodedNote
from streamson.decode.voices import Voice
from streamson.music.pitch import midi_to_hz

FRAME_S: Final = 0.09
"""Long enough to part the semitones of a low note, and shorter than most notes."""

WIDTH_BINS: Final = 3
"""The main lobe of a Hann window reaches two to either side; a pitch may lie between two."""

FAINTEST: Final = 1e-12
"""Power a sample, beside which there is silence."""


def explained_share(
    blocks: Iterable[NDArray[np.float32]],
    sample_rate: int,
    notes: Sequence[DecodedNote],
    voices: Sequence[Voice],
    *,
    first_s: float = 0.0,
) -> float:
    """Return the share of a sound's energy that lies at the partials of the notes that sound.

    Parameters
    ----------
    blocks
        The sound, each block of shape (frames, channels).
    sample_rate
        Its frames a second.
    notes
        What was found in it.
    voices
        In the order of the notes' candidates.
    first_s
        Where the sound begins on the clock of the notes.

    Returns
    -------
    float
        0 to 1; 1 of silence, in which nothing is to be explained.
    """
    size = int(2 ** np.ceil(np.log2(FRAME_S * sample_rate)))
    window = np.hanning(size)
    ordered = sorted(notes, key=lambda note: note.onset_s)
    whole = explained = 0.0
    sounding: list[DecodedNote] = []
    waiting = iter(ordered)
    upcoming = next(waiting, None)
    for number, frame in enumerate(_frames(blocks, size)):
        start_s = first_s + number * size / sample_rate
        end_s = start_s + size / sample_rate
        while upcoming is not None and upcoming.onset_s < end_s:
            sounding.append(upcoming)
            upcoming = next(waiting, None)
        sounding = [note for note in sounding if _end_s(note, voices) > start_s]
        power = (np.abs(np.fft.rfft(frame * window[:, None], axis=0)) ** 2).sum(axis=1)
        told = np.zeros(len(power), bool)
        for note in sounding:
            _mark(told, note, voices[note.candidate], sample_rate / size)
        whole += float(power.sum())
        explained += float(power[told].sum())
    return explained / whole if whole > FAINTEST else 1.0


def _frames(blocks: Iterable[NDArray[np.float32]], size: int) -> Iterable[NDArray[np.float64]]:
    """Yield a sound in whole frames; what is left at its end is none."""
    rest: NDArray[np.float64] | None = None
    for block in blocks:
        clean = np.nan_to_num(block.astype(float), nan=0.0, posinf=0.0, neginf=0.0)
        rest = clean if rest is None else np.concatenate([rest, clean])
        while len(rest) >= size:
            yield rest[:size]
            rest = rest[size:]


def _end_s(note: DecodedNote, voices: Sequence[Voice]) -> float:
    release = voices[note.candidate].candidate.instrument.envelope.release
    return note.onset_s + note.duration_s + release


def _mark(told: NDArray[np.bool_], note: DecodedNote, voice: Voice, bin_hz: float) -> None:
    """Mark the bins in which a note's partials lie."""
    fundamental = midi_to_hz(note.midi_note)
    for partial in voice.candidate.instrument.partials:
        centre = fundamental * partial.exact_ratio
        half = WIDTH_BINS + centre * partial.noise / 2 / bin_hz
        low = max(round(centre / bin_hz - half), 0)
        told[low : round(centre / bin_hz + half) + 1] = True
