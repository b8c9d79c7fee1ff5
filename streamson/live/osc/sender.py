"""Sends notes, events and streams to a receiver of OSC."""

import logging
import time
from math import inf
from typing import Final

from streamson._rate_limited_log import RateLimitedLog
from streamson.live.osc.address import OscAddress
from streamson.live.osc.datagrams import Datagrams
from streamson.live.osc.messages import OscMessages
from streamson.live.outlet.frame_clock import FrameClock
from streamson.model.feed import EVENT, STREAMS, EventTold, Hello, ListenerState, Streams
from streamson.model.note import Note

LEAD_S: Final = 0.02
"""A note is sent so long before its time, which its bundle names: who keeps to it begins it in
time, however long the network took; who does not begins it too early, always by the same."""

MAX_STREAMS_A_SECOND: Final = 2_000
"""Of more, whose making would hold up notes, the rest is left out and counted; each comes again."""

_log = logging.getLogger(__name__)


class OscSender:
    """Sends to a receiver, as a sink of an `Outlet`.

    Whether anybody receives it is not told, but where nobody does, the machine there may say so.

    Parameters
    ----------
    address
        Where the receiver is.

    Attributes
    ----------
    unsent
        Datagrams that the system did not take.
    streams_left_out
        Rows of streams for which there was no time.

    Raises
    ------
    MissingDependencyError
        If python-osc is not installed.
    StreamsonError
        If no machine has that name.
    """

    topics: tuple[str, ...] = (EVENT, STREAMS)
    lead_s = LEAD_S

    def __init__(self, address: OscAddress) -> None:
        self.name = f"OSC to {address}"
        self.unsent = self.streams_left_out = 0
        self._messages = OscMessages()
        self._datagrams = Datagrams(address)
        self._clock: FrameClock | None = None
        self._room = float(MAX_STREAMS_A_SECOND)
        self._room_at = time.monotonic()
        self._limited = RateLimitedLog(_log)

    def begin(self, hello: Hello, clock: FrameClock) -> None:  # noqa: ARG002
        """Take in by which clock notes come."""
        self._clock = clock

    def play(self, note: Note, at_s: float, end_s: float) -> None:  # noqa: ARG002
        """Send a note, for its time."""
        glide_s = 0.0 if self._clock is None else note.glide_frames / self._clock.sample_rate
        time_s = time.time() + at_s - time.monotonic()
        self._send(self._messages.note(note, glide_s, time_s))

    def take_state(self, state: ListenerState) -> None:
        """Send what can be steered."""
        self._send(self._messages.state(state))

    def take_event(self, told: EventTold) -> None:
        """Send something that happened."""
        self._send(self._messages.event(told))

    def take_streams(self, streams: Streams) -> None:
        """Send streams that changed, as far as there is time for it."""
        now = time.monotonic()
        self._room += (now - self._room_at) * MAX_STREAMS_A_SECOND
        self._room = min(self._room, MAX_STREAMS_A_SECOND)
        self._room_at = now
        rows = streams.rows[: int(self._room)]
        self._room -= len(rows)
        for datagram in self._messages.streams(rows):
            self._send(datagram)
        if (missing := len(streams.rows) - len(rows)) > 0:
            self.streams_left_out += missing
            self._limited.warning(
                "streams",
                "%s: of more than %d streams a second the rest is left out",
                *(self.name, MAX_STREAMS_A_SECOND),
            )

    def turn(self, now_s: float) -> float:  # noqa: ARG002
        """Do nothing: all is sent at once."""
        return inf

    def end(self) -> None:
        """Tell that there is no listener."""
        self._clock = None
        self._send(self._messages.state(None))

    def close(self) -> None:
        """Close the socket."""
        self._limited.flush()
        self._datagrams.close()

    def summary(self) -> str:
        """Return what was not sent."""
        told = {
            "datagrams not sent": self.unsent,
            "times told that nobody receives": self._datagrams.refused,
            "rows of streams left out": self.streams_left_out,
        }
        return ", ".join(f"{count} {what}" for what, count in told.items() if count)

    def _send(self, datagram: bytes) -> None:
        refused = self._datagrams.refused
        try:
            self._datagrams.send(datagram)
        except OSError as error:
            self.unsent += 1
            self._limited.warning("unsent", "%s: not sent: %s", self.name, error.strerror)
        if self._datagrams.refused > refused:
            self._limited.warning(
                "refused", "%s: nobody receives there; is the port right?", self.name
            )
