"""The MIDI ports of this machine, and the one that is played to: found again where it comes back.

A JACK server that dies takes its clients along, which RtMidi does not tell.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from streamson._optional import import_optional
from streamson._printable import printable
from streamson._quiet_stderr import quiet_stderr
from streamson.errors import StreamsonError, UsageError, nearest

VIRTUAL: Final = "virtual"
"""Asks for a port of our own, which others connect to."""

CLIENT: Final = "streamson"
OWN_PORT: Final = "notes"
"""What others see, where the system shows such names."""

LOOK_S: Final = 2.0
"""How often it is looked whether a port is there."""

MAX_LISTED: Final = 20
"""Ports that a message names."""

_ALSA_SEQUENCER: Final = "/dev/snd/seq"

_log = logging.getLogger(__name__)


class PortName(NamedTuple):
    """A port that can be played to.

    Attributes
    ----------
    api
        By which of the system's ways, as rtmidi counts them.
    number
        Among the ports of that way.
    name
        As the system calls it.
    """

    api: int
    number: int
    name: str


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
        self._is_own = wanted == VIRTUAL
        self._out: Any = None
        self._due = time.monotonic() + LOOK_S
        if self._is_own:
            self.name = f"{CLIENT}:{OWN_PORT}"
            self._out = _open_own()
        else:
            found = choose_port(wanted, port_names())
            self.name = found.name
            self._stem = _stem(found.name)
            self._out = _open(found)

    @property
    def is_there(self) -> bool:
        """Whether it takes what is sent."""
        return self._out is not None

    def send(self, message: list[int]) -> None:
        """Send a message; where the port has gone, it is left out."""
        if self._out is None:
            return
        try:
            self._out.send_message(message)
        except _rtmidi().RtMidiError as error:
            reason = printable(str(error))
            _log.warning("the MIDI port %s takes nothing: %s", printable(self.name), reason)
            self.close()

    def look(self, now_s: float) -> bool:
        """Look now and then whether it is there; return whether it has come back."""
        if self._is_own or now_s < self._due:
            return False
        self._due = now_s + LOOK_S
        if self._out is not None:
            # By the client that there is: a further one would hold up a JACK server.
            if not any(_stem(name) == self._stem for name in self._out.get_ports()):
                _log.warning("the MIDI port %s has gone; it is waited for", printable(self.name))
                self.close()
            return False
        found = next((port for port in port_names() if _stem(port.name) == self._stem), None)
        if found is None:
            return False
        try:
            self._out = _open(found)
        except StreamsonError:
            return False  # it is tried again
        _log.warning("the MIDI port %s is back", printable(self.name))
        return True

    def close(self) -> None:
        """Give it back. Can be called again."""
        if self._out is not None:
            with quiet_stderr():
                self._out.close_port()
                self._out.delete()
            self._out = None


def port_names() -> list[PortName]:
    """Return the ports that can be played to, numbered from 0 in this order.

    Raises
    ------
    MissingDependencyError
        If python-rtmidi is not installed.
    """
    found = []
    for api in _apis():
        with _opened(api) as out:
            names = [] if out is None else out.get_ports()
        found += [PortName(api, number, name) for number, name in enumerate(names)]
    return found


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


def _stem(name: str) -> str:
    """Return a name without the numbers that ALSA gives anew each time, such as ``128:0``."""
    words = name.split(" ")
    is_address = words[-1].replace(":", "", 1).isdecimal() and ":" in words[-1]
    return " ".join(words[:-1]) if len(words) > 1 and is_address else name


def _rtmidi() -> Any:
    return import_optional("rtmidi", "midi", "MIDI")


def _apis() -> list[int]:
    """Return the ways to MIDI that this machine may have, the best one first."""
    rtmidi = _rtmidi()
    has_alsa = os.path.exists(_ALSA_SEQUENCER)  # without it ALSA complains on stderr
    return [api for api in rtmidi.get_compiled_api() if api != rtmidi.API_LINUX_ALSA or has_alsa]


@contextmanager
def _opened(api: int) -> Iterator[Any]:
    """Yield a client of one of the ways; None where that is not there."""
    with quiet_stderr():
        try:
            out = _rtmidi().MidiOut(rtapi=api, name=CLIENT)
        except _rtmidi().SystemError:
            out = None
    try:
        yield out
    finally:
        if out is not None:
            with quiet_stderr():
                out.delete()


def _open(port: PortName) -> Any:
    """Return an open port.

    Raises
    ------
    StreamsonError
        If it has gone, or another program has it.
    """
    rtmidi = _rtmidi()
    with quiet_stderr():
        try:
            return rtmidi.MidiOut(rtapi=port.api, name=CLIENT).open_port(port.number, name=OWN_PORT)
        except (rtmidi.RtMidiError, OSError) as error:
            reason = printable(str(error))
    raise StreamsonError(f"can't open the MIDI port {printable(port.name)}: {reason}")


def _open_own() -> Any:
    """Return a port of our own.

    Raises
    ------
    StreamsonError
        If there is nothing here that can have one.
    """
    rtmidi = _rtmidi()
    if sys.platform == "win32":
        raise StreamsonError(
            "Windows has no virtual MIDI ports; a program such as loopMIDI makes ports, of which "
            "--midi takes the name"
        )
    for api in _apis():
        with quiet_stderr():
            try:
                out = rtmidi.MidiOut(rtapi=api, name=CLIENT)
                return out.open_virtual_port(name=OWN_PORT)
            except (rtmidi.RtMidiError, NotImplementedError):
                continue
    raise StreamsonError(
        f"--midi {VIRTUAL}: nothing on this machine can have a MIDI port: neither ALSA's sequencer "
        f"({_ALSA_SEQUENCER}) nor a JACK server is there"
    )
