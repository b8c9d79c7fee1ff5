"""Instruments: a table of partials and an envelope each."""

from typing import Final, NamedTuple


class Partial(NamedTuple):
    """One sine of an instrument's tone.

    Attributes
    ----------
    ratio
        Its frequency as a multiple of the note's.
    level
        Its amplitude as a multiple of the note's.
    """

    ratio: float
    level: float


class Instrument(NamedTuple):
    """A tone colour and how it begins and ends.

    Attributes
    ----------
    partials
        At most `streamson.synth.memory.MAX_PARTIALS`; those above Nyquist are left out.
    attack_s, release_s
        Rise from silence at the onset, and fall to silence after the duration, in seconds.
    """

    partials: tuple[Partial, ...]
    attack_s: float
    release_s: float


INSTRUMENTS: Final = {
    # Rise and fall are of one length and add up to 1: a note that follows another without a gap
    # never makes the two together louder than either.
    "sine": Instrument(partials=(Partial(ratio=1, level=1),), attack_s=0.01, release_s=0.01),
}
