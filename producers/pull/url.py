"""The url producer: numbers at addresses of the web, asked for again and again."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.backoff import Backoff
from streamson.producers.base.first_fields import PartedStreams
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production
from streamson.producers.base.sample import Sample
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.pull.access import access_of, access_options
from streamson.producers.pull.address import WEB, Address, parse_address
from streamson.producers.pull.document import DocumentReader
from streamson.producers.pull.points import Points
from streamson.producers.pull.polling import interval_option, poll
from streamson.producers.pull.seen_times import SeenTimes
from streamson.producers.pull.unavailable import UnavailableError
from streamson.producers.pull.web_client import WebClient

STREAM: Final = "{host}/{path}/{topic}"
KNOWN: Final = ("host", "path", "topic", "row")
REQUIRES: Final = {"aiohttp": "streamson[feeds]"}
"""What it imports, and what brings that."""

MAX_ADDRESSES: Final = 100
MAX_VALIDATOR_CHARS: Final = 1_000

ACCEPT: Final = "application/json, text/plain;q=0.9, text/csv;q=0.9, */*;q=0.5"

_log = logging.getLogger(__name__)


@click.command(short_help="JSON or other numbers at addresses of the web, asked for every 5 s.")
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@interval_option
@options.stream_template(STREAM, "{host}, {path}, {topic} of lines, and the words in what comes")
@options.fields
@click.option(
    "--repeat",
    is_flag=True,
    help="Publish the last numbers again where the server says that nothing has changed.",
)
@access_options
def command(
    *,
    urls: tuple[str, ...],
    interval: float,
    stream: str,
    fields: tuple[str, ...],
    repeat: bool,
    **secrets: Any,
) -> Production:
    """Publish the numbers that a server shows, at each interval.

    JSON: numbers are named by their path, such as room.temperature; a list of objects is a point
    each. Where these have a time, each is published once, and what is older than the newest at the
    start is left alone. Else lines: a number, pairs such as T=21.5C, or a table, whose last row
    counts.

    \b
    streamson produce url http://127.0.0.1:8080/status.json
    streamson produce url https://example.org/rooms --stream '{host}/{room}' --fields temperature
    streamson produce url https://example.org/queue --token-file token.txt --interval 30
    """  # noqa: D301
    if len(urls) > MAX_ADDRESSES:
        raise UsageError(f"found {len(urls)} addresses; up to {MAX_ADDRESSES} are allowed")
    template = StreamTemplate(stream, known=KNOWN)
    clients = []
    for address in (parse_address(url, WEB) for url in urls):
        access = access_of(address, **secrets)
        clients.append((address, WebClient(address, access, "feeds", "the url producer")))

    async def fill(queue: PushQueue) -> None:
        parted = PartedStreams("--stream '{host}/{path}'") if stream == STREAM else None
        unusable = Unusable("document")
        points = Points(queue, template, fields, unusable, parted)
        try:
            async with asyncio.TaskGroup() as group:
                for address, client in clients:
                    watched = _Watched(address, client, points, repeat=repeat)
                    group.create_task(watched.run(interval))
        finally:
            unusable.tell()

    return Production(AsyncioQueue(fill), keep=False)


class _Watched:
    """An address, and what is known of it."""

    def __init__(
        self, address: Address, client: WebClient, points: Points, *, repeat: bool
    ) -> None:
        self._address = address
        self._client = client
        self._points = points
        self._repeat = repeat
        self._known = {"host": address.host, "path": address.path}
        self._validators: dict[str, str] = {}
        self._reader = DocumentReader()
        self._seen = SeenTimes()
        self._last: Sequence[tuple[str, Sample]] = []
        self._started = False
        self._told = False

    async def run(self, interval_s: float) -> None:
        async with self._client:
            await poll(self._ask, interval_s, Backoff(self._address.shown))

    async def _ask(self) -> None:
        answer = await self._client.fetch(
            self._address.url, {"Accept": ACCEPT, **self._validators}, accepted=(200, 204, 304)
        )
        if answer.status == 304:
            self._unchanged()
            return
        if answer.media_type == "text/html":
            raise UnavailableError("it is a page for people (text/html)", answered=True)
        self._validators = _validators(answer.headers)
        named = self._points.named(self._reader.read(answer.text), self._known, answer.text)
        self._publish(named)
        self._last = named

    def _unchanged(self) -> None:
        if self._repeat:
            self._publish(self._last)
        elif not self._told:
            self._told = True
            _log.info(
                "%s: nothing has changed there, so nothing is published until something does "
                "(--repeat publishes the last numbers again)",
                self._address.shown,
            )

    def _publish(self, named: Sequence[tuple[str, Sample]]) -> None:
        """Publish what is new; at first no more than the newest of each stream."""
        untimed = [(stream, sample) for stream, sample in named if sample.time is None]
        self._points.suggest(untimed)
        for stream, sample in untimed:
            self._points.push(stream, sample)
        newest: dict[str, Sample] = {}
        for stream, sample in sorted(named, key=_time):
            if sample.time is None or not self._seen.add(stream, sample.time):
                continue
            if self._started:
                self._points.push(stream, sample)
            newest[stream] = sample
        if not self._started:
            for stream, sample in newest.items():
                self._points.push(stream, sample)
        self._started = self._started or bool(newest)


def _time(named: tuple[str, Sample]) -> float:
    return named[1].time or 0.0


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that ask for an answer only where it is another than that before."""
    found = {}
    for asked, told in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        value = headers.get(told, "")
        if value and len(value) <= MAX_VALIDATOR_CHARS and value.isprintable():
            found[asked] = value
    return found


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "url", *sys.argv[1:]])
