"""Whether two endpoints are one place: nobody hands on to himself, or to one place twice."""

import socket
from collections.abc import Sequence
from contextlib import closing
from typing import Final

from streamson.errors import UsageError
from streamson.wire.sockets.endpoint import parse_endpoint

_EVERYWHERE: Final = frozenset({"*", "0.0.0.0", "::"})  # noqa: S104  # it is asked, not bound


def check_places(bound: str, others: Sequence[str], option: str) -> None:
    """Raise `UsageError` where a relay would hand on to itself, or to one place twice.

    What names do not tell, such as an address that another machine forwards, is found by what
    comes back.

    Parameters
    ----------
    bound
        Where the relay is to be bound.
    others
        Where it is to hand on to, or to read.
    option
        What the first was given by, for the message.
    """
    own = _split(bound)
    seen: list[tuple[str, tuple[str, str]]] = []
    for endpoint in others:
        place = _split(endpoint)
        if _is_bound(place, own):
            raise UsageError(
                f"{endpoint}: that is where this relay itself is bound ({bound}): all would go "
                f"round in a circle. Choose another with {option}, or name another place"
            )
        for other, other_place in seen:
            if _are_one(place, other_place):
                also = "" if other == endpoint else f", {other} is the same place"
                raise UsageError(f"{endpoint} is given twice{also}: once is enough")
        seen.append((endpoint, place))


def _split(endpoint: str) -> tuple[str, str]:
    """Return host and port; of what is no TCP endpoint the whole, and nothing."""
    address = parse_endpoint(endpoint).address
    if not address.startswith("tcp://"):
        return address, ""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    return host.rpartition(";")[2].removeprefix("[").removesuffix("]").lower(), port


def _are_one(one: tuple[str, str], other: tuple[str, str]) -> bool:
    if one == other:
        return True
    (host, port), (other_host, other_port) = one, other
    return bool(port and port == other_port and _addresses(host) & _addresses(other_host))


def _is_bound(place: tuple[str, str], bound: tuple[str, str]) -> bool:
    """Return whether a place is where somebody is bound, who may be so at all addresses."""
    (host, port), (bound_host, bound_port) = place, bound
    if bound_host in _EVERYWHERE and port == bound_port:
        return any(_is_of_this_machine(address) for address in _addresses(host))
    return _are_one(place, bound)


def _addresses(host: str) -> frozenset[str]:
    """Return the addresses of a host; none where it is not known."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)


def _is_of_this_machine(address: str) -> bool:
    """Return whether an address is one of this machine: only such can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as asked:
            asked.bind((address, 0))
    except OSError:
        return False
    return True
