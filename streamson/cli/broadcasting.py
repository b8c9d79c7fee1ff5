"""The broadcast of a listener that runs here: ``streamson broadcast`` in a process of its own.

Nothing that happens to it, or to the server, touches the sound.
"""

import logging
import os
import subprocess
import threading
from typing import Final

from streamson._own_process import own_command
from streamson._printable import printable

PATIENCE_S: Final = 1.0
"""How long it may take to end."""

MAX_LINE_CHARS: Final = 1_000
"""Of what it says."""

_log = logging.getLogger(__name__)


class Broadcasting:
    """A broadcast, until it is closed. What it says becomes lines of the log.

    Parameters
    ----------
    feed
        The listener's.
    address
        Where to.
    password
        Of the user in it.
    """

    def __init__(self, feed: str, address: str, password: str) -> None:
        self._last = ""
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            own_command("broadcast", address, feed),
            stdin=subprocess.DEVNULL,
            # It ends when nobody could read what it says: it never outlives us.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            # Which only this user can read, other than the command line.
            env={**os.environ, "STREAMSON_ICECAST_PASSWORD": password},
        )
        self._reading = threading.Thread(target=self._read, name="broadcasting", daemon=True)
        self._reading.start()

    def has_ended(self) -> str | None:
        """Return why it has ended before its time; None where it has not."""
        if self._process.poll() is None:
            return None
        self._reading.join(PATIENCE_S)
        return self._last or "it ended without a word"

    def close(self) -> None:
        """End it. Can be called again."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reading.join(PATIENCE_S)

    def _read(self) -> None:
        """Let what it says be heard here, as it comes."""
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(MAX_LINE_CHARS):
            self._last = printable(line.strip().removeprefix("streamson: "))
            _log.warning("%s", self._last)
