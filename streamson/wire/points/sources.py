"""All sources of points: what each may bring, the numbers of its streams, and its clock."""

from collections import OrderedDict
from typing import Final

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.model.counts import ReceiverCounts
from streamson.model.point import Message
from streamson.model.source_limits import MAX_FOLLOWED_STREAMS, SourceLimits
from streamson.wire.limits import (
    MAX_COUNTED_STREAMS,
    MAX_NEW_SOURCES_A_SECOND,
    MAX_SOURCES,
)
from streamson.wire.points.clocks import SourceClock, skew_in_words
from streamson.wire.points.repeats import LatelyCame
from streamson.wire.points.sequences import Sequence
from streamson.wire.points.source_limits import SENTENCES, Limit, Spending

SILENT_S: Final = 60.0
"""A stream that is silent for so long makes room for another, where there is none."""

SWEEP_S: Final = 1.0
"""It is looked for such streams once in this time, which takes some 5 ms of 40,000."""

LOOK_S: Final = 0.25
"""Time between two samples of a source's clock: what comes at once was on its way for as long."""


class _Stream:
    """A stream as one source brings it."""

    __slots__ = ("heard_at", "sequence")

    def __init__(self, now: float) -> None:
        self.heard_at = now
        self.sequence = Sequence(now)


class _Source:
    """A source, and what is known of it."""

    __slots__ = ("clock", "clock_told", "look_due", "spending", "streams", "sweep_due")

    def __init__(self) -> None:
        self.spending = Spending()
        self.streams: dict[str, _Stream] = {}
        self.clock = SourceClock()
        self.clock_told = False
        self.look_due = self.sweep_due = 0.0

    def forget_silent(self, now: float) -> list[str]:
        """Forget streams that are silent for long, and return their names."""
        limit = now - SILENT_S
        silent = [name for name, stream in self.streams.items() if stream.heard_at < limit]
        for name in silent:
            del self.streams[name]
        return silent


