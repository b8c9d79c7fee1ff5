"""A connection to an MQTT broker: subscribes, and hands on what comes."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from streamson._printable import counted, printable
from streamson.errors import UsageError
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers.address import BrokerAddress
from streamson.producers.brokers.connection import CONNECT_S, quieten, stay_connected
from streamson.producers.brokers.device_fields import measured
from streamson.producers.brokers.message_reader import MAX_PAYLOAD_BYTES, MessageReader, levels

VERSIONS: Final = {
    "3.1.1": aiomqtt.ProtocolVersion.V311,
    "5": aiomqtt.ProtocolVersion.V5,
}

KEEPALIVE_S: Final = 5
"""A broker that says nothing for one and a half times as long is gone."""

RETAINED_S: Final = 1.0
"""How long retained values may take to come before they are told."""

MAX_TOPICS_KNOWN: Final = 20_000
"""Whose last message is remembered, to tell a retained value from one that was heard."""

MAX_PACKET_BYTES: Final = MAX_PAYLOAD_BYTES + 70_000
"""Of a payload with its topic: brokers of MQTT 5 are told to keep longer ones."""

REFUSED: Final = 0x80
"""Answers to a connection or subscription from here on are refusals; in 3.1.1 of connections 1
to 5, which paho says as MQTT 5 does."""

BUSY: Final = {0x88, 0x89, 0x97, 0x9F}
"""Refusals that may be over soon: unavailable, busy, over a quota or a rate."""

_LIBRARYS_LOG: Final = "streamson.mqtt"

_log = logging.getLogger(__name__)


class MqttTap:
    """Subscribes to topics of a broker.

    Parameters
    ----------
    address
        Where the broker is.
    topics
        With wildcards.
    template, fields
        The streams' names, and the wanted fields.
    qos
        Of the subscriptions.
    version
        Of the protocol: "3.1.1" or "5".
    retained
        Whether values of before are wanted.
    settings
        Further arguments of ``aiomqtt.Client``.
    """

    def __init__(
        self,
        address: BrokerAddress,
        topics: Sequence[str],
        *,
        template: StreamTemplate,
        fields: Sequence[str],
        qos: int,
        version: str,
        retained: bool,
        settings: Mapping[str, Any],
    ) -> None:
        self._address = address
        self._topics = topics
        self._reader = MessageReader(template, fields, measured)
        self._qos = qos
        self._version = VERSIONS[version]
        self._retained_wanted = retained
        self._retained = 0
        self._last = _LastPayloads()
        self._settings = settings

    async def run(self, queue: PushQueue) -> None:
        """Push what comes, for as long as this is not cancelled."""

        async def session(connected: Callable[[], None]) -> None:
            await self._session(queue, connected)

        quieten(_LIBRARYS_LOG)
        try:
            await stay_connected(
                str(self._address),
                session,
                (aiomqtt.MqttError, OSError),
                lambda: self._reader.tell_quiet(str(self._address), self._topics),
            )
        finally:
            self._reader.unusable.tell()

    async def _session(self, queue: PushQueue, connected: Callable[[], None]) -> None:
        incoming = _HandingOn(lambda message: self._take(queue, message))
        try:
            async with aiomqtt.Client(
                self._address.host,
                self._address.port,
                logger=logging.getLogger(_LIBRARYS_LOG),
                keepalive=KEEPALIVE_S,
                timeout=CONNECT_S,
                protocol=self._version,
                queue_type=lambda **_: incoming,  # type: ignore[arg-type]  # it is called
                properties=self._properties(),
                **self._settings,
            ) as client:
                await self._subscribe(client)
                connected()
                telling = asyncio.get_running_loop().call_later(RETAINED_S, self._tell_retained)
                try:
                    async for _ in client.messages:  # none: they are handed on before
                        pass
                finally:
                    telling.cancel()
        except MqttConnectError as error:
            self._explain(error)
            raise

    def _properties(self) -> Any:
        if self._version != aiomqtt.ProtocolVersion.V5:
            return None
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        return properties

    def _explain(self, error: Any) -> None:
        """Raise what a person can do about a refusal; return where it may be over soon."""
        code = getattr(error.rc, "value", error.rc)
        if code not in BUSY:
            remedy = (
                "give a user by --user NAME and the password by --password-file FILE"
                if self._settings.get("username") is None
                else "look at --user and the password that were given"
            )
            raise UsageError(
                f"{self._address}: the broker refuses the connection: {error.rc}; {remedy}, or "
                "another --protocol"
            ) from None

    async def _subscribe(self, client: Any) -> None:
        granted = await client.subscribe([(topic, self._qos) for topic in self._topics])
        refused = [
            topic
            for topic, code in zip(self._topics, granted, strict=False)
            if getattr(code, "value", code) >= REFUSED
        ]
        if len(refused) == len(self._topics):
            raise UsageError(
                f"{self._address}: the broker refuses {', '.join(refused)[:200]}; this user may "
                "not read it"
            )
        for topic in refused:
            _log.warning("the broker refuses %s: this user may not read it", printable(topic))

    def _take(self, queue: PushQueue, message: Any) -> None:
        """Take a message in; a retained one only if it is not the last that was heard."""
        topic = str(message.topic)
        is_new = self._last.update(topic, message.payload)
        if message.retain:
            if not is_new:
                return
            self._retained += 1
            if not self._retained_wanted:
                return
        labels = {"topic": topic, **levels(topic, "/")}
        if message.retain:
            labels["retained"] = "retained"
        self._reader.read(queue, labels, message.payload)

    def _tell_retained(self) -> None:
        if self._retained:
            what = "heard first" if self._retained_wanted else "left out"
            values = counted(self._retained, "retained value")
            _log.info("%s %s: what was said before this began", values, what)
        self._retained = 0


class _HandingOn(asyncio.Queue[Any]):
    """A queue for aiomqtt that holds nothing: one that is bounded and counts is behind it."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        super().__init__()
        self._take = take

    def put_nowait(self, item: Any) -> None:
        """Hand a message on."""
        self._take(item)


class _LastPayloads:
    """Remembers what each topic said last, as a hash."""

    def __init__(self) -> None:
        self._hashes: OrderedDict[str, int] = OrderedDict()

    def update(self, topic: str, payload: bytes) -> bool:
        """Take in a message; return whether it is another than the last one of its topic."""
        found = hash(payload)
        is_new = self._hashes.get(topic) != found
        self._hashes[topic] = found
        self._hashes.move_to_end(topic)
        if len(self._hashes) > MAX_TOPICS_KNOWN:
            self._hashes.popitem(last=False)
        return is_new
