"""The http producer: numbers that programs send by HTTP, as many of them can already."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Final

import click

from streamson._optional import import_optional
from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production
from streamson.producers.base.secret import secret_option
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push.address import (
    Address,
    bind,
    bound_address,
    is_local,
    parse_address,
    reached_at,
)
from streamson.producers.push.statsd import DEFAULT_PORT as STATSD_PORT
from streamson.producers.push.statsd import statsd_of

KNOWN: Final = ("path", "host", "measurement", "tags", "series", "metric", "attributes")
REQUIRES: Final = {"aiohttp": "streamson[http]"}

DEFAULT_PORT: Final = 5590

_log = logging.getLogger(__name__)


@click.command(short_help="Numbers that programs send by HTTP: JSON, webhooks, Telegraf.")
@click.option(
    "--address",
    "address_text",
    default=f"127.0.0.1:{DEFAULT_PORT}",
    show_default=True,
    metavar="[HOST:]PORT",
    help="Where to listen; another address than this machine's own needs a token.",
)
@click.option(
    "--statsd",
    "statsd_text",
    metavar="[HOST:]PORT",
    help="Where to take what StatsD's clients send as well, by UDP; of this machine alone.",
)
@options.fields
@click.option(
    "--stream",
    metavar="TEMPLATE",
    help="The streams' names. Known are {path} and each text of what is sent, by its path.  "
    "[default: {path}; others for metrics]",
)
@secret_option("token", "the token that senders have to show")
def command(
    *,
    address_text: str,
    statsd_text: str | None,
    fields: tuple[str, ...],
    stream: str | None,
    token: str | None,
) -> Production:
    """Publish the numbers that are sent to this address by HTTP.

    JSON is sent to any path, which names the stream: an object is a point, a list of objects is a
    point each, and so is each line. Forms are taken as well, and the webhooks of Alertmanager and
    Grafana, what Telegraf and InfluxDB's clients write, and the metrics of OpenTelemetry.

    \b
    curl -d '{"temperature": 71.3}' http://127.0.0.1:5590/boiler
    streamson produce http --stream '{site}/{path}' --fields 'temp*'
    streamson produce http --address 0.0.0.0:5590 --token-file token
    """  # noqa: D301
    import_optional("aiohttp", "http", "the http producer")
    template = None if stream is None else StreamTemplate(stream, known=KNOWN)
    with ExitStack() as opened:
        address = parse_address(address_text, "--address", DEFAULT_PORT)
        bound = opened.enter_context(bind(address, socket.SOCK_STREAM, "--address"))
        if token is None and not is_local(bound):
            raise UsageError(
                f"--address: found {address}, which others reach; that is allowed with a token: "
                "put one into a file, for --token-file FILE, or into the environment, as "
                "STREAMSON_TOKEN"
            )
        programs = [_server(bound, bound_address(address, bound), token, template, fields)]
        if statsd_text is not None:
            programs.append(_statsd(opened, statsd_text, fields))
        return Production(_Served(programs, opened.pop_all()), keep=False)


_Program = Callable[[PushQueue], Awaitable[None]]


def _server(
    bound: socket.socket,
    address: Address,
    token: str | None,
    template: StreamTemplate | None,
    fields: Sequence[str],
) -> _Program:
    """Return the program that serves."""

    async def serve(queue: PushQueue) -> None:
        from streamson.producers.push.access import Access
        from streamson.producers.push.http_server import HttpServer
        from streamson.producers.push.routes import known_routes

        server = HttpServer(queue, Access(token), known_routes(), template, fields)
        proof = "" if token is None else ", with the header Authorization: Bearer TOKEN"
        _log.info("send numbers to http://%s/NAME%s", reached_at(address, bound), proof)
        await server.serve(bound)

    return serve


def _statsd(opened: ExitStack, text: str, fields: tuple[str, ...]) -> _Program:
    """Return the program that takes what StatsD's clients send."""
    address = parse_address(text, "--statsd", STATSD_PORT)
    udp = opened.enter_context(bind(address, socket.SOCK_DGRAM, "--statsd"))
    if not is_local(udp):
        raise UsageError(
            f"--statsd: found {address}, which others reach, and StatsD can't show a token; "
            "streamson produce statsd --insecure is for that"
        )
    _log.info("StatsD on %s, UDP", bound_address(address, udp))
    return statsd_of(udp, fields=fields)


class _Served(AsyncioQueue):
    """What several programs take, whose sockets are there from the beginning."""

    def __init__(self, programs: Sequence[_Program], sockets: ExitStack) -> None:
        super().__init__(self._serve)
        self._programs = programs
        self._sockets = sockets

    def close(self) -> None:
        """End the programs, and let go of the sockets also where they never began."""
        super().close()
        self._sockets.close()

    async def _serve(self, queue: PushQueue) -> None:
        await asyncio.gather(*(program(queue) for program in self._programs))
