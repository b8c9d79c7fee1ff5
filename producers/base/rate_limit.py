"""A limit to how many points of a stream go in a second: the newest ones go."""

import heapq
import logging
import threading
import time as clock
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamson._closable import Closable
from streamson._printable import printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import MessageError
from streamson.producers.base.sink import Columns, Sink

MAX_STREAMS: Final = 100_000
"""Whose last point is remembered; the one that has been silent longest is forgotten."""


_log = logging.getLogger(__name__)


class RateLimit(Closable):
    """Lets at most so many points a second of each stream through to a sink.

    The first one goes at once; of those that come too early the newest waits, and goes when it is
    time: so the last value that a stream had is always heard. A thread sends what waits; it alone,
    or the caller, uses the sink at a moment.

    Parameters
    ----------
    sink
        Where they go.
    rate_hz
        Points a second.

    Attributes
    ----------
    left_out
        Points that newer ones took the place of.
    """

    def __init__(self, sink: Sink, rate_hz: float) -> None:
        self.left_out = 0
        self._sink = sink
        self._rate_hz = rate_hz
        self._due: OrderedDict[str, float] = OrderedDict()
        self._waiting: dict[str, tuple[Mapping[str, float | None], float]] = {}
        self._order: list[tuple[float, str]] = []
        self._changed = threading.Condition(threading.RLock())
        self._limited = RateLimitedLog(_log)
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="streamson-rate", daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where points go."""
        return self._sink.endpoint

    @property
    def sent(self) -> int:
        """Points that went."""
        return self._sink.sent

    @property
    def dropped(self) -> int:
        """Points that nobody took."""
        return self._sink.dropped

    @property
    def refused(self) -> int:
        """Points that went and were not taken."""
        return self._sink.refused

    @property
    def listening(self) -> bool:
        """Whether somebody takes them at this moment."""
        with self._changed:
            return self._sink.listening

    @property
    def refusal(self) -> str:
        """Why nobody does, where that is known."""
        return self._sink.refusal

    def wait_for_listener(self, timeout_s: float | None = None) -> bool:
        """Wait until somebody does; return whether somebody does."""
        with self._changed:
            return self._sink.wait_for_listener(timeout_s)

    def send(
        self, stream: str, fields: Mapping[str, float | None], /, *, time: float | None = None
    ) -> bool:
        """Send a point, now or when it is time; return whether it went or waits."""
        with self._changed:
            now = clock.monotonic()
            due = self._due.get(stream, now)
            if now >= due and stream not in self._waiting:
                self._note(stream, now)
                return self._sink.send(stream, fields, time=time)
            if stream in self._waiting:
                self.left_out += 1
            else:
                heapq.heappush(self._order, (due, stream))
                self._changed.notify()
            self._waiting[stream] = fields, clock.time() if time is None else time
            return True

    def send_batch(
        self, stream: str, columns: Columns, /, *, times: NDArray[np.float64] | None = None
    ) -> bool:
        """Send as many of the points as may go in the time that they span, the last one too."""
        count = max((len(column) for column in columns.values()), default=0)
        span_s = float(times[-1] - times[0]) if times is not None and count else 0.0
        wanted = max(1, min(count, int(span_s * self._rate_hz)))
        self.left_out += count - wanted
        rows = count - 1 - (np.arange(wanted)[::-1] * count) // wanted
        if wanted == 1:
            last = {name: float(column[-1]) for name, column in columns.items()}
            return self.send(stream, last, time=None if times is None else float(times[-1]))
        with self._changed:
            self._send_waiting(stream)  # which is older
            self._note(stream, clock.monotonic())
            return self._sink.send_batch(
                stream,
                {name: column[rows] for name, column in columns.items()},
                times=None if times is None else times[rows],
            )

    def close(self) -> None:
        """Send what waits, and end."""
        with self._changed:
            if self._ended:
                return
            self._ended = True
            self._changed.notify()
        self._thread.join()
        for stream in list(self._waiting):
            self._send_waiting(stream)
        self._limited.flush()

    def _note(self, stream: str, now: float) -> None:
        self._due[stream] = now + 1 / self._rate_hz
        self._due.move_to_end(stream)
        if len(self._due) > MAX_STREAMS:
            self._due.popitem(last=False)

    def _run(self) -> None:
        with self._changed:
            while not self._ended:
                now = clock.monotonic()
                while self._order and self._order[0][0] <= now:
                    _, stream = heapq.heappop(self._order)
                    if stream in self._waiting:  # else a batch took it along
                        self._note(stream, now)
                        self._send_waiting(stream)
                self._changed.wait(self._order[0][0] - clock.monotonic() if self._order else None)

    def _send_waiting(self, stream: str) -> None:
        """Send the point of a stream that waits, if one does."""
        if stream not in self._waiting:
            return
        fields, time = self._waiting.pop(stream)
        try:
            self._sink.send(stream, fields, time=time)
        except MessageError as error:  # of one point among many
            self._limited.warning("refused", "a reading left out: %s", printable(str(error)))
