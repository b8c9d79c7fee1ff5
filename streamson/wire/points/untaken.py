"""What a publisher knows of points that were sent and not taken: its key may not publish them.

A listener gives a notice when the first such point has come (`wire.sockets.notice`). What is said
here is said once for each stream, and bounded.
"""

import logging
import time
from shlex import quote
from typing import Final

from streamson._printable import counted, printable
from streamson.keys.folder import KeyFolder
from streamson.keys.grant import Grant, pattern_for
from streamson.model.limits import MAX_STREAM_CHARS
from streamson.wire.limits import MAX_NUMBERED_STREAMS
from streamson.wire.sockets.endpoint import parse_endpoint
from streamson.wire.sockets.notice import PREFIX, Notice, NoticeCode

MAX_NAMED: Final = 50
"""Streams that have a line of their own in the log."""

MAX_PATTERNS_SHOWN: Final = 10

ANSWER_S: Final = 0.3
"""After so long a notice about a stream's first point has come."""

_SUBSCRIBED: Final = b"\x01"

_log = logging.getLogger(__name__)


class Untaken:
    """Of one publisher; its thread uses it.

    Parameters
    ----------
    endpoint
        To where it connects; without a key nobody refuses points.

    Attributes
    ----------
    points
        Points that were sent and not taken, as far as that is known.
    awaited_until
        Until then, in monotonic seconds, a notice about what was sent may come.
    """

    def __init__(self, endpoint: str) -> None:
        self.points = 0
        self.awaited_until = 0.0
        self._address, key = parse_endpoint(endpoint)
        self._code: NoticeCode | None = None
        if key is not None:
            self._key = KeyFolder.of_machine().pair().public
            self._code = NoticeCode(key, self._key)
        self._notice: Notice | None = None
        self._topic = b""
        self._before: dict[str, int] = {}  # points of each stream while there is no notice
        self._taken: dict[str, bool] = {}  # what the notice says of each stream
        self._said: set[str] = set()
        self._advised: set[str] = set()
        self._named = self._unnamed = 0

    @property
    def is_noticed(self) -> bool:
        """Whether something may not be taken at this moment."""
        return self._notice is not None

    def begin(self) -> None:
        """Take in that somebody else takes points, or the same one anew."""
        self._before.clear()

    def take(self, message: bytes) -> bool:
        """Return whether a subscription, or its end, is a notice to anybody; and heed it.

        Parameters
        ----------
        message
            As an XPUB socket receives it.
        """
        topic = message[1:]
        if not topic.startswith(PREFIX):
            return False
        if self._code is None:
            return True
        if message[:1] == _SUBSCRIBED:
            if (notice := self._code.read(topic)) is not None:
                self._heed(topic, notice)
        elif topic == self._topic:
            self._forget()
        return True

    def sent(self, stream: str, points: int) -> None:
        """Take in that points went."""
        if self._code is None:
            return
        if self._notice is not None:
            if not self._is_taken(stream):
                self.points += points
            return
        if stream not in self._before:
            self.awaited_until = time.monotonic() + ANSWER_S
            if len(self._before) >= MAX_NUMBERED_STREAMS:
                del self._before[next(iter(self._before))]
        self._before[stream] = self._before.get(stream, 0) + points

    def sent_frame(self, frame: bytes, points: int) -> None:
        """Take in that a frame went, while there is a notice."""
        if points and self._notice is not None:
            name = frame[: 4 * MAX_STREAM_CHARS].partition(b"\0")[0]
            self.sent(name.decode(errors="replace"), points)

    def close(self) -> None:
        """Say how many streams were not named."""
        if self._unnamed:
            _log.warning(
                "%s took no points of %s more", self._address, counted(self._unnamed, "stream")
            )
            self._unnamed = 0

    def _heed(self, topic: bytes, notice: Notice) -> None:
        before, self._before = self._before, {}
        self._topic, self._notice = topic, notice
        self._taken.clear()
        self.awaited_until = 0.0
        if not notice.publish:
            self._say_unknown(notice)
        elif notice.had_another:  # then what went before was taken
            self._said -= before.keys()
            for stream in before:
                self._is_taken(stream)
        else:
            for stream, points in before.items():
                self.sent(stream, points)

    def _forget(self) -> None:
        self._notice, self._topic = None, b""
        self._taken.clear()

    def _is_taken(self, stream: str) -> bool:
        known = self._taken.get(stream)
        if known is None:
            assert self._notice is not None
            grant = self._notice.grant
            known = not grant.publish or grant.may_publish(stream)
            if len(self._taken) >= MAX_NUMBERED_STREAMS:
                self._taken.clear()
            self._taken[stream] = known
            if not known:
                self._say(stream, grant)
        return known

    def _say(self, stream: str, grant: Grant) -> None:
        """Say that a stream is not taken: at the first one all that there is to know."""
        if stream in self._said or len(self._said) >= MAX_NUMBERED_STREAMS:
            return
        is_first = not self._said
        self._said.add(stream)
        if self._named >= MAX_NAMED:
            self._unnamed += 1
            if self._unnamed == 1:
                _log.warning(
                    "%s takes no points of more streams; how many is said at the end", self._address
                )
            return
        self._named += 1
        pattern = pattern_for(stream)
        is_advised = pattern in self._advised
        self._advised.add(pattern)
        if is_first:
            _log.warning(
                "%s takes no points of %s: this machine's key may publish %s there; to allow it, "
                "there: %s",
                *(self._address, printable(stream), _listed(grant.publish)),
                self._command(grant.options(pattern)),
            )
            return
        advice = "" if is_advised else f"; that takes --publish {printable(quote(pattern))} too"
        _log.warning("%s takes no points of %s either%s", self._address, printable(stream), advice)

    def _say_unknown(self, notice: Notice) -> None:
        """Say that something is not taken, where nobody knows here what."""
        if "" not in self._said:
            self._said.add("")
            _log.warning(
                "%s takes no points of some streams that are sent: this machine's key may publish "
                "others there, of more patterns than can be told. Its log names them, and "
                "'streamson keys list' there shows the patterns of %s",
                *(self._address, printable(notice.name)),
            )

    def _command(self, options: str) -> str:
        assert self._notice is not None
        name = quote(self._notice.name)
        return printable(f"streamson keys allow {name} {self._key} {options}")


def _listed(patterns: tuple[str, ...]) -> str:
    shown = ", ".join(printable(one) for one in patterns[:MAX_PATTERNS_SHOWN])
    more = len(patterns) - MAX_PATTERNS_SHOWN
    return shown if more <= 0 else f"{shown} and {counted(more, 'other pattern')}"
