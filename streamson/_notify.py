"""What a service manager is told of this process: sd_notify(3), a datagram to its socket.

Where none asked for it, through ``NOTIFY_SOCKET`` in the environment, nothing is done.
"""

import functools
import logging
import math
import os
import socket
import time
from operator import eq
from typing import Final

SEND_S: Final = 1.0
"""How long a service manager that is busy is waited for."""

_log = logging.getLogger(__name__)


def ready() -> None:
    """Tell that this process does what it is there for."""
    _tell("READY=1")


def stopping() -> None:
    """Tell that this process is ending."""
    _tell("STOPPING=1")


class Service:
    """Tells that this process is ready once what it does goes on, and as long as it does.

    A service manager that was not told for ``WATCHDOG_USEC`` starts the process anew; it is told
    twice in this time.
    """

    def __init__(self) -> None:
        self._interval_s = _asked()[1]
        self._due = -math.inf
        self._told_at: tuple[int, ...] | None = None
        self._is_ready = False

    def tell(self, *counters: int) -> None:
        """Tell what is due, if all counters have moved since it was told last."""
        if self._told_at is None:
            self._told_at = counters
        now = time.monotonic()
        if now < self._due or any(map(eq, counters, self._told_at)):
            return
        self._told_at = counters
        if not self._is_ready:
            self._is_ready = True
            ready()
        if self._interval_s is None:
            self._due = math.inf
            return
        self._due = now + self._interval_s / 2
        _tell("WATCHDOG=1")


@functools.cache
def _asked() -> tuple[str | None, float | None]:
    """Return who asked to be told, and how many seconds the watchdog waits, if it does.

    Both are taken out of the environment: it is this process that was asked, not its children.
    """
    address = os.environ.pop("NOTIFY_SOCKET", None)
    interval_us = os.environ.pop("WATCHDOG_USEC", "")
    pid = os.environ.pop("WATCHDOG_PID", str(os.getpid()))
    is_watched = interval_us.isdecimal() and int(interval_us) > 0 and pid == str(os.getpid())
    return address, int(interval_us) / 1e6 if is_watched else None


def _tell(state: str) -> None:
    address = _asked()[0]
    if not address:
        return
    if address.startswith("@"):  # one without a file
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telling:
            telling.settimeout(SEND_S)
            telling.sendto(state.encode(), address)
    except OSError as error:
        _log.warning("can't tell the service manager %s: %s", state, error.strerror or error)
