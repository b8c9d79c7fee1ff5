"""Measure how the presets sound: loudness, how far streams are told apart, and what comes at once.

    python scripts/measure_presets.py RECORDING [PRESET ...]

The recording, made by `streamson listen --record DIR/`, is played by each preset, and without one.
Loudness is that of ITU-R BS.1770, in the first minute and after it. The overlap of two streams is
the share that their spectra, in bands of a third of an octave, have in common, 0 to 1: the largest
and the mean. What comes at once is how far apart the onsets of different streams are within 200 ms:
the median.

    pip install pyloudnorm
"""

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from scipy.signal import welch

from streamson.model.note import Note
from streamson.offline.recorded_piece import AnotherPiece
from streamson.offline.render import render_notes
from streamson.recording.reader import Recording
from streamson.session.load import load_session, preset_names

AT_ONCE_S = 0.2
FIRST_S = 60.0


def loudness(sound: NDArray[np.float32], rate: int) -> float:
    if not len(sound):
        return -np.inf
    return float(pyloudnorm.Meter(rate).integrated_loudness(sound))


def spectrum(sound: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the share of the energy in each third of an octave."""
    frequency, power = welch(sound.sum(axis=1), rate, nperseg=min(2**14, len(sound)))
    edges = 30 * 2 ** (np.arange(0, 30) / 3)
    bands = np.array(
        [power[(frequency >= a) & (frequency < b)].sum() for a, b in itertools.pairwise(edges)]
    )
    return bands / max(bands.sum(), 1e-30)


def together(notes: list[Note], rate: int) -> float:
    """Return the median distance of onsets of different streams that come at once, seconds."""
    found = [
        (b.onset_frame - a.onset_frame) / rate
        for a, b in itertools.pairwise(notes)
        if a.stream != b.stream and b.onset_frame - a.onset_frame < AT_ONCE_S * rate
    ]
    return float(np.median(found)) if found else np.nan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("presets", nargs="*", default=["", *preset_names()])
    args = parser.parse_args()
    print("| preset | notes | first minute, LUFS | then, LUFS | overlap | mean | at once, ms |")
    print("|---|---|---|---|---|---|---|")
    for name in args.presets:
        piece = AnotherPiece(Recording(args.recording), load_session(name or None))
        rate = piece.sample_rate
        notes = [note for note in piece.notes() if not note.foreground]
        if not notes:
            print(f"| {name} | 0 | | | | | |")
            continue
        sound = np.concatenate(list(piece.sound()))
        first = round(FIRST_S * rate)
        spectra = []
        for stream in dict.fromkeys(note.stream for note in notes):
            of_stream = [note for note in notes if note.stream == stream]
            alone = np.concatenate(list(render_notes(of_stream, piece.session, sample_rate=rate)))
            spectra.append(spectrum(alone, rate))
        overlaps = [np.minimum(a, b).sum() for a, b in itertools.combinations(spectra, 2)] or [0.0]
        print(
            f"| {name or 'none'} | {len(notes)} | {loudness(sound[:first], rate):.1f} | "
            f"{loudness(sound[first:], rate):.1f} | {max(overlaps):.2f} | "
            f"{np.mean(overlaps):.2f} | {1000 * together(notes, rate):.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
