"""Who refers to an instrument: so many waiting notes and voices. Without any, its row is free."""

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.atomics import store_release


@inner
def retain(engine: int, instrument: int) -> None:
    """Count a waiting note or a voice; what is no instrument, as a change of volume, is none."""
    if instrument >= 0:
        memory.references(engine)[instrument] += 1


@inner
def release(engine: int, instrument: int) -> None:
    """Count one less, after the last look at the instrument and its sample."""
    if instrument >= 0:
        references = memory.references(engine)
        store_release(references, instrument, references[instrument] - 1)
