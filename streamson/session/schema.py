"""What a session says: its sound, its parts and their mappings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from streamson.model.audio import Audio
from streamson.model.instrument import Instrument
from streamson.model.source_limits import SourceLimits
from streamson.music.pitch import HIGHEST_MIDI, LOWEST_MIDI, note_to_midi
from streamson.music.scales import parse_scale
from streamson.rescaling.normalize import Range
from streamson.rescaling.spec import Rescale
from streamson.session.parse.earcons import (
    Earcon,
    Priority,
    earcon_instruments,
)
from streamson.session.parse.instruments import builtin_instruments
from streamson.session.rate import AlertRate

DEFAULT_SCALE: Final = "c chromatic"
"""Each semitone: fewer notes would play many different values alike (scripts/bench/faithful.py)."""

LIMITS: Final[Mapping[str, Range]] = {
    "pitch": (LOWEST_MIDI, HIGHEST_MIDI),
    "duration": (0.01, 60.0),
    "volume": (-90.0, 0.0),
    "pan": (-1.0, 1.0),
    "brightness": (-1.0, 1.0),
    "gate": (0.05, 1.0),
}
"""What each parameter of a note may be, as a note has it: MIDI note, seconds, dBFS."""

DEFAULTS: Final[Mapping[str, float]] = {
    "duration": 0.3,
    "volume": -18.0,
    "pan": 0.0,
    "brightness": 0,
    "gate": 1,
}
"""What each is where nobody says."""

LOWEST_NOTE: Final = note_to_midi("G3")  # 196 Hz to 1047 Hz: clear on small loudspeakers too
HIGHEST_NOTE: Final = note_to_midi("C6")
DEFAULT_NOTES: Final = parse_scale(DEFAULT_SCALE).notes(LOWEST_NOTE, HIGHEST_NOTE)

NOTES_PER_SECOND: Final = 15
"""Faster ones blur."""

EVENTS_PER_SECOND: Final = 100
"""Clicks may follow one another faster."""

Quantize = Literal["equal", "nearest"]

Overload = Literal["extremes", "last", "mean"]
"""What is kept of points that come too fast: the least and the greatest, the last, or the mean."""


FieldRef = str | int
"""A field by its name, or by its number in the stream's order, counted from 1."""


def field_name(ref: FieldRef, fields: Sequence[str]) -> str:
    """Return the name of a field of a stream; "", which none has, where there are not so many."""
    if isinstance(ref, str):
        return ref
    return fields[ref - 1] if ref <= len(fields) else ""


class MappingSpec(msgspec.Struct, frozen=True):
    """Where a parameter comes from: a constant ``value``, or a ``field`` and what to do with it.

    Attributes
    ----------
    parameter
        pitch, duration, volume, pan, brightness or gate.
    low, high
        Range: MIDI notes; seconds; dBFS or amplitude, as the unit says; -1 to +1.
    field
        Its name, or its number in the stream's order, counted from 1.
    value
        Constant as a note has it: MIDI note, seconds, dBFS, pan. None if a field is read.
    unit
        Of low and high, or of the field that is taken as it is: pitch: ``midi`` or ``hz``;
        duration: ``s``; volume: ``dbfs`` or ``amplitude``.
    is_passthrough
        Whether the field gives the parameter itself, within `LIMITS`.
    notes
        pitch: the MIDI notes that are played, going up; none is a continuous pitch.
    quantize
        pitch: ``equal``: each note has an equal part of the way from low to high; ``nearest``: the
        note that is nearest on that way is played.
    transform
        Names of `streamson.rescaling.transform.TRANSFORMS`, in the order in which they are done.
    smooth
        Half-life in points of a mean that follows the transformed values; 0 is none.
    polarity
        ``up``, or ``down`` where a high value of the field gives a low one of the parameter.
    """

    parameter: str
    low: float
    high: float
    field: FieldRef = 1
    value: float | None = None
    unit: str = ""
    notes: tuple[float, ...] = ()
    quantize: Quantize = "equal"
    polarity: str = "up"
    transform: tuple[str, ...] = ()
    smooth: float = 0.0
    rescale: Rescale = Rescale()
    is_passthrough: bool = False

    @property
    def is_rescaled(self) -> bool:
        """Whether it reads a field that is rescaled; else a constant, or the field as it is."""
        return self.value is None and not self.is_passthrough


