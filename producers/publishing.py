"""Publishing at a steady pace until the points or the patience of the user end."""

import logging
import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import click

from streamson.cli.ending import ending
from streamson.model.limits import MAX_SPAN_S
from streamson.model.point import Batch
from streamson.wire.publisher import Publisher

POLL_S: Final = 0.2
HINT_AFTER_S: Final = 10.0
MAX_LINE_BYTES: Final = 1_024


class Sample(NamedTuple):
    """One reading, and when it is due.

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

    def send(self, publisher: Publisher) -> None:
        """Publish it."""
        publisher.send(self.stream, self.fields, time=self.time)


class BatchSample(NamedTuple):
    """Several readings that are sent in one message.

    Attributes
    ----------
    batch
        The readings; its source and sequence don't matter.
    due_s
        As of a `Sample`.
    """

    batch: Batch
    due_s: float = 0.0

    def send(self, publisher: Publisher) -> None:
        """Publish it."""
        publisher.send_batch(self.batch.stream, self.batch.columns, times=self.batch.times)


def publish(
    name: str, samples: Iterable[Sample | BatchSample], *, endpoint: str, keep: bool
) -> int:
    """Send samples when they are due, and say on stderr what happens.

    Parameters
    ----------
    name
        The producer, for what is said.
    samples
        What to send; the next one is asked for once the one before it is sent.
    endpoint
        Where the listener is.
    keep
        While nobody listens, wait with computed or recorded samples instead of dropping them. Live
        ones are dropped: nobody wants old news.

    Returns
    -------
    int
        The exit code.
    """
    ending.hold()
    logging.getLogger("streamson.wire.publisher").setLevel(logging.ERROR)  # it is said here
    with Publisher(endpoint, wait_s=0) as publisher:
        try:
            _await_first(name, publisher)
            _send_all(name, samples, publisher, keep=keep)
        finally:
            ending.finish()
            click.echo(
                f"{name}: {publisher.sent} points sent, {publisher.dropped} dropped", err=True
            )
    return 0


def _send_all(
    name: str, samples: Iterable[Sample | BatchSample], publisher: Publisher, *, keep: bool
) -> None:
    origin = time.monotonic()
    heard = True
    for sample in samples:
        sleep_until(origin + min(sample.due_s, MAX_SPAN_S))
        if publisher.listening != heard:
            heard = not heard
            _say_change(name, heard=heard, keep=keep)
        if not heard and keep:
            gone_at = time.monotonic()
            publisher.wait_for_listener()
            origin += time.monotonic() - gone_at
            heard = True
            _say_change(name, heard=heard, keep=keep)
        sample.send(publisher)


def _say_change(name: str, *, heard: bool, keep: bool) -> None:
    gone = "waiting for it" if keep else "measuring on, points are dropped meanwhile"
    text = "the listener is back" if heard else f"the listener has gone; {gone}"
    click.echo(f"{name}: {text}", err=True)


def _await_first(name: str, publisher: Publisher) -> None:
    if publisher.wait_for_listener(POLL_S):
        return
    click.echo(f"{name}: waiting for a listener on {publisher.endpoint}", err=True)
    if not publisher.wait_for_listener(HINT_AFTER_S):
        click.echo(
            f"{name}: still no listener there; start one with: streamson listen --bind "
            f"{publisher.endpoint}, or say with --endpoint where it is",
            err=True,
        )
        publisher.wait_for_listener()
    click.echo(f"{name}: found a listener", err=True)


def sleep_until(moment: float) -> None:
    """Sleep until a moment of `time.monotonic`, in pieces, so that Ctrl-C is heard at once."""
    while (remaining := moment - time.monotonic()) > 0:
        time.sleep(min(remaining, POLL_S))


def steadily(
    stream: str, points: Iterable[Mapping[str, float | None]], *, rate: float
) -> Iterator[Sample]:
    """Yield points as samples that are due at a rate, in points a second."""
    for number, fields in enumerate(points):
        yield Sample(stream, fields, number / rate)


def demanded(stream: str, points: Iterator[Mapping[str, float | None]]) -> Iterator[Sample]:
    """Yield a point as a sample for each line of standard input, until that ends."""
    while sys.stdin.buffer.readline(MAX_LINE_BYTES):
        fields = next(points, None)
        if fields is None:
            return
        yield Sample(stream, fields)


def or_missing(value: float) -> float | None:
    """Return a finite value as it is, and None for NaN and infinities."""
    return value if math.isfinite(value) else None
