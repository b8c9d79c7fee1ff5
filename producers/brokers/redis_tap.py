"""A connection to a Redis server: reads streams, hears channels, and hands on what comes."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from streamson._printable import printable
from streamson.errors import UsageError
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.sample import parse_time
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers.address import BrokerAddress
from streamson.producers.brokers.backpressure import room_in
from streamson.producers.brokers.connection import CONNECT_S, first_end, quieten, stay_connected
from streamson.producers.brokers.message_reader import MAX_PAYLOAD_BYTES, MessageReader, levels
from streamson.producers.brokers.redis_entry import samples_in_entry
from streamson.producers.brokers.redis_position import StreamPosition

BLOCK_S: Final = 1.0
"""How long the server may wait for entries before it says that there are none."""

ANSWER_S: Final = 3.0
"""How long a server may take beyond that until it is gone."""

LOOK_S: Final = 5.0
"""So often it is looked at what was trimmed, and whether a stream has begun anew."""

PING_S: Final = 2.0
"""After so long without a message on a channel the server is asked for a sign of life."""

MAX_ENTRIES: Final = 200
"""In one answer: so that one stream that has many does not keep the others waiting."""

_log = logging.getLogger(__name__)


class RedisTap:
    """Reads streams and hears channels of a Redis server.

    Parameters
    ----------
    address
        Where the server is.
    keys
        Of the streams.
    channels
        Patterns of channels.
    since
        From when on entries are wanted, in seconds since 1970; None for now.
    template, fields
        The streams' names, and the wanted fields.
    settings
        Further arguments of ``redis.asyncio.Redis``.
    """

    def __init__(
        self,
        address: BrokerAddress,
        keys: Sequence[str],
        channels: Sequence[str],
        *,
        since: float | None,
        template: StreamTemplate,
        fields: Sequence[str],
        settings: Mapping[str, Any],
    ) -> None:
        self._address = address
        self._positions = {key.encode(): StreamPosition(key, since) for key in keys}
        self._channels = channels
        self._reader = MessageReader(template, fields)
        self._settings = settings

    async def run(self, queue: PushQueue) -> None:
        """Push what comes, for as long as this is not cancelled."""

        async def session(connected: Callable[[], None]) -> None:
            await self._session(queue, connected)

        quieten("redis", "asyncio")
        try:
            await stay_connected(
                str(self._address),
                session,
                (RedisError, OSError),
                lambda: self._reader.tell_quiet(
                    str(self._address), (*map(bytes.decode, self._positions), *self._channels)
                ),
            )
        finally:
            self._reader.unusable.tell()
            for position in self._positions.values():
                position.tell()

    async def _session(self, queue: PushQueue, connected: Callable[[], None]) -> None:
        client = Redis(
            host=self._address.host,
            port=self._address.port,
            client_name="streamson",
            protocol=2,  # the same answers from servers of all versions
            retry=Retry(NoBackoff(), 0),  # `stay_connected` does it
            socket_connect_timeout=CONNECT_S,
            socket_timeout=BLOCK_S + ANSWER_S,
            **self._settings,
        )
        try:
            await client.ping()
            parts = []
            if self._positions:
                await self._look(client)
                parts.append(self._read_streams(client, queue))
            if self._channels:
                parts.append(self._hear_channels(client, queue))
            connected()
            await first_end(parts)
        except (AuthenticationError, AuthorizationError) as error:
            remedy = (
                "give a password by --password-file FILE, and a user, where it has some, by --user "
                "NAME"
                if self._settings.get("password") is None
                else "look at the password, and --user, that were given"
            )
            reason = str(error).rstrip(".")
            raise UsageError(
                f"{self._address}: the server refuses the connection: {reason}; {remedy}"
            ) from None
        except NoPermissionError as error:
            raise UsageError(
                f"{self._address}: {error}; the user of this tap needs to be allowed it: "
                "ACL SETUSER NAME +@read +@pubsub +@connection ~KEY &CHANNEL"
            ) from None
        except ResponseError as error:
            if "DB index is out of range" not in str(error):
                raise
            raise UsageError(
                f"URL: found the database {self._settings['db']}; {self._address} does not have so "
                "many"
            ) from None
        finally:
            await client.aclose()

    async def _look(self, client: Any) -> None:
        """Ask how far the streams are."""
        for key, position in self._positions.items():
            try:
                info = await client.xinfo_stream(key)
            except NoPermissionError:
                raise
            except ResponseError as error:
                if "no such key" not in str(error).lower():
                    raise UsageError(
                        f"KEY: found {printable(key.decode())}, which is no stream: {error}; the "
                        "key of a stream that XADD writes is allowed"
                    ) from None
                info = None
            position.see(info)

    async def _read_streams(self, client: Any, queue: PushQueue) -> None:
        look_at = time.monotonic() + LOOK_S
        while True:
            await room_in(queue)
            if time.monotonic() > look_at:
                await self._look(client)
                look_at = time.monotonic() + LOOK_S
            wanted = {key: position.last for key, position in self._positions.items()}
            found = await client.xread(wanted, count=MAX_ENTRIES, block=round(BLOCK_S * 1e3))
            for key, entries in found:
                for entry_id, entry in entries:
                    self._positions[key].heard(entry_id)
                    self._take_entry(queue, key, entry_id, entry)

    def _take_entry(
        self, queue: PushQueue, key: bytes, entry_id: bytes, entry: Mapping[bytes, bytes]
    ) -> None:
        if sum(len(name) + len(value) for name, value in entry.items()) > MAX_PAYLOAD_BYTES:
            self._reader.unusable.add(f"longer than {MAX_PAYLOAD_BYTES} bytes")
            return
        milliseconds = int(entry_id.partition(b"-")[0])
        self._reader.push(
            queue,
            _labels(key),
            samples_in_entry(entry),
            parse_time(milliseconds),
            b" ".join(name + b"=" + value for name, value in entry.items()),
        )

    async def _hear_channels(self, client: Any, queue: PushQueue) -> None:
        async with client.pubsub() as pubsub:
            await pubsub.psubscribe(*self._channels)
            asked = False
            while True:
                message = await pubsub.get_message(timeout=PING_S)
                if message is None:
                    if asked:
                        raise TimeoutError("the server does not answer")
                    await pubsub.ping()
                asked = message is None
                if message is not None and message["type"] == "pmessage":
                    self._reader.read(queue, _labels(message["channel"]), message["data"])


def _labels(key: bytes) -> dict[str, str]:
    name = key.decode(errors="replace")
    return {"key": name.replace(":", "/"), **levels(name, ":")}
