"""A source of an Icecast server: HTTP PUT, as Icecast takes it from version 2.4 on.

The body has no end and no length, which HTTP libraries don't send; so the few lines of HTTP that
this takes are here.
"""

import re
import socket
import ssl
import time
from base64 import b64encode
from contextlib import suppress
from typing import Final
from urllib.parse import urlencode

from streamson._closable import Closable
from streamson._printable import printable
from streamson._version import __version__
from streamson.live.icecast.address import IcecastAddress

CONNECT_S: Final = 3.0
"""How long a server may take to be connected to, and after that to give the whole of its answer."""

STALL_S: Final = 4.0
"""How long it may take nothing: after that it is gone."""

METADATA_S: Final = 1.0
"""How long it may take to hear what plays: sound waits meanwhile, which has room for twice that."""

SEND_BUFFER_BYTES: Final = 16_384
"""What the system keeps for a slow server: 0.7 s of sound. By itself it would keep minutes."""

MAX_HEAD_BYTES: Final = 8_192
MAX_PAGE_BYTES: Final = 2_048
MAX_REASON_CHARS: Final = 120

NAME: Final = "streamson"
DESCRIPTION: Final = "Live data as sound"

_CONTINUE: Final = ("100", "200")
"""What lets a source begin: 200 comes from servers that heed no ``Expect``."""

_STATUS: Final = re.compile(r"HTTP/1\.[01] (\d{3})")
_TAGS: Final = re.compile(r"<title>.*?</title>|<[^>]*>")


class SourceError(Exception):
    """The server can't be reached, does not want this source, or is gone; the message says why."""


class IcecastSource(Closable):
    """A connection that is let in, until it is closed.

    Parameters
    ----------
    address
        Of the mount.
    password
        Of the user in it.

    Raises
    ------
    SourceError
        If it is not let in.
    """

    def __init__(self, address: IcecastAddress, password: str) -> None:
        self._address = address
        self._authorization = b64encode(f"{address.user}:{password}".encode()).decode()
        self._socket = self._connect(CONNECT_S)
        try:
            self._begin()
        except (SourceError, OSError) as error:
            self._socket.close()
            raise _source_error(error) from None

    def send(self, data: bytes) -> None:
        """Send what is encoded.

        Raises
        ------
        SourceError
            If the server has gone.
        """
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise _source_error(error) from None

    def tell(self, song: str) -> None:
        """Tell what plays: players of an MP3 show it.

        Raises
        ------
        SourceError
            If the server does not want to know.
        """
        query = urlencode(
            {"mode": "updinfo", "mount": self._address.mount, "charset": "UTF-8", "song": song}
        )
        try:
            with self._connect(METADATA_S) as asking:
                asking.sendall(self._request("GET", f"/admin/metadata?{query}"))
                status, _ = _answer(asking, METADATA_S)
        except OSError as error:
            raise _source_error(error) from None
        if status != "200":
            raise SourceError(f"it answered {status}")

    def close(self) -> None:
        """Close the connection: the stream ends for all who hear it."""
        self._socket.close()

    def _begin(self) -> None:
        headers = {
            "Content-Type": self._address.content_type,
            "Expect": "100-continue",
            "Ice-Public": "0",
            "Ice-Name": NAME,
            "Ice-Description": DESCRIPTION,
        }
        self._socket.sendall(self._request("PUT", self._address.mount, headers))
        status, page = _answer(self._socket, CONNECT_S)
        if status not in _CONTINUE:
            raise SourceError(self._refusal(status, page))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._socket.settimeout(STALL_S)

    def _connect(self, timeout_s: float) -> socket.socket:
        address = self._address
        try:
            connected = socket.create_connection((address.host, address.port), timeout_s)
        except OSError as error:
            raise _source_error(error) from None
        if not address.tls:
            return connected
        try:
            context = ssl.create_default_context()
            return context.wrap_socket(connected, server_hostname=address.host)
        except OSError as error:  # which those of TLS are, too
            connected.close()
            raise _source_error(error) from None

    def _request(self, method: str, target: str, headers: dict[str, str] | None = None) -> bytes:
        lines = {
            "Host": self._address.authority,
            "Authorization": f"Basic {self._authorization}",
            "User-Agent": f"streamson/{__version__}",
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode()

    def _refusal(self, status: str, page: str) -> str:
        """Return why this source is not let in, and what to do about it."""
        said = printable(" ".join(_TAGS.sub(" ", page).split()))[:MAX_REASON_CHARS]
        if status == "401":
            return (
                f"the password of the user {self._address.user} is wrong (401); it is the server's "
                "<source-password>, or that of the mount"
            )
        if status == "403" and "in use" in said:
            return f"another source has {self._address.mount} (403); choose another mount"
        return f"the server refused with {status}" + (f": {said}" if said else "")


def _answer(connection: socket.socket, timeout_s: float) -> tuple[str, str]:
    """Return the status of an answer, and where it is none that we may go on with, its page.

    All of it may take so long, however many pieces it comes in.
    """
    deadline = time.monotonic() + timeout_s
    received = b""
    while b"\r\n\r\n" not in received:
        part = _receive(connection, MAX_HEAD_BYTES, deadline)
        received += part
        if not part or len(received) > MAX_HEAD_BYTES:
            break
    found = _STATUS.match(received.decode(errors="replace"))
    if found is None:
        raise SourceError("what answers there is no Icecast server")
    page = received.partition(b"\r\n\r\n")[2]
    with suppress(TimeoutError):  # one that keeps the connection, which is no reason
        while found[1] not in _CONTINUE and len(page) < MAX_PAGE_BYTES:
            part = _receive(connection, MAX_PAGE_BYTES, deadline)
            if not part:
                break
            page += part
    return found[1], page.decode(errors="replace")


def _receive(connection: socket.socket, most: int, deadline: float) -> bytes:
    remaining_s = deadline - time.monotonic()
    if remaining_s <= 0:
        raise TimeoutError
    connection.settimeout(remaining_s)
    return connection.recv(most)


def _source_error(error: Exception) -> SourceError:
    if isinstance(error, SourceError):
        return error
    if isinstance(error, TimeoutError):
        return SourceError("the server does not answer")
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceError(f"its certificate is not trusted: {error.verify_message}")
    if isinstance(error, ConnectionRefusedError):
        return SourceError("no server listens there")
    if isinstance(error, BrokenPipeError | ConnectionError):
        return SourceError("the server closed the connection")
    return SourceError(getattr(error, "strerror", None) or str(error) or type(error).__name__)
