"""Speech: a text becomes an instrument that says it, by espeak-ng."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from streamson._espeak import PROGRAM, find_espeak
from streamson.errors import InputFileError
from streamson.formats.sample_file import read_sample
from streamson.model.instrument import Envelope, Instrument, Sample

TIMEOUT_S: Final = 20.0
SPOKEN_NOTE: Final = 60.0
"""The MIDI note at which a text is said as it was spoken."""

_PEAK: Final = 0.9


@cache
def speaker(text: str, voice: str = "en") -> Instrument:
    """Return an instrument that says a text when it plays `SPOKEN_NOTE`.

    Parameters
    ----------
    text
        What is said.
    voice
        A voice or language of espeak-ng, such as ``en`` or ``de``.

    Raises
    ------
    MissingDependencyError
        espeak-ng is not installed.
    ValueError
        It can't say this.
    """
    program = find_espeak()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        try:
            done = subprocess.run(  # noqa: S603  (the text goes in by its standard input)
                [program, "-v", voice, "-w", str(path), "--stdin"],
                input=text.encode(),
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            raise ValueError(f"{PROGRAM} failed: {error}") from None
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise ValueError(f"{PROGRAM}: {reason[0] if reason else 'failed'}")
        try:
            sound, sample_rate = read_sample(path)
        except InputFileError:
            raise ValueError(f"{PROGRAM} makes no sound of {text!r}") from None
    sound = sound * np.float32(_PEAK / np.abs(sound).max())
    return Instrument(
        envelope=Envelope(attack=0.002, release=0.05, separation=0.0),  # no word is cut short
        about=f'says "{text}"',
        sample=Sample(sound, sample_rate, root=SPOKEN_NOTE),
    )
