"""What somebody does to a listener, or says of it."""

from typing import Final

from streamson.model.event.base import Event, listed

MAX_CAPTION_CHARS: Final = 200
"""Length of a caption: two lines of a terminal, which are read in a few seconds."""


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
        return f"only {listed(self.streams)} can be heard"


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
