"""The statsd producer: what programs count and time with StatsD's clients."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import click

from streamson.errors import MessageError
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.push.datagrams import address_options, open_sockets, receive_datagrams
from streamson.producers.push.statsd_metric import parse_statsd
from streamson.producers.push.statsd_totals import StatsdTotals

DEFAULT_PORT: Final = 8125
KNOWN: Final = ("name", "tags", "host")
STREAM: Final = "{host}/{name}/{tags}"
INTERVAL_S: Final = 1.0


@click.command(short_help="What programs count and time with StatsD's clients.")
@address_options(DEFAULT_PORT)
@click.option(
    "--interval",
    type=options.Interval(0.05, 3_600),
    default=INTERVAL_S,
    show_default=True,
    metavar="SECONDS",
    help="What comes in this time is a point of each stream.",
)
@options.stream_template(
    STREAM, "{name}; each tag; and {tags}, the values of all tags but host, joined by slashes"
)
@options.fields
def command(
    *, address: str, insecure: bool, interval: float, stream: str, fields: tuple[str, ...]
) -> Production:
    """Publish what StatsD's clients send over UDP, added up in each interval.

    A counter is its rate per_second, a gauge its value, a timer (ms, h, d) mean, count, p95 and
    max, a set the count of its members. The metric shop.orders is the stream shop/orders;
    DogStatsD's tags are labels.

    \b
    streamson produce statsd
    streamson produce statsd --interval 0.25 --fields 'per_second,p95'
    streamson produce statsd --stream '{service}/{name}' --address 0.0.0.0:8125 --insecure
    """  # noqa: D301
    template = StreamTemplate(stream, known=KNOWN)
    fill = open_statsd(
        address, insecure=insecure, template=template, fields=fields, interval_s=interval
    )
    return Production(AsyncioQueue(fill), keep=False)


def open_statsd(
    address: str,
    *,
    insecure: bool = False,
    template: StreamTemplate | None = None,
    fields: tuple[str, ...] = (),
    interval_s: float = INTERVAL_S,
) -> Callable[[PushQueue], Awaitable[None]]:
    """Return the program that fills a queue with what comes to an address, until it is cancelled.

    Parameters
    ----------
    address
        ``[HOST:]PORT``, which is bound at once.
    insecure
        Whether other machines may reach it.
    template
        The streams' names; None for those of the command.
    fields
        Patterns of the fields that are wanted; none for all.
    interval_s
        What comes in this time is added up.

    Raises
    ------
    UsageError
        If it is no address, or one that other machines reach without `insecure`.
    StreamsonError
        If it can't be bound.
    """
    (udp,) = open_sockets(
        address, [socket.SOCK_DGRAM], insecure=insecure, default_port=DEFAULT_PORT
    )
    return statsd_of(udp, template=template, fields=fields, interval_s=interval_s)


def statsd_of(
    udp: socket.socket,
    *,
    template: StreamTemplate | None = None,
    fields: tuple[str, ...] = (),
    interval_s: float = INTERVAL_S,
) -> Callable[[PushQueue], Awaitable[None]]:
    """Return the program that fills a queue with what comes to a socket, which it closes."""
    totals = StatsdTotals(template or StreamTemplate(STREAM), fields)
    return partial(_receive, udp, totals, interval_s)


async def _receive(
    udp: socket.socket, totals: StatsdTotals, interval_s: float, queue: PushQueue
) -> None:
    unusable = Unusable("line")

    def take(packet: bytes, _sender: str) -> None:
        now = time.monotonic()
        for line in packet.split(b"\n"):
            if not line.strip():
                continue
            try:
                totals.add(parse_statsd(line.strip()), now)
            except MessageError as error:
                unusable.add(str(error), line)

    try:
        await asyncio.gather(receive_datagrams(udp, take), _tell(totals, interval_s, queue))
    finally:
        unusable.tell()


async def _tell(totals: StatsdTotals, interval_s: float, queue: PushQueue) -> None:
    """Push what came, once in each interval."""
    told_at = time.monotonic()
    while True:
        await asyncio.sleep(max(0.0, told_at + interval_s - time.monotonic()))
        now = time.monotonic()
        for reading in totals.take(now - told_at):
            queue.push(reading)
        told_at = now


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "statsd", *sys.argv[1:]])
