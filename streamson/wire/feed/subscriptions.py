"""Who reads what of a feed, so that nobody can end what another reads.

ZeroMQ tells of the end of a subscription that its sender never had as it tells of the last one's
(libzmq 4.3.5: `xpub_t::xread_activated`, `generic_mtrie_t::rm`), and of one that goes with its
connection without a sender. So it is noted whose each one is.
"""

import sys
from collections.abc import Collection
from time import monotonic
from typing import Final

from streamson.wire.sockets.guarded_socket import NOBODY

GRACE_S: Final = 2.0
"""So long a subscription counts whose connection is not known: the guard sees a new one later than
its first message comes, where the machine is busy."""

_SEES_CONNECTIONS: Final = sys.platform != "win32"


class Subscriptions:
    """Notes them; one thread may use it."""

    def __init__(self) -> None:
        self._noted_at: dict[bytes, dict[int, float]] = {}

    def add(self, prefix: bytes, sender: int, connected: Collection[int]) -> None:
        """Note a subscription.

        Parameters
        ----------
        prefix
            To what.
        sender
            Its connection's descriptor; `NOBODY`: it is not known whose it is, so it may be
            anybody's.
        connected
            Descriptors of all connections.
        """
        senders = (sender, *connected) if sender == NOBODY else (sender,)
        self._noted_at.setdefault(prefix, {}).update(dict.fromkeys(senders, monotonic()))

    def end(self, prefix: bytes, sender: int) -> None:
        """Note that a connection reads something no more, which it may never have read."""
        if sender != NOBODY:
            self._noted_at.get(prefix, {}).pop(sender, None)

    def look(self, connected: Collection[int]) -> frozenset[bytes]:
        """Return what somebody reads; forget those who have gone."""
        now = monotonic()
        if _SEES_CONNECTIONS:
            for prefix, noted_at in self._noted_at.items():
                self._noted_at[prefix] = {
                    one: at
                    for one, at in noted_at.items()
                    if one in connected or now - at < GRACE_S
                }
        return frozenset(prefix for prefix, readers in self._noted_at.items() if readers)
