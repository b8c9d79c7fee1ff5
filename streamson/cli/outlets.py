"""The outlets of ``streamson watch``: notes to a MIDI port, and to a receiver of OSC."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from streamson._printable import printable
from streamson.errors import UsageError

if TYPE_CHECKING:
    from streamson.live.outlet.outlet import Outlet
    from streamson.live.outlet.sink import Sink


def list_ports() -> None:
    """Print the MIDI ports that can be played to."""
    from streamson.live.midi.port import port_names
    from streamson.live.midi.ports import VIRTUAL

    ports = port_names()
    for number, port in enumerate(ports):
        click.echo(f"{number:3}  {printable(port.name)}")
    if not ports:
        click.echo(
            "No MIDI port was found. An instrument has one once it runs; "
            f"--midi {VIRTUAL} makes one that it can connect to.",
            err=True,
        )


@contextmanager
def opened_outlets(
    endpoint: str, *, midi: str | None, osc: str | None, delay_s: float | None
) -> Iterator[list["Outlet"]]:
    """Open a MIDI port and a receiver of OSC for a listener's notes, and close them at the end.

    Of those that played it is said then how it went.

    Raises
    ------
    UsageError
        If there is no such port, an address is none, the delay is out of its range, or it is said
        where nothing is played to.
    StreamsonError
        If a port can't be opened, or a machine is not known.
    MissingDependencyError
        If a package is not installed.
    """
    from streamson.live.outlet.outlet import DEFAULT_DELAY_S, Outlet, check_delay

    if delay_s is not None and midi is None and osc is None:
        raise UsageError("--delay is for --midi and --osc, and neither is there")
    delay_s = DEFAULT_DELAY_S if delay_s is None else delay_s
    check_delay(delay_s)
    with ExitStack() as stack:
        outlets = []
        for sink in _sinks(midi, osc):
            outlets.append(Outlet(endpoint, sink, delay_s=delay_s))
            stack.callback(_close, outlets[-1])
        yield outlets


def play_to(outlets: list["Outlet"]) -> None:
    """Let them play from now on."""
    for outlet in outlets:
        outlet.start()
        click.echo(f"Playing {printable(outlet.name)}.", err=True)


def _close(outlet: "Outlet") -> None:
    outlet.close()
    if outlet.is_started:
        click.echo(printable(outlet.summary()), err=True)


def _sinks(midi: str | None, osc: str | None) -> Iterator["Sink"]:
    if osc is not None:
        from streamson.live.osc.address import parse_address
        from streamson.live.osc.sender import OscSender

        yield OscSender(parse_address(osc))
    if midi is not None:
        from streamson.live.midi.player import MidiPlayer
        from streamson.live.midi.port import MidiPort

        yield MidiPlayer(MidiPort(midi))
