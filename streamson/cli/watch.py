"""``streamson watch``: see and steer a running listener in a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from streamson._click_options import Seconds
from streamson.cli import options
from streamson.cli.ending import ending
from streamson.cli.outlets import list_ports, opened_outlets, play_to
from streamson.errors import StreamsonError, UsageError

if TYPE_CHECKING:
    from streamson.live.outlet.outlet import Outlet
    from streamson.live.speech.speaker import Speaker
    from streamson.model.feed import Hello
    from streamson.wire.feed.reader import FeedReader

PATIENCE_S: Final = 5.0
"""How long a listener is looked for at the start: one may be starting, too."""

TURN_S: Final = 0.5
"""The longest time until plain lines say that a listener has gone."""

LIST: Final = "list"


def _osc_address(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Return where a receiver of OSC is, if that can be an address."""
    if text is not None:
        from streamson.live.osc.address import parse_address

        parse_address(text)
    return text


@click.command()
@options.feed_of_listener
@options.plain
@click.option(
    "--midi",
    metavar="PORT",
    help="Play the notes to a MIDI port too, as MPE: its number or a part of its name; list prints "
    "the ports, virtual makes one that instruments connect to.",
)
@click.option(
    "--osc",
    metavar="[HOST:]PORT",
    callback=_osc_address,
    help="Send notes, events and streams to a receiver of OSC too, over UDP.",
)
@click.option(
    "--delay",
    type=Seconds(),
    metavar="TIME",
    help="How long after the listener a note is played there, so that all keep their rhythm: up to "
    "10s.  [default: 150ms]",
)
@click.option(
    "--speak",
    is_flag=True,
    help="Say aloud, on this machine, who comes forward, alerts, and what falls silent, by "
    "espeak-ng.",
)
@click.option(
    "--voice",
    metavar="NAME",
    help="The voice or language of espeak-ng that --speak has.  [default: en]",
)
@click.option("--lasts-while", type=int, hidden=True)
def command(
    *,
    endpoint: str,
    plain: bool,
    midi: str | None,
    osc: str | None,
    delay: float | None,
    speak: bool,
    voice: str | None,
    lasts_while: int | None,
) -> int:
    """See and steer a running listener, which was started with --feed.

    ENDPOINT is its feed's, by default tcp://127.0.0.1:5571. The key ? tells all keys. Where
    standard output is no terminal, and with --plain, --midi, --osc or --speak, it prints plain
    lines.

    \b
    streamson watch --midi list
    streamson watch --midi fluid
    streamson watch --osc studio:57120 --delay 100ms
    streamson watch --speak
    """  # noqa: D301
    if midi == LIST:
        if (osc, delay, voice) != (None, None, None) or speak:
            raise UsageError(f"--midi {LIST} prints the ports, and takes no other option")
        list_ports()
        return 0
    from streamson.live.terminal.watched import TOPICS
    from streamson.wire.feed.reader import FeedReader
    from streamson.wire.sockets.endpoint import control_endpoint

    control_endpoint(endpoint)  # or it says what is wrong with it
    if voice is not None and not speak:
        raise UsageError("--voice is for --speak, which is not there")
    is_plain = plain or speak or midi is not None or osc is not None
    has_screen = not is_plain and sys.stdout.isatty() and _can_show()
    if lasts_while is not None and not has_screen:
        raise StreamsonError("the terminal was closed")
    ending.hold()
    # What can't be is said before a listener is looked for.
    with opened_outlets(endpoint, midi=midi, osc=osc, delay_s=delay) as outlets:
        speaker = _speaker(voice or "en") if speak else None
        with FeedReader(endpoint, TOPICS) as reader:
            hello = reader.wait_for_hello(PATIENCE_S)
            if has_screen:
                _show(reader, hello, lasts_while)
                return 0
            play_to(outlets)
            with _said_aloud(speaker):
                _print_lines(reader, hello, outlets, speaker)
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


def _speaker(voice: str) -> "Speaker":
    from streamson.live.speech.speaker import Speaker

    return Speaker(voice)


@contextmanager
def _said_aloud(speaker: "Speaker | None") -> Iterator[None]:
    """Say what happens; at the end, say how it went."""
    if speaker is None:
        yield
        return
    try:
        with speaker:
            click.echo("Saying aloud what happens.", err=True)
            yield
    finally:
        click.echo(speaker.summary(), err=True)


def _print_lines(
    reader: "FeedReader", hello: "Hello", outlets: list["Outlet"], speaker: "Speaker | None"
) -> None:
    from streamson.live.plain import PlainLines
    from streamson.model.feed import HELLO, LEVEL

    reader.unsubscribe(LEVEL)
    lines = PlainLines(print)
    lines.update(HELLO, hello)
    if speaker is not None:
        speaker.update(HELLO, hello)
    while True:
        for topic, message in reader.receive(TURN_S):
            lines.update(topic, message)
            if speaker is not None:
                speaker.update(topic, message)
        lines.look(reader.refusal)
        if speaker is not None:
            speaker.look()
        for outlet in outlets:
            outlet.check()
