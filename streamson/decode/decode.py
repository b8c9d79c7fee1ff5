"""From a sound to its notes: the way through this room."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson.decode.note import Candidate, DecodedNote
from streamson.model.audio import Audio


PLAIN: Final = Audio(volume_db=0.0)


def decode_notes(
    sound: NDArray[np.float32],
    sample_rate: int,
    candidates: Sequence[Candidate],
    *,
    audio: Audio = PLAIN,
) -> list[DecodedNote]:
    """Return the notes of a sound by their onsets.

    Parameters
    ----------
    sound
        Shape (frames, 2), or (frames,) of one channel. Samples that are not finite count as
        silence.
    sample_rate
        Its frames a second.
    candidates
        What may sound in it.
    audio
        How the session sounds together: its volume, and whether its notes are equally loud.

    Raises
    ------
    UsageError
        If there is nothing to listen for, or a candidate can't be decoded: it is sampled, or has
        no note; or there are too many of them.
    """
    return list(decode_blocks([sound], sample_rate, candidates, audio=audio))


def decode_blocks(
    blocks: Iterable[NDArray[np.float32]],
    sample_rate: int,
    candidates: Sequence[Candidate],
    *,
    audio: Audio = PLAIN,
) -> Iterator[DecodedNote]:
    """Yield the notes of a sound that comes in blocks, by their onsets.

    However long the sound is, no more of it is held than `WINDOW_S` seconds and a block. Parameters
    and errors are those of `decode_notes`; all blocks have as many channels as the first.
    """
    raise NotImplementedError
