"""The MIDI port that is played to: found again where it comes back."""

import logging
import sys
import time
from typing import TYPE_CHECKING, Final

from streamson._printable import printable
from streamson.errors import StreamsonError, UsageError, nearest
from streamson.live.midi.ports import (
    CLIENT,
    OWN_PORT,
    VIRTUAL,
    OpenPort,
    PortName,
    list_ports,
    load_rtmidi,
    stem,
)

if TYPE_CHECKING:
    from streamson.live.midi.port_process import PortProcess

LOOK_S: Final = 2.0
"""How often it is looked whether a port is there."""

MAX_LISTED: Final = 20
"""Ports that a message names."""

_log = logging.getLogger(__name__)


class MidiPort:
    """A port that notes go to.

    Parameters
    ----------
    wanted
        Its number in the list of ports, or a part of its name; `VIRTUAL` for one of our own.

    Attributes
    ----------
    name
        Its name.

    Raises
    ------
    UsageError
        If there is no such port, or several are meant.
    StreamsonError
        If it can't be opened, or nothing here knows of MIDI.
    MissingDependencyError
        If python-rtmidi is not installed.
    """

    def __init__(self, wanted: str) -> None:
        self._due = time.monotonic() + LOOK_S
        if wanted == VIRTUAL:
            found = None
            self.name = f"{CLIENT}:{OWN_PORT}"
        else:
            found = choose_port(wanted, port_names())
            self.name = found.name
        self._stem = None if found is None else stem(found.name)
        self._open: OpenPort | PortProcess | None = _opened(found)

    @property
    def is_there(self) -> bool:
        """Whether it takes what is sent."""
        return self._open is not None

    def send(self, message: list[int]) -> None:
        """Send a message; where the port has gone, it is left out."""
        if self._open is None:
            return
        try:
            self._open.send(bytes(message))
        except StreamsonError as error:
            _log.warning("the MIDI port %s takes nothing: %s", printable(self.name), error)
            self.close()

    def look(self, now_s: float) -> bool:
        """Look now and then whether it is there; return whether it has come back."""
        if now_s < self._due:
            return False
        if self._open is not None:
            if not self._open.is_there():
                _log.warning("the MIDI port %s has gone; it is waited for", printable(self.name))
                self.close()
            is_back = False
        else:
            is_back = self._find()
        self._due = time.monotonic() + LOOK_S  # where MIDI hangs, that has taken a while
        return is_back

    def close(self) -> None:
        """Give it back. Can be called again."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _find(self) -> bool:
        """Open it again; return whether it is there."""
        try:
            found = None
            if self._stem is not None:
                found = next(port for port in port_names() if stem(port.name) == self._stem)
            self._open = _opened(found)
        except (StopIteration, StreamsonError):
            return False  # it is tried again
        _log.warning("the MIDI port %s is back", printable(self.name))
        return True


def port_names() -> list[PortName]:
    """Return the ports that can be played to, numbered from 0 in this order.

    Raises
    ------
    StreamsonError
        If the system does not tell.
    MissingDependencyError
        If python-rtmidi is not installed.
    """
    load_rtmidi()
    if sys.platform != "linux":
        return list_ports()
    from streamson.live.midi.port_process import list_ports_apart  # other systems lack its parts

    return list_ports_apart()


def _opened(port: PortName | None) -> "OpenPort | PortProcess":
    """Return a port that was opened: on Linux, which has JACK, in a process of its own."""
    load_rtmidi()
    if sys.platform != "linux":
        return OpenPort(port)
    from streamson.live.midi.port_process import PortProcess

    return PortProcess(port)


def choose_port(wanted: str, ports: list[PortName]) -> PortName:
    """Return the port that a number, or a part of a name, means.

    Raises
    ------
    UsageError
        If it means none, or several.

    Examples
    --------
    >>> choose_port("synth", [PortName(2, 0, "Midi Through"), PortName(2, 1, "Synth input")]).name
    'Synth input'
    """
    names = [port.name for port in ports]
    if wanted.isascii() and wanted.isdecimal():
        found = ports[int(wanted[:9]) :][:1]
    else:
        exact = [port for port in ports if port.name == wanted]
        found = exact or [port for port in ports if wanted.lower() in port.name.lower()]
    # PipeWire shows each port of ALSA once more, as one of JACK.
    found = [port for port in found if port.api == found[0].api]
    if len(found) == 1 and wanted:
        return found[0]
    if not ports:
        raise UsageError(
            f"--midi: found {wanted!r}, and there is no MIDI port on this machine. "
            f"Start the instrument first, or make a port that it connects to: --midi {VIRTUAL}"
        )
    what = "several ports have that" if found else "no port has that"
    raise UsageError(
        f"--midi: found {wanted!r}; {what}. A number, a part of a name or {VIRTUAL} is "
        f"allowed: {_listed(found or ports)}{'' if found else nearest(wanted, names)}"
    )


def _listed(ports: list[PortName]) -> str:
    names = [f'"{printable(port.name)}"' for port in ports]
    more = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
