"""Addresses that a producer listens on: told from text, and bound at once or explained."""

import errno
import os
import socket
from ipaddress import ip_address
from typing import Final, NamedTuple

from streamson.errors import StreamsonError, UsageError

MAX_PORT: Final = 65_535


class Address(NamedTuple):
    """Where a producer listens.

    Attributes
    ----------
    host, port
        As they were given; 0 is a free port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, option: str, default_port: int) -> Address:
    """Return the address that ``[HOST:]PORT`` is; without a host this machine alone reaches it.

    Parameters
    ----------
    text
        What was given.
    option
        By which option, for the message.
    default_port
        For the message, as an example.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> parse_address("[::1]:80", "--address", 5590)
    Address(host='::1', port=80)
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    is_number = port.isascii() and port.isdecimal() and len(port) <= len(str(MAX_PORT))
    if not (is_number and int(port) <= MAX_PORT and host):
        raise UsageError(
            f"{option}: found {text!r}; [HOST:]PORT is allowed, such as {default_port} or "
            f"127.0.0.1:{default_port}, and up to {MAX_PORT}"
        )
    return Address(host, int(port))


def bind(address: Address, kind: socket.SocketKind, option: str) -> socket.socket:
    """Return a socket that is bound; it neither listens nor waits yet.

    Parameters
    ----------
    address
        Where.
    kind
        ``SOCK_STREAM`` or ``SOCK_DGRAM``.
    option
        By which option another can be chosen, for messages.

    Raises
    ------
    StreamsonError
        If the port is taken, or the address is not one of this machine.
    """
    try:
        family, _, _, _, where = socket.getaddrinfo(*address, type=kind)[0]
        bound = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise _explained(error, address, option) from None
    try:
        # Or the port stays taken for a minute after an end; Windows means something else by it.
        if kind is socket.SOCK_STREAM and os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(where)
    except OSError as error:
        bound.close()
        raise _explained(error, address, option) from None
    bound.setblocking(False)
    return bound


def is_local(bound: socket.socket) -> bool:
    """Return whether this machine alone reaches a socket that is bound."""
    return ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback


def bound_address(address: Address, bound: socket.socket) -> Address:
    """Return the address with the port that a socket has, also where a free one was asked for."""
    return address._replace(port=bound.getsockname()[1])


def reached_at(address: Address, bound: socket.socket) -> Address:
    """Return the address for who sends: this machine's name where all of its own are meant."""
    if ip_address(bound.getsockname()[0].partition("%")[0]).is_unspecified:
        return address._replace(host=socket.gethostname())
    return address


def _explained(error: Exception, address: Address, option: str) -> StreamsonError:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return StreamsonError(
            f"can't listen on {address}: the port is in use, perhaps by another producer. Stop "
            f"that one, or choose another port with {option}."
        )
    if number == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror | UnicodeError):
        return StreamsonError(
            f"can't listen on {address}: this machine does not have that address. 127.0.0.1 is "
            f"reached from this machine, 0.0.0.0 from any; choose with {option}."
        )
    reason = os.strerror(number) if number else str(error)
    return StreamsonError(f"can't listen on {address}: {reason}; choose another with {option}.")
