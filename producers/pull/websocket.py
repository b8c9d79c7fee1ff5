"""The websocket producer: numbers in the messages of a WebSocket."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.backoff import Backoff
from streamson.producers.base.first_fields import PartedStreams
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.pull.access import access_of, access_options
from streamson.producers.pull.address import WEBSOCKET, Address, parse_address
from streamson.producers.pull.document import DocumentReader
from streamson.producers.pull.following import Connection, follow
from streamson.producers.pull.points import Points
from streamson.producers.pull.unavailable import UnavailableError
from streamson.producers.pull.web_client import WebClient

STREAM: Final = "{host}/{path}/{topic}"
KNOWN: Final = ("host", "path", "topic", "row")
REQUIRES: Final = {"aiohttp": "streamson[feeds]"}
"""What it imports, and what brings that."""

MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""After it was unpacked. The connection with a longer one is closed, as the protocol wants it."""

PING_S: Final = 15.0
"""A server that does not answer a ping of that age by half of it is gone."""

MAX_SENT_BYTES: Final = 65_536

ORDERLY: Final = {1000, 1001}
"""Codes of a connection that ends as it should (RFC 6455, 7.4.1)."""

TOO_LONG: Final = 1009


def _files(
    _context: click.Context, _option: click.Parameter, files: tuple[Path, ...]
) -> tuple[str, ...]:
    found = []
    for file in files:
        try:
            with file.open("rb") as opened:
                text = opened.read(MAX_SENT_BYTES + 1).decode()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise UsageError(f"--send-file {file}: can't be read: {reason}") from None
        if len(text) > MAX_SENT_BYTES:
            raise UsageError(f"--send-file {file}: up to {MAX_SENT_BYTES} bytes are allowed")
        found.append(text.strip())
    return tuple(found)


@click.command(short_help="Numbers in the messages of a WebSocket.")
@click.argument("url")
@click.option(
    "--send",
    multiple=True,
    metavar="TEXT",
    help="A message to send after connecting, such as what to subscribe to; several are allowed.",
)
@click.option(
    "--send-file",
    multiple=True,
    callback=_files,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A file with such a message, sent before the others: the place for a secret.",
)
@click.option(
    "--protocol", "protocols", multiple=True, metavar="NAME", help="A subprotocol to offer."
)
@options.stream_template(STREAM, "{host}, {path}, {topic} of lines, and the words in what comes")
@options.fields
@access_options
def command(
    *,
    url: str,
    send: tuple[str, ...],
    send_file: tuple[str, ...],
    protocols: tuple[str, ...],
    stream: str,
    fields: tuple[str, ...],
    **secrets: Any,
) -> Production:
    """Publish the numbers of each message that a server sends.

    JSON: numbers are named by their path, such as room.temperature. Else lines: a number, or
    pairs such as T=21.5C. Messages can be text, or text in UTF-8 sent as binary.

    \b
    streamson produce websocket ws://127.0.0.1:8080/feed
    streamson produce websocket wss://example.org/trades --send '{"subscribe": "trades"}'
    streamson produce websocket wss://example.org/feed --send-file login.json --fields price
    """  # noqa: D301
    address = parse_address(url, WEBSOCKET)
    template = StreamTemplate(stream, known=KNOWN)
    access = access_of(address, **secrets)
    client = WebClient(address, access, "feeds", "the websocket producer")

    async def fill(queue: PushQueue) -> None:
        parted = PartedStreams("--stream '{host}/{path}'") if stream == STREAM else None
        unusable = Unusable("message")
        points = Points(queue, template, fields, unusable, parted)
        feed = _Feed(
            address, client, points, unusable, greetings=(*send_file, *send), protocols=protocols
        )
        try:
            async with client:
                await follow(feed.listen, Backoff(address.shown))
        finally:
            unusable.tell()

    return Production(AsyncioQueue(fill), keep=False)


class _Feed:
    """A feed, and what to say to who sends it."""

    def __init__(
        self,
        address: Address,
        client: WebClient,
        points: Points,
        unusable: Unusable,
        *,
        greetings: Sequence[str],
        protocols: Sequence[str],
    ) -> None:
        self._address = address
        self._client = client
        self._points = points
        self._unusable = unusable
        self._greetings = greetings
        self._protocols = protocols
        self._known = {"host": address.host, "path": address.path}
        self._reader = DocumentReader()

    async def listen(self, connection: Connection) -> bool:
        """Connect, and publish what comes until the connection ends."""
        with self._client.told():
            async with self._client.websocket(
                self._address.url,
                protocols=self._protocols,
                heartbeat=PING_S,
                max_msg_size=MAX_MESSAGE_BYTES,
            ) as opened:
                connection.opened(opened.get_extra_info("socket"))
                for text in self._greetings:
                    await opened.send_str(text)
                async for message in opened:
                    if isinstance(message.data, str | bytes):  # else it tells an error
                        connection.received()
                        self._take(message.data)
            code = opened.close_code
        if code == TOO_LONG:
            self._unusable.add(f"longer than {MAX_MESSAGE_BYTES // 1024**2} MB")
            raise UnavailableError("the connection was closed because of a message too long")
        if code not in ORDERLY:
            raise UnavailableError(f"the connection broke (code {code})")
        return True

    def _take(self, data: str | bytes) -> None:
        try:
            text = data.decode() if isinstance(data, bytes) else data
        except UnicodeError:
            self._unusable.add("of binary data", data)
            return
        for stream, sample in self._points.named(self._reader.read(text), self._known, text):
            self._points.push(stream, sample)


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "websocket", *sys.argv[1:]])
