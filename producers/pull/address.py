"""Addresses of what is fetched: checked before anything is sent, and parts of streams' names."""

from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

from streamson._printable import printable
from streamson.errors import UsageError
from streamson.producers.base.secret import check_no_secret

WEB: Final = ("http", "https")
WEBSOCKET: Final = ("ws", "wss")
ENCRYPTED: Final = ("https", "wss")

MAX_ADDRESS_CHARS: Final = 8_000
"""What servers commonly take."""


class Address(NamedTuple):
    """Where something is fetched from.

    Attributes
    ----------
    url
        All of it, without a user's name.
    host
        The machine, with its port where one was given.
    path
        Without slashes around it.
    user
        The user's name that stood in it; empty without one.
    """

    url: str
    host: str
    path: str
    user: str

    @property
    def shown(self) -> str:
        """The address for messages: without what is asked for, which may be long or a secret."""
        return printable(self.url.partition("?")[0])


def parse_address(url: str, schemes: tuple[str, ...]) -> Address:
    """Return an address that was given on the command line.

    Raises
    ------
    UsageError
        If it is none of these schemes, or holds a password.
    """
    check_no_secret(url, "the address", "--password-file, and leave the name in the address")
    parts = _split(url)
    if (
        parts is None
        or parts.scheme not in schemes
        or not parts.hostname
        or len(url) > MAX_ADDRESS_CHARS
        or not url.isprintable()
        or " " in url
    ):
        raise no_address(url, schemes)
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    return Address(bare, host, parts.path.strip("/"), parts.username or "")


def no_address(url: str, schemes: tuple[str, ...]) -> UsageError:
    """Return the error of what is no address, or none of these schemes."""
    is_host = "://" not in url and ("." in url or ":" in url)
    hint = f"; did you mean {schemes[0]}://{url}?" if is_host else ""
    return UsageError(
        f"the address: found {printable(url[:100])!r}; allowed is one that begins with "
        f"{' or '.join(f'{scheme}://' for scheme in schemes)} and names a host{printable(hint)}"
    )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises where it is none)
    except ValueError:
        return None
    return parts