class Sources:
    """Follows all sources, and says which of their messages are let in.

    Parameters
    ----------
    limits
        What they may bring.
    counts
        Where points are counted that are lost or come again, and messages that are left out.
    log
        Where that is said, and whose clock is wrong.

    Attributes
    ----------
    lost_by_stream
        Points lost, of each stream that lost any.
    """

    def __init__(self, limits: SourceLimits, counts: ReceiverCounts, log: RateLimitedLog) -> None:
        self._limits = limits
        self.lost_by_stream: dict[str, int] = {}
        self._counts = counts
        self._log = log
        self._sources: OrderedDict[str, _Source] = OrderedDict()  # the last heard comes last
        self._by_stream: dict[str, dict[_Source, None]] = {}
        self._followed = 0
        self._lately = LatelyCame()
        self._new_sources_until = 0.0
        self._sweep_due = 0.0

    def admit(self, message: Message, size: int, now: float, received_at: float) -> bool:
        """Take in a message; return whether it is let in.

        Parameters
        ----------
        message, size
            The message, and how many points it has.
        now, received_at
            When it came: monotonic seconds, and seconds since 1970.
        """
        name, number, last_time = message.stream, message.sequence, message.last_time
        source_name = message.source or name  # a stream without a source is its own
        source = self._sources.get(source_name) or self._add(source_name, now)
        if source is None:
            return False
        if now >= source.look_due:
            self._look_at(source, source_name, last_time - received_at, now)
        stream = source.streams.get(name)
        identity = 0
        if number is not None:
            identity = hash((name, source_name, number + size - 1, last_time))
            is_next = stream is not None and number == stream.sequence.following
            if not is_next and self._comes_again(message, size, identity, stream):
                return False
        limit = source.spending.take(size, now, self._limits)
        if stream is None and limit is None:
            self._sources.move_to_end(source_name)
            limit = self._room_for(name, source, now)
            if limit is None:
                stream = self._follow(name, source, now)
        if stream is not None:
            stream.heard_at = now
            if number is not None:
                self._lately.add(identity, now)
                lost = stream.sequence.take(number, size, last_time, now)
                if lost or limit or stream.sequence.jumped:
                    self._on_gap(name, stream.sequence, lost, size if limit else 0)
        if limit is not None:
            self._leave_out(source_name, limit)
            return False
        return True

    @property
    def limits(self) -> SourceLimits:
        """What they may bring; where that is changed, what they brought before counts no more."""
        return self._limits

    @limits.setter
    def limits(self, limits: SourceLimits) -> None:
        if limits != self._limits:
            self._limits = limits
            for source in self._sources.values():
                source.spending = Spending()

    @property
    def count(self) -> int:
        """How many sources are followed."""
        return len(self._sources)

    @property
    def skews(self) -> list[float]:
        """How far the clocks are ahead that are notably wrong, seconds; any thread may ask."""
        clocks = [source.clock for source in list(self._sources.values())]
        return [clock.skew_s for clock in clocks if clock.is_notable]

    def skew_by_stream(self) -> dict[str, float]:
        """Return how far clocks are ahead of streams whose source's is notably wrong, in seconds.

        Of several sources of a stream the last one counts. Any thread may ask.
        """
        skews = {}
        for source in list(self._sources.values()):
            if source.clock.is_notable:
                for name in list(source.streams):
                    others = list(self._by_stream.get(name, ()))
                    if all(other.look_due <= source.look_due for other in others):
                        skews[name] = source.clock.skew_s
        return skews

    def _comes_again(
        self, message: Message, size: int, identity: int, stream: _Stream | None
    ) -> bool:
        """Return whether a numbered message came before; then it is counted.

        A relay sends the last point of each stream again, after however long, to whoever comes
        back to it; by a second relay all points come again, a little later.
        """
        is_known = identity in self._lately
        if stream is not None and message.sequence is not None:
            sequence, number = stream.sequence, message.sequence
            last = (number + size - 1, message.last_time)
            is_known = is_known or (sequence.last, sequence.time) == last
            if is_known:
                sequence.take_again(number, size)
        if is_known:
            self._counts.points_repeated += size
        return is_known

    def _add(self, name: str, now: float) -> _Source | None:
        """Follow a source from now on; None if there are too many new ones."""
        rate = MAX_NEW_SOURCES_A_SECOND
        if self._new_sources_until > now + MAX_SOURCES / rate:
            self._counts.over_new_sources += 1
            self._log.warning(
                "new sources",
                "%s is left out, so far: more than %d sources a second are new",
                *(name, rate),
            )
            return None
        self._new_sources_until = max(self._new_sources_until, now) + 1 / rate
        if len(self._sources) >= MAX_SOURCES:
            _, oldest = self._sources.popitem(last=False)
            self._forget(oldest, list(oldest.streams))
        found = self._sources[name] = _Source()
        return found

    def _room_for(self, stream: str, source: _Source, now: float) -> Limit | None:
        """Return the limit that a new stream of a source goes beyond, if any."""
        limits = self._limits
        if len(source.streams) >= limits.streams_per_source and now >= source.sweep_due:
            source.sweep_due = now + SWEEP_S
            self._forget(source, source.forget_silent(now))
        if len(source.streams) >= limits.streams_per_source:
            return "streams_per_source"
        is_known = stream in self._by_stream
        if not is_known and len(self._by_stream) >= limits.streams and now >= self._sweep_due:
            self._sweep_due = now + SWEEP_S
            for one in self._sources.values():
                self._forget(one, one.forget_silent(now))
        if not is_known and len(self._by_stream) >= limits.streams:
            return "streams"
        return source.spending.take_stream(now, limits)

    def _follow(self, name: str, source: _Source, now: float) -> _Stream:
        while self._followed >= MAX_FOLLOWED_STREAMS:
            oldest = next(iter(self._sources.values()))
            if oldest.streams:
                self._forget(oldest, [next(iter(oldest.streams))])
            else:  # for good: else it would be looked at again and again
                self._sources.popitem(last=False)
        self._followed += 1
        self._by_stream.setdefault(name, {})[source] = None
        stream = source.streams[name] = _Stream(now)
        return stream

    def _forget(self, source: _Source, streams: list[str]) -> None:
        """Forget streams of a source."""
        for name in streams:
            source.streams.pop(name, None)
            self._followed -= 1
            sources = self._by_stream[name]
            del sources[source]
            if not sources:
                del self._by_stream[name]

    def _on_gap(self, stream: str, sequence: Sequence, missing: int, left_out: int) -> None:
        """Count points of a stream that did not come, and those that came and are left out."""
        if sequence.jumped:
            self._log.warning(
                "restarted",
                "%s: numbers jump by more than can have been sent; its source began anew",
                stream,
            )
        if missing > 0:
            self._log.warning("lost", "%s: %s lost", stream, counted(missing, "point"))
        if lost := missing + left_out:
            self._counts.points_lost += lost
            if lost > 0 or stream in self.lost_by_stream:
                add_bounded(self.lost_by_stream, stream, lost)

    def _leave_out(self, source: str, limit: Limit) -> None:
        counter = f"over_{limit}"
        setattr(self._counts, counter, getattr(self._counts, counter) + 1)
        self._log.warning(
            limit,
            f"{SENTENCES[limit]}: what goes beyond is left out",
            *(source, getattr(self._limits, limit)),
        )

    def _look_at(self, source: _Source, name: str, ahead_s: float, now: float) -> None:
        """Note that a source is heard, and how far a point of it is ahead."""
        source.look_due = now + LOOK_S
        self._sources.move_to_end(name)
        clock = source.clock
        clock.add(ahead_s, now)
        if clock.is_notable and not source.clock_told:
            source.clock_told = True
            self._log.warning("clock", "%s: %s", name, skew_in_words(clock.skew_s))
        elif source.clock_told and clock.is_right:
            source.clock_told = False


def add_bounded(counts: dict[str, int], stream: str, number: int) -> None:
    """Count for a stream; of too many the one that was first counted is forgotten."""
    if stream not in counts and len(counts) >= MAX_COUNTED_STREAMS:
        del counts[next(iter(counts))]
    counts[stream] = counts.get(stream, 0) + number
