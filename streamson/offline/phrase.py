"""A short phrase that shows what an instrument sounds like."""

from typing import Final

from streamson.model.note import Note

# MIDI note, onset and duration in beats: up an arpeggio over two octaves, then a quiet chord.
_NOTES: Final = (
    *((48, 0, 1), (55, 1, 1), (60, 2, 1), (64, 3, 1), (67, 4, 1), (72, 5, 2)),
    *((48, 8, 3), (60, 8, 3), (64, 8, 3), (67, 8, 3)),
)
BEAT_S: Final = 0.25
PHRASE_S: Final = 14 * BEAT_S
"""From one phrase to the next."""

LEVEL_DB: Final = -16.0


def phrase(instrument: str, *, start_frame: int = 0, sample_rate: int = 44_100) -> list[Note]:
    """Return the phrase, as an instrument plays it from a frame on, in the order of onsets."""
    beat = BEAT_S * sample_rate
    return [
        Note(
            onset_frame=start_frame + round(onset * beat),
            duration_s=beats * BEAT_S,
            duration_frames=round(beats * beat),
            midi_note=midi_note,
            level_db=LEVEL_DB - (8 if onset == 8 else 0),
            pan=0,
            instrument=instrument,
            stream=instrument,
        )
        for midi_note, onset, beats in _NOTES
    ]
