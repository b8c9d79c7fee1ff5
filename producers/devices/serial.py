"""The serial producer: numbers that a board prints, line by line."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

import click

from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base.first_fields import PartedStreams
from streamson.producers.base.reading import Production, Reading
from streamson.producers.base.sample import choose_fields
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.devices.plotter_line import parse_plotter_line
from streamson.producers.devices.serial_port import SerialPort, ports_there
from streamson.producers.text.line_reader import LineReader

REQUIRES: Final = {"serial": "streamson[serial]"}
"""What it imports, and what brings that."""

STREAM: Final = "{topic}"
LABELS: Final = ("port", "topic")
MAX_STREAMS: Final = 1_000
"""At a time; lines that begin with any further topic are left out."""


@click.command(short_help="What a board prints to a serial port: Arduino, ESP32, Pico ...")
@click.argument("port", required=False, metavar="PORT")
@click.option(
    "--baud",
    type=click.IntRange(50, 8_000_000),
    default=115_200,
    show_default=True,
    help="Its speed, as the board sets it.",
)
@options.stream_template(
    STREAM, "{port}, and {topic}, a name with a slash that a line begins with, else the port"
)
@options.fields
def command(*, port: str | None, baud: int, stream: str, fields: tuple[str, ...]) -> Production:
    """Publish the numbers of each line that comes from PORT.

    Lines are those of Arduino's Serial Plotter (T:21.5,H:40), columns, bare numbers, pairs such as
    T=21.5C or JSON. PORT may be a name, socket://HOST:PORT, or hwgrep://WORD, which finds a board
    by what it is called wherever it is plugged in. It may be unplugged, and is heard when it is
    back.

    \b
    streamson produce serial /dev/ttyUSB0
    streamson produce serial /dev/ttyACM0 --baud 9600 --stream greenhouse --fields T,H
    streamson produce serial hwgrep://Arduino
    """  # noqa: D301
    template = StreamTemplate(stream, LABELS)
    if port is None:
        raise UsageError(f"PORT is missing; {ports_there()}")
    opened = SerialPort(port, baud)
    return Production(_readings(opened, template, fields), keep=False)


def _readings(
    port: SerialPort, template: StreamTemplate, fields: Sequence[str]
) -> Iterator[Reading]:
    unusable = Unusable("line")
    reader = LineReader()
    name = PurePath(port.device).name
    streams = StreamLimit(MAX_STREAMS)
    parted = PartedStreams("--stream '{port}'") if template.text == STREAM else None
    try:
        for line in port.lines(unusable):
            for topic, numbers in _numbers(reader, line):
                chosen = choose_fields(numbers, fields)
                stream = template.fill({"port": name, "topic": topic or name})
                if parted is not None and not topic:
                    stream = parted.name(stream, chosen)
                if not chosen:
                    unusable.add("without wanted numbers", line)
                elif not streams.admits(stream):
                    unusable.add(streams.reason, line)
                else:
                    yield Reading(stream, chosen)
    finally:
        port.close()
        unusable.tell()


def _numbers(reader: LineReader, line: str) -> list[tuple[str, dict[str, float]]]:
    """Return the numbers of a line, with its topic."""
    if plotted := parse_plotter_line(line):
        return [("", plotted)]
    found = [
        (said.topic, {name: x for name, x in said.fields.items() if x is not None})
        for said in reader.parse(line)
    ]
    return found or [("", {})]
