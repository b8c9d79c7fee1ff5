"""The notices that a listener gives: to keys that sent what they may not publish, and not for ever.

One for each key, however many streams it sends: it tells the patterns, and the publisher finds out
by itself what is not taken.
"""

import logging
import time
from typing import TYPE_CHECKING, Final

import msgspec
import zmq

from streamson._rate_limited_log import RateLimitedLog
from streamson.wire.sockets.notice import Notice, NoticeCode

if TYPE_CHECKING:
    from streamson.wire.sockets.gatekeeper import Gatekeeper

MAX_NOTICES: Final = 50
"""Keys that are told at a time, for each notice goes to all publishers."""

NOTICE_S: Final = 60.0
"""So long after its key sent something for the last time that is refused, a notice ends."""

_log = logging.getLogger(__name__)


class _Given(msgspec.Struct):
    """A notice that stands: its topic, and what was refused last."""

    topic: bytes
    stream: bytes
    refused_at: float


class Notices:
    """Gives them by a socket; its thread uses it.

    Parameters
    ----------
    socket
        A SUB socket.
    gatekeeper
        Who knows what each key may.
    """

    def __init__(self, socket: zmq.Socket[bytes], gatekeeper: "Gatekeeper") -> None:
        self._socket = socket
        self._gatekeeper = gatekeeper
        self._given: dict[str, _Given] = {}
        self._changes = gatekeeper.changes
        self._limited = RateLimitedLog(_log)

    def refuse(self, key: str, stream: bytes) -> None:
        """Take in that a key sent what it may not publish."""
        now = time.monotonic()
        given = self._given.get(key)
        if given is not None:
            given.stream, given.refused_at = stream, now
        elif len(self._given) < MAX_NOTICES:
            if topic := self._give(key):
                self._given[key] = _Given(topic, stream, now)
        else:
            self._limited.warning(
                "untold",
                "%s is not told that its key may publish other streams only: %d are, at a time",
                *(self._gatekeeper.name_of(key), MAX_NOTICES),
            )

    def look(self) -> None:
        """End or change what is no longer true; to be called often."""
        if not self._given:
            self._changes = self._gatekeeper.changes
            return
        changed = self._changes != self._gatekeeper.changes
        self._changes = self._gatekeeper.changes
        now = time.monotonic()
        for key, given in list(self._given.items()):
            if changed:
                self._change(key, given)
            elif now > given.refused_at + NOTICE_S:
                self._end(key, given.topic)

    def close(self) -> None:
        """Say what was left out of the log; the socket's end is that of all notices."""
        self._limited.flush()

    def _change(self, key: str, given: _Given) -> None:
        """Tell what a key may now, or no more where what it sent last is taken."""
        before = given.topic
        if self._gatekeeper.may_publish(key, given.stream):
            self._end(key, before)
        elif topic := self._give(key):
            given.topic = topic
            self._socket.unsubscribe(before)  # after the new one, so that none is missing between
        else:
            self._end(key, before)

    def _give(self, key: str) -> bytes:
        """Give a notice and return its topic; empty for a key that may nothing any more."""
        grant = self._gatekeeper.grant_of(key)
        if grant is None:
            return b""
        notice = Notice(
            name=self._gatekeeper.name_of(key),
            publish=grant.publish,
            hear=grant.hear,
            steer=grant.steer,
            had_another=self._gatekeeper.had_another(key),
        )
        topic = NoticeCode(self._gatekeeper.public_key, key).topic(notice)
        self._socket.subscribe(topic)
        return topic

    def _end(self, key: str, topic: bytes) -> None:
        del self._given[key]
        self._socket.unsubscribe(topic)
        self._gatekeeper.has_told(key)
