"""``streamson broadcast``: the sound of a running listener to an Icecast server."""

import logging

import click

from streamson.cli import options
from streamson.cli.ending import ending


@click.command()
@options.icecast_address
@options.feed_of_listener
@options.stream_password
def command(*, address: str, endpoint: str, stream_password: str | None) -> int:
    """Send the sound of a running listener to an Icecast server, for any number of players.

    ADDRESS is icecast://[USER@]HOST[:PORT]/MOUNT, by default the user source and the port 8000. The
    mount's ending says whether it is .mp3, .ogg or .opus; without one it is MP3. icecasts:// is
    with TLS. ENDPOINT is the feed of a listener that was started with --feed.

    A server that is not there, or refuses, is tried again until it takes the sound.
    """
    from streamson.live.icecast.address import parse_address
    from streamson.live.icecast.run import run_broadcast

    password = options.required_password(stream_password)
    logging.getLogger("streamson.live.icecast").setLevel(logging.INFO)
    ending.hold()
    run_broadcast(endpoint, parse_address(address), password, on_end=ending.finish)
    return 0
