"""The syslog producer: each message that a machine logs is a point."""

import asyncio
import re
import socket
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Final

import click

from streamson._asyncio_server import stop_accepting
from streamson.errors import MessageError
from streamson.model.limits import MAX_FIELDS
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production, Reading
from streamson.producers.base.sample import choose_fields
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.push.datagrams import address_options, open_sockets, receive_datagrams
from streamson.producers.push.syslog_framing import MAX_MESSAGE_BYTES, SyslogFraming
from streamson.producers.push.syslog_message import LABELS, parse_syslog
from streamson.producers.text.line_reader import LineReader

DEFAULT_PORT: Final = 5514
MAX_STREAMS: Final = 1_000
"""At a time; messages of any further host and program are left out."""

MAX_READERS: Final = 128
"""Of streams that were heard last, what is known of their columns and units: up to 1 MB each."""

MAX_CONNECTIONS: Final = 100
SILENCE_S: Final = 60
"""From then on it is asked whether the other end is still there; nobody has to log anything."""

BACKLOG: Final = 64
CHUNK_BYTES: Final = 65_536

FULL: Final = 0.5
"""How full the queue is from when on connections wait, so that they lose nothing."""

WAIT_S: Final = 0.05

TOO_LONG: Final = f"of more than {MAX_MESSAGE_BYTES} bytes"

_BEGINS: Final = re.compile(rb"[<1-9]")
_DIGIT: Final = re.compile(r"\d")


@click.command(short_help="What machines log, by syslog.")
@address_options(DEFAULT_PORT)
@options.stream_template("{host}/{program}", ", ".join(f"{{{label}}}" for label in LABELS))
@options.fields
def command(*, address: str, insecure: bool, stream: str, fields: tuple[str, ...]) -> Production:
    """Publish each message of syslog as a point, over UDP and TCP.

    Its fields are its severity, from 0 (emergency) to 7 (debugging), so less is worse; and the
    numbers in its text. Let rsyslog send all it has by a line in /etc/rsyslog.d/streamson.conf:
    *.* @127.0.0.1:5514

    \b
    streamson produce syslog
    streamson produce syslog --stream '{program}' --fields severity
    streamson produce syslog --address 0.0.0.0:5514 --insecure
    """  # noqa: D301
    template = StreamTemplate(stream, LABELS)
    tcp, udp = open_sockets(
        address,
        (socket.SOCK_STREAM, socket.SOCK_DGRAM),
        insecure=insecure,
        default_port=DEFAULT_PORT,
    )
    tcp.listen(BACKLOG)
    return Production(AsyncioQueue(partial(_receive, udp, tcp, template, fields)), keep=False)


async def _receive(
    udp: socket.socket,
    tcp: socket.socket,
    template: StreamTemplate,
    fields: Sequence[str],
    queue: PushQueue,
) -> None:
    messages = _Messages(template, fields, queue)
    server = await asyncio.start_server(messages.serve, sock=tcp, limit=CHUNK_BYTES)
    try:
        await receive_datagrams(udp, messages.take)
    finally:
        await stop_accepting(server)
        messages.close()


class _Messages:
    """Makes readings of messages, and bounds who sends and what is remembered."""

    def __init__(self, template: StreamTemplate, fields: Sequence[str], queue: PushQueue) -> None:
        self._template = template
        self._fields = fields
        self._queue = queue
        self._streams = StreamLimit(MAX_STREAMS)
        self._readers: OrderedDict[str, LineReader] = OrderedDict()
        self._unusable = Unusable("message")
        self._connections = 0

    def take(self, data: bytes, sender: str) -> None:
        """Publish a message, or count what is none."""
        if len(data) > MAX_MESSAGE_BYTES:
            self._unusable.add(TOO_LONG, data)
            return
        try:
            message = parse_syslog(data, time.time())
        except MessageError as error:
            self._unusable.add(str(error), data)
            return
        stream = self._template.fill({"host": sender, **message.labels})
        if not self._streams.admits(stream):
            self._unusable.add(self._streams.reason, data)
            return
        numbers = dict(message.numbers)
        if _DIGIT.search(message.text):  # words alone would name the columns of what comes next
            for line in self._reader(stream).parse(message.text):
                numbers |= {name: x for name, x in line.fields.items() if x is not None}
        severity = {"severity": float(message.severity)}  # comes first, and is no other number
        chosen = choose_fields(severity | numbers | severity, self._fields)
        if chosen:
            kept = dict(islice(chosen.items(), MAX_FIELDS))
            self._queue.push(Reading(stream, kept, time=message.time))
        else:
            self._unusable.add("without wanted fields", data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a connection to its end."""
        self._connections += 1
        sender = str((writer.get_extra_info("peername") or ("",))[0])
        _keep_alive(writer.get_extra_info("socket"))
        framing = SyslogFraming(lambda: self._unusable.add(TOO_LONG))
        try:
            if self._connections > MAX_CONNECTIONS:
                self._unusable.add(f"of more than {MAX_CONNECTIONS} connections at a time")
                return
            first = True
            while chunk := await reader.read(CHUNK_BYTES):
                if first and not _BEGINS.match(chunk):  # a browser's request, or TLS
                    self._unusable.add("of a connection that speaks no syslog", chunk)
                    return
                first = False
                for message in framing.feed(chunk):
                    self.take(message, sender)
                while self._queue.fill > FULL:
                    await asyncio.sleep(WAIT_S)
            if last := framing.close():
                self.take(last, sender)
        except (OSError, asyncio.CancelledError):
            pass  # the other end has gone, and will come again; or all ends
        finally:
            self._connections -= 1
            writer.close()

    def close(self) -> None:
        """Tell what was left out."""
        self._unusable.tell()

    def _reader(self, stream: str) -> LineReader:
        """Return what reads a stream's lines: it knows their columns and units."""
        reader = self._readers.get(stream)
        if reader is None:
            reader = self._readers[stream] = LineReader()
        self._readers.move_to_end(stream)
        if len(self._readers) > MAX_READERS:
            self._readers.popitem(last=False)
        return reader


def _keep_alive(connection: socket.socket) -> None:
    """Let the kernel find out that the other end has gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", SILENCE_S), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
