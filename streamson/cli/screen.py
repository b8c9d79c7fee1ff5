"""The screen of a listener that runs here: ``streamson watch`` in a process of its own.

Nothing that happens to it, or to the terminal, touches the sound. As long as it is there, nothing
else writes to the terminal: what would is held back.
"""

import io
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from types import FrameType
from typing import Any, Final

import click

from streamson._own_process import own_command
from streamson._printable import counted, printable
from streamson.errors import ChildError

MAX_HELD_LINES: Final = 100
"""Lines that are held back while the screen is there; of more the oldest are left out."""

MAX_HELD_CHARS: Final = 1_000
"""Of each such line."""

PATIENCE_S: Final = 0.5
"""How long the screen may take to give the terminal back."""

STOPPING_S: Final = 0.5
"""How long it may take to stop, when a shell takes the terminal away (Ctrl-Z)."""


def has_terminal() -> bool:
    """Return whether stderr is a terminal, and this process is not in its background."""
    if not os.isatty(2):
        return False
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(2) == os.getpgrp()
    except OSError:
        return False


def obstacle() -> str | None:
    """Return why there can be no screen on the terminal; None if there can be one."""
    from streamson.live.terminal.ability import why_no_screen

    return why_no_screen(2)


class Screen:
    """A screen on this process's terminal.

    Parameters
    ----------
    feed
        The listener's.

    Attributes
    ----------
    has_quit
        Whether somebody ended it, and wants to hear no more.

    Raises
    ------
    ChildError
        If it can't be started.
    """

    def __init__(self, feed: str) -> None:
        self.has_quit = False
        self._before = _attributes()
        self._stderr = sys.stderr
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        ends, self._pipe = os.pipe()
        words = ("watch", feed, "--lasts-while", str(ends))
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own module)
                own_command(*words),
                stdout=2,
                stderr=self._log,
                pass_fds=[ends],
            )
        except OSError as error:
            os.close(self._pipe)
            raise ChildError(f"its process can't be started: {error.strerror}") from None
        finally:
            os.close(ends)
        self._held = _HeldBack(sys.stderr)
        sys.stderr = self._held
        self._on_stop = signal.getsignal(signal.SIGTSTP)
        if self._on_stop != signal.SIG_IGN:
            signal.signal(signal.SIGTSTP, self._stop_too)
        self._is_open = True

    def check(self) -> bool:
        """Return whether it is there; to be called often."""
        code = self._process.poll()
        if code is None:
            return True
        self.close()
        if code == 0:
            self.has_quit = True
            return False
        click.echo(f"The screen ended{self._reason(code)}; plain lines follow.", err=True)
        return False

    def close(self) -> None:
        """End it, give the terminal back, and print what was held back. Can be called again."""
        if not self._is_open:
            return
        self._is_open = False
        os.close(self._pipe)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode < 0:
            self._leave()
        signal.signal(signal.SIGTSTP, self._on_stop)
        sys.stderr = self._stderr
        self._held.release()

    def _leave(self) -> None:
        """Do to the terminal what a screen that was killed could not do."""
        import curses
        import termios

        if not has_terminal():
            return
        with suppress(termios.error):
            if termios.tcgetattr(0) == self._before:  # it did not come so far as to change it
                return
            termios.tcsetattr(0, termios.TCSANOW, self._before)
        codes = (curses.tigetstr(name) or b"" for name in ("rmcup", "rmkx", "sgr0", "cnorm"))
        room = select.poll()
        room.register(2, select.POLLOUT)
        if room.poll(1_000 * PATIENCE_S):  # else it is held, by Ctrl-S: nothing is to wait for that
            os.write(2, b"".join(codes) + b"\r\n")

    def _reason(self, code: int) -> str:
        if code < 0:
            with suppress(ValueError):
                return f" by {signal.Signals(-code).name}"
        self._log.seek(0)
        last = self._log.read().strip().splitlines()[-1:]
        return f": {printable(last[0].removeprefix('streamson: '))}" if last else ""

    def _stop_too(self, number: int, _frame: FrameType | None) -> None:
        """Stop, but not before the screen has given the terminal back."""
        deadline = time.monotonic() + STOPPING_S
        while time.monotonic() < deadline and not _is_stopped(self._process.pid):
            time.sleep(0.005)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # it goes on here once it is continued
        signal.signal(number, self._stop_too)


class _HeldBack(io.TextIOBase):
    """Standard error while a screen is there."""

    def __init__(self, stderr: Any) -> None:
        self._stderr = stderr
        self._lines: deque[str] = deque(maxlen=MAX_HELD_LINES)
        self._begun = ""
        self._left_out = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]  # it is an attribute there
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Hold back text; in the background, where no screen is drawn, write it."""
        if not has_terminal():
            return int(self._stderr.write(text))
        *lines, self._begun = (self._begun + text).split("\n")
        self._begun = self._begun[:MAX_HELD_CHARS]
        for line in lines:
            self._left_out += len(self._lines) == MAX_HELD_LINES
            self._lines.append(line[:MAX_HELD_CHARS])
        return len(text)

    def flush(self) -> None:
        if not has_terminal():
            self._stderr.flush()

    def release(self) -> None:
        """Write what was held back."""
        if self._left_out:
            self._stderr.write(f"streamson: {counted(self._left_out, 'earlier line')} left out\n")
        for line in self._lines:
            self._stderr.write(f"{line}\n")
        self._stderr.flush()


def _attributes() -> list[Any]:
    """Return how the terminal is set."""
    import termios

    try:
        return termios.tcgetattr(0)
    except termios.error:
        raise ChildError("the terminal was closed") from None


def _is_stopped(pid: int) -> bool:
    """Return whether a child has stopped, or ended; where that can't be asked, as if it had."""
    if not hasattr(os, "waitid"):
        return True
    how = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, pid, how) is not None
    except ChildProcessError:
        return True
