"""Where a receiver of OSC is: ``[HOST:]PORT``."""

import socket
from typing import Any, Final, NamedTuple

from streamson._printable import printable
from streamson.errors import StreamsonError, UsageError

MAX_PORT: Final = 65_535
MAX_SHOWN: Final = 100
DEFAULT_HOST: Final = "127.0.0.1"


class OscAddress(NamedTuple):
    """Where a receiver is.

    Attributes
    ----------
    host, port
        As they were given.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> OscAddress:
    """Return the address that ``[HOST:]PORT`` is; without a host it is on this machine.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> parse_address("57120"), str(parse_address("[::1]:9000"))
    (OscAddress(host='127.0.0.1', port=57120), '[::1]:9000')
    """
    host, colon, port = text.rpartition(":")
    host = host if colon else DEFAULT_HOST
    is_bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if is_bracketed else host
    is_port = port.isascii() and port.isdecimal() and len(port) <= len(str(MAX_PORT))
    is_host = host.isprintable() and " " not in host and (":" in host) == is_bracketed
    if not (host and is_host and is_port and 0 < int(port) <= MAX_PORT):
        raise UsageError(
            f"--osc: found {text[:MAX_SHOWN]!r}; [HOST:]PORT is allowed, such as 57120 "
            f"or studio:57120, with a port from 1 to {MAX_PORT}, and an IPv6 address in brackets"
        )
    return OscAddress(host, int(port))


def resolve(address: OscAddress) -> tuple[int, Any]:
    """Return the family of addresses that a receiver has, and its address in it.

    Where a name has both, it is IPv4's: SuperCollider and others know no other.

    Raises
    ------
    StreamsonError
        If no machine has that name.
    """
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such name can be"
        raise StreamsonError(f"--osc: can't send to {printable(str(address))}: {reason}") from None
    family, _, _, _, where = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, where
