"""``streamson relay-feed``: one reader of a listener's feed, and as many behind it as one likes."""

from pathlib import Path
from socket import gethostname

import click

from streamson._printable import counted
from streamson.cli import options
from streamson.wire.limits import DEFAULT_FEED


@click.command()
@click.argument("source", metavar="FROM")
@click.option(
    "--feed",
    default=DEFAULT_FEED,
    show_default=True,
    metavar="ENDPOINT",
    help="Where others read the feed. tcp://0.0.0.0:5571 lets programs on other hosts read it "
    "whose keys are allowed: streamson keys.",
)
@options.keys
@click.option("--insecure", is_flag=True, help="Ask nobody for a key, on other machines neither.")
@options.stats
def command(*, source: str, feed: str, keys: bool, insecure: bool, stats: Path | None) -> None:
    """Hand on the feed of a listener, until Ctrl-C.

    FROM is where the feed is, of a listener or of a further relay, such as tcp://studio:5571, with
    #KEY where it asks for keys. To the listener all who read here are one reader. Sound is read
    only while somebody here wants it. Commands are not handed on.
    """
    from streamson.cli.relaying import Minute, Presence, log, relay_until_ended
    from streamson.live.feed_relay import FeedRelay
    from streamson.wire.sockets.endpoint import with_key

    presence, minute = Presence(), Minute()
    refusal = ""

    def tell() -> None:
        nonlocal refusal
        if relay.refusal not in ("", refusal):
            log.warning("%s", relay.refusal)
        refusal = relay.refusal or refusal
        presence.look(relay.source, is_there=relay.is_there)
        if minute.is_over():
            presence.begin_anew()
            if relay.readers:
                log.info("%s", counted(relay.readers, "reader"))

    def summary() -> str:
        found = relay.statistics
        return f"handed on {counted(found.messages, 'message')} in {found.seconds:.1f} s"

    with FeedRelay(source, feed, security=options.security(keys=keys, insecure=insecure)) as relay:
        click.echo(f"Reading the feed of {relay.source}.", err=True)
        click.echo(f"Feed on {with_key(relay.endpoint, None, gethostname())}.", err=True)
        relay_until_ended(relay, tell, summary, stats)
