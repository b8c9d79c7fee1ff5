"""Endpoints as people write them: an address, and perhaps the key of who is there."""

from ipaddress import ip_address
from typing import Final, Literal, NamedTuple, TypeAlias

from streamson.errors import UsageError
from streamson.keys.folder import KeyFolder
from streamson.keys.key import parse_key

Security: TypeAlias = Literal["auto", "keys", "none"]
"""Who is asked for a key: those on other machines, everybody, nobody."""

SECURITIES: Final = ("auto", "keys", "none")

MAX_PORT: Final = 65_535


class Endpoint(NamedTuple):
    """Where a socket connects to.

    Attributes
    ----------
    address
        As ZeroMQ takes it.
    key
        Public key of who has to be there, 64 hex digits; None: nobody is asked for keys.
    """

    address: str
    key: str | None


def parse_endpoint(text: str) -> Endpoint:
    """Return an endpoint's parts.

    Raises
    ------
    UsageError
        What follows the ``#`` is no key.

    Examples
    --------
    >>> parse_endpoint("tcp://127.0.0.1:5570")
    Endpoint(address='tcp://127.0.0.1:5570', key=None)
    """
    address, mark, key = text.partition("#")
    if not mark:
        return Endpoint(address, None)
    try:
        return Endpoint(address, parse_key(key))
    except UsageError as error:
        raise UsageError(f"endpoint {text!r}: after the # {error}") from None


def is_local(endpoint: str) -> bool:
    """Return whether only this machine reaches an endpoint."""
    kind, _, address = endpoint.partition("://")
    host, _, port = address.rpartition(":")
    if kind != "tcp" or not host or not port:
        return True  # a path, or nothing that can be bound
    if host == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def keys_for(endpoint: str, security: Security, option: str) -> KeyFolder | None:
    """Return the keys of who may connect to an endpoint; None where nobody is asked for one.

    Parameters
    ----------
    endpoint
        Where to bind.
    security
        ``"auto"``: others than this machine have to show keys; ``"keys"``: everybody; ``"none"``:
        nobody.
    option
        What the endpoint was given by, for the message.

    Raises
    ------
    UsageError
        There is no such security, or no key of this machine.
    InputFileError
        The key can't be read, or others can read or change it.
    """
    if security not in SECURITIES:
        raise UsageError(f'security {security!r}: "auto", "keys" or "none" are allowed')
    if security == "none" or (security == "auto" and is_local(endpoint)):
        return None
    keys = KeyFolder.of_machine()
    try:
        keys.pair()
    except UsageError as error:
        if security == "keys":
            raise
        raise UsageError(
            f"{option} {endpoint!r}: other machines reach it, so who connects has to show a key, "
            f"and {error}. Or say --insecure, and let everybody in who gets there"
        ) from None
    return keys


def with_key(endpoint: str, key: str | None, host: str) -> str:
    """Return what others paste to connect to where something is bound.

    Parameters
    ----------
    endpoint
        Where it is bound.
    key
        Public key of this machine; None: nobody is asked for keys.
    host
        What this machine is called by others, for addresses that mean all of its own.

    Examples
    --------
    >>> with_key("tcp://0.0.0.0:5570", None, "loft")
    'tcp://loft:5570'
    """
    start, _, port = endpoint.rpartition(":")
    if start in ("tcp://0.0.0.0", "tcp://[::]", "tcp://*"):
        endpoint = f"tcp://{host}:{port}"
    return endpoint if key is None else f"{endpoint}#{key}"


def bound_endpoint(endpoint: str) -> str:
    """Return where a listener has to be bound that is to be reached by an endpoint.

    Examples
    --------
    >>> bound_endpoint("tcp://127.0.0.1:5571"), bound_endpoint("tcp://studio:5571")
    ('tcp://127.0.0.1:5571', 'tcp://0.0.0.0:5571')
    """
    address = parse_endpoint(endpoint).address
    return address if is_local(address) else f"tcp://0.0.0.0:{address.rpartition(':')[2]}"


def control_endpoint(feed: str) -> str:
    """Return where commands go, of the listener whose feed is at an endpoint: beside it.

    Raises
    ------
    UsageError
        It has no port, or there is none after it.

    Examples
    --------
    >>> control_endpoint("tcp://127.0.0.1:5571"), control_endpoint("ipc:///run/feed")
    ('tcp://127.0.0.1:5572', 'ipc:///run/feed.control')
    """
    address, mark, key = feed.partition("#")
    if address.startswith("ipc://"):
        return f"{address}.control{mark}{key}"
    start, _, port = address.rpartition(":")
    if not start or not port.isdecimal():
        raise UsageError(f'feed {feed!r}: the form is "tcp://HOST:PORT" or "ipc://PATH"')
    if int(port) >= MAX_PORT:
        raise UsageError(
            f"feed {feed!r}: commands go to the port after it; up to {MAX_PORT - 1} is allowed"
        )
    return f"{start}:{int(port) + 1}{mark}{key}"