class Choice(msgspec.Struct, frozen=True):
    """An instrument that hangs on a field.

    Attributes
    ----------
    field
        Its name or number.
    default
        What plays where nothing else does, and where the field is missing.
    equals
        Values, each with its instrument.
    above
        Values from which on, up to the next, an instrument plays; going up.
    """

    field: FieldRef
    default: str
    equals: tuple[tuple[float, str], ...] = ()
    above: tuple[tuple[float, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The instruments."""
        return (self.default, *(name for _, name in (*self.equals, *self.above)))

    def choose(self, value: float) -> str:
        """Return the instrument for a value, which may be NaN."""
        for one, name in self.equals:
            if value == one:
                return name
        chosen = self.default
        for least, name in self.above:
            if value >= least:
                chosen = name
        return chosen


class Bands(msgspec.Struct, frozen=True):
    """Where a value is near what it should not be, and where it is beyond.

    Attributes
    ----------
    near, beyond
        From which value on. What is bad when it is low has the greater one first.
    field
        Of which field, as it comes; None: of what the pitch follows, transformed as that is.
    """

    near: float
    beyond: float
    field: FieldRef | None = None


class Beacon(msgspec.Struct, frozen=True):
    """A soft tone now and then at the pitch of a value.

    Attributes
    ----------
    value
        Of what the pitch follows, transformed as that is.
    every
        Seconds from one to the next, as long as there are notes.
    field
        Where the pitch follows another field, there is no beacon; None: whatever it follows.
    """

    value: float
    every: float = 8.0
    field: str | None = None


PARAMETERS: Final = ("pitch", "duration", "volume", "pan", "brightness", "gate")
"""What of a note a part maps."""


class Part(msgspec.Struct, frozen=True):
    """A ``[[part]]`` table: what the streams that match a pattern play.

    Attributes
    ----------
    stream
        Shell pattern of their names.
    mute
        Whether it plays nothing; its windows go on.
    instrument
        Name of the instrument, or what hangs on a field; ``auto``: another one for each stream.
    register
        ``as written``, or ``auto``: another octave for each stream.
    timing
        ``arrival``, ``sequence``, ``grid`` or ``event``.
    max_lag
        Seconds that a note of a sequence, or of an event, may begin after its point.
    subdivision
        Of a grid: places for a note in a beat.
    notes_per_second
        Of each stream at most; points that come faster are coalesced. A sequence goes by its lag.
    overload
        What is kept of those: ``extremes``, ``last`` or ``mean``.
    stagger
        Seconds by which notes on arrival begin later, so that streams whose points come at once do
        not sound as one chord; ``auto``: by the stream's number.
    missing
        What a missing value gives: ``rest``; ``hold``, the last value again; ``gap``, a soft sound.
    articulation
        ``separate``: a voice for each note. ``continuous``: one held voice that glides from note to
        note.
    glide
        Seconds that gliding takes.
    hold
        Seconds that a held voice waits for the next point; then it falls silent.
    pitch, duration, volume, pan, brightness
        The mappings. No pan: away from those of other streams.
    gate
        Share of its duration that a note sounds: 1 is legato.
    bands
        What is told by tremolo and brightness.
    beacon
        What is told by a tone of reference.
    humanize
        Whether notes differ by what is just not noticed, so that those that repeat do not grate.
    reverb
        How much of its notes' amplitude goes into the room that all sounds in: 1 is all.
    """

    stream: str = "*"
    mute: bool = False
    instrument: str | Choice = "sine"
    register: str = "as written"
    timing: str = "arrival"
    max_lag: float = 2.0
    subdivision: int = 4
    notes_per_second: float = NOTES_PER_SECOND
    overload: Overload = "extremes"
    stagger: float | str = 0.0
    missing: str = "rest"
    articulation: str = "separate"
    glide: float = 0.15
    hold: float = 10.0
    pitch: MappingSpec = MappingSpec("pitch", LOWEST_NOTE, HIGHEST_NOTE, notes=DEFAULT_NOTES)
    duration: MappingSpec = MappingSpec("duration", 0.1, 0.5, value=DEFAULTS["duration"])
    volume: MappingSpec = MappingSpec("volume", -26, -14, value=DEFAULTS["volume"])
    pan: MappingSpec | None = None
    brightness: MappingSpec = MappingSpec("brightness", -1, 1, value=DEFAULTS["brightness"])
    gate: MappingSpec = MappingSpec("gate", 0.2, 1, value=DEFAULTS["gate"])
    bands: Bands | None = None
    beacon: Beacon | None = None
    humanize: bool = False
    reverb: float = 1.0


class Alert(msgspec.Struct, frozen=True):
    """A ``[[alert]]`` table: what is told when a field leaves its band, and when it is back.

    Attributes
    ----------
    stream
        Shell pattern of the streams that are watched.
    field
        Its name or number.
    band
        The lowest and the highest value that are well; None where what is unusual is told.
    outlier
        How often what is usual may be told as unusual, of each stream.
    hysteresis
        How far inside the band a value must come to be back.
    duration
        Seconds that it must have left the band for, by the points' times.
    priority
        How urgent it is: ``high`` always sounds.
    repeat
        Seconds after which it sounds again while it lasts and nobody acknowledged it; 0: once.
    sound
        What is played; None: what its kind and `priority` choose.
    speech
        Name of the instrument that speaks after it; empty where nothing is said.
    """

    stream: str = "*"
    field: FieldRef = 1
    band: Range | None = None
    outlier: AlertRate = AlertRate()
    hysteresis: float = 0.0
    duration: float = 0.0
    priority: Priority = "medium"
    repeat: float = 0.0
    sound: Earcon | None = None
    speech: str = ""


class Notices(msgspec.Struct, frozen=True):
    """The ``[notices]`` table: what is told of any stream.

    Attributes
    ----------
    stale
        That it fell silent, and that it is back.
    lost
        That points of it were lost on their way.
    range
        That a pitch is at an end of its range.
    level
        Of all alerts, in dB beside what their sounds say.
    budget
        Alerts that sound in any ten minutes, those of high priority aside, which always do. What is
        more is told as one.
    """

    stale: bool = True
    lost: bool = True
    range: bool = False
    level: float = 0.0
    budget: int = 3


class Streams(msgspec.Struct, frozen=True):
    """The ``[streams]`` table: what holds for all streams together.

    Attributes
    ----------
    forget_after
        Seconds of silence after which a stream gives its place back; when it comes again, it is a
        new one.
    """

    forget_after: float = 3_600.0


class AttentionSpec(msgspec.Struct, frozen=True):
    """The ``[attention]`` table: who is in front where there are many streams.

    Attributes
    ----------
    foreground
        Streams that play notes of their own at a time; None: all do.
    bed
        Whether the others are heard as one quiet bed.
    bed_level
        Of the bed, in dB beside its own level.
    """

    foreground: int | None = 4
    bed: bool = True
    bed_level: float = 0.0


class SessionFile(NamedTuple):
    """A file that a session file names, as it is written there, and where it is."""

    name: str
    path: Path


class Session(msgspec.Struct, frozen=True):
    """What is played.

    Attributes
    ----------
    name
        For messages.
    audio
        The sound's settings.
    tempo
        Beats a minute of the grid that parts may keep.
    parts
        In order.
    alerts
        In order.
    notices
        What is told of any stream.
    streams
        What holds for all of them together.
    attention
        Who is in front where there are many streams.
    limits
        What each source may bring, and all together: its ``[limits]``.
    instruments
        What parts may play, by name: those that streamson brings along, and the session's own.
    earcon_instruments
        What only alerts play: that of their sounds, and what is said.
    text
        The session file; None where a program made the session.
    files
        Samples and scales that the file names.
    """

    name: str = "default"
    audio: Audio = Audio()
    tempo: float = 120.0
    parts: tuple[Part, ...] = ()
    alerts: tuple[Alert, ...] = ()
    notices: Notices = Notices()
    streams: Streams = Streams()
    attention: AttentionSpec = AttentionSpec()
    limits: SourceLimits = SourceLimits()
    instruments: Mapping[str, Instrument] = msgspec.field(default_factory=builtin_instruments)
    earcon_instruments: Mapping[str, Instrument] = msgspec.field(default_factory=earcon_instruments)
    text: str | None = None
    files: tuple[SessionFile, ...] = ()

    @property
    def all_instruments(self) -> dict[str, Instrument]:
        """What an engine needs to know."""
        return {**self.instruments, **self.earcon_instruments}
