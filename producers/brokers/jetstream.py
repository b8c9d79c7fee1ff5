"""What a stream of JetStream keeps, from a time on, and nothing twice."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import UsageError, nearest
from streamson.producers.brokers.nats_tap import MAX_PENDING, MAX_PENDING_BYTES, Take

HEARTBEAT_S: Final = 1.0
"""A consumer says so often that it is there; after two that are missed it is made anew."""

_MAX_NAMES: Final = 20
"""Of streams, in a message."""

_log = logging.getLogger(__name__)


class JetStreamSource:
    """A stream, read by ordered consumers, one for each subject.

    Parameters
    ----------
    name
        The stream's.
    subjects
        Those of it that are wanted, with wildcards; all without one.
    since
        From when on, in seconds since 1970; None for now.
    """

    def __init__(self, name: str, subjects: Sequence[str], since: float | None) -> None:
        self._name = name
        self._readers = [_Reader(name, subject, since) for subject in subjects or ("",)]

    async def subscribe(self, client: Client, take: Take) -> None:
        """Begin to hear, or go on after the last message that was heard."""
        js = client.jetstream()
        info = await self._info(js)
        for reader in self._readers:
            await reader.subscribe(js, info, take)

    def tell(self) -> None:
        """Log what was lost."""
        for reader in self._readers:
            reader.tell()

    async def _info(self, js: JetStreamContext) -> StreamInfo:
        try:
            return await js.stream_info(self._name)
        except NotFoundError:
            names = [info.config.name or "" for info in await js.streams_info()]
            shown = ", ".join(names[:_MAX_NAMES]) or "none yet"
            raise UsageError(
                f"--jetstream: found {self._name!r}; the streams of this server are: "
                f"{printable(shown)}{nearest(self._name, names)}"
            ) from None
        except ServiceUnavailableError:
            raise UsageError(
                "--jetstream: the server has no JetStream for this user; it is started with "
                "nats-server -js, or leave --jetstream out"
            ) from None


class _Reader:
    """Reads a subject of a stream, message by message, by their number in the stream."""

    def __init__(self, stream: str, subject: str, since: float | None) -> None:
        self._stream = stream
        self._subject = subject
        self._since = since
        self._last: int | None = None
        self._deleted = 0
        self._limited = RateLimitedLog(_log)

    async def subscribe(self, js: JetStreamContext, info: StreamInfo, take: Take) -> None:
        self._see(info)
        try:
            await js.subscribe(
                self._subject,
                stream=self._stream,
                config=self._start(),
                ordered_consumer=True,
                idle_heartbeat=HEARTBEAT_S,
                cb=self._hearing(take),
                pending_msgs_limit=MAX_PENDING,
                pending_bytes_limit=MAX_PENDING_BYTES,
            )
        except APIError as error:
            if error.code == 400:  # a bad request: it is the same the next time
                raise UsageError(
                    f"SUBJECT: found {self._subject!r}; {error.description}; the stream "
                    f"{self._stream} has {', '.join(info.config.subjects or ())}"
                ) from None
            raise

    def tell(self) -> None:
        if self._deleted:
            upto = "up to " if self._subject else ""
            what = counted(self._deleted, "message")
            _log.info("%s%s deleted by the stream before they could be heard", upto, what)

    def _see(self, info: StreamInfo) -> None:
        """Take in what the stream holds now."""
        state = info.state
        if self._last is None and self._since is None:
            self._last = state.last_seq
        if self._last is None:
            return
        if state.last_seq < self._last:
            _log.info("the stream %s has begun anew", printable(self._stream))
            self._last = 0
        if self._subject:  # without one, numbers that are missing tell it exactly
            self._count_deleted(state.first_seq - self._last - 1)

    def _start(self) -> ConsumerConfig:
        if self._last is not None:
            return ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._last + 1
            )
        assert self._since is not None
        if not self._since:
            return ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
        return ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_TIME,
            opt_start_time=datetime.fromtimestamp(self._since, UTC),
        )

    def _hearing(self, take: Take) -> Callable[[Msg], Awaitable[None]]:
        async def hear(message: Msg) -> None:
            metadata = message.metadata
            number, time = metadata.sequence.stream, metadata.timestamp.timestamp()
            # A consumer that nats-py makes anew before it had said anything begins at the first.
            if self._last is None:
                if self._since is not None and time < self._since:
                    return
            elif number <= self._last:
                return
            elif not self._subject:
                self._count_deleted(number - self._last - 1)
            self._last = number
            take(message, time)

        return hear

    def _count_deleted(self, number: int) -> None:
        if number > 0:
            self._deleted += number
            self._limited.warning(
                "deleted",
                "%s of the stream %s deleted before they could be heard",
                counted(number, "message"),
                printable(self._stream),
            )
