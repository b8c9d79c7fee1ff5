"""What a stream of JetStream keeps, from a time on, and nothing twice."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import UsageError, nearest
from streamson.producers.brokers.nats_source import MAX_PENDING_BYTES, Part, Room, Take

FETCH_S: Final = 2.0
"""How long a request for messages waits for one."""

MAX_FETCH: Final = 50
"""Messages in one answer, of 1 MiB at most as NATS has it: less than what may wait."""

INACTIVE_S: Final = 30.0
"""How long the server keeps a consumer that asks for nothing, as while there is no room."""

_BAD_REQUEST: Final = 400

_MAX_NAMES: Final = 20
"""Of streams, in a message."""

_log = logging.getLogger(__name__)


class JetStreamSource:
    """A stream, read by consumers of its own, one for each subject.

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

    async def subscribe(self, client: Client, take: Take, room: Room) -> Sequence[Part]:
        """Begin to hear, or go on after the last message that was heard."""
        js = client.jetstream()
        info = await self._info(js)
        subscriptions = [await reader.subscribe(js, info) for reader in self._readers]
        return [
            partial(reader.read, subscription, take, room)
            for reader, subscription in zip(self._readers, subscriptions, strict=True)
        ]

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

    async def subscribe(
        self, js: JetStreamContext, info: StreamInfo
    ) -> JetStreamContext.PullSubscription:
        """Let the server make a consumer that begins after the last message that was heard."""
        self._see(info)
        try:
            return await js.pull_subscribe(
                self._subject,
                stream=self._stream,
                config=self._start(),
                pending_bytes_limit=MAX_PENDING_BYTES,
            )
        except APIError as error:
            if error.code == _BAD_REQUEST:  # it is the same the next time
                raise UsageError(
                    f"SUBJECT: found {self._subject!r}; {error.description}; the stream "
                    f"{self._stream} has {', '.join(info.config.subjects or ())}"
                ) from None
            raise

    async def read(
        self, subscription: JetStreamContext.PullSubscription, take: Take, room: Room
    ) -> None:
        """Ask for messages, as long as there is room for them."""
        wanted = 1  # the server keeps a request for several until all of them are there
        while True:
            await room()
            try:
                messages = await subscription.fetch(wanted, FETCH_S)
            except (NatsTimeoutError, TimeoutError):
                await subscription.consumer_info()  # raises where the server has lost it
                wanted = 1
                continue
            for message in messages:
                self._take(message, take)
            wanted = min(max(messages[-1].metadata.num_pending, 1), MAX_FETCH)

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
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=INACTIVE_S
        )
        if self._last is not None:
            config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
            config.opt_start_seq = self._last + 1
        elif self._since:
            config.deliver_policy = DeliverPolicy.BY_START_TIME
            config.opt_start_time = datetime.fromtimestamp(self._since, UTC)
        return config

    def _take(self, message: Msg, take: Take) -> None:
        metadata = message.metadata
        number = metadata.sequence.stream
        if self._last is not None:
            if number <= self._last:
                return
            if not self._subject:
                self._count_deleted(number - self._last - 1)
        self._last = number
        take(message, metadata.timestamp.timestamp())

    def _count_deleted(self, number: int) -> None:
        if number > 0:
            self._deleted += number
            self._limited.warning(
                "deleted",
                "%s of the stream %s deleted before they could be heard",
                counted(number, "message"),
                printable(self._stream),
            )
