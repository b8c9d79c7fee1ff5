"""Notes that repeat are not quite alike: within what is just noticed, always the same of one note.

A player never strikes twice alike; what does grates. What a note tells stays: it differs by less
than can be noticed when it is looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

import msgspec

from streamson.model.note import AS_SOON_AS_POSSIBLE
from streamson.rescaling.reservoir import scattered
from streamson.session.schema import LIMITS

if TYPE_CHECKING:
    from streamson.model.note import Note

LEVEL_DB: Final = 0.5
"""Up or down at most: steps of 1 dB are just noticed at the level of conversation (E. Zwicker and
H. Fastl, "Psychoacoustics: facts and models", on just-noticeable changes of level)."""

BRIGHTNESS: Final = 0.025
"""Up or down at most: 0.3 dB for each octave above the fundamental, so that the highest partial
that counts, the eighth, changes by less than the same 1 dB."""

LATER_S: Final = 0.006
"""At most: of one note in an even row that is displaced so much is just noticed (A. Friberg and
J. Sundberg, "Time discrimination in a monotonic, isochronous sequence", J. Acoust. Soc. Am. 98,
1995: 6 ms where notes follow within a quarter of a second, more in slower rows)."""


class Humanizer:
    """Changes the notes of one stream by little, each by its number.

    Parameters
    ----------
    stream
        The stream's name: others differ otherwise.
    sample_rate
        Frames a second.
    """

    def __init__(self, stream: str, sample_rate: int) -> None:
        self._seed = crc32(stream.encode("utf-8", "surrogatepass")) << 32
        self._later_frames = LATER_S * sample_rate

    def vary(self, note: Note, number: int) -> Note:
        """Return a note a little otherwise; one without an onset begins as soon as it did.

        Parameters
        ----------
        note
            The note.
        number
            Of the stream's notes, counted from 1.
        """
        bits = scattered(self._seed + number)
        later, louder, brighter = (((bits >> shift) & 0xFFFF) / 0xFFFF for shift in (0, 16, 32))
        level, brightness = LIMITS["volume"], LIMITS["brightness"]
        varied = msgspec.structs.replace(
            note,
            level_db=min(note.level_db + (2 * louder - 1) * LEVEL_DB, level[1]),
            brightness=min(
                max(note.brightness + (2 * brighter - 1) * BRIGHTNESS, brightness[0]), brightness[1]
            ),
        )
        # It ends when it would have, so that what follows stays apart.
        frames = min(round(later * self._later_frames), note.duration_frames // 2)
        if note.onset_frame == AS_SOON_AS_POSSIBLE or not frames:
            return varied
        share = 1 - frames / note.duration_frames
        return msgspec.structs.replace(
            varied,
            onset_frame=note.onset_frame + frames,
            duration_frames=note.duration_frames - frames,
            duration_s=note.duration_s * share,
        )
