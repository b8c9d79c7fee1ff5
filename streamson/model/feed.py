"""What a listener tells whoever looks on: the messages of its feed, a kind for each topic."""

from typing import Final, Self

import msgspec

from streamson.model.audio import Reverb
from streamson.model.event.any_event import AnyEvent
from streamson.model.note import Note
from streamson.model.statistics import Statistics, StreamStatistics

FEED_VERSION: Final = 1
"""Of what follows: it grows where a field changes its meaning or goes, not where one is added."""

HELLO: Final = "hello"
STATE: Final = "state"
STREAMS: Final = "streams"
NOTE: Final = "note"
PLAY: Final = "play"
SESSION: Final = "session"
CLOCK: Final = "clock"
EVENT: Final = "event"
PAST: Final = "past"
STATISTICS: Final = "statistics"
LEVEL: Final = "level"
AUDIO: Final = "audio"


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change as long as a listener runs, sent to each newcomer.

    Attributes
    ----------
    version
        `FEED_VERSION`.
    program
        Name and version of the program.
    endpoint
        Where points are received; or the feed of another listener, whose notes it plays.
    follows
        Whether it plays those.
    output
        Where the sound goes, for a person.
    plays
        Whether that is a sound device.
    sample_rate, channels
        Of `AudioBlock`.
    sessions
        Names that the command `session` takes.
    run
        Names this run of the listener: frames and numbers of another begin anew.
    reverb
        The room that all sounds in, as long as it runs; None is none.
    """

    version: int = FEED_VERSION
    program: str
    endpoint: str
    output: str
    plays: bool
    sample_rate: int
    channels: int
    sessions: tuple[str, ...]
    run: str = ""
    reverb: Reverb | None = None
    follows: bool = False


class ActiveAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is not over.

    Attributes
    ----------
    stream, field
        Whose value it is: of each there is one at a time.
    sentence
        What happened, for a person.
    raised_at
        When it was told, seconds since 1970.
    acknowledged
        Whether somebody said that he knows.
    """

    stream: str
    field: str
    sentence: str
    raised_at: float
    acknowledged: bool = False


class ListenerState(msgspec.Struct, frozen=True, kw_only=True):
    """What can be steered, as it is: sent to each newcomer, and whenever it changes.

    Attributes
    ----------
    frame, time
        A frame of the listener's clock, and when it begins, seconds since 1970.
    session
        Name of the one in force.
    volume_db
        The master volume, or where unmuting leads.
    muted
        Whether all is silent.
    muted_streams, soloed_streams
        Streams that are not to be heard; streams that alone are. Alerts are heard all the same.
    recording
        What is recorded to; None for nothing.
    alerts
        Alerts that are not over, the oldest first.
    page_url
        Where a page shows it; None where there is none.
    tempo
        Beats a minute, counted from frame 0 on, where parts of the session keep to them.
    """

    frame: int
    time: float
    session: str
    volume_db: float
    muted: bool
    muted_streams: tuple[str, ...]
    soloed_streams: tuple[str, ...]
    recording: str | None
    alerts: tuple[ActiveAlert, ...]
    page_url: str | None = None
    tempo: float | None = None


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a part's notes that follows a field.

    Attributes
    ----------
    parameter
        Such as ``pitch``.
    field
        Such as ``percent`` or ``rate of bytes``.
    polarity
        ``up``: the higher the value, the more of the parameter; or ``down``.
    low, high
        Ends of the parameter's range with their unit, such as ``G3`` and ``C6``; empty where a
        value is taken as it is.
    """

    parameter: str
    field: str
    polarity: str
    low: str = ""
    high: str = ""


class PartLegend(msgspec.Struct, frozen=True, kw_only=True):
    """What a part plays of a stream.

    Attributes
    ----------
    instrument
        Its name.
    follows
        Its parameters that follow a field.
    text
        The same in words.
    bands
        From which value on it is near what it should not be, and beyond: told by tremolo and
        brightness. What is bad when it is low has the greater one first. None: there are none.
    beacon
        The value at whose pitch a soft tone sounds now and then; None: there is none.
    """

    instrument: str
    follows: tuple[Followed, ...]
    text: str
    bands: tuple[float, float] | None = None
    beacon: float | None = None


class StreamRow(StreamStatistics, frozen=True, kw_only=True):
    """A stream at a moment.

    Attributes
    ----------
    muted, soloed
        Whether it was muted, or soloed.
    heard
        Whether its notes sound, by what is muted and soloed.
    legend
        What its parts play; where it is left out, as told before.
    """

    muted: bool = False
    soloed: bool = False
    heard: bool = True
    legend: tuple[PartLegend, ...] | msgspec.UnsetType = msgspec.UNSET


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """Streams that changed since they were told last; each is told again now and then.

    Attributes
    ----------
    frame
        When it was so.
    count
        How many streams there are in all.
    rows
        Those that changed.
    gone
        Names of streams that are no more.
    """

    frame: int
    count: int
    rows: tuple[StreamRow, ...]
    gone: tuple[str, ...] = ()


class NoteStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A note that began.

    Attributes
    ----------
    number
        Grows by one with each: what is missing between two is lost.
    note
        With its real onset.
    session
        Number of the session that it is played by, as of `SessionTold`.
    """

    number: int
    note: Note
    session: int = 1


