"""Endpoints that only this machine reaches: where nobody is asked who he is, no others may be."""

from ipaddress import ip_address
from typing import Final

from streamson.errors import UsageError
from streamson.wire.sockets import MAX_PORT

_PORT_AFTER: Final = 1
_FORM: Final = '"tcp://127.0.0.1:PORT" or "ipc://PATH"'


def check_local(endpoint: str, option: str) -> None:
    """Raise `UsageError` for an endpoint that other machines could reach, or that is none.

    Parameters
    ----------
    endpoint
        Where somebody is to listen.
    option
        What it was given by, for the message.
    """
    kind, _, address = endpoint.partition("://")
    host, _, port = address.rpartition(":")
    if kind == "ipc" and address:
        return
    if kind != "tcp" or not host or not port:
        raise UsageError(f"{option} {endpoint!r}: the form is {_FORM}")
    if not _is_loopback(host):
        raise UsageError(
            f"{option} {endpoint!r}: only this machine may see and steer a listener, for nobody is "
            f"asked who he is. Allowed are {_FORM}; "
            "ssh -L PORT:127.0.0.1:PORT HOST leads there from another machine"
        )


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
    if feed.startswith("ipc://"):
        return f"{feed}.control"
    start, _, port = feed.rpartition(":")
    if not start or not port.isdecimal():
        raise UsageError(f"feed {feed!r}: the form is {_FORM}")
    if int(port) >= MAX_PORT:
        raise UsageError(
            f"feed {feed!r}: commands go to the port after it; up to {MAX_PORT - 1} is allowed"
        )
    return f"{start}:{int(port) + _PORT_AFTER}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
