"""What the score hands on: one note."""

from typing import Final

import msgspec

from streamson.music.pitch import midi_to_hz

AS_SOON_AS_POSSIBLE: Final = -1
"""The onset frame of what is to be done when it arrives: a note, a change of volume."""


class Note(msgspec.Struct, frozen=True, gc=False):  # none is in a circle
    """One note, as an instrument plays it.

    Attributes
    ----------
    onset_frame
        Frame at which it starts, or `AS_SOON_AS_POSSIBLE`.
    duration_s
        Its exact duration in seconds.
    duration_frames
        The same in whole frames, rounded so that notes end to end stay end to end; for a held voice
        also the time that it waits for the next note.
    midi_note
        Pitch as a MIDI note number; fractions of a semitone are allowed.
    level_db
        Peak of a sine of this level at the centre, in dBFS.
    pan
        -1 is left, +1 is right.
    instrument
        Name of the instrument.
    stream
        Name of the stream whose point it sounds.
    brightness
        Tilt of the instrument's partials: -1 is dull, +1 is bright.
    held_key
        Names the held voice that glides to the note, or begins with it; 0 is a voice of its own.
    glide_frames
        Frames that gliding to it takes.
    foreground
        Whether it is an earcon's: all that is not becomes softer while it sounds.
    tremolo_hz
        How often a second its level swings, from its onset on; 0 is not at all.
    tremolo_depth
        How much of its amplitude is gone where it swings lowest, 0 to 1.
    reverb_send
        How much of its amplitude goes into the room that all sounds in: 1 is all, 0 nothing.
    """

    onset_frame: int
    duration_s: float
    duration_frames: int
    midi_note: float
    level_db: float
    pan: float
    instrument: str
    stream: str
    brightness: float = 0.0
    held_key: int = 0
    glide_frames: int = 0
    foreground: bool = False
    tremolo_hz: float = 0.0
    tremolo_depth: float = 0.0
    reverb_send: float = 1.0

    @property
    def frequency_hz(self) -> float:
        """Frequency of the fundamental in Hz."""
        return midi_to_hz(self.midi_note)
