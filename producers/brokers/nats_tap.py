"""A connection to a NATS server: subscribes, and hands on what comes."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from streamson._printable import printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import UsageError
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers.address import BrokerAddress
from streamson.producers.brokers.backpressure import room_in
from streamson.producers.brokers.connection import CONNECT_S, first_end, quieten, stay_connected
from streamson.producers.brokers.message_reader import MessageReader, levels

PING_S: Final = 2
"""So often the server is asked for a sign of life, and so long it may take."""

CLOSE_S: Final = 1.0
"""How long a connection may take to close."""

MAX_PENDING: Final = 10_000
MAX_PENDING_BYTES: Final = 64 << 20
"""Messages of a subscription that wait to be read."""

_OWN: Final = ("_", "$")
"""What subjects begin with that NATS itself uses: answers, its interface."""

_log = logging.getLogger(__name__)

Take = Callable[[Msg, float | None], None]
"""Takes a message, and when it was sent, in seconds since 1970, where that is known."""


Part = Coroutine[Any, Any, None]

Room = Callable[[], Awaitable[None]]
"""Waits until there is room for more."""


class Source(Protocol):
    """Where messages come from, once there is a connection."""

    async def subscribe(self, client: Client, take: Take, room: Room) -> Sequence[Part]:
        """Begin to hear; return what is to run for as long as there is the connection."""

    def tell(self) -> None:
        """Log what was lost; for the end."""


class CoreSource:
    """Subjects as they are published: what is said while nobody is connected is gone.

    Parameters
    ----------
    subjects
        With wildcards; without one, all but NATS's own.
    """

    def __init__(self, subjects: Sequence[str]) -> None:
        self._subjects = subjects

    async def subscribe(self, client: Client, take: Take, room: Room) -> Sequence[Part]:  # noqa: ARG002
        """Begin to hear; what comes faster than it goes is dropped."""

        async def hear(message: Msg) -> None:
            if self._subjects or not message.subject.startswith(_OWN):
                take(message, None)

        for subject in self._subjects or (">",):
            await client.subscribe(
                subject,
                cb=hear,
                pending_msgs_limit=MAX_PENDING,
                pending_bytes_limit=MAX_PENDING_BYTES,
            )
        return ()

    def tell(self) -> None:
        """Nothing is known of what was lost."""


class NatsTap:
    """Hears a source of a NATS server.

    Parameters
    ----------
    address
        Where the server is.
    source
        What to hear there.
    template, fields
        The streams' names, and the wanted fields.
    tls
        How to encrypt; with the scheme ``tls`` nothing is said otherwise.
    identity
        Arguments of a client's ``connect`` that say who this is.
    """

    def __init__(
        self,
        address: BrokerAddress,
        source: Source,
        *,
        template: StreamTemplate,
        fields: Sequence[str],
        tls: ssl.SSLContext | None,
        identity: Mapping[str, Any],
    ) -> None:
        self._address = address
        self._source = source
        self._reader = MessageReader(template, fields)
        self._tls = tls
        self._identity = identity
        self._limited = RateLimitedLog(_log)
        self._overrun = 0

    async def run(self, queue: PushQueue) -> None:
        """Push what comes, for as long as this is not cancelled."""

        async def session(connected: Callable[[], None]) -> None:
            await _Session(self._address, self._limited).run(
                self._source,
                lambda message, time: self._take(queue, message, time),
                lambda: room_in(queue),
                connected,
                {**self._identity, "tls": self._tls},
                must_encrypt=self._address.scheme == "tls",
            )

        quieten("nats", "nats.aio.client", "asyncio")
        try:
            await stay_connected(str(self._address), session, (nats.errors.Error, OSError))
        finally:
            self._reader.unusable.tell()
            self._source.tell()
            self._limited.flush()

    def _take(self, queue: PushQueue, message: Msg, time: float | None) -> None:
        subject = message.subject
        labels = {"subject": subject.replace(".", "/"), **levels(subject, ".")}
        self._reader.read(queue, labels, message.data, time)


class _Session:
    """One connection, from its beginning to its end."""

    def __init__(self, address: BrokerAddress, limited: RateLimitedLog) -> None:
        self._address = address
        self._limited = limited
        self._client = Client()
        self._over = asyncio.Event()
        self._reason: Exception | None = None
        self._denied: list[str] = []

    async def run(
        self,
        source: Source,
        take: Take,
        room: Room,
        connected: Callable[[], None],
        settings: Mapping[str, Any],
        *,
        must_encrypt: bool,
    ) -> None:
        """Hear a source until the connection ends."""
        try:
            await self._connect(settings, must_encrypt=must_encrypt)
            parts = await source.subscribe(self._client, take, room)
            for _ in range(2):  # the first may overtake a subscription in nats-py's buffer
                await self._client.rtt(CONNECT_S)
            if self._denied:  # it was told by then
                raise UsageError(f"{self._address}: {self._denied[0]}; this user may not read it")
            connected()
            await first_end([self._watch(), *parts])
        finally:
            # Where a handshake failed nats-py waits without end for a transport that is closed.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._client.close()

    async def _watch(self) -> None:
        """Return or raise when the connection ends."""
        while not self._over.is_set():
            await self._client.rtt(PING_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), PING_S)
        if self._reason is not None:
            raise self._reason

    async def _connect(self, settings: Mapping[str, Any], *, must_encrypt: bool) -> None:
        secrets = {
            name: self._guarded(secret) if must_encrypt else secret
            for name, secret in settings.items()
            if name in {"user", "password", "token"}
        }
        try:
            await self._client.connect(
                [f"{self._address.scheme}://{_host(self._address)}:{self._address.port}"],
                error_cb=self._on_error,
                closed_cb=self._on_closed,
                name="streamson",
                allow_reconnect=False,  # `stay_connected` does it
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=CONNECT_S,
                no_echo=True,
                **{**settings, **secrets},
            )
        except nats.errors.NoServersError:
            raise self._reason or nats.errors.NoServersError from None
        except nats.errors.Error as error:
            if "authorization" in str(error).lower() or "authentication" in str(error).lower():
                raise UsageError(
                    f"{self._address}: the server does not know this user: {error}; give --user "
                    "and --password-file, --token-file, --creds or --nkey"
                ) from None
            raise
        if must_encrypt and not self._is_encrypted():
            raise self._not_encrypted()

    def _guarded(self, secret: str) -> Callable[[], str]:
        """Return what gives a secret away only after the connection was encrypted."""

        def give() -> str:
            if not self._is_encrypted():
                raise self._not_encrypted()
            return secret

        return give

    def _is_encrypted(self) -> bool:
        # nats-py encrypts where the server says so, whatever the address says; it has no public
        # word for whether it did.
        return bool(self._client._server_info.get("tls_required"))

    def _not_encrypted(self) -> UsageError:
        return UsageError(
            f"{self._address}: the server does not encrypt; if that is meant, say nats://"
        )

    async def _on_error(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            self._limited.warning("slow", "messages come faster than they can be read; some lost")
        elif "permissions violation for subscription" in str(error).lower():
            self._denied.append(printable(str(error).removeprefix("nats: ")))
        else:
            self._reason = error

    async def _on_closed(self) -> None:
        self._over.set()


def _host(address: BrokerAddress) -> str:
    return f"[{address.host}]" if ":" in address.host else address.host
