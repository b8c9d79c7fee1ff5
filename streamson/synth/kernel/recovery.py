"""What a process that died in the midst of the callback leaves behind, made whole again.

Voices, the heap of notes and the slots' numbers may be half changed then: all begin anew, so that
nothing is read out of its bounds. The sound is cut; the frame counter goes on.
"""

from streamson._jit import inner
from streamson.synth.kernel import memory
from streamson.synth.kernel.ducking import stand_up
from streamson.synth.kernel.layout import (
    INSTRUMENT_ROWS,
    PENDING_NOTES,
    QUANTUM,
    VOICE_SLOTS,
    VOLUME,
)
from streamson.synth.kernel.limiter import clear
from streamson.synth.kernel.ring import READ


@inner
def recover(engine: int) -> None:
    """Make the engine's memory whole, and all that sounded or waited silent."""
    state = memory.state(engine)[0]
    _drop_notes(engine)
    state.void_before = memory.note_indices(engine)[READ]
    for slot in range(VOICE_SLOTS):
        memory.free(engine)[slot] = VOICE_SLOTS - 1 - slot
    for row in range(INSTRUMENT_ROWS):
        memory.references(engine)[row] = 0
    state.free = VOICE_SLOTS
    state.active = state.fading = state.foreground = 0
    state.duck_gain = state.duck_gain_before = state.limiter_gain = state.limiter_need = 1
    state.duck_held = 0
    stand_up(engine)
    state.limiter_peak = 0
    clear(memory.held(engine))
    clear(memory.ready(engine))
    if state.synth_frame == QUANTUM:  # it died before the first quantum was finished
        state.synth_frame = 0
    # The quantum after the last one that was finished comes next.
    state.position = QUANTUM
    state.frame = max(0, state.synth_frame - QUANTUM)
    state.recovered += 1


@inner
def _drop_notes(engine: int) -> None:
    """Drop the notes that wait, and count them; changes of the volume are made at once."""
    state = memory.state(engine)[0]
    for i in range(min(state.pending, PENDING_NOTES)):
        note = memory.note_heap(engine)[i]
        if note.instrument == VOLUME:
            state.volume = note.amplitude
        else:
            state.refused += 1
    state.pending = 0
