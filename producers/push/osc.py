"""The osc producer: what instruments, controllers and installations send by Open Sound Control."""

import socket
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

import click

from streamson._optional import import_optional
from streamson.errors import MessageError
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production, Reading
from streamson.producers.base.sample import choose_fields
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.push.datagrams import address_options, open_sockets, receive_datagrams

REQUIRES: Final = {"pythonosc": "streamson[osc]"}
"""What it imports, and what brings that."""

DEFAULT_PORT: Final = 9000
MAX_STREAMS: Final = 1_000
"""At a time; messages with any further address are left out."""

LABELS: Final = ("address", "host", *map(str, range(1, 9)))


@click.command(short_help="What is sent by Open Sound Control (OSC).")
@address_options(DEFAULT_PORT)
@options.stream_template(
    "{address}", "{address}; {host}, who sent it; and {1} to {8}, arguments that are text"
)
@options.fields
def command(*, address: str, insecure: bool, stream: str, fields: tuple[str, ...]) -> Production:
    """Publish each message of OSC that comes over UDP as a point of the stream that it addresses.

    A single argument is the field value, several are the fields 1, 2, 3 ... True and false are 1
    and 0, and a message without arguments is an event, value 1. A bundle's time is that of its
    points.

    \b
    streamson produce osc
    streamson produce osc --address 57120 --fields value
    streamson produce osc --stream '{host}/{address}' --address 0.0.0.0:9000 --insecure
    """  # noqa: D301
    import_optional("pythonosc", "osc", "the osc producer")
    template = StreamTemplate(stream, LABELS)
    (udp,) = open_sockets(
        address, [socket.SOCK_DGRAM], insecure=insecure, default_port=DEFAULT_PORT
    )
    return Production(AsyncioQueue(partial(_receive, udp, template, fields)), keep=False)


async def _receive(
    udp: socket.socket, template: StreamTemplate, fields: Sequence[str], queue: PushQueue
) -> None:
    packets = _Packets(template, fields, queue)
    try:
        await receive_datagrams(udp, packets.take)
    finally:
        packets.unusable.tell()


class _Packets:
    """Makes readings of packets, and bounds how many streams they are of."""

    def __init__(self, template: StreamTemplate, fields: Sequence[str], queue: PushQueue) -> None:
        from streamson.producers.push.osc_packet import parse_osc

        self.unusable = Unusable("message")
        self._parse = parse_osc
        self._template = template
        self._fields = fields
        self._queue = queue
        self._streams = StreamLimit(MAX_STREAMS)

    def take(self, data: bytes, sender: str) -> None:
        """Publish what a packet says, and count what is none."""
        try:
            for message in self._parse(data, time.time()):
                labels = {"address": message.address, "host": sender, **message.words}
                stream = self._template.fill(labels)
                chosen = choose_fields(message.numbers, self._fields)
                if not chosen:
                    self.unusable.add("without wanted numbers", message.address)
                elif not self._streams.admits(stream):
                    self.unusable.add(self._streams.reason, message.address)
                else:
                    self._queue.push(Reading(stream, chosen, time=message.time))
        except MessageError as error:
            self.unusable.add(str(error), data)
