"""The http producer: numbers that programs send by HTTP, as many of them can already."""

import logging
import socket
from collections.abc import Sequence
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
)

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
@options.fields
@click.option(
    "--stream",
    metavar="TEMPLATE",
    help="The streams' names. Known are {path} and each text of what is sent, by its path.  "
    "[default: {path}; others for metrics]",
)
@secret_option("token", "the token that senders have to show")
def command(
    *, address_text: str, fields: Sequence[str], stream: str | None, token: str | None
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
    template = None if stream is None else StreamTemplate(stream)
    address = parse_address(address_text, "--address", DEFAULT_PORT)
    bound = bind(address, socket.SOCK_STREAM, "--address")
    if token is None and not is_local(bound):
        bound.close()
        raise UsageError(
            f"--address: found {address}, which others reach; that is allowed with a token: put "
            "one into a file, for --token-file FILE, or into the environment, as STREAMSON_TOKEN"
        )
    shown = bound_address(address, bound)
    return Production(_Served(bound, shown, token, template, fields), keep=False)


class _Served(AsyncioQueue):
    """The readings that a server takes, which has its socket from the beginning."""

    def __init__(
        self,
        bound: socket.socket,
        address: Address,
        token: str | None,
        template: StreamTemplate | None,
        fields: Sequence[str],
    ) -> None:
        super().__init__(self._serve)
        self._bound = bound
        self._address = address
        self._token = token
        self._template = template
        self._fields = fields

    def close(self) -> None:
        """End the server, and let go of the socket also where it never began."""
        super().close()
        self._bound.close()

    async def _serve(self, queue: PushQueue) -> None:
        from streamson.producers.push.access import Access
        from streamson.producers.push.http_server import HttpServer
        from streamson.producers.push.routes import known_routes

        server = HttpServer(
            queue, Access(self._token), known_routes(), self._template, self._fields
        )
        _log.info("send numbers to http://%s/NAME", self._address)
        await server.serve(self._bound)
