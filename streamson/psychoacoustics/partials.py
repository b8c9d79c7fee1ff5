"""What masks in a note, and what is heard of it, told from its instrument without a sample."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.model.instrument import Instrument, Sample
from streamson.model.note import Note
from streamson.music.level import db_to_power
from streamson.psychoacoustics.hearing import (
    FULL_SCALE_DB_SPL,
    INTEGRATION_S,
    Array,
    db_spl,
    hz_to_bark,
)
from streamson.psychoacoustics.masking import MAX_HALF_WIDTH, Maskers
from streamson.psychoacoustics.spectrum import frame_length, maskers_in

BRIGHTNESS_TILT: Final = 2.0
"""Exponent of a partial's ratio at brightness 1: as `synth.kernel.partials` has it."""

TILTED: Final = (1.0, 8.0)
"""Ratios between which the brightness of a sample tilts: as `synth.kernel.tilt` does, nearly."""

MAX_COMPONENTS: Final = 32
"""Of a sampled sound: the strongest are kept."""

_FAINT: Final = 1e-30


class Timbre(NamedTuple):
    """The components of an instrument's tone.

    Attributes
    ----------
    ratio
        Frequencies as multiples of the note's, shape (n,).
    power
        Of each, beside a sine of the note's level.
    fall
        Of each power, as an exponent a second; 0: it stays.
    noise
        Widths of bands of noise as multiples of their frequencies; 0: a tone.
    tilted
        The lowest and the highest ratio between which a note's brightness tilts it.
    """

    ratio: Array
    power: Array
    fall: Array
    noise: Array
    tilted: tuple[float, float] = (0.0, math.inf)

    def powers(self, brightness: float) -> Array:
        """Return each component's power at a brightness; together they keep their power."""
        if not brightness:
            return self.power
        tilted = self.power * np.clip(self.ratio, *self.tilted) ** (
            2 * BRIGHTNESS_TILT * brightness
        )
        powers: Array = tilted * (self.power.sum() / tilted.sum())
        return powers


def timbre_of(instrument: Instrument) -> Timbre:
    """Return the components of an instrument's tone; of a sample, those of its loudest frame."""
    if instrument.sample is not None:
        return _sampled(instrument.sample)
    partials = instrument.partials
    powers = db_to_power(np.array([partial.level for partial in partials], np.float64))
    return Timbre(
        ratio=np.array([partial.exact_ratio for partial in partials]),
        power=powers / powers.sum(),
        fall=np.array(
            [2 * math.log(1_000) / partial.decay if partial.decay else 0.0 for partial in partials]
        ),
        noise=np.array([partial.noise for partial in partials]),
    )


def _sampled(sample: Sample) -> Timbre:
    length = max(frame_length(sample.sample_rate), len(sample.sound))
    sound = np.zeros((length, 2), np.float32)
    sound[: len(sample.sound)] = sample.sound
    frames = maskers_in(sound, sample.sample_rate)
    loudest = max(frames, key=lambda frame: float(db_to_power(frame.level_db).sum()))
    kept = loudest.strongest(MAX_COMPONENTS)
    return Timbre(
        ratio=kept.hz / sample.root_hz,
        power=db_to_power(kept.level_db - FULL_SCALE_DB_SPL),
        fall=np.zeros(len(kept.hz)),
        noise=_widths(kept),
        tilted=TILTED,
    )


def _widths(maskers: Maskers) -> Array:
    """Return the widths of bands of noise as multiples of their frequencies."""
    barks_per_hz = hz_to_bark(maskers.hz + 0.5) - hz_to_bark(maskers.hz - 0.5)
    widths: Array = 2 * maskers.half_width / barks_per_hz / maskers.hz
    return widths


def maskers_of(note: Note, timbre: Timbre, *, level_db: float, age_s: float) -> Maskers:
    """Return what masks in a note.

    Parameters
    ----------
    note
        The note.
    timbre
        Of its instrument.
    level_db
        The level in dBFS with which it is played, which is not only its own.
    age_s
        Seconds since its onset: what dies away has. A voice that is held does not.
    """
    hz = note.frequency_hz * timbre.ratio
    powers = timbre.powers(note.brightness)
    if not note.held_key:
        powers = powers * np.exp(-timbre.fall * age_s)
    width = (hz_to_bark(hz * (1 + timbre.noise / 2)) - hz_to_bark(hz * (1 - timbre.noise / 2))) / 2
    return Maskers(
        hz,
        level_db + db_spl(powers + _FAINT),
        timbre.noise > 0,
        np.minimum(width, MAX_HALF_WIDTH),
    )


def heard_of(note: Note, timbre: Timbre, *, level_db: float) -> tuple[Array, Array]:
    """Return the frequencies of a short note's components, and the levels that the ear hears.

    Parameters
    ----------
    note, timbre, level_db
        As for `maskers_of`.

    Returns
    -------
    hz, level_db : ndarray, shape (n,)
        Levels are those of tones of `INTEGRATION_S` with the same energy.
    """
    length_s = min(note.duration_s, INTEGRATION_S)
    falls = timbre.fall > 0
    fall = np.where(falls, timbre.fall, 1.0)
    seconds: NDArray[np.float64] = np.where(falls, -np.expm1(-fall * length_s) / fall, length_s)
    power = timbre.powers(note.brightness) * seconds / INTEGRATION_S
    return note.frequency_hz * timbre.ratio, level_db + db_spl(power + _FAINT)
