"""What the name of a machine in an endpoint leads to: ZeroMQ tries on without a word."""

import socket
import threading
from typing import Final
from urllib.parse import urlsplit

from streamson._printable import printable

LOOK_UP_S: Final = 1.0
"""So long a name is waited for, before who connects takes it for one with an IPv4 address."""


class NameLookup:
    """Looks a name up in a thread of its own: that may take half a minute, and can't be broken off.

    Parameters
    ----------
    address
        ``tcp://HOST:PORT``; of all else, and of addresses in numbers, there is nothing to find out.
    """

    def __init__(self, address: str) -> None:
        self._problem = ""
        self._is_ipv6 = False
        self._host = _name_in(address)
        self._thread: threading.Thread | None = None
        if self._host:
            self._thread = threading.Thread(target=self._look_up, name="name", daemon=True)
            self._thread.start()

    def problem(self, timeout_s: float) -> str:
        """Return why the name leads nowhere, for a person; empty where it does, or is slow."""
        self._wait(timeout_s)
        return self._problem

    def is_ipv6(self, timeout_s: float) -> bool:
        """Return whether the name has IPv6 addresses only; not where that is not known in time."""
        self._wait(timeout_s)
        return self._is_ipv6

    def _wait(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _look_up(self) -> None:
        try:
            found = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no name of a machine"
            self._problem = f"{printable(self._host)} can't be found: {reason}"
            return
        self._is_ipv6 = {family for family, *_ in found} == {socket.AF_INET6}


def _name_in(address: str) -> str:
    """Return the name of a machine in an address; empty where there is none."""
    if not address.startswith("tcp://"):
        return ""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:  # brackets that are no address
        return ""
    is_numbers = ":" in host or host.replace(".", "").isdecimal()
    return "" if is_numbers or host == "*" else host
