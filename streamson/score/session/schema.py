"""What a session says: its sound, its parts and their mappings."""

from collections.abc import Mapping
from typing import Final

import msgspec

from streamson.instrument import Instrument
from streamson.score.overload import KEEPS, NOTES_PER_SECOND
from streamson.score.pitch import note_to_midi
from streamson.score.rescaling import Rescale
from streamson.score.session.instruments import builtin_instruments
from streamson.space import Reverb

DEFAULT_SCALE: Final = "c major pentatonic"
DEFAULT_DURATION_S: Final = 0.3
DEFAULT_VOLUME_DB: Final = -18.0
LOWEST_NOTE: Final = note_to_midi("G3")  # 196 Hz to 1047 Hz: clear on small loudspeakers too
HIGHEST_NOTE: Final = note_to_midi("C6")


class Audio(msgspec.Struct, frozen=True):
    """The ``[audio]`` table.

    Attributes
    ----------
    volume_db
        Master volume.
    sample_rate
        Frames a second; None where the device's own will do.
    look_ahead
        Seconds from a point's arrival to the onset of its note, always the same; 0 is as soon as
        possible, a block of the device more or less.
    equal_loudness
        Whether notes of one level are made equally loud, whatever their pitch and instrument.
    reverb
        The room that they sound in; None is none.
    """

    volume_db: float = -6.0
    sample_rate: int | None = None
    look_ahead: float = 0.0
    equal_loudness: bool = False
    reverb: Reverb | None = None


class MappingSpec(msgspec.Struct, frozen=True):
    """Where a parameter comes from: a constant ``value``, or a ``field`` and what to do with it.

    Attributes
    ----------
    parameter
        pitch, duration, volume, pan or brightness.
    low, high
        Range: MIDI notes; seconds; dBFS or amplitude, as the unit says; -1 to +1.
    field
        None is the first field of the stream.
    value
        Constant as a note has it: MIDI note, seconds, dBFS, pan. None if a field is read.
    unit
        pitch: ``midi`` or ``hz`` take the field as it is; volume: ``dbfs`` or ``amplitude``.
    scale
        pitch: the scale whose notes are played; None is a continuous pitch.
    transform
        Names of `streamson.score.transform.TRANSFORMS`, in the order in which they are done.
    smooth
        Half-life in points of a mean that follows the transformed values; 0 is none.
    polarity
        ``up``, or ``down`` where a high value of the field gives a low one of the parameter.
    """

    parameter: str
    low: float
    high: float
    field: str | None = None
    value: float | None = None
    unit: str = ""
    scale: str | None = None
    polarity: str = "up"
    transform: tuple[str, ...] = ()
    smooth: float = 0.0
    rescale: Rescale = Rescale()

    @property
    def wants_survey(self) -> bool:
        """Whether it would like to know a whole table's extremes of its field beforehand."""
        plain = self.value is None and not self.transform and not self.smooth
        return plain and self.rescale.wants_survey


class Part(msgspec.Struct, frozen=True):
    """A ``[[part]]`` table: what the streams that match a pattern play.

    Attributes
    ----------
    stream
        Shell pattern of their names.
    instrument
        Name of the instrument.
    timing
        ``arrival`` or ``sequence``.
    queue
        Notes of a sequence that may wait.
    notes_per_second
        Of each stream at most; points that come faster are merged. Sequences have a queue instead.
    overload
        What is kept of those: ``extremes``, ``last`` or ``mean``.
    articulation
        ``separate``: a voice for each note. ``continuous``: one held voice that glides from note to
        note.
    glide
        Seconds that gliding takes.
    hold
        Seconds that a held voice waits for the next point; then it falls silent.
    pitch, duration, volume, pan, brightness
        The mappings. No pan: by order of appearance.
    """

    stream: str = "*"
    instrument: str = "sine"
    timing: str = "arrival"
    queue: int = 64
    notes_per_second: float = NOTES_PER_SECOND
    overload: str = KEEPS[0]
    articulation: str = "separate"
    glide: float = 0.15
    hold: float = 10.0
    pitch: MappingSpec = MappingSpec("pitch", LOWEST_NOTE, HIGHEST_NOTE, scale=DEFAULT_SCALE)
    duration: MappingSpec = MappingSpec("duration", 0.1, 0.5, value=DEFAULT_DURATION_S)
    volume: MappingSpec = MappingSpec("volume", -26, -14, value=DEFAULT_VOLUME_DB)
    pan: MappingSpec | None = None
    brightness: MappingSpec = MappingSpec("brightness", -1, 1, value=0)


class Session(msgspec.Struct, frozen=True):
    """What is played.

    Attributes
    ----------
    name
        For messages.
    audio
        The sound's settings.
    parts
        In order.
    instruments
        What parts may play, by name: those that streamson brings along, and the session's own.
    """

    name: str = "default"
    audio: Audio = Audio()
    parts: tuple[Part, ...] = ()
    instruments: Mapping[str, Instrument] = msgspec.field(default_factory=builtin_instruments)
