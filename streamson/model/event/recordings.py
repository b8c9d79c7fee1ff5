"""What happens to recordings."""

from streamson.model.event.base import Event


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
