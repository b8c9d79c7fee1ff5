"""What happens where the notes of another listener are played."""

from streamson.model.event.base import Event


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
