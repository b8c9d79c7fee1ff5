"""What an instrument is: a table of partials, or a sampled sound, and an envelope."""

from typing import TYPE_CHECKING, Final

import msgspec

from streamson.music.pitch import cents_to_ratio, midi_to_hz

if TYPE_CHECKING:  # at run time the score does without
    import numpy as np
    from numpy.typing import NDArray

MIN_RAMP_S: Final = 0.001
"""Nothing rises or falls faster: that would be a click."""


class Partial(msgspec.Struct, frozen=True):
    """One sine, or one band of noise, of an instrument's tone.

    Attributes
    ----------
    ratio
        Its frequency as a multiple of the note's.
    level
        In dB. Only the differences between partials matter: together they have the power of a sine
        of the note's level.
    decay
        Seconds in which it falls by 60 dB; None where it does not.
    detune
        In cents, beside the ratio.
    pan
        Its place beside the note's, -1 to 1.
    noise
        Width of its band as a multiple of its frequency; 0 is a sine.
    """

    ratio: float = 1.0
    level: float = 0.0
    decay: float | None = None
    detune: float = 0.0
    pan: float = 0.0
    noise: float = 0.0

    @property
    def exact_ratio(self) -> float:
        """The ratio with the detune in it."""
        return self.ratio * cents_to_ratio(self.detune)


class Envelope(msgspec.Struct, frozen=True):
    """How a note rises and falls.

    Attributes
    ----------
    attack, decay, release
        Seconds: from silence to the peak, from the peak to the sustained level, and from the end
        of the note's duration to silence.
    sustain
        The sustained level, as a multiple of the peak.
    separation
        dB by which a note has fallen when its duration ends, so that the next one is heard to begin
        even if it is the same; the release goes on from there. 0: notes run into one another.
    curve
        Natural logarithm of the slope at the end of a segment over that at its start: 0 is even,
        below 0 is quick first.
    """

    # Rise and fall are of one length and add up to 1: a note that follows another without a gap
    # never makes the two together louder than either.
    attack: float = 0.01
    decay: float = 0.0
    sustain: float = 1.0
    release: float = 0.01
    separation: float = 15.0
    curve: float = 0.0


class Sample(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """A recorded sound that is played at other pitches.

    Attributes
    ----------
    sound
        float32, shape (frames, 2).
    sample_rate
        Frames a second.
    root
        MIDI note at which it is played as it is.
    loop
        First frame that is repeated as long as a note lasts, and the frame after the last one; None
        where the sound just ends.
    """

    sound: "NDArray[np.float32]"
    sample_rate: int
    root: float = 60.0
    loop: tuple[int, int] | None = None

    def same_as(self, other: "Sample") -> bool:
        """Return whether another one sounds the same."""
        return (
            self.sample_rate == other.sample_rate
            and self.root == other.root
            and self.loop == other.loop
            and self.sound.shape == other.sound.shape
            and bool((self.sound == other.sound).all())
        )

    @property
    def root_hz(self) -> float:
        """Frequency at which it is played as it is."""
        return midi_to_hz(self.root)


class Instrument(msgspec.Struct, frozen=True):
    """A tone colour and how it begins and ends. Without arguments it is a plain sine.

    Attributes
    ----------
    partials
        At most `limits.MAX_PARTIALS`; those above Nyquist are left out.
    envelope
        How its notes rise and fall.
    width
        How far its partials, or the sides of its sample, stand apart between left and right: 0 not
        at all, 1 as they say.
    about
        What it is, for a person.
    sample
        Played instead of the partials, if there is one.
    """

    partials: tuple[Partial, ...] = (Partial(),)
    envelope: Envelope = Envelope()
    width: float = 1.0
    about: str = ""
    sample: Sample | None = None

    def same_as(self, other: "Instrument") -> bool:
        """Return whether another one sounds the same."""
        if self.sample is None or other.sample is None:
            return self == other
        without = msgspec.structs.replace(self, sample=None, about="")
        other_without = msgspec.structs.replace(other, sample=None, about="")
        return without == other_without and self.sample.same_as(other.sample)
