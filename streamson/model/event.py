"""What happens to a listener: objects first, and lines in a log after."""

from collections.abc import Sequence
from typing import Final

import msgspec

MAX_LISTED: Final = 8
"""Streams, or fields, that a sentence names."""

MAX_CAPTION_CHARS: Final = 200
"""Length of a caption: two lines of a terminal, which are read in a few seconds."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Something that happened.

    Attributes
    ----------
    frame
        Of the listener's clock; of a table, of its sound.
    """

    frame: int

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        raise NotImplementedError


def _listed(names: Sequence[str]) -> str:
    """Return some names for a sentence; of many, the first."""
    more = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


class AlertRaised(Event, frozen=True, kw_only=True, tag="alert_raised"):
    """A value left its band, and stayed outside for as long as its alert demands.

    Attributes
    ----------
    stream, field, value, unit
        What was seen; no unit is an empty one.
    low, high
        The band; None where it has no such end.
    time
        Of the point, seconds since 1970, or the row of a table.
    speech
        What is said of it; empty for nothing.
    """

    stream: str
    field: str
    value: float
    unit: str = ""
    low: float | None
    high: float | None
    time: float
    speech: str = ""

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        unit = f" {self.unit}" if self.unit else ""
        is_above = self.high is not None and self.value > self.high
        beyond = f"above {self.high:g}" if is_above else f"below {self.low:g}"
        said = f": {self.speech}" if self.speech else ""
        return f"{self.stream}: {self.field} is {self.value:g}{unit}, {beyond}{unit}{said}"


class AlertCleared(Event, frozen=True, kw_only=True, tag="alert_cleared"):
    """A value is back in its band.

    Attributes
    ----------
    stream, field, value, unit, time
        As of `AlertRaised`.
    """

    stream: str
    field: str
    value: float
    unit: str = ""
    time: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.stream}: {self.field} is {self.value:g}{unit} again"


class StreamStale(Event, frozen=True, kw_only=True, tag="stream_stale"):
    """A stream, or several of one host together, fell silent.

    Attributes
    ----------
    streams
        Their names; of several, all begin with the host's and a slash.
    silent_s, usual_s
        How long the first one is silent, and how often a point of it came.
    """

    streams: tuple[str, ...]
    silent_s: float
    usual_s: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        who = self.streams[0]
        if len(self.streams) > 1:
            names = [stream.partition("/")[2] for stream in self.streams]
            who = f"{who.partition('/')[0]}: {_listed(names)}"
        return f"{who}: silent for {self.silent_s:.1f} s; a point came every {self.usual_s:.1f} s"


class StreamRecovered(Event, frozen=True, kw_only=True, tag="stream_recovered"):
    """A stream that was stale is back, or a host whose streams were so together.

    Attributes
    ----------
    name
        The stream's or the host's.
    silent_s
        For how long it was silent.
    """

    name: str
    silent_s: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.name}: back after {self.silent_s:.1f} s"


class PointsLost(Event, frozen=True, kw_only=True, tag="points_lost"):
    """Points were lost on their way.

    Attributes
    ----------
    points
        How many since the event of this kind before.
    """

    points: int

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.points} {'point' if self.points == 1 else 'points'} lost on the way"


class PointsUnplayed(Event, frozen=True, kw_only=True, tag="points_unplayed"):
    """Points of a stream have no field that a part plays: no note comes of them; told once.

    Attributes
    ----------
    stream
        Its name.
    points
        How many in a row, so far.
    wanted
        The fields that pitches follow, one of which they would have to have: names, or their
        numbers in the first point.
    found
        The fields that the last one has.
    hint
        What to do.
    """

    stream: str
    points: int
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    hint: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        have = "1 point has" if self.points == 1 else f"{self.points} points in a row have"
        return (
            f"{self.stream}: {have} no field that is played "
            f"({_listed(self.wanted)}), only {_listed(self.found)}; {self.hint}"
        )


class SessionChanged(Event, frozen=True, kw_only=True, tag="session_changed"):
    """Another session is in force.

    Attributes
    ----------
    name
        Its name or file.
    number
        The first one's is 1.
    remark
        What of it is not in force before the next start; empty for nothing.
    """

    name: str
    number: int
    remark: str = ""

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.name}: changed" + (f"; {self.remark}" if self.remark else "")


class SessionRefused(Event, frozen=True, kw_only=True, tag="session_refused"):
    """Another session could not be taken; nothing changes.

    Attributes
    ----------
    name
        Its name or file.
    reason
        Why not.
    """

    name: str
    reason: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.name}: nothing changes: {self.reason}; start again to use it"


class VolumeChanged(Event, frozen=True, kw_only=True, tag="volume_changed"):
    """The master volume began to glide.

    Attributes
    ----------
    volume_db
        To this level; None is muted.
    """

    volume_db: float | None

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return "muted" if self.volume_db is None else f"volume {self.volume_db:g} dB"


class StreamMuted(Event, frozen=True, kw_only=True, tag="stream_muted"):
    """Somebody muted a stream, or lets it be heard again.

    Attributes
    ----------
    stream
        Its name.
    muted
        Which of the two.
    """

    stream: str
    muted: bool

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.stream}: muted" if self.muted else f"{self.stream}: no longer muted"


class StreamSoloed(Event, frozen=True, kw_only=True, tag="stream_soloed"):
    """Somebody soloed streams, or none any more.

    Attributes
    ----------
    streams
        All that are soloed now.
    """

    streams: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        if not self.streams:
            return "all streams are heard that are not muted"
        return f"only {_listed(self.streams)} can be heard"


