"""``streamson watch``: see and steer a running listener in a terminal."""

import sys
from typing import TYPE_CHECKING, Final

import click

from streamson.cli import options
from streamson.cli.ending import ending
from streamson.errors import StreamsonError

if TYPE_CHECKING:
    from streamson.model.feed import Hello
    from streamson.wire.feed.reader import FeedReader

PATIENCE_S: Final = 5.0
"""How long a listener is looked for at the start: one may be starting, too."""

TURN_S: Final = 0.5
"""The longest time until plain lines say that a listener has gone."""


@click.command()
@options.feed_of_listener
@options.plain
@click.option("--lasts-while", type=int, hidden=True)
def command(*, endpoint: str, plain: bool, lasts_while: int | None) -> int:
    """See and steer a running listener, which was started with --feed.

    ENDPOINT is its feed's, by default tcp://127.0.0.1:5571. The key ? tells all keys. Where
    standard output is no terminal, and with --plain, it prints plain lines.
    """
    from streamson.live.terminal.watched import TOPICS
    from streamson.wire.feed.reader import FeedReader
    from streamson.wire.sockets.endpoint import control_endpoint

    control_endpoint(endpoint)  # or it says what is wrong with it
    has_screen = not plain and sys.stdout.isatty() and _can_show()
    if lasts_while is not None and not has_screen:
        raise StreamsonError("the terminal was closed")
    ending.hold()
    with FeedReader(endpoint, TOPICS) as reader:
        hello = reader.wait_for_hello(PATIENCE_S)
        if has_screen:
            _show(reader, hello, lasts_while)
        else:
            _print_lines(reader, hello)
    return 0


def _can_show() -> bool:
    """Return whether a screen can be shown; where not, say why."""
    from streamson.live.terminal.ability import why_no_screen

    reason = why_no_screen(1)
    if reason is not None:
        click.echo(f"Plain lines instead of a screen: {reason}.", err=True)
    return reason is None


def _show(reader: "FeedReader", hello: "Hello", lasts_while: int | None) -> None:
    from streamson.live.terminal.screen import Screen  # needs curses

    Screen(reader, hello, lasts_while).run()


def _print_lines(reader: "FeedReader", hello: "Hello") -> None:
    from streamson.live.plain import PlainLines
    from streamson.model.feed import HELLO, LEVEL

    reader.unsubscribe(LEVEL)
    lines = PlainLines(print)
    lines.update(HELLO, hello)
    while True:
        for topic, message in reader.receive(TURN_S):
            lines.update(topic, message)
        lines.look(reader.refusal)
