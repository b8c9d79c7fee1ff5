"""A command in a terminal of its own, which can be closed."""

import codecs
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyte
import pytest

from tests.cli.conftest import STREAMSON
from tests.conftest import family_of

DEADLINE_S = 90.0
"""The first run compiles."""


class Terminal:
    """A pseudo-terminal that controls the command which runs in it, and the screen that it shows.

    Attributes
    ----------
    shown
        All that was written, escape codes and all.
    """

    def __init__(
        self,
        folder: Path,
        *words: str,
        before: Callable[[], object] = lambda: None,
        size: tuple[int, int] = (160, 40),
        command: tuple[str, ...] = STREAMSON,
        **environment: str,
    ) -> None:
        self._master, slave = pty.openpty()
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        _set_size(slave, size)
        self.before = termios.tcgetattr(slave)

        def take_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            before()

        self.process = subprocess.Popen(
            [*command, *words],
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509  (no other way; the child is small)
            # One that repeats no character by a code, which pyte does not know.
            env={**os.environ, "TERM": "screen", "LC_ALL": "C.UTF-8", **environment},
        )
        os.close(slave)
        self.shown = ""

    @property
    def lines(self) -> list[str]:
        """What stands on the screen at present, without the spaces at the ends of lines."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def cells(self) -> list[list[str]]:
        """What stands in each cell; the second one of a wide character is empty."""
        rows, columns = range(self._screen.lines), range(self._screen.columns)
        return [[self._screen.buffer[y][x].data for x in columns] for y in rows]

    @property
    def colours(self) -> set[str]:
        """Of all that stands on the screen."""
        return {cell.fg for row in self._screen.buffer.values() for cell in row.values()}

    def pause(self, seconds: float) -> None:
        """Read on for a while."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            self._read(remaining)

    def await_text(self, words: str, timeout_s: float = DEADLINE_S) -> str:
        """Read on until these words were written, or stand on the screen; return all."""
        self.await_screen(
            lambda: words in self.shown or any(words in line for line in self._screen.display),
            repr(words),
            timeout_s,
        )
        return self.shown

    def await_line(self, words: str, timeout_s: float = DEADLINE_S) -> str:
        """Read on until these words stand on the screen; return their line."""
        self.await_screen(
            lambda: any(words in line for line in self.lines), f"{words!r} on it", timeout_s
        )
        return next(line for line in self.lines if words in line)

    def await_screen(
        self, condition: Callable[[], object], what: str, timeout_s: float = DEADLINE_S
    ) -> None:
        """Read on until something is true."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            has_more = self._read(0.05)
            is_over = self.process.poll() is not None and not has_more and not condition()
            if is_over or time.monotonic() > deadline:
                screen = "\n".join(self.lines)
                pytest.fail(f"no {what} in {timeout_s} s, but\n{screen}\nafter {self.shown!r}")

    def resize(self, width: int, height: int) -> None:
        """Let the window have another size."""
        self._screen.resize(lines=height, columns=width)
        _set_size(self._master, (width, height))

    @property
    def attributes(self) -> list[object]:
        """How the terminal is set, as `termios.tcgetattr`."""
        return termios.tcgetattr(self._master)

    @property
    def watcher(self) -> psutil.Process | None:
        """The process that draws the screen of a listener; None while there is none."""
        for child in psutil.Process(self.process.pid).children():
            if "watch" in child.cmdline():
                return child
        return None

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    def close(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def kill(self) -> None:
        """End all that was started, at once."""
        for pid in family_of(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.close()

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
            text = self._decoder.decode(os.read(self._master, 65_536))
        except OSError:  # nobody has it open any more
            return False
        self.shown += text
        self._stream.feed(text)
        return True


def _set_size(descriptor: int, size: tuple[int, int]) -> None:
    width, height = size
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
