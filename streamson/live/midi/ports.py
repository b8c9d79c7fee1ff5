"""The MIDI ports of this machine, as RtMidi knows them in this process."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from streamson._optional import import_optional
from streamson._printable import printable
from streamson._quiet_stderr import quiet_stderr
from streamson.errors import StreamsonError

VIRTUAL: Final = "virtual"
"""Asks for a port of our own, which others connect to."""

CLIENT: Final = "streamson"
OWN_PORT: Final = "notes"
"""What others see, where the system shows such names."""

_ALSA_SEQUENCER: Final = "/dev/snd/seq"


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


class OpenPort:
    """A port that was opened.

    Parameters
    ----------
    port
        Which; None for one of our own.

    Raises
    ------
    StreamsonError
        If it has gone, another program has it, or there is nothing here that can have one.
    MissingDependencyError
        If python-rtmidi is not installed.
    """

    def __init__(self, port: PortName | None) -> None:
        self._stem = None if port is None else stem(port.name)
        self._out = _open_own() if port is None else _open(port)

    def send(self, message: bytes) -> None:
        """Send a message.

        Raises
        ------
        StreamsonError
            If it does not go.
        """
        try:
            self._out.send_message(message)
        except load_rtmidi().RtMidiError as error:
            raise StreamsonError(printable(str(error))) from None

    def is_there(self) -> bool:
        """Return whether who was connected is there still."""
        # By the client that there is: a further one would hold up a JACK server.
        return self._stem is None or self._stem in map(stem, self._out.get_ports())

    def close(self) -> None:
        """Give it back."""
        with quiet_stderr():
            self._out.close_port()
            self._out.delete()


def list_ports() -> list[PortName]:
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


def stem(name: str) -> str:
    """Return a name without the numbers that ALSA gives anew each time, such as ``128:0``."""
    words = name.split(" ")
    is_address = words[-1].replace(":", "", 1).isdecimal() and ":" in words[-1]
    return " ".join(words[:-1]) if len(words) > 1 and is_address else name


def load_rtmidi() -> Any:
    """Return the module.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    return import_optional("rtmidi", "midi", "MIDI")


def _apis() -> list[int]:
    """Return the ways to MIDI that this machine may have, the best one first."""
    rtmidi = load_rtmidi()
    has_alsa = os.path.exists(_ALSA_SEQUENCER)  # without it ALSA complains on stderr
    return [api for api in rtmidi.get_compiled_api() if api != rtmidi.API_LINUX_ALSA or has_alsa]


@contextmanager
def _opened(api: int) -> Iterator[Any]:
    """Yield a client of one of the ways; None where that is not there."""
    rtmidi = load_rtmidi()
    with quiet_stderr():
        try:
            out = rtmidi.MidiOut(rtapi=api, name=CLIENT)
        except rtmidi.SystemError:
            out = None
    try:
        yield out
    finally:
        if out is not None:
            with quiet_stderr():
                out.delete()


def _open(port: PortName) -> Any:
    rtmidi = load_rtmidi()
    with quiet_stderr():
        try:
            return rtmidi.MidiOut(rtapi=port.api, name=CLIENT).open_port(port.number, name=OWN_PORT)
        except (rtmidi.RtMidiError, OSError) as error:
            reason = printable(str(error))
    raise StreamsonError(f"can't open the MIDI port {printable(port.name)}: {reason}")


def _open_own() -> Any:
    rtmidi = load_rtmidi()
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
