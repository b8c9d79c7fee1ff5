"""The streams that a score plays: so many at a time, each with a number and what is remembered."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamson._rate_limited_log import RateLimitedLog
from streamson.session.ensemble import Ensemble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamson.model.counts import ScoreCounts
    from streamson.session.schema import Part, Session

MAX_STREAMS: Final = 16_384
"""Streams a score knows at a time; points of others are refused and counted."""

MAX_PLAYED_STREAMS: Final = 1_024
"""The same where all of them are to play: at some 55 KB each."""

REPLACED_AFTER_S: Final = 60.0
"""Where all places are taken, a newcomer gets that of the stream that is silent for longest, if it
is for so long: names that were sent once, by mistake or in bad faith, do not keep others out."""

_log = logging.getLogger(__name__)


class StreamState(msgspec.Struct):
    """What is remembered of a stream: its number, and its windows by what they rescale."""

    name: str
    number: int
    windows: dict[str, Any]


class StreamRegistry:
    """Says which streams have a place, with a number each, by which they are told apart.

    A stream's number stays its own, over restarts too, until it is forgotten: what is automatic in
    how it sounds hangs on it.

    Parameters
    ----------
    session
        What plays them.
    sample_rate
        Frames a second.
    counts
        Where streams that are refused or forgotten are counted.

    Attributes
    ----------
    most
        How many have a place at a time.
    """

    def __init__(self, session: Session, sample_rate: int, counts: ScoreCounts) -> None:
        self.most = MAX_STREAMS
        self._sample_rate = sample_rate
        self._counts = counts
        self._limited = RateLimitedLog(_log)
        self._ensemble = Ensemble(session)
        self._placed: set[str] = set()
        self._refused: set[str] = set()
        self._replaceable: deque[str] = deque()
        self._silent_since = 0
        self._remembered: dict[str, dict[str, Any]] = {}
        self._remembered_until: int | None = None

    def number(self, stream: str) -> int:
        """Return the number of a stream that has a place."""
        return self._ensemble.number(stream)

    @property
    def is_full(self) -> bool:
        """Whether all places are taken."""
        return len(self._placed) >= self.most

    def admit(self, stream: str, fields: Sequence[str]) -> list[Part]:
        """Give a newcomer a place, and return the parts that play it."""
        self._placed.add(stream)
        try:
            return self._ensemble.join(stream, fields)
        except Exception:
            self._placed.remove(stream)
            raise

    def change(self, session: Session, fields: Mapping[str, Sequence[str]]) -> None:
        """Go on as another session says.

        Parameters
        ----------
        session
            The other one.
        fields
            Of each stream that has a place.
        """
        self._ensemble.change(session, fields)

    def refuse(self, stream: str, points: int) -> None:
        """Count points of a stream that gets no place."""
        self._limited.warning(
            "refused",
            "%s is not played: %d streams are, and none has been silent for %.0f s",
            *(stream, self.most, REPLACED_AFTER_S),
        )
        self._counts.points_of_refused_streams += points
        if stream not in self._refused and len(self._refused) < self.most:
            self._refused.add(stream)
            self._counts.streams_refused += 1

    def forget(self, stream: str) -> None:
        """Take back the place of a stream that was silent, and count it."""
        self._counts.streams_forgotten += 1
        self.release(stream)

    def release(self, stream: str) -> None:
        """Take back the place of a stream, and forget what is remembered of it."""
        self._placed.remove(stream)
        self._ensemble.leave(stream)
        self._remembered.pop(stream, None)

    def next_replaceable(self, last_frame: Callable[[str], int]) -> str | None:
        """Return a stream that is silent for long enough to be replaced, the longest first.

        Parameters
        ----------
        last_frame
            Returns when the last point of a stream came.
        """
        while self._replaceable:
            stream = self._replaceable.popleft()
            if stream in self._placed and last_frame(stream) < self._silent_since:
                return stream
        return None

    def tick(
        self,
        now_frame: int,
        silent_before: Callable[[int], Sequence[str]],
        forget_after_s: float,
    ) -> None:
        """Look which streams may be replaced, and drop what is remembered for too long.

        Parameters
        ----------
        now_frame
            Now.
        silent_before
            Returns the streams whose last point came before a frame, the longest silent first.
        forget_after_s
            What was restored is dropped after so many seconds.
        """
        if self.is_full:
            self._silent_since = now_frame - round(REPLACED_AFTER_S * self._sample_rate)
            self._replaceable = deque(silent_before(self._silent_since))
        if self._remembered_until is None:  # what was restored is as old as this run
            self._remembered_until = now_frame + round(forget_after_s * self._sample_rate)
        if now_frame > self._remembered_until:
            for stream in self._remembered:
                self._ensemble.leave(stream)
            self._remembered.clear()

    def recall(self, stream: str) -> dict[str, Any] | None:
        """Return, once, what is remembered of a stream; None if nothing is."""
        return self._remembered.pop(stream, None)

    def state(self, windows: Mapping[str, dict[str, Any]]) -> Any:
        """Return what `restore` wants: all that is remembered, and the windows of those that play.

        Parameters
        ----------
        windows
            Of the streams that have a place, the last heard one last.
        """
        return [
            msgspec.to_builtins(StreamState(stream, self.number(stream), of_stream))
            for stream, of_stream in {**self._remembered, **windows}.items()
        ]

    def restore(self, state: Any) -> None:
        """Go on where another one was; of more than have a place the last heard are restored.

        Raises
        ------
        ValueError
            It isn't such a state.
        """
        streams = msgspec.convert(state, list[StreamState])[-self.most :]
        numbers = {stream.name: stream.number for stream in streams}
        if len(numbers) < len(streams):
            raise ValueError("streams that share a name")
        self._ensemble.restore(numbers)
        self._remembered = {stream.name: stream.windows for stream in streams}

    def close(self) -> None:
        """Write what the log still owes."""
        self._limited.flush()
