"""The Redis producer: entries of streams, and what is published on channels."""

from pathlib import Path
from typing import Final

import click

from streamson._optional import import_optional
from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base import tls
from streamson.producers.base.reading import Production
from streamson.producers.base.secret import secret_option
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers import options as broker_options
from streamson.producers.brokers.address import parse_address
from streamson.producers.brokers.wildcards import tell_in_keys

REQUIRES: Final = {"redis": "streamson[redis]"}
"""What it imports, and what brings that."""

SCHEMES: Final = {"redis": 6379, "rediss": 6379}
"""Of addresses, each with its port; the second is encrypted."""

MAX_KEYS: Final = 1_000
"""Of one command, channels among them."""

MAX_DATABASE: Final = 9_999


@click.command(short_help="Entries of streams and messages on channels of Redis.")
@click.argument("url", metavar="[URL]", default="redis://127.0.0.1:6379")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="PATTERN",
    help="Hear these channels; may be given several times.",
)
@options.stream_template(
    "{key}",
    "{key}, a stream's key or a channel, with slashes for colons; {1}, {2}, ... its parts; and "
    "words in the entries",
)
@options.fields
@broker_options.since
@broker_options.user
@secret_option("password", "the password")
@tls.options
def command(
    *,
    url: str,
    keys: tuple[str, ...],
    channels: tuple[str, ...],
    stream: str,
    fields: tuple[str, ...],
    since: float | None,
    user: str | None,
    password: str | None,
    tls_files: tls.TlsFiles,
) -> Production:
    """Publish the numbers that come in streams of Redis, or on its channels.

    A key is a stream's, which XADD writes: the numbers of an entry are fields. On a channel,
    messages are JSON, a number, a quantity such as "21.5 °C", or ON and OFF.

    What a stream takes while the server can't be reached is heard later; what has been trimmed
    meanwhile is counted. What is said on a channel meanwhile is gone.

    \b
    streamson produce redis redis://127.0.0.1:6379 readings
    streamson produce redis redis://cache/2 plant:1 plant:2 --since 10min --fields temperature
    streamson produce redis rediss://cache --channel 'sensors:*' --user me --password-file secret
    """  # noqa: D301
    address = parse_address(url, SCHEMES, argument="URL")
    database = _database(address.path)
    _check_names("KEY", keys)
    _check_names("--channel", channels)
    tell_in_keys(keys)
    if not keys and not channels:
        raise UsageError(
            "KEY: found none; the key of a stream is allowed, or --channel PATTERN for a channel"
        )
    if since is not None and not keys:
        raise UsageError("--since needs the key of a stream: channels keep nothing")
    if user is not None and password is None:
        raise UsageError("--user needs a password: --password-file FILE")
    template = StreamTemplate(stream, known=("key",))
    encrypted = address.scheme == "rediss"
    tls.tls_context(tls_files, encrypted=encrypted, to="redis://")
    import_optional("redis.asyncio", "redis", "the redis producer")
    from streamson.producers.base.asyncio_queue import AsyncioQueue
    from streamson.producers.brokers.redis_tap import RedisTap

    settings = {
        "db": database,
        "username": user,
        "password": password,
        "ssl": encrypted,
        "ssl_check_hostname": encrypted,
        "ssl_ca_certs": _path(tls_files.ca),
        "ssl_certfile": _path(tls_files.cert),
        "ssl_keyfile": _path(tls_files.key or tls_files.cert),
    }
    tap = RedisTap(
        address, keys, channels, since=since, template=template, fields=fields, settings=settings
    )
    return Production(AsyncioQueue(tap.run), keep=False)


def _database(path: str) -> int:
    if not path:
        return 0
    if not (path.isascii() and path.isdigit()) or len(path) > 4 or int(path) > MAX_DATABASE:
        raise UsageError(
            f"URL: found the path /{path[:200]}; the number of a database is allowed; keys come "
            "after the address"
        )
    return int(path)


def _check_names(what: str, names: tuple[str, ...]) -> None:
    if len(names) > MAX_KEYS:
        raise UsageError(f"{what}: found {len(names)}; up to {MAX_KEYS} are allowed")
    if not all(names):
        raise UsageError(f"{what}: found an empty name; the name of a stream or channel is allowed")


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file)
