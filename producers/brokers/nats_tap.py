"""The NATS producer's way from a server to the queue: connected for as long as it runs."""

import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import nats.errors
from nats.aio.msg import Msg

from streamson._rate_limited_log import RateLimitedLog
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers.address import BrokerAddress
from streamson.producers.brokers.backpressure import room_in
from streamson.producers.brokers.connection import quieten, stay_connected
from streamson.producers.brokers.message_reader import MessageReader, levels
from streamson.producers.brokers.nats_session import NatsSession
from streamson.producers.brokers.nats_source import Source

_log = logging.getLogger(__name__)


class NatsTap:
    """Hears a source of a NATS server.

    Parameters
    ----------
    address
        Where the server is.
    source
        What to hear there.
    where
        What that is called, for messages.
    template, fields
        The streams' names, and the wanted fields.
    tls
        How to encrypt; with the scheme ``tls`` nothing is said otherwise.
    identity
        Arguments of a client's ``connect`` that say who this is.
    """

    def __init__(
        self,
        address: BrokerAddress,
        source: Source,
        where: Sequence[str],
        *,
        template: StreamTemplate,
        fields: Sequence[str],
        tls: ssl.SSLContext | None,
        identity: Mapping[str, Any],
    ) -> None:
        self._address = address
        self._source = source
        self._where = where
        self._reader = MessageReader(template, fields)
        self._tls = tls
        self._identity = identity
        self._limited = RateLimitedLog(_log)
        self._overrun = 0

    async def run(self, queue: PushQueue) -> None:
        """Push what comes, for as long as this is not cancelled."""

        async def session(connected: Callable[[], None]) -> None:
            await NatsSession(self._address, self._limited).run(
                self._source,
                lambda message, time: self._take(queue, message, time),
                lambda: room_in(queue),
                connected,
                {**self._identity, "tls": self._tls},
                must_encrypt=self._address.scheme == "tls",
            )

        quieten("nats", "nats.aio.client", "asyncio")
        try:
            await stay_connected(
                str(self._address),
                session,
                (nats.errors.Error, OSError),
                lambda: self._reader.tell_quiet(str(self._address), self._where),
            )
        finally:
            self._reader.unusable.tell()
            self._source.tell()
            self._limited.flush()

    def _take(self, queue: PushQueue, message: Msg, time: float | None) -> None:
        subject = message.subject
        labels = {"subject": subject.replace(".", "/"), **levels(subject, ".")}
        self._reader.read(queue, labels, message.data, time)
