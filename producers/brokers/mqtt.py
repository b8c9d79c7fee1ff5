"""The MQTT producer: what devices and programs publish at a broker."""

from typing import Final

import click

from streamson._optional import import_optional
from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base import tls
from streamson.producers.base.reading import Production
from streamson.producers.base.secret import secret_option
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers import options as broker_options
from streamson.producers.brokers.address import parse_address
from streamson.producers.brokers.wildcards import tell_in_topics

REQUIRES: Final = {"aiomqtt": "streamson[mqtt]"}
"""What it imports, and what brings that."""

SCHEMES: Final = {"mqtt": 1883, "mqtts": 8883}
"""Of addresses, each with its port."""

VERSIONS: Final = ("3.1.1", "5")

MAX_TOPIC_BYTES: Final = 65_535
MAX_TOPICS: Final = 1_000
"""Of one command."""


@click.command(short_help="What devices publish at an MQTT broker: Zigbee2MQTT, Tasmota, ...")
@click.argument("url", metavar="[URL]", default="mqtt://127.0.0.1:1883")
@click.argument("topics", metavar="[TOPIC]...", nargs=-1)
@options.stream_template(
    "{topic}",
    "{topic}; {1}, {2}, ... its levels; {retained}, a word for retained values only; and words in "
    "the messages",
)
@options.fields
@broker_options.user
@secret_option("password", "the user's password")
@tls.options
@click.option(
    "--qos",
    type=click.IntRange(0, 2),
    default=0,
    show_default=True,
    help="How sure delivery is to be: 1 and 2 repeat what got lost on the way.",
)
@click.option("--no-retained", is_flag=True, help="Leave out what topics said before.")
@click.option(
    "--protocol",
    type=click.Choice(VERSIONS),
    default=VERSIONS[0],
    show_default=True,
    help="The version of MQTT.",
)
@click.option("--client-id", help="What the broker knows this by.  [default: a random one]")
def command(
    *,
    url: str,
    topics: tuple[str, ...],
    stream: str,
    fields: tuple[str, ...],
    user: str | None,
    password: str | None,
    tls_files: tls.TlsFiles,
    qos: int,
    no_retained: bool,
    protocol: str,
    client_id: str | None,
) -> Production:
    """Publish the numbers that are published at an MQTT broker.

    A topic is a stream. Messages are JSON, a number, a quantity such as "21.5 °C", or ON and OFF.
    Topics may have the wildcards + and #; without one, all are heard but the broker's own, $SYS/#.

    Retained values, which topics said before this began, are no news: they come first, and once,
    and are counted. With --no-retained they are left out; --stream '{topic}/{retained}' keeps them
    apart.

    \b
    streamson produce mqtt mqtt://127.0.0.1:1883 'home/#'
    streamson produce mqtt mqtt://pi 'zigbee2mqtt/+' --fields temperature,humidity --stream '{2}'
    streamson produce mqtt mqtts://broker --user me --password-file secret 'tele/+/SENSOR'
    """  # noqa: D301
    address = parse_address(url, SCHEMES, argument="URL")
    wanted = topics or ("#",)
    _check_topics(wanted)
    tell_in_topics(wanted)
    if password is not None and user is None:
        raise UsageError("a password is given, and no user; give one by --user NAME")
    if address.path:
        raise UsageError(f"URL: found the path /{address.path}; topics come after the address")
    template = StreamTemplate(stream, known=("topic", "retained"))
    context = tls.tls_context(tls_files, encrypted=address.scheme == "mqtts", to="mqtt://")
    import_optional("aiomqtt", "mqtt", "the mqtt producer")
    from streamson.producers.base.asyncio_queue import AsyncioQueue
    from streamson.producers.brokers.mqtt_tap import MqttTap

    tap = MqttTap(
        address,
        wanted,
        template=template,
        fields=fields,
        qos=qos,
        version=protocol,
        retained=not no_retained,
        settings={
            "username": user,
            "password": password,
            "identifier": client_id,
            "tls_context": context,
        },
    )
    return Production(AsyncioQueue(tap.run), keep=False)


def _check_topics(topics: tuple[str, ...]) -> None:
    """Refuse what no broker takes, where the message can name it."""
    if len(topics) > MAX_TOPICS:
        raise UsageError(f"TOPIC: found {len(topics)} topics; up to {MAX_TOPICS} are allowed")
    for topic in topics:
        levels = topic.split("/")
        if (
            not topic
            or len(topic.encode()) > MAX_TOPIC_BYTES
            or not topic.isprintable()
            or "#" in topic[:-1]
            or any(len(level) > 1 and ("+" in level or "#" in level) for level in levels)
        ):
            raise UsageError(
                f"TOPIC: found {topic[:200]!r}; a topic is allowed, with + for one whole level and "
                "# for the rest: home/+/temperature, home/#"
            )
