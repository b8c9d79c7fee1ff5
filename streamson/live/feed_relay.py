"""A relay of a feed: one reader of a listener's, and as many behind it as one likes.

A listener tells each newcomer how things stand. To the listener all who read here are one reader,
so what it told is kept, and told to newcomers here. What is much, such as sound, is read only while
somebody wants it. Commands are not handed on: who steers is to be known to the listener itself.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from streamson._closable import Closable
from streamson.live.mirror import Mirror
from streamson.model.feed import (
    AUDIO,
    CLOCK,
    EVENT,
    HELLO,
    LEVEL,
    NOTE,
    PAST,
    PLAY,
    SESSION,
    STATE,
    STATISTICS,
    STREAMS,
    Past,
    SessionTold,
    Streams,
)
from streamson.model.relay import FeedRelayStatistics
from streamson.wire.feed.portions import in_portions
from streamson.wire.feed.publisher import FeedPublisher
from streamson.wire.feed.reader import FeedReader
from streamson.wire.limits import DEFAULT_FEED
from streamson.wire.relay.same_place import check_places
from streamson.wire.sockets.endpoint import Security

KEPT: Final = (HELLO, STATE, STREAMS, EVENT, PAST, SESSION, STATISTICS)
"""What newcomers are told of, and is read all the time."""

ON_DEMAND: Final = (AUDIO, PLAY, NOTE, LEVEL, CLOCK)
"""What is read only while somebody wants it."""

TURN_S: Final = 0.05
"""The longest time until a newcomer is seen."""

MAX_AT_ONCE: Final = 100
"""Messages that are handed on in a turn."""

PORTIONS_AT_ONCE: Final = 20
"""Messages of rows for newcomers in a turn: more at once than may wait for a reader are lost."""

MAX_PAST: Final = 20
"""Events that a newcomer is told of, as by a listener."""

MAX_SESSIONS: Final = 2
"""Sessions that a newcomer is told of: notes of the one before may still begin."""


class FeedRelay(Closable):
    """Hand on the feed of a listener, or of a further relay. One thread may use it.

    Parameters
    ----------
    source
        Where the feed is.
    endpoint
        Where to bind; ``tcp://127.0.0.1:*`` takes a free port.
    security
        Who has to show a key that may hear, as of `wire.sockets.endpoint.keys_for`.

    Attributes
    ----------
    source
        Where the feed is, without a key.
    endpoint
        Where it is bound, with the real port.

    Raises
    ------
    UsageError
        If an endpoint is malformed, or both are one place, or this machine has no key and needs
        one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    def __init__(
        self, source: str, endpoint: str = DEFAULT_FEED, *, security: Security = "auto"
    ) -> None:
        check_places(endpoint, [source], "--feed")
        self.source = source.partition("#")[0]
        self._began = time.monotonic()
        self._messages = 0
        self._mirror = Mirror()
        self._sessions: OrderedDict[int, SessionTold] = OrderedDict()
        self._rows: Iterator[Streams] = iter(())
        self._read: set[str] = set()
        self._asked: set[str] = set()
        self._publisher = FeedPublisher(endpoint, security=security)
        self.endpoint = self._publisher.endpoint
        try:
            self._reader = FeedReader(source, KEPT)
        except BaseException:
            self._publisher.close()
            raise

    @property
    def is_there(self) -> bool:
        """Whether the feed tells anything at this time."""
        return self._mirror.is_there

    @property
    def refusal(self) -> str:
        """Why the feed is not to be read, for a person; empty where it is."""
        return self._reader.refusal

    @property
    def readers(self) -> int:
        """How many are connected."""
        return self._publisher.readers

    @property
    def statistics(self) -> FeedRelayStatistics:
        """What was handed on so far."""
        return FeedRelayStatistics(
            seconds=time.monotonic() - self._began,
            messages=self._messages,
            readers=self.readers,
            connections_cut=self._publisher.cut,
            connections_refused=self._publisher.refused,
        )

    def turn(self) -> None:
        """Hand on what has come, after waiting a moment for it where nothing has.

        Raises
        ------
        MessageError
            If what comes is no feed.
        """
        self._asked |= self._publisher.wait(0)
        self._read_what_is_wanted()
        if self._asked and self.is_there:  # else what is known may be long over
            self._welcome(self._asked)
            self._asked = set()
        for rows in islice(self._rows, PORTIONS_AT_ONCE):
            self._publisher.send(STREAMS, rows)
        for topic, message in islice(self._reader.receive(TURN_S), MAX_AT_ONCE):
            self._hand_on(topic, message)

    def close(self) -> None:
        """Read no more. Can be called again."""
        self._reader.close()
        self._publisher.close()

    def _read_what_is_wanted(self) -> None:
        for topic in ON_DEMAND:
            if self._publisher.wants(topic) == (topic in self._read):
                continue
            if topic in self._read:
                self._read.remove(topic)
                self._reader.unsubscribe(topic)
            else:
                self._read.add(topic)
                self._reader.subscribe(topic)

    def _welcome(self, asked: set[str]) -> None:
        """Let those who subscribed know how things stand, as a listener does."""
        mirror = self._mirror
        newest = ((HELLO, mirror.hello), (STATE, mirror.state), (STATISTICS, mirror.statistics))
        for topic, message in newest:
            if topic in asked and message is not None:
                self._publisher.send(topic, message)
        if SESSION in asked:
            for session in self._sessions.values():
                self._publisher.send(SESSION, session)
        if PAST in asked:
            self._publisher.send(PAST, Past(events=tuple(mirror.events)[-MAX_PAST:]))
        if STREAMS in asked:
            self._rows = self._all_rows()

    def _all_rows(self) -> Iterator[Streams]:
        frame = 0 if self._mirror.state is None else self._mirror.state.frame
        rows = list(self._mirror.rows.values())
        for some in in_portions(rows):
            yield Streams(frame=frame, count=len(self._mirror.rows), rows=some)

    def _hand_on(self, topic: str, message: Any) -> None:
        before = self._mirror.hello
        if topic == HELLO and before is not None and message.run != before.run:
            self._mirror = Mirror()  # of what the listener told before it began anew nothing holds
            self._sessions.clear()
            self._rows = iter(())
        new = self._mirror.update(topic, message)
        if topic == SESSION:
            self._keep(message)
        if topic == PAST:
            if not new:
                return
            message = Past(events=tuple(new))  # who reads already knows the others
        elif topic == HELLO and message == before:
            return  # told for another newcomer to the listener
        self._messages += 1
        self._publisher.send(topic, message)

    def _keep(self, session: SessionTold) -> None:
        self._sessions[session.number] = session
        self._sessions.move_to_end(session.number)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
