"""``streamson web``: a running listener in the browser, to see, to hear and to steer."""

from typing import Final

import click

from streamson._optional import import_optional
from streamson.cli import options
from streamson.cli.ending import ending

PORTS_TRIED: Final = 10
"""Where nobody chose a port, so many are tried in a row."""


@click.command()
@options.feed_of_listener
@options.address
@options.insecure
@click.option("--next-port", is_flag=True, hidden=True)
def command(*, endpoint: str, address: str, insecure: bool, next_port: bool) -> int:
    """Show a running listener in the browser, with its sound.

    ENDPOINT is the feed of a listener that was started with --feed. The page is for this machine;
    with another address, such as 0.0.0.0:5580, others who have the link that is printed.
    """
    import_optional("aiohttp", "web", "the page")
    import_optional("prometheus_client", "web", "the page")
    from streamson.live.web.access import Access, parse_address
    from streamson.live.web.run import run_page

    host, port = parse_address(address)
    access = Access(host, port, tries=PORTS_TRIED if next_port else 1, insecure=insecure)
    ending.hold()
    run_page(endpoint, access, on_ready=_tell, on_end=ending.finish)
    return 0


def _tell(lines: list[str]) -> None:
    click.echo("\n".join(lines))
