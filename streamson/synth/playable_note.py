"""What the engine has to know of a note."""

from typing import Protocol


class PlayableNote(Protocol):
    """Anything that has these can be played."""

    @property
    def onset_frame(self) -> int:
        """Frame at which it begins; negative: as soon as possible."""

    @property
    def duration_frames(self) -> int:
        """Frames until its release begins."""

    @property
    def frequency_hz(self) -> float:
        """Its pitch in Hz."""

    @property
    def level_db(self) -> float:
        """Its peak at the centre of the stereo field, in dBFS."""

    @property
    def pan(self) -> float:
        """Its place from -1, left, to 1, right."""

    @property
    def brightness(self) -> float:
        """Tilt of its spectrum from -1, dull, to 1, bright; 0 is as the instrument has it."""

    @property
    def held_key(self) -> int:
        """Names a held voice: it glides to the note, or begins with it; 0 is a voice of its own."""

    @property
    def glide_frames(self) -> int:
        """Frames that gliding to it takes."""

    @property
    def foreground(self) -> bool:
        """Whether all that is not becomes softer while it sounds; it is never stolen either."""

    @property
    def tremolo_hz(self) -> float:
        """How often a second its level swings; 0 is not at all."""

    @property
    def tremolo_depth(self) -> float:
        """How much of its amplitude is gone where it swings lowest, 0 to 1."""

    @property
    def reverb_send(self) -> float:
        """How much of its amplitude goes into the room; 1 is all."""

    @property
    def instrument(self) -> str:
        """The name of its instrument."""

    @property
    def stream(self) -> str:
        """Whose it is: equal notes of one stream are heard apart, even where they overlap."""
