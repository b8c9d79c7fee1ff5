"""Who may see, hear and steer: tokens, and the names by which a page may be asked for."""

import hmac
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from streamson.errors import UsageError

DEFAULT_PORT: Final = 5580
MAX_PORT: Final = 65_535
COOKIE: Final = "streamson"
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class Role(IntEnum):
    """What somebody may do; each may what those before it may."""

    NOBODY = 0
    GUEST = 1
    """Sees and hears."""
    HOST = 2
    """Steers."""


@dataclass(frozen=True)
class Access:
    """Where the page is, and who is let in.

    Attributes
    ----------
    host, port
        Where it is bound; 0 is a free port.
    tries
        How many ports are tried from that one on, where they are taken.
    insecure
        Whether whoever reaches another address than loopback may see and hear.
    token, guest_token
        Who has one of these is a host, or a guest.
    """

    host: str
    port: int
    tries: int = 1
    insecure: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    guest_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def __post_init__(self) -> None:
        if not self.is_local:
            _own_names()  # before anybody waits for them

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it: then whoever does may steer."""
        return _is_loopback(self.host)

    def role_of(self, token: str | None) -> Role:
        """Return what somebody may do who shows a token, or none."""
        if self.is_local:
            return Role.HOST
        given = (token or "").encode()
        if hmac.compare_digest(given, self.token.encode()):
            return Role.HOST
        if hmac.compare_digest(given, self.guest_token.encode()):
            return Role.GUEST
        return Role.GUEST if self.insecure else Role.NOBODY

    def is_token(self, token: str) -> bool:
        """Return whether it is one of ours."""
        given, ours = token.encode(), (self.token.encode(), self.guest_token.encode())
        return any(hmac.compare_digest(given, one) for one in ours)

    def is_known_host(self, header: str | None) -> bool:
        """Return whether a request's Host is a name of this machine, not of a page far away.

        A page elsewhere may let its name lead to this address (DNS rebinding); it can't change what
        the browser says of it. An address leads nowhere else.
        """
        name = _host_of(header)
        if name is None:
            return False
        if name in _LOCAL_NAMES:
            return True
        if self.is_local:
            return _is_loopback(name)
        return _is_address(name) or name == self.host.lower() or name in _own_names()

    def is_same_origin(self, origin: str | None, header: str | None) -> bool:
        """Return whether a request comes from the page itself; programs say no origin."""
        if origin is None:
            return True
        with suppress(ValueError):
            return header is not None and urlsplit(origin).netloc == header
        return False

    def may_load(self, site: str | None, destination: str | None) -> bool:
        """Return whether a browser may ask for something, by what it says of who wants it.

        No other page loads a part of this one, sound say, for which a browser names no origin. A
        link elsewhere may lead to the page itself. Programs and old browsers say neither.
        """
        return site in (None, "same-origin", "none") or destination == "document"


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``[HOST:]PORT``; no host is this machine alone.

    Raises
    ------
    UsageError
        It is none.

    Examples
    --------
    >>> parse_address("8080"), parse_address("[::1]:80")
    (('127.0.0.1', 8080), ('::1', 80))
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    if not port.isdecimal() or int(port) > MAX_PORT or not host:
        raise UsageError(
            f'address "{text}" for the page; the form is [HOST:]PORT, such as {DEFAULT_PORT}, '
            f"127.0.0.1:{DEFAULT_PORT} or 0.0.0.0:{DEFAULT_PORT}"
        )
    return host, int(port)


def url_of(host: str, port: int) -> str:
    """Return a page's address for a person."""
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def _host_of(header: str | None) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname if header else None
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _own_names() -> frozenset[str]:
    """Return this machine's names: once, for somebody far away may have to be asked."""
    return frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
