"""Notes for the engine's tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamson.model.instrument import Envelope, Instrument, Partial
from streamson.synth.engine import Engine

RATE = 44_100

INSTRUMENTS = {
    "sine": Instrument(),
    "struck": Instrument(
        tuple(Partial(ratio=2.7**i, level=-6 * i, decay=0.4 / (i + 1)) for i in range(4)),
        Envelope(attack=0.002, release=0.05, curve=-3),
    ),
    "bowed": Instrument(
        tuple(Partial(ratio=i + 1, detune=3 * i, pan=(-1) ** i * 0.5) for i in range(8)),
        Envelope(attack=0.03, decay=0.02, sustain=0.7, release=0.04, curve=2),
    ),
    "blown": Instrument((Partial(), Partial(noise=0.3, level=-10)), width=0.5),
}
"""One for each thing that an instrument can have: decays, an envelope, width, noise."""


class PlainNote(NamedTuple):
    """What the engine needs of a note, and nothing more."""

    onset_frame: int = 0
    duration_frames: int = 4_410
    frequency_hz: float = 440.0
    level_db: float = -20.0
    pan: float = 0.0
    brightness: float = 0.0
    held_key: int = 0
    glide_frames: int = 0
    instrument: str = "sine"
    foreground: bool = False
    stream: str = ""
    tremolo_hz: float = 0.0
    tremolo_depth: float = 0.0
    reverb_send: float = 1.0


plain_notes = st.builds(
    PlainNote,
    onset_frame=st.integers(-1, 6_000),
    duration_frames=st.integers(1, 3_000),
    frequency_hz=st.floats(8, 20_000),
    level_db=st.floats(-90, 0),
    pan=st.floats(-1, 1),
    brightness=st.floats(-1, 1),
    held_key=st.integers(-1, 2).map(lambda key: max(key, 0)),
    glide_frames=st.integers(0, 2_000),
    instrument=st.sampled_from(["sine", "struck", "bowed", "blown"]),
    foreground=st.booleans(),
    stream=st.sampled_from(["", "a", "b"]),
    tremolo_hz=st.sampled_from([0.0, 8.0, 20.0]),
    tremolo_depth=st.sampled_from([0.0, 0.5, 1.0]),
    reverb_send=st.sampled_from([1.0, 0.0, 0.25, 4.0]),
)


def rendered(
    notes: list[PlainNote],
    frames: int,
    *,
    blocks: list[int] | None = None,
    sample_rate: int = RATE,
    **options: object,
) -> NDArray[np.float32]:
    """Return the sound of notes that are all known from the start."""
    engine = Engine(sample_rate, instruments=INSTRUMENTS, **options)  # type: ignore[arg-type]
    for note in notes:
        assert engine.play(note) is not None
    sizes = blocks or [frames]
    parts = []
    while engine.frame < frames:
        parts.append(engine.render(sizes[len(parts) % len(sizes)]))
    return np.concatenate(parts)[:frames]
