"""What a producer yields: readings, each with the moment at which it is due."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streamson.model.point import Batch
from streamson.producers.base.sink import Sink


class Reading(NamedTuple):
    """One point to be published.

    Attributes
    ----------
    stream
        The stream that it belongs to.
    fields
        Values by field; None is a missing value.
    due_s
        When to send it, in seconds since the first one; 0 for at once.
    time
        When it was measured, seconds since 1970; None for the moment of sending.
    """

    stream: str
    fields: Mapping[str, float | None]
    due_s: float = 0.0
    time: float | None = None

    def send(self, sink: Sink) -> None:
        """Publish it."""
        sink.send(self.stream, self.fields, time=self.time)


class BatchReading(NamedTuple):
    """Several points that are published in one message.

    Attributes
    ----------
    batch
        The points; its source and sequence don't matter.
    due_s
        As of a `Reading`.
    """

    batch: Batch
    due_s: float = 0.0

    def send(self, sink: Sink) -> None:
        """Publish them."""
        sink.send_batch(self.batch.stream, self.batch.columns, times=self.batch.times)


class Production(NamedTuple):
    """What a producer publishes.

    Attributes
    ----------
    readings
        In the order of their times: a generator that measures or computes one after the other, or
        a `PushQueue` that somebody else fills. The next one is asked for once the one before it is
        sent.
    keep
        While nobody listens, wait with computed or recorded readings instead of dropping them.
        Live ones are dropped: nobody wants old news.
    """

    readings: Iterable[Reading | BatchReading]
    keep: bool
