"""The lsl producer: what laboratory instruments stream by the Lab Streaming Layer."""

from typing import Final

import click

from streamson.producers import options
from streamson.producers.base.reading import Production
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.devices.lsl_wanted import LABELS, Wanted

REQUIRES: Final = {"pylsl": "streamson[lsl]"}
"""What it imports, and what brings that."""


@click.command(short_help="What instruments stream by the Lab Streaming Layer (LSL).")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--type", "kind", metavar="TYPE", help="Only streams of a type, such as EEG.")
@click.option(
    "--where",
    metavar="XPATH",
    help="Only streams whose description matches, such as \"starts-with(hostname, 'lab')\".",
)
@click.option(
    "--channels",
    default="",
    metavar="A,B*,3",
    help="Which channels, by shell patterns of their labels or numbers from 1.  [default: all]",
)
@options.stream_template("{name}", ", ".join(f"{{{label}}}" for label in LABELS))
def command(
    *,
    names: tuple[str, ...],
    kind: str | None,
    where: str | None,
    channels: str,
    stream: str,
) -> Production:
    """Publish the streams of the Lab Streaming Layer on this network.

    NAMEs are shell patterns; without one all streams are heard. Channels are fields, called by
    their labels. A marker that is a number is the field value; other ones are events, event 1,
    which are told apart by --stream '{name}/{marker}'.

    \b
    streamson produce lsl
    streamson produce lsl --type EEG --channels Cz,O* --rate 20
    streamson produce lsl 'Markers*' --stream '{name}/{marker}'
    """  # noqa: D301
    from streamson.producers.devices.lsl_library import load_lsl
    from streamson.producers.devices.lsl_tap import LslTap

    template = StreamTemplate(stream, LABELS)
    patterns = tuple(pattern for word in channels.split(",") if (pattern := word.strip()))
    wanted = Wanted(names, kind, where, patterns, template)
    return Production(LslTap(load_lsl(), wanted), keep=False)
