"""Notes for the engine's tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamson.synth.engine import Engine

RATE = 44_100


class PlainNote(NamedTuple):
    """What the engine needs of a note, and nothing more."""

    onset_frame: int = 0
    duration_frames: int = 4_410
    frequency_hz: float = 440.0
    level_db: float = -20.0
    pan: float = 0.0
    instrument: str = "sine"


plain_notes = st.builds(
    PlainNote,
    onset_frame=st.integers(-1, 6_000),
    duration_frames=st.integers(1, 3_000),
    frequency_hz=st.floats(8, 20_000),
    level_db=st.floats(-90, 0),
    pan=st.floats(-1, 1),
    instrument=st.just("sine"),
)


def rendered(
    notes: list[PlainNote],
    frames: int,
    *,
    blocks: list[int] | None = None,
    sample_rate: int = RATE,
    **options: float,
) -> NDArray[np.float32]:
    """Return the sound of notes that are all known from the start."""
    engine = Engine(sample_rate, **options)  # type: ignore[arg-type]
    for note in notes:
        assert engine.play(note) is not None
    sizes = blocks or [frames]
    parts = []
    while sum(len(part) for part in parts) < frames:
        parts.append(engine.render(sizes[len(parts) % len(sizes)]))
    return np.concatenate(parts)[:frames]
