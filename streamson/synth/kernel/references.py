"""Who refers to an instrument: so many waiting notes and voices. Without any, its row is free."""

from numba import njit

from streamson.synth.kernel import memory
from streamson.synth.kernel.atomics import store_release


@njit(nogil=True)
def retain(engine: int, instrument: int) -> None:
    """Count a waiting note or a voice; what is no instrument, as a change of volume, is none."""
    if instrument >= 0:
        memory.references(engine)[instrument] += 1


@njit(nogil=True)
def release(engine: int, instrument: int) -> None:
    """Count one less, after the last look at the instrument and its sample."""
    if instrument >= 0:
        references = memory.references(engine)
        store_release(references, instrument, references[instrument] - 1)
