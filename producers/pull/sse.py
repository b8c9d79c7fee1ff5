"""The sse producer: numbers in a feed of server-sent events."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

import click

from streamson._printable import printable
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.backoff import Backoff
from streamson.producers.base.first_fields import PartedStreams
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.pull.access import access_of, access_options
from streamson.producers.pull.address import WEB, Address, parse_address
from streamson.producers.pull.document import DocumentReader
from streamson.producers.pull.event_stream import MAX_EVENT_BYTES, EventStream
from streamson.producers.pull.following import Connection, follow
from streamson.producers.pull.points import Points
from streamson.producers.pull.unavailable import UnavailableError, refusal
from streamson.producers.pull.web_client import WebClient

if TYPE_CHECKING:
    from socket import socket

    from aiohttp import ClientResponse

STREAM: Final = "{host}/{path}/{event}/{topic}"
KNOWN: Final = ("host", "path", "event", "topic", "row")
REQUIRES: Final = {"aiohttp": "streamson[feeds]"}
"""What it imports, and what brings that."""

MEDIA_TYPE: Final = "text/event-stream"
NO_CONTENT: Final = 204
"""The standard's word of a server that it is not to be asked again."""

BEGIN_S: Final = 30.0
"""For an answer to begin: some servers wait for the first event."""

MIN_RETRY_S: Final = 0.1
MAX_RETRY_S: Final = 60.0
"""Of how long a server may ask to wait before connecting again."""

_log = logging.getLogger(__name__)


@click.command(short_help="Numbers in a feed of server-sent events.")
@click.argument("url")
@options.stream_template(
    STREAM,
    "{host}, {path}, {event}, {topic} of lines, and the words in what comes",
)
@options.fields
@access_options
def command(
    *,
    url: str,
    stream: str,
    fields: tuple[str, ...],
    **secrets: Any,
) -> Production:
    """Publish the numbers of each event that a server sends.

    JSON: numbers are named by their path, such as room.temperature. Else lines: a number, or
    pairs such as T=21.5C. After a break the server is asked for what came after the last event.

    \b
    streamson produce sse http://127.0.0.1:8080/events
    streamson produce sse https://example.org/prices --stream '{symbol}' --fields price,volume
    streamson produce sse https://example.org/events --token-file token.txt
    """  # noqa: D301
    address = parse_address(url, WEB)
    template = StreamTemplate(stream, known=KNOWN)
    access = access_of(address, **secrets)
    client = WebClient(address, access, "feeds", "the sse producer")

    async def fill(queue: PushQueue) -> None:
        parted = PartedStreams("--stream '{host}/{path}/{event}'") if stream == STREAM else None
        unusable = Unusable("message")
        feed = _Feed(address, client, Points(queue, template, fields, unusable, parted), unusable)
        try:
            async with client:
                await feed.run()
        finally:
            unusable.tell()

    return Production(AsyncioQueue(fill), keep=False)


class _Feed:
    """A feed, and what is known of it from one connection to the next."""

    def __init__(
        self, address: Address, client: WebClient, points: Points, unusable: Unusable
    ) -> None:
        self._address = address
        self._client = client
        self._points = points
        self._unusable = unusable
        self._known = {"host": address.host, "path": address.path}
        self._reader = DocumentReader()
        self._events = EventStream()

    async def run(self) -> None:
        await follow(self._listen, Backoff(self._address.shown))
        _log.info("%s: says that nothing more comes", self._address.shown)

    async def _listen(self, connection: Connection) -> bool:
        self._events = EventStream(self._events.last_id)
        headers = {"Accept": MEDIA_TYPE, "Cache-Control": "no-store"}
        if self._events.last_id:
            headers["Last-Event-ID"] = self._events.last_id
        with self._client.told():
            async with (
                asyncio.timeout(BEGIN_S) as begin,
                self._client.get(self._address.url, headers) as response,
            ):
                begin.reschedule(None)
                if response.status == NO_CONTENT:
                    return False
                if response.status != 200:
                    raise refusal(response.status, response.reason, response.headers)
                if response.content_type != MEDIA_TYPE:
                    reason = f"it sends {printable(response.content_type)}, no {MEDIA_TYPE}"
                    raise UnavailableError(reason, answered=True)
                connection.opened(_socket_of(response))
                async for received in response.content.iter_any():
                    connection.received()
                    self._take(received)
                    if self._events.retry_s is not None:
                        retry_s = self._events.retry_s
                        connection.reconnect_s = min(max(retry_s, MIN_RETRY_S), MAX_RETRY_S)
        return True

    def _take(self, received: bytes) -> None:
        before = self._events.too_long
        for event in self._events.feed(received):
            known = self._known if event.type == "message" else {**self._known, "event": event.type}
            for stream, sample in self._points.named(
                self._reader.read(event.data), known, event.data
            ):
                self._points.push(stream, sample)
        if self._events.too_long > before:
            megabytes = MAX_EVENT_BYTES // 1024**2
            self._unusable.add(f"longer than {megabytes} MB", number=self._events.too_long - before)


def _socket_of(response: "ClientResponse") -> "socket | None":
    """Return the socket that an answer comes through; None where it has come already."""
    transport = None if response.connection is None else response.connection.transport
    return None if transport is None else transport.get_extra_info("socket")


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "sse", *sys.argv[1:]])
