"""Endpoints that only this machine reaches: where nobody is asked who he is, no others may be."""

from ipaddress import ip_address
from typing import Final

from streamson.errors import UsageError

_PORT_AFTER: Final = 1


def check_local(endpoint: str, option: str) -> None:
    """Raise `UsageError` for an endpoint that other machines could reach.

    Parameters
    ----------
    endpoint
        Where somebody is to listen.
    option
        What it was given by, for the message.
    """
    kind, _, address = endpoint.partition("://")
    if kind == "ipc" and address:
        return
    host, _, _ = address.rpartition(":")
    if kind == "tcp" and _is_loopback(host):
        return
    raise UsageError(
        f"{option} {endpoint!r}: only this machine may see and steer a listener, for nobody is "
        'asked who he is. Allowed are "tcp://127.0.0.1:PORT" and "ipc://PATH"; '
        "ssh -L PORT:127.0.0.1:PORT HOST leads there from another machine"
    )


def control_endpoint(feed: str) -> str:
    """Return where commands go, of the listener whose feed is at an endpoint: beside it.

    Raises
    ------
    UsageError
        It has no port.

    Examples
    --------
    >>> control_endpoint("tcp://127.0.0.1:5571"), control_endpoint("ipc:///run/feed")
    ('tcp://127.0.0.1:5572', 'ipc:///run/feed.control')
    """
    if feed.startswith("ipc://"):
        return f"{feed}.control"
    start, _, port = feed.rpartition(":")
    if not start or not port.isdecimal():
        raise UsageError(f'feed {feed!r}: the form is "tcp://127.0.0.1:PORT" or "ipc://PATH"')
    return f"{start}:{int(port) + _PORT_AFTER}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