class PlayedNote(msgspec.Struct, frozen=True, array_like=True):
    """A note that began, as short as it can be told: a third of the bytes of `NoteStarted`.

    Attributes
    ----------
    number, session
        As of `NoteStarted`.
    onset_frame, duration_frames, midi_note, level_db, pan, instrument, stream, brightness
        As of `Note`.
    held_key, glide_frames, foreground, tremolo_hz, tremolo_depth, reverb_send
        As of `Note`.
    """

    number: int
    session: int
    onset_frame: int
    duration_frames: int
    midi_note: float
    level_db: float
    pan: float
    instrument: str
    stream: str
    brightness: float
    held_key: int
    glide_frames: int
    foreground: bool
    tremolo_hz: float = 0.0
    tremolo_depth: float = 0.0
    reverb_send: float = 1.0

    @classmethod
    def of(cls, started: NoteStarted) -> Self:
        """Return what is told of a note."""
        note = started.note
        of_note = (getattr(note, name) for name in cls.__struct_fields__[2:])
        return cls(started.number, started.session, *of_note)

    def note(self, sample_rate: int) -> Note:
        """Return the note, of a listener of that sample rate."""
        return Note(
            duration_s=self.duration_frames / sample_rate,
            **{name: getattr(self, name) for name in self.__struct_fields__[2:]},
        )


class SessionTold(msgspec.Struct, frozen=True, kw_only=True):
    """A session with all that it needs, so that its notes can be played elsewhere.

    Attributes
    ----------
    number
        The first one's is 1.
    name
        Its name.
    text
        What its file says; None where that is not told.
    files
        What it reads from files, samples and scales: name to content.
    reason
        Why there is no text.
    """

    number: int
    name: str
    text: str | None
    files: dict[str, bytes] = {}
    reason: str = ""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The listener's clock.

    Attributes
    ----------
    frame
        Now.
    notes
        Number of the last note that was told; 0 before any.
    """

    frame: int
    notes: int


class EventTold(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened.

    Attributes
    ----------
    number
        As of `NoteStarted`.
    time
        When it was told, seconds since 1970.
    sentence
        What happened, for a person.
    event
        The event; its key ``event`` names its kind.
    """

    number: int
    time: float
    sentence: str
    event: AnyEvent


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What happened before a newcomer came; those who read it already get it again.

    Attributes
    ----------
    events
        The last ones, in their order.
    """

    events: tuple[EventTold, ...]


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """How loud it was in the last tenth of a second.

    Attributes
    ----------
    frame
        At its end.
    peak_dbfs, rms_dbfs
        Of the left and the right channel; None in silence.
    """

    frame: int
    peak_dbfs: tuple[float | None, float | None]
    rms_dbfs: tuple[float | None, float | None]


class AudioBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Finished sound without a gap, about 20 ms.

    Attributes
    ----------
    frame
        Its first one: where it is not the end of the block before, sound was missed.
    time
        When it was finished, seconds since 1970.
    samples
        Little-endian float32, left and right in turn; as JSON in Base64.
    """

    frame: int
    time: float
    samples: bytes


Message = (
    Hello
    | ListenerState
    | Streams
    | NoteStarted
    | PlayedNote
    | SessionTold
    | Clock
    | EventTold
    | Past
    | Statistics
    | Level
    | AudioBlock
)
"""All that is told."""

MESSAGE_TYPES: Final[dict[str, type]] = {
    HELLO: Hello,
    STATE: ListenerState,
    STREAMS: Streams,
    NOTE: NoteStarted,
    PLAY: PlayedNote,
    SESSION: SessionTold,
    CLOCK: Clock,
    EVENT: EventTold,
    PAST: Past,
    STATISTICS: Statistics,
    LEVEL: Level,
    AUDIO: AudioBlock,
}
"""What is told on each topic."""