class AlertAcknowledged(Event, frozen=True, kw_only=True, tag="alert_acknowledged"):
    """Somebody said that he knows of an alert.

    Attributes
    ----------
    stream, field
        As of `AlertRaised`.
    """

    stream: str
    field: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.stream}: the alert of {self.field} is acknowledged"


class DeviceLost(Event, frozen=True, kw_only=True, tag="device_lost"):
    """The sound device went away.

    Attributes
    ----------
    device
        Its name.
    retry_s
        How often it is looked for.
    """

    device: str
    retry_s: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return (
            f'sound device "{self.device}" is gone; going on without sound, looking for it every '
            f"{self.retry_s:.0f} s"
        )


class DeviceBack(Event, frozen=True, kw_only=True, tag="device_back"):
    """The sound device is back.

    Attributes
    ----------
    device
        Its name.
    rates
        That it is resampled; empty where it is not.
    """

    device: str
    rates: str = ""

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f'sound device "{self.device}" is back{self.rates}'


class RecordingStarted(Event, frozen=True, kw_only=True, tag="recording_started"):
    """A sound file of a recording was begun: the first, or after it had paused.

    Attributes
    ----------
    path
        The file.
    is_again
        Whether it had paused.
    lost_s
        Seconds that the recording lacks so far.
    """

    path: str
    is_again: bool = False
    lost_s: float = 0.0

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        if not self.is_again:
            return f"recording to {self.path}"
        return f"recording again, to {self.path}; {self.lost_s:.1f} s are lost so far"


class RecordingRotated(Event, frozen=True, kw_only=True, tag="recording_rotated"):
    """A recording goes on in another file, without a gap.

    Attributes
    ----------
    path
        The new file.
    """

    path: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"recording goes on in {self.path}"


class RecordingPaused(Event, frozen=True, kw_only=True, tag="recording_paused"):
    """A recording takes nothing any more, until there is room: the sound goes on.

    Attributes
    ----------
    reason
        Why: a full disk, a file that was deleted.
    is_gone
        Whether files were deleted or moved while they were written.
    """

    reason: str
    is_gone: bool = False

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        then = "It goes on in a new file." if self.is_gone else "The recording pauses;"
        return f"{self.reason}. {then}" + ("" if self.is_gone else " the sound goes on.")


class RecordingFailed(Event, frozen=True, kw_only=True, tag="recording_failed"):
    """The recording that was asked for from the start can't be made.

    Attributes
    ----------
    reason
        Why.
    """

    reason: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.reason}. Going on without a recording."


class RecordingEnded(Event, frozen=True, kw_only=True, tag="recording_ended"):
    """A recording is finished.

    Attributes
    ----------
    path
        Its sound file, without the numbers that files have which rotate.
    seconds
        Its length.
    """

    path: str
    seconds: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"recorded {self.seconds:.1f} s to {self.path}"


class PageServed(Event, frozen=True, kw_only=True, tag="page_served"):
    """There is a page on which it can be seen and heard.

    Attributes
    ----------
    url
        Where; without what lets somebody in.
    tunnel
        The command that lets another machine reach it; empty where that is not known to be wanted.
    """

    url: str
    tunnel: str = ""

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        before = f"; on your own machine first: {self.tunnel}" if self.tunnel else ""
        return f"to be seen and heard on {self.url}{before}"


class SessionNotFollowed(Event, frozen=True, kw_only=True, tag="session_not_followed"):
    """The listener whose notes are played here has a session that can't be played here.

    Attributes
    ----------
    name
        Its name.
    reason
        Why.
    """

    name: str
    reason: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.name}: its notes are not heard here: {self.reason}"


class FeedJoined(Event, frozen=True, kw_only=True, tag="feed_joined"):
    """From now on the notes of another listener are played here, as it plays them.

    Attributes
    ----------
    endpoint
        Where its feed is.
    delay_s
        How long after it.
    """

    endpoint: str
    delay_s: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"in step with the listener on {self.endpoint}, {self.delay_s:g} s after it"


class FeedLost(Event, frozen=True, kw_only=True, tag="feed_lost"):
    """The listener whose notes are played here tells nothing any more.

    Attributes
    ----------
    endpoint
        Where its feed was.
    """

    endpoint: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"the listener on {self.endpoint} has gone: what it plays is not heard here"


class FeedRecovered(Event, frozen=True, kw_only=True, tag="feed_recovered"):
    """The listener whose notes are played here is back.

    Attributes
    ----------
    endpoint
        Where its feed is.
    silent_s
        For how long it told nothing.
    """

    endpoint: str
    silent_s: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"the listener on {self.endpoint} is back after {self.silent_s:.1f} s"


class Caption(Event, frozen=True, kw_only=True, tag="caption"):
    """Somebody who explains said what is heard at this moment, or is about to be.

    Attributes
    ----------
    text
        One line, for a person.
    """

    text: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return self.text


AnyEvent = (
    AlertRaised
    | AlertCleared
    | StreamStale
    | StreamRecovered
    | PointsLost
    | PointsUnplayed
    | SessionChanged
    | SessionRefused
    | VolumeChanged
    | StreamMuted
    | StreamSoloed
    | AlertAcknowledged
    | DeviceLost
    | DeviceBack
    | RecordingStarted
    | RecordingRotated
    | RecordingPaused
    | RecordingFailed
    | RecordingEnded
    | SessionNotFollowed
    | FeedJoined
    | FeedLost
    | FeedRecovered
    | Caption
    | PageServed
)
"""For decoding."""
