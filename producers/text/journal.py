"""The journal of systemd, as ``journalctl -f -o json`` prints it."""

import logging
import shutil
import subprocess
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Final

import msgspec

from streamson._printable import printable
from streamson.errors import MissingDependencyError
from streamson.producers.base.backoff import Backoff
from streamson.producers.base.sample import label_text
from streamson.producers.base.unusable import Unusable
from streamson.producers.text.line_sources import PipeReader, SourceLine
from streamson.producers.text.syslog_line import SEVERITIES

END_S: Final = 0.5
"""So long journalctl may take to end, before it is killed."""

HINT_AFTER_S: Final = 4.0
"""After so long without any line it is said what is waited for."""

MAX_SHOWN: Final = 8
MAX_ERROR_BYTES: Final = 1_024
MAX_CURSOR_CHARS: Final = 1_024

_LABELS: Final = {
    "_HOSTNAME": "host",
    "SYSLOG_IDENTIFIER": "program",
    "_TRANSPORT": "transport",
}
_UNITS: Final = ("_SYSTEMD_UNIT", "UNIT", "OBJECT_SYSTEMD_UNIT")

_log = logging.getLogger(__name__)


class Journal:
    """Follows the messages of units.

    Where journalctl ends it is started again, and goes on behind the last message.

    Parameters
    ----------
    units
        Which; such as ``nginx.service``.
    unusable
        Counts what is no message.

    Raises
    ------
    MissingDependencyError
        Without journalctl.
    """

    def __init__(self, units: Sequence[str], unusable: Unusable) -> None:
        program = shutil.which("journalctl")
        if program is None:
            raise MissingDependencyError(
                "--journal: journalctl is not installed; it comes with systemd. Log files are read "
                "by their names: streamson produce tail /var/log/syslog"
            )
        self._program = program
        self._units = units
        self._unusable = unusable
        self._cursor = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._hint_at: float | None = None

    def lines(self) -> Iterator[SourceLine | None]:
        """Yield messages as they come, without end, and None where none comes."""
        backoff = Backoff("journalctl")
        self._hint_at = time.monotonic() + HINT_AFTER_S
        try:
            while True:
                reason = yield from self._until_end(backoff)
                until = time.monotonic() + backoff.failed(reason)
                while time.monotonic() < until:
                    yield None
                    time.sleep(0.05)
        finally:
            self.close()

    def close(self) -> None:
        """End journalctl."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _command(self) -> list[str]:
        since = f"--after-cursor={self._cursor}" if self._cursor else "--lines=0"
        units = [f"--unit={unit}" for unit in self._units]
        return [self._program, "--follow", "--output=json", "--no-pager", since, *units]

    def _until_end(self, backoff: Backoff) -> Generator[SourceLine | None, None, str]:
        # In a session of its own: Ctrl-C is for this process, which ends it.
        self._process = process = subprocess.Popen(  # noqa: S603  (no shell)
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        reader = PipeReader(process.stdout)
        errors = PipeReader(process.stderr)
        for line in reader.lines():
            if line is None:
                if process.poll() is None:
                    backoff.connected()
                    self._hint()
                yield None
                continue
            backoff.connected()
            self._hint_at = None
            message = self._message(line)
            if message is not None:
                yield message
        reason = next((error for error in errors.lines() if error is not None), "")
        code = process.wait()
        self.close()
        return reason[:MAX_ERROR_BYTES] or f"it ended with {code}"

    def _hint(self) -> None:
        """Say, once, what is waited for, if nothing has come for long."""
        if self._hint_at is None or time.monotonic() < self._hint_at:
            return
        self._hint_at = None
        more = " ..." if len(self._units) > MAX_SHOWN else ""
        _log.info(
            "waiting for lines of %s%s; these units have some: journalctl -F _SYSTEMD_UNIT",
            printable(", ".join(self._units[:MAX_SHOWN])),
            more,
        )

    def _message(self, line: str) -> SourceLine | None:
        """Return the message of a line."""
        try:
            found = msgspec.json.decode(line)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            found = None
        if not isinstance(found, dict):
            self._unusable.add("that is no entry of a journal", line)
            return None
        cursor = _text(found.get("__CURSOR"))
        if cursor and len(cursor) <= MAX_CURSOR_CHARS:
            self._cursor = cursor
        text = _text(found.get("MESSAGE"))
        if text is None:
            self._unusable.add("without a message")
            return None
        unit = next((name for key in _UNITS if (name := _text(found.get(key)))), self._units[0])
        labels = {
            label: label_text(word)
            for key, label in _LABELS.items()
            if (word := _text(found.get(key)))
        }
        labels["unit"] = label_text(unit)
        severity = _whole(found.get("PRIORITY"))
        if severity is not None and severity < len(SEVERITIES):
            labels["severity"] = SEVERITIES[severity]
        else:
            severity = None
        microseconds = _whole(found.get("__REALTIME_TIMESTAMP"))
        when = None if microseconds is None else microseconds / 1e6
        source = label_text(unit.removesuffix(".service"))
        return SourceLine(text, source, when, severity, labels)


def _text(found: object) -> str | None:
    """Return a text of the journal, which writes one that is not UTF-8 as a list of bytes."""
    if isinstance(found, str):
        return found
    if isinstance(found, list) and found:
        if all(isinstance(one, int) and 0 <= one < 256 for one in found):
            return bytes(found).decode(errors="replace")
        return _text(found[0])  # a field that is there several times
    return None


def _whole(found: object) -> int | None:
    text = _text(found) or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
