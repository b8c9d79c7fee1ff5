"""A serial port: opened or explained, read as long as it is there, opened again when it is back."""

import errno
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from streamson._optional import import_optional
from streamson._printable import printable
from streamson.errors import StreamsonError, UsageError
from streamson.producers.base.backoff import Backoff
from streamson.producers.base.pace import POLL_S, sleep_until
from streamson.producers.base.unusable import Unusable
from streamson.producers.devices.serial_lines import SerialLines

SCHEMES: Final = ("hwgrep", "socket")
"""pySerial's addresses that may be given: a device by what it is called, a port on a server."""

LINE_PAUSE_S: Final = 0.1
"""A port that is silent for so long once it is open is not amid a line, from 300 baud on."""

MAX_LISTED: Final = 20


class SerialPort:
    """Reads the lines of a serial port, which may go and come back.

    Parameters
    ----------
    name
        ``/dev/ttyUSB0``, ``COM3``, ``hwgrep://PATTERN`` or ``socket://HOST:PORT``.
    baud
        Its speed, in bits a second.

    Raises
    ------
    UsageError
        If there is none of that name.
    StreamsonError
        If it can't be opened.

    Attributes
    ----------
    device
        What it is, where `name` is a pattern.
    """

    def __init__(self, name: str, baud: int) -> None:
        self._name = name
        self._baud = baud
        self._port: Any = None
        self.device = name
        self._backoff = Backoff(printable(name))
        self._serial = import_optional("serial", "serial", "the serial producer")
        _check_name(name)
        try:
            self._open()
        except (OSError, ValueError) as error:
            raise _explained(name, error) from None

    def lines(self, unusable: Unusable) -> Iterator[str]:
        """Yield each line that comes, without end; count what is none."""
        while True:
            try:
                if self._port is None:
                    self._open()
                    self._backoff.connected()
                yield from self._lines_until_lost(unusable)
            except (OSError, ValueError) as error:  # SerialException is an OSError
                self.close()
                gone = "returned no data" in str(error)  # as pySerial says of a cable
                reason = "it is gone" if gone else error
                sleep_until(time.monotonic() + self._backoff.failed(reason))

    def close(self) -> None:
        """Close it."""
        port, self._port = self._port, None
        if port is not None:
            with suppress(OSError):
                port.close()

    def _open(self) -> None:
        self._port = self._serial.serial_for_url(
            self._name, baudrate=self._baud, timeout=POLL_S, exclusive=True
        )
        self.device = str(self._port.port)

    def _lines_until_lost(self, unusable: Unusable) -> Iterator[str]:
        port = self._port
        port.reset_input_buffer()  # what came while nobody listened is old
        port.timeout = LINE_PAUSE_S
        chunk = port.read(1)
        port.timeout = POLL_S
        lines = SerialLines(unusable, is_amid_line=bool(chunk))
        while True:
            yield from lines.feed(chunk)
            chunk = port.read(1)
            if chunk:
                chunk += port.read(port.in_waiting)


def _check_name(name: str) -> None:
    scheme, found, rest = name.partition("://")
    if not found:
        return
    if scheme not in SCHEMES:
        allowed = ", ".join(f"{one}://" for one in SCHEMES)
        raise UsageError(f"PORT: found {name!r}; allowed: a port, or an address with {allowed}")
    if scheme == "hwgrep":
        try:
            re.compile(rest)
        except re.error as error:
            raise UsageError(f"PORT: {rest!r} is no regular expression: {error}") from None


def _explained(name: str, error: OSError | ValueError) -> StreamsonError:
    number, text = getattr(error, "errno", None), printable(str(error))
    if number == errno.ENOENT or "FileNotFoundError" in text or "no ports found" in text:
        return UsageError(f"PORT: found {name!r}, which is not there; {ports_there()}")
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return StreamsonError(f"{name} can't be opened: permission denied{_advice(name)}")
    if number in (errno.EAGAIN, errno.EBUSY):
        return StreamsonError(
            f"{name} can't be opened: another program has it, such as a serial monitor; end that"
        )
    if "Could not configure" in text:
        return UsageError(f"PORT: {name} is no serial port; {ports_there()}")
    if f"Errno {errno.ECONNREFUSED}]" in text:
        text = "nobody listens there"
    return StreamsonError(f"{name} can't be opened: {text}")


def _advice(name: str) -> str:
    try:
        group = Path(name).group()
    except (OSError, KeyError, NotImplementedError):
        return ""
    return (
        f". It belongs to the group {group}; join that by: sudo usermod -aG {group} $USER, and log "
        "in again"
    )


def ports_there() -> str:
    """Return which ports this machine has, in words."""
    listing = import_optional("serial.tools.list_ports", "serial", "the serial producer")
    found = sorted(listing.comports())
    if not found:
        return "this machine has none now. Is the cable plugged in?"
    names = [
        printable(port.device + (f" ({port.description})" if port.description != "n/a" else ""))
        for port in found[:MAX_LISTED]
    ]
    return f"there are: {', '.join(names)}"
