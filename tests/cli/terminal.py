"""A command in a terminal of its own, which can be closed."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import STREAMSON

DEADLINE_S = 90.0
"""The first run compiles."""


class Terminal:
    """A pseudo-terminal that controls the command which runs in it."""

    def __init__(
        self, folder: Path, *words: str, before: Callable[[], object] = lambda: None
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x28\0\xa0\0\0\0\0\0")  # 40 lines of 160

        def take_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            before()

        self.process = subprocess.Popen(
            [*STREAMSON, *words],
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509  (no other way; the child is small)
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(slave)
        self.shown = ""

    def await_text(self, words: str) -> str:
        """Read what is shown until these words are; return all of it."""
        deadline = time.monotonic() + DEADLINE_S
        while words not in self.shown:
            if not self._read(0.05) and time.monotonic() > deadline:
                pytest.fail(f"{words!r} was not shown, but {self.shown!r}")
        return self.shown

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    def close(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def end(self, timeout_s: float) -> int:
        """Read on until the command has ended; return its exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                pytest.fail(f"it goes on after {timeout_s} s: {self.shown!r}")
            self._read(0.02)
        while self._read(0):
            pass
        return self.process.returncode

    def _read(self, timeout_s: float) -> bool:
        if self._master < 0:
            time.sleep(timeout_s)
            return False
        if not select.select([self._master], [], [], timeout_s)[0]:
            return False
        try:
            self.shown += os.read(self._master, 65_536).decode(errors="replace")
        except OSError:  # nobody has it open any more
            return False
        return True
