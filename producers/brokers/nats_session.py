"""One connection to a NATS server, from its beginning to its end."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import nats.errors
from nats.aio.client import Client

from streamson._printable import printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import UsageError
from streamson.producers.brokers.address import BrokerAddress
from streamson.producers.brokers.connection import CONNECT_S, first_end
from streamson.producers.brokers.nats_source import Room, Source, Take

PING_S: Final = 2
"""So often the server is asked for a sign of life, and so long it may take."""

CLOSE_S: Final = 1.0
"""How long a connection may take to close."""


class NatsSession:
    """One connection.

    Parameters
    ----------
    address
        Where to.
    limited
        Where it is told that messages come too fast.
    """

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
        """Hear a source until the connection ends.

        Parameters
        ----------
        source
            What to hear.
        take, room
            Where messages go, and what waits until there is room for more.
        connected
            Is called once messages can come.
        settings
            Arguments of nats-py's ``connect``.
        must_encrypt
            Whether nothing secret may be said otherwise.

        Raises
        ------
        UsageError
            Where the server refuses.
        """
        try:
            await self._connect(settings, must_encrypt=must_encrypt)
            parts = await source.subscribe(self._client, take, room)
            for _ in range(2):  # the first may overtake a subscription in nats-py's buffer
                await self._client.rtt(CONNECT_S)
            if self._denied:  # it was told by then
                raise UsageError(f"{self._address}: {self._denied[0]}; this user may not read it")
            connected()
            await first_end([self._watch(), *(part() for part in parts)])
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
                given = any(value is not None for name, value in settings.items() if name != "tls")
                remedy = (
                    "look at what was given: user and password, token, credentials or key"
                    if given
                    else "give --user and --password-file, --token-file, --creds or --nkey"
                )
                raise UsageError(
                    f"{self._address}: the server does not know this user: {error}; {remedy}"
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
