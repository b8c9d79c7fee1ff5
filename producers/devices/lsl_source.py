"""An instrument of the Lab Streaming Layer that may go, and come back as another stream."""

import threading
from typing import Any

from streamson._printable import printable
from streamson.producers.base.backoff import LONGEST_S, Backoff


class Source:
    """Says that an instrument is gone, and that it is back.

    One that restarts is announced anew, and for some seconds also as it was: that nobody answers
    there is no loss.

    Parameters
    ----------
    name
        Its stream's, from the network.
    """

    def __init__(self, name: str) -> None:
        self._backoff = Backoff(printable(name))
        self._heard: set[str] = set()
        self._lock = threading.Lock()

    def connected(self, uid: str) -> bool:
        """Take in that it is there, as what it was announced as; return whether it is back."""
        with self._lock:
            was_gone = self._backoff.is_waiting
            self._heard.add(uid)
            self._backoff.connected()
            return was_gone

    def failed(self, uid: str, reason: str) -> float:
        """Take in that it is not, as what it was announced as; return the seconds to wait."""
        with self._lock:
            self._heard.discard(uid)
            return LONGEST_S if self._heard else self._backoff.failed(reason)


def identity(info: Any) -> tuple[str, ...]:
    """Return what an instrument keeps when it restarts."""
    return info.name(), info.type(), info.hostname(), info.source_id()
