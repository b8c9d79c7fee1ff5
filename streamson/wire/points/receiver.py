"""The receiving end: what came through one bound socket is decoded, checked and counted."""

import logging
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from streamson._closable import Closable
from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import MessageError
from streamson.keys.folder import KeyFolder
from streamson.model.counts import ReceiverCounts
from streamson.model.limits import MAX_STREAM_CHARS
from streamson.model.point import Goodbye, Message
from streamson.model.source_limits import SourceLimits
from streamson.wire.limits import (
    DEFAULT_ENDPOINT,
    MAX_GOODBYES,
    MAX_TIME_S,
    MIN_TIME_S,
)
from streamson.wire.points.codec import decode
from streamson.wire.points.sources import Sources, add_bounded
from streamson.wire.sockets.endpoint import Security, keys_for

if TYPE_CHECKING:
    from streamson.wire.points.reception import Reception
    from streamson.wire.sockets.frame_socket import FrameSocket

MESSAGES_A_TURN: Final = 1_000
"""After so many messages `Receiver.receive` returns, so that its caller can see to other things."""

TURN_S: Final = 0.05
"""It also returns after so long, its caller's work included: 1,000 large messages take 20 s."""

DEFAULT_LIMITS: Final = SourceLimits()

_log = logging.getLogger(__name__)


class Receiver(Closable):
    """Receive data points from any number of publishers.

    Parameters
    ----------
    endpoint
        Where to bind, such as ``tcp://127.0.0.1:5570``; ``tcp://127.0.0.1:*`` takes a free port.
    security
        Who has to show a key, as of `wire.sockets.endpoint.keys_for`.
    limits
        What each source may bring.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.
    public_key
        That publishers have to know; None where no keys are shown.
    sources
        Those that are followed, and their limits, which may be changed.
    refused_by_stream
        Messages refused since it began, of each stream that had any.

    Raises
    ------
    UsageError
        If the endpoint is malformed, or this machine has no key and needs one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        security: Security = "auto",
        limits: SourceLimits = DEFAULT_LIMITS,
    ) -> None:
        keys = keys_for(endpoint, security, "--bind")
        self.public_key = None if keys is None else keys.pair().public
        self._source = _frame_source(endpoint, keys)
        self.endpoint = self._source.endpoint
        self._frames: deque[bytes] = deque()
        self._counts = ReceiverCounts()
        self.refused_by_stream: dict[str, int] = {}
        self._goodbyes: deque[Goodbye] = deque(maxlen=MAX_GOODBYES)
        self._limited = RateLimitedLog(_log)
        self.sources = Sources(limits, self._counts, self._limited)

    @property
    def counts(self) -> ReceiverCounts:
        """What came, was lost and was refused so far."""
        kept_back, skews = self._source.counts, self.sources.skews
        return msgspec.structs.replace(
            self._counts,
            messages_refused=(
                self._counts.messages_refused + kept_back.multipart + kept_back.forbidden
            ),
            messages_shed=kept_back.shed,
            connections_cut=kept_back.cut,
            connections_refused=kept_back.strangers,
            receiver_restarts=self._source.restarts,
            sources=self.sources.count,
            clocks_wrong=len(skews),
            worst_clock_skew_s=max(skews, key=abs, default=0.0),
        )

    @property
    def lost_by_stream(self) -> Mapping[str, int]:
        """Points lost since it began, of each stream that lost any."""
        return self.sources.lost_by_stream

    @property
    def clock_skew_by_stream(self) -> Mapping[str, float]:
        """How far clocks are ahead, in seconds, of each stream whose source's is notably wrong."""
        return self.sources.skew_by_stream()

    @property
    def lost(self) -> int:
        """Points whose sequence numbers never came: of the counts, the one that is asked often."""
        return self._counts.points_lost

    def receive(self, timeout_s: float) -> Iterator[Message]:
        """Return what has come one by one, after waiting at most `timeout_s` for the first message.

        Ends when nothing more waits, or after `MESSAGES_A_TURN` messages, or after `TURN_S`.
        """
        return map(itemgetter(0), self.receive_frames(timeout_s))

    def receive_frames(self, timeout_s: float) -> Iterator[tuple[Message, bytes]]:
        """Yield as `receive` does, each message with the frame that brought it."""
        if not self._frames and not self._source.wait(timeout_s):
            return
        end = time.monotonic() + TURN_S
        received_at = time.time()
        for _ in range(MESSAGES_A_TURN):
            if not self._frames:
                self._frames.extend(self._source.take())
                if not self._frames:
                    return
                received_at = time.time()  # of all that come together
            frame = self._frames.popleft()
            message = self._decoded(frame, received_at)
            now = time.monotonic()
            if message is not None:
                size = message.size
                if self.sources.admit(message, size, now, received_at):
                    self._counts.points_received += size
                    yield message, frame
            if now > end:
                return

    def take_ended(self) -> list[str]:
        """Return the streams whose producers said goodbye since the last call."""
        return [goodbye.stream for goodbye in self.take_goodbyes()]

    def take_goodbyes(self) -> list[Goodbye]:
        """Return the goodbyes themselves; who takes these finds no more by `take_ended`."""
        goodbyes = list(self._goodbyes)
        self._goodbyes.clear()
        return goodbyes

    def close(self) -> None:
        """Close the socket; publishers stop sending. Say what was left out of the log."""
        self._source.close()
        self._limited.flush()

    def _decoded(self, frame: bytes, received_at: float) -> Message | None:
        """Return the message of a frame, or None if it is none, or a goodbye."""
        try:
            message = decode(frame, received_at)
            if isinstance(message, Goodbye):
                self._goodbyes.append(message)
                return None
            if not message.is_batch and MIN_TIME_S <= message.time < MAX_TIME_S:
                return message
            return self._with_possible_time(message, received_at)
        except MessageError as error:
            self._count_refused(frame)
            self._limited.warning(
                "refused",
                "%s refused; the last: %s",
                *(counted(self._counts.messages_refused, "message"), error),
            )
            return None

    def _with_possible_time(self, message: Message, received_at: float) -> Message:
        if message.is_batch:
            impossible = ~((message.times >= MIN_TIME_S) & (message.times < MAX_TIME_S))
            if count := int(np.count_nonzero(impossible)):
                self._replaced(message, float(message.times[impossible][0]), count)
                message.times[impossible] = received_at
            return message
        self._replaced(message, message.time, 1)
        return msgspec.structs.replace(message, time=received_at)

    def _replaced(self, message: Message, found: float, count: int) -> None:
        self._counts.times_replaced += count
        self._limited.warning(
            "time",
            "%s: found time %g; seconds since 1970 are allowed. Taken as of now.",
            message.stream,
            found,
        )

    def _count_refused(self, frame: bytes) -> None:
        self._counts.messages_refused += 1
        name = frame[: 4 * MAX_STREAM_CHARS].partition(b"\0")[0].decode(errors="replace")
        add_bounded(self.refused_by_stream, name, 1)


def _frame_source(endpoint: str, keys: KeyFolder | None) -> "FrameSocket | Reception":
    """Return where frames come from: only Linux can be relied on to fork."""
    if sys.platform != "linux":
        from streamson.wire.sockets.frame_socket import FrameSocket

        return FrameSocket(endpoint, keys=keys)
    from streamson.wire.points.reception import Reception

    return Reception(endpoint, keys=keys)
