"""``streamson relay``: take points from producers, and hand them on to listeners and relays."""

from pathlib import Path

import click

from streamson.cli import options
from streamson.model.source_limits import (
    MAX_MESSAGES_PER_SECOND,
    RELAY_LIMITS,
    SourceLimits,
)
from streamson.wire.limits import DEFAULT_ENDPOINT


@click.command()
@click.option(
    "--bind",
    default=DEFAULT_ENDPOINT,
    show_default=True,
    metavar="ENDPOINT",
    help="Where producers find this relay. tcp://0.0.0.0:5570 takes points from other hosts "
    "whose keys are allowed: streamson keys.",
)
@click.argument("to", nargs=-1, required=True, metavar="TO...")
@options.keys
@click.option("--insecure", is_flag=True, help="Ask nobody for a key, on other machines neither.")
@click.option(
    "--messages-per-second",
    type=click.IntRange(1, MAX_MESSAGES_PER_SECOND),
    default=int(RELAY_LIMITS.messages_per_second),
    show_default=True,
    metavar="NUMBER",
    help="What one source may send, so that others are on time beside it; more is left out. "
    "A batch is one message.",
)
@options.stats
def command(
    *,
    bind: str,
    to: tuple[str, ...],
    keys: bool,
    insecure: bool,
    messages_per_second: int,
    stats: Path | None,
) -> None:
    """Take points as a listener does, and hand them on, until Ctrl-C.

    TO is where a listener, or another relay, takes points, such as tcp://studio:5570, with #KEY
    where it asks for keys; several may be said, and each gets all. One that is slow or gone loses
    points of its own alone. Who comes, or comes back, gets the last value of each stream.
    """
    from streamson.cli.relay_news import RelayNews
    from streamson.cli.relaying import relay_until_ended
    from streamson.wire.relay.relay import Relay

    limits = SourceLimits(messages_per_second=messages_per_second)
    security = options.security(keys=keys, insecure=insecure)
    with Relay(to, bind, security=security, limits=limits) as relay:
        news = RelayNews(relay)
        news.introduce()
        relay_until_ended(relay, news.tell, news.summary, stats)
