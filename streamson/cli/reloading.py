"""A session that is read again when its file changes; where no terminal is, also on SIGHUP."""

import logging
import signal
from pathlib import Path

from streamson.cli.ending import has_terminal
from streamson.errors import SessionError
from streamson.listener.listener import Listener
from streamson.session.load import preset_names

_log = logging.getLogger(__name__)


class Reloading:
    """Lets a listener follow its session file.

    Parameters
    ----------
    listener
        The listener.
    session
        What it was started with: only a file can change.
    """

    def __init__(self, listener: Listener, session: str | None) -> None:
        self._listener = listener
        is_file = session is not None and session != "" and session not in preset_names()
        # What came through a pipe can't change.
        self._path = Path(session) if is_file and session and Path(session).is_file() else None
        self._asked = False
        self._seen = self._look()
        # Where there is a terminal, SIGHUP says that it was closed.
        if self._path is not None and hasattr(signal, "SIGHUP") and not has_terminal():
            signal.signal(signal.SIGHUP, self._ask)

    def check(self) -> None:
        """Read the file again if it changed or somebody asked for it; to be called often."""
        if self._path is None:
            return
        found = self._look()
        # Many programs write a new file and put it in the old one's place: for a moment there is
        # none.
        if found is None or (found == self._seen and not self._asked):
            return
        self._seen, self._asked = found, False
        try:
            self._listener.change_session(self._path)
        except SessionError as error:
            _log.error("%s. Going on as before.", error)

    def _look(self) -> tuple[int, int, int] | None:
        """Return what is different after every change; None if there is no file."""
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None

    def _ask(self, _number: int, _frame: object) -> None:
        self._asked = True
