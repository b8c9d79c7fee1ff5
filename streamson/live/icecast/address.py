"""Where an Icecast server is, and what its stream is called: ``icecast://USER@HOST:PORT/MOUNT``."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from streamson.errors import UsageError

DEFAULT_USER: Final = "source"
DEFAULT_PORT: Final = 8000

MAX_CHARS: Final = 300

CONTENT_TYPES: Final = {"mp3": "audio/mpeg", "ogg": "application/ogg", "opus": "audio/ogg"}
"""By form, which the mount's ending names."""

_SCHEMES: Final = {"icecast": False, "icecasts": True}
_FORM: Final = "icecast://[USER@]HOST[:PORT]/MOUNT.mp3, .ogg or .opus; icecasts:// with TLS"
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]+")
_MOUNT: Final = re.compile(r"/[A-Za-z0-9._~/-]+")
_USER: Final = re.compile(r"[A-Za-z0-9._~@+-]+")


class IcecastAddress(NamedTuple):
    """A mount of an Icecast server.

    Attributes
    ----------
    user
        Who sends.
    host, port
        Where the server is.
    mount
        The stream's path, with its slash.
    tls
        Whether all is encrypted on the way.
    """

    user: str
    host: str
    port: int
    mount: str
    tls: bool

    @property
    def form(self) -> str:
        """``mp3``, ``ogg`` or ``opus``."""
        ending = self.mount.rpartition(".")[2].lower()
        return ending if ending in CONTENT_TYPES else "mp3"

    @property
    def content_type(self) -> str:
        """The MIME type of what is sent."""
        return CONTENT_TYPES[self.form]

    @property
    def authority(self) -> str:
        """Host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Where it is heard."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.mount}"

    def __str__(self) -> str:
        scheme = "icecasts" if self.tls else "icecast"
        return f"{scheme}://{self.user}@{self.authority}{self.mount}"


def parse_address(text: str) -> IcecastAddress:
    """Return the address that a text is.

    Raises
    ------
    UsageError
        If it is none, or holds a password.

    Examples
    --------
    >>> parse_address("icecast://radio.example/streamson.ogg").url
    'http://radio.example:8000/streamson.ogg'
    """
    try:
        parts = urlsplit(text)
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError:
        raise _wrong(text) from None
    if parts.password is not None:  # before all else, so that no message repeats it
        raise UsageError(
            "the Icecast address holds a password, which all who use this machine can read in the "
            "list of processes; give it by --stream-password-file or STREAMSON_ICECAST_PASSWORD"
        )
    host, user = parts.hostname or "", parts.username or DEFAULT_USER
    is_one = (
        parts.scheme in _SCHEMES
        and not (parts.query or parts.fragment)
        and port > 0
        and _is_host(host)
        and _USER.fullmatch(user)
        and _MOUNT.fullmatch(parts.path)
    )
    if not is_one or len(text) > MAX_CHARS:
        raise _wrong(text)
    return IcecastAddress(user, host, port, parts.path, _SCHEMES[parts.scheme])


def _is_host(text: str) -> bool:
    try:
        text.encode("idna")  # as whoever looks it up does: no part is empty, or too long
    except UnicodeError:
        return False
    return bool(_HOST.fullmatch(text))


def _wrong(text: str) -> UsageError:
    return UsageError(f"Icecast address: found {text[:MAX_CHARS]!r}; the form is {_FORM}")
