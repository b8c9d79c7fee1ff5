"""Notes become samples, as a live listener makes them."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.errors import StreamsonError
from streamson.model.note import Note
from streamson.session.schema import Session
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import NOTE_RING, QUANTUM

DEFAULT_SAMPLE_RATE: Final = 44_100
BLOCK_FRAMES: Final = 32_768
"""Frames that are rendered at a time: memory does not grow with the length."""


def render_notes(
    notes: Iterable[Note],
    session: Session,
    *,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
    block_frames: int = BLOCK_FRAMES,
) -> Iterator[NDArray[np.float32]]:
    """Yield the sound of notes in blocks, until the last one has faded.

    Parameters
    ----------
    notes
        In the order of their onsets, each of which is a frame.
    session
        Its instruments and volume.
    sample_rate
        In Hz.
    block_frames
        Largest block; it does not change the samples.

    Yields
    ------
    ndarray of float32, shape (frames, 2)

    Raises
    ------
    StreamsonError
        If more than 4,096 notes begin at once.
    """
    engine = Engine.for_session(session, sample_rate)
    end = last = 0
    held: dict[int, Note] = {}
    for note in notes:
        yield from until_room(engine, note.onset_frame, block_frames)
        engine.play(note)
        last = max(last, note.onset_frame + round(note.duration_s * sample_rate))
        if note.held_key:
            held[note.held_key] = note
        else:
            end = max(end, engine.end_frame(note))
    # A held voice would wait for its next note: there is none any more.
    for waiting in held.values():
        final = waiting
        if waiting.onset_frame + waiting.duration_frames > last:
            final = msgspec.structs.replace(waiting, onset_frame=last, duration_frames=1)
            yield from until_room(engine, last, block_frames)
            engine.play(final)
        end = max(end, engine.end_frame(final))
    yield from until_frame(engine, end, block_frames)


def until_room(
    engine: Engine, onset_frame: int, block_frames: int = BLOCK_FRAMES
) -> Iterator[NDArray[np.float32]]:
    """Yield sound until a note of that onset can be handed over.

    Raises
    ------
    StreamsonError
        If more than 4,096 notes begin at once.
    """
    # The engine synthesises a quantum ahead, and finishes the one it is in.
    while onset_frame >= engine.frame + block_frames + 2 * QUANTUM:
        yield engine.render(block_frames)
    while not engine.queue_space:  # let time take some of what waits
        if onset_frame < engine.frame + 3 * QUANTUM:
            raise StreamsonError(f"more than {NOTE_RING} notes begin at frame {engine.frame}")
        yield engine.render(QUANTUM)


def until_frame(
    engine: Engine, end: int, block_frames: int = BLOCK_FRAMES
) -> Iterator[NDArray[np.float32]]:
    """Yield sound up to a frame."""
    while engine.frame < end:
        yield engine.render(min(block_frames, end - engine.frame))
