"""What an outlet plays to: a MIDI port, a receiver of OSC."""

from typing import Protocol

from streamson.live.outlet.frame_clock import FrameClock
from streamson.model.feed import EventTold, Hello, ListenerState, Streams
from streamson.model.note import Note


class Sink(Protocol):
    """Takes what an outlet hands on. One thread calls it; nothing in it waits.

    Attributes
    ----------
    name
        For messages.
    topics
        What is read of the feed for it, beside what every outlet reads.
    lead_s
        How long before its time a note is handed to it.
    """

    name: str
    topics: tuple[str, ...]
    lead_s: float

    def begin(self, hello: Hello, clock: FrameClock) -> None:
        """Take in that a listener is there, whose frames are those of a clock."""

    def play(self, note: Note, at_s: float, end_s: float) -> None:
        """Play a note from one time to another, in seconds of `time.monotonic`."""

    def take_state(self, state: ListenerState) -> None:
        """Take in what can be steered."""

    def take_event(self, told: EventTold) -> None:
        """Take in something that happened."""

    def take_streams(self, streams: Streams) -> None:
        """Take in streams that changed."""

    def turn(self, now_s: float) -> float:
        """Do what is due; return when something will be, infinity for nothing."""

    def end(self) -> None:
        """Let all fall silent: the listener has gone, or this ends."""

    def close(self) -> None:
        """Give back what was taken."""

    def summary(self) -> str:
        """Return in words what was lost here, for a person; empty for nothing."""
