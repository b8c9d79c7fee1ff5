"""Fetching over HTTP: bounded in time and size, and secrets go to nobody else."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from streamson._optional import import_optional
from streamson._printable import printable
from streamson._version import __version__
from streamson.producers.pull.access import Access
from streamson.producers.pull.address import WEB, WEBSOCKET, Address, no_address
from streamson.producers.pull.unavailable import UnavailableError, failure, refusal

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientWebSocketResponse

TIMEOUT_S: Final = 10.0
"""For a whole answer, and for a connection."""

CLOSE_S: Final = 0.5
"""For a server to take leave of a WebSocket."""

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""After it was unpacked."""

MAX_REDIRECTS: Final = 5

_CHUNK_BYTES: Final = 65_536
_REDIRECTS: Final = {301, 302, 303, 307, 308}


class Answer(NamedTuple):
    """An answer as a whole.

    Attributes
    ----------
    status, headers
        As they came.
    media_type
        What it says it is: ``application/json``.
    text
        What it holds; what is no UTF-8, or of the charset that it tells, is replaced.
    """

    status: int
    headers: Mapping[str, str]
    media_type: str
    text: str


class WebClient:
    """Fetches from an address.

    Parameters
    ----------
    address
        The address.
    access
        What goes along with requests to it. Where somebody is redirected to another host, it does
        not.
    extra
        The extra of streamson that brings aiohttp.
    purpose
        What needs it, for the message where aiohttp is missing.

    Raises
    ------
    UsageError
        Where the name of the host is none.
    """

    def __init__(self, address: Address, access: Access, extra: str, purpose: str) -> None:
        self.aiohttp: Any = import_optional("aiohttp", extra, purpose)
        _check_host(address)
        self.access = access
        self.session: Any = None

    async def __aenter__(self) -> Self:
        aiohttp = self.aiohttp
        # A WebSocket is redirected nowhere, as in browsers; all else is followed here, by hand.
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(_refuse)
        self.session = aiohttp.ClientSession(
            trace_configs=[trace],
            connector=aiohttp.TCPConnector(ssl=self.access.tls or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"streamson/{__version__}"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_S),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.session.close()

    async def fetch(
        self, url: str, headers: Mapping[str, str], *, accepted: Collection[int] = (200,)
    ) -> Answer:
        """Return the whole answer of an address.

        Raises
        ------
        UnavailableError
            If there is none in time, it has another status than is accepted, or is too long.
        """
        with self.told():
            async with asyncio.timeout(TIMEOUT_S), self.get(url, headers) as response:
                if response.status not in accepted:
                    raise refusal(response.status, response.reason, response.headers)
                body = await _body(response)
                try:
                    text = body.decode(response.charset or "utf-8", errors="replace")
                except LookupError:  # a charset that nobody knows
                    text = body.decode(errors="replace")
                return Answer(response.status, response.headers, response.content_type, text)

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str]) -> "AsyncIterator[ClientResponse]":
        """Yield the answer of an address as it begins, wherever one is redirected to."""
        response = await self._follow(url, headers)
        async with response:
            yield response

    @asynccontextmanager
    async def websocket(
        self, url: str, **options: Any
    ) -> "AsyncIterator[ClientWebSocketResponse[bool]]":
        """Yield a WebSocket to an address; at the end it is closed, without waiting long."""
        async with asyncio.timeout(TIMEOUT_S):
            opened = await self.session.ws_connect(url, headers=self.access.headers, **options)
        try:
            yield opened
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await opened.close()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise errors of connections as `UnavailableError`."""
        try:
            yield
        # A TimeoutError is an OSError; a name that can't be looked up may be a UnicodeError.
        except (self.aiohttp.ClientError, OSError, UnicodeError) as error:
            raise failure(error) from None

    async def _follow(self, url: str, headers: Mapping[str, str]) -> "ClientResponse":
        from multidict import CIMultiDict
        from yarl import URL

        target = URL(url)
        home = target.origin()
        for _ in range(1 + MAX_REDIRECTS):
            sent = CIMultiDict(headers)
            if target.origin() == home:
                sent.update(self.access.headers)
            response: ClientResponse = await self.session.get(
                target, headers=sent, allow_redirects=False
            )
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return response
            response.release()
            try:
                target = target.join(URL(location)).with_user(None)
                target.origin()
            except ValueError:
                target = URL()
            allowed = WEB[1:] if home.scheme == "https" else WEB
            if target.scheme not in allowed:
                raise UnavailableError(
                    f"it is redirected to {printable(location[:100])!r}, where nothing is fetched "
                    "from",
                    answered=True,
                )
        raise UnavailableError(f"it is redirected more than {MAX_REDIRECTS} times", answered=True)


def _check_host(address: Address) -> None:
    """Refuse what the standard library takes for an address, and aiohttp does not."""
    from yarl import URL

    try:
        URL(address.url).origin()
    except ValueError:
        raise no_address(
            address.url, WEB if address.url.startswith("http") else WEBSOCKET
        ) from None


async def _refuse(*_redirect: object) -> None:
    raise UnavailableError("it redirects, which no WebSocket may", answered=True)


async def _body(response: "ClientResponse") -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            megabytes = MAX_ANSWER_BYTES // 1024**2
            raise UnavailableError(f"its answer is longer than {megabytes} MB", answered=True)
    return bytes(body)
