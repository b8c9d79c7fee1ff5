"""The page of a listener that runs here: ``streamson web`` in a process of its own.

Nothing that happens to it, or to a browser, touches the sound.
"""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import webbrowser
from contextlib import suppress
from typing import IO, Final

from streamson._own_process import own_command
from streamson._printable import printable
from streamson.errors import StreamsonError

START_S: Final = 10.0
"""How long it may take until it can be opened."""

PATIENCE_S: Final = 0.5
"""How long it may take to end."""


class Page:
    """A page, until it is closed.

    Parameters
    ----------
    feed
        The listener's.
    address
        ``[HOST:]PORT``.
    is_chosen
        Whether somebody chose it; else, where the port is taken, those after it are tried.
    insecure
        As of ``streamson web``.

    Raises
    ------
    StreamsonError
        It can't be opened.

    Attributes
    ----------
    lines
        Where it is, for a person.
    """

    def __init__(self, feed: str, address: str, *, is_chosen: bool, insecure: bool) -> None:
        words = ["web", feed, "--address", address]
        words += ["--insecure"] if insecure else []
        words += [] if is_chosen else ["--next-port"]
        self.lines: list[str] = []
        self._log: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            own_command(*words),
            stdin=subprocess.DEVNULL,
            # It ends when nobody could read what it prints: it never outlives us.
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        reading = threading.Thread(target=self._read, name="page", daemon=True)
        reading.start()
        reading.join(START_S)
        if not self.lines:
            self.close()
            raise StreamsonError(f"there is no page: {self._reason()}")

    @property
    def url(self) -> str:
        """Where it is, without what lets somebody in."""
        address = self.lines[0].partition("http://")[2].split()[0]
        return f"http://{address.partition('?')[0]}"

    @property
    def has_secret(self) -> bool:
        """Whether its lines hold what lets somebody in, and are shown nowhere else."""
        return "token=" in "".join(self.lines)

    def has_ended(self) -> str | None:
        """Return why it has ended before its time; None where it has not."""
        return None if self._process.poll() is None else self._reason()

    def close(self) -> None:
        """End it. Can be called again."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        """Read where it is: it says so in one go."""
        assert self._process.stdout is not None
        text = os.read(self._process.stdout.fileno(), 65_536).decode(errors="replace")
        self.lines = [printable(line) for line in text.splitlines()]

    def _reason(self) -> str:
        self._log.seek(0)
        last = self._log.read().strip().splitlines()[-1:]
        return printable(last[0].removeprefix("streamson: ")) if last else "it ended without a word"


def tunnel(port: int) -> str:
    """Return the command that lets another machine reach a port of this one."""
    return f"ssh -L {port}:127.0.0.1:{port} {getpass.getuser()}@{socket.gethostname()}"


def show_in_browser(url: str) -> None:
    """Open a page in a browser, where somebody sits before a display."""
    if sys.platform in ("darwin", "win32"):
        webbrowser.open(url)
        return
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    opener = shutil.which("xdg-open")
    if not has_display or opener is None or "SSH_CONNECTION" in os.environ:
        return
    with suppress(OSError):
        subprocess.Popen(  # noqa: S603  (the system's own, and an address that we made)
            [opener, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
