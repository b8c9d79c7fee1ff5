"""What others see and steer a listener by: its feed, and the commands beside it."""

from typing import Final, Self

from streamson._faults import Faults
from streamson.errors import StreamsonError
from streamson.listener.commands import Commands
from streamson.listener.feed import Feed
from streamson.listener.report import Reporter
from streamson.listener.steering import Steering
from streamson.output.tap import TapFanOut
from streamson.wire.control.server import CommandServer
from streamson.wire.feed.publisher import FeedPublisher
from streamson.wire.sockets.endpoint import Security, control_endpoint, parse_endpoint

TRIES: Final = 20
"""Of free ports whose next one is to be free too."""


class Views:
    """A feed and its commands, which begin and end together.

    Attributes
    ----------
    endpoint
        Of the feed, with the real port.
    feed, commands
        The two.
    """

    def __init__(self, endpoint: str, feed: Feed, commands: Commands) -> None:
        self.endpoint = endpoint
        self.feed = feed
        self.commands = commands

    @classmethod
    def open(
        cls,
        endpoint: str,
        *,
        security: Security,
        tap: TapFanOut,
        reporter: Reporter,
        steering: Steering,
        faults: Faults,
    ) -> Self:
        """Bind both; nothing is told before `start`.

        Raises
        ------
        UsageError
            If there is no endpoint of this form, or this machine has no key and needs one.
        StreamsonError
            If a port is in use, or keys can't be read.
        """
        publisher, server = _bound(endpoint, security)
        feed = Feed(publisher, tap=tap, reporter=reporter, faults=faults)
        commands = Commands(server, steering=steering, faults=faults)
        return cls(publisher.endpoint, feed, commands)

    @property
    def cut(self) -> int:
        """Connections to both that were cut off."""
        return self.feed.cut + self.commands.cut

    @property
    def refused(self) -> int:
        """Connections to both that were not let in."""
        return self.feed.refused + self.commands.refused_connections

    def start(self) -> None:
        """Begin."""
        self.feed.start()
        self.commands.start()

    def close(self) -> None:
        """End; what happened before is told. Can be called again."""
        self.commands.close()
        self.feed.close()


def _bound(endpoint: str, security: Security) -> tuple[FeedPublisher, CommandServer]:
    """Return both sockets, bound beside each other."""
    is_free = endpoint.endswith(":*")
    for _ in range(TRIES if is_free else 1):
        publisher = FeedPublisher(endpoint, security=security)
        try:
            commands = control_endpoint(parse_endpoint(publisher.endpoint).address)
            return publisher, CommandServer(commands, security=security)
        except StreamsonError:
            publisher.close()
            if not is_free:
                raise
    raise StreamsonError(f"found no two free ports for {endpoint}")
