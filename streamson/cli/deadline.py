"""The end of a command is bounded: what still holds it up then is named and left, as it is.

A thread of its own sees to it. Of signals it hears from the C half of Python's handlers: the main
thread, which alone runs the other half, may be amid what never comes back, such as a write to a
disk that has gone.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from pathlib import Path
from socket import socketpair
from types import FrameType
from typing import Final, NoReturn

LIMIT_S: Final = 10.0
"""How long an end may take: of all that is waited for at the end each part is allowed 2 s at most,
and a machine that is busy with other things takes some times as long."""

GRACE_S: Final = 2.0
"""A second Ctrl-C ends a command at once only if the first has not ended it in this time: people
press it twice, and files are closed in a fraction of a second."""

MAX_LINKS: Final = 5
"""Threads that wait for one another and are followed."""

MAX_LINE_BYTES: Final = 512
"""POSIX's PIPE_BUF: so much of it is written without waiting where a pipe has room at all."""

FAILED: Final = 1

_BEGIN: Final = 0  # no signal has this number
_PACKAGE: Final = Path(__file__).parents[1]


class Deadline:
    """Ends this process by force, once its end takes too long.

    Parameters
    ----------
    is_an_end
        Whether a signal, by its number, is one that ends this process.
    """

    def __init__(self, is_an_end: Callable[[int], bool]) -> None:
        self._is_an_end = is_an_end
        self._theirs, self._ours = socketpair()
        self._theirs.setblocking(False)
        signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._run, name="deadline", daemon=True).start()

    def begin(self) -> None:
        """Say that the end has begun. Can be called again, and in a signal's handler."""
        with suppress(BlockingIOError):  # then it was told often enough
            self._theirs.send(bytes([_BEGIN]))

    def _run(self) -> None:
        began_at = signalled_at = inf
        while (now := time.monotonic()) < began_at + LIMIT_S:
            self._ours.settimeout(None if began_at == inf else began_at + LIMIT_S - now)
            try:
                told = self._ours.recv(1)[0]
            except TimeoutError:
                continue
            now = time.monotonic()
            if told == _BEGIN:
                began_at = min(began_at, now)
            elif self._is_an_end(told):
                if now > signalled_at + GRACE_S:
                    os._exit(128 + told)
                began_at, signalled_at = min(began_at, now), min(signalled_at, now)
        _give_up()


def _give_up() -> NoReturn:
    _say(
        f"streamson: not ended within {LIMIT_S:.0f} s, so it is left as it is: {_holder()}. Sound "
        "files that are not whole are mended by: streamson repair FILE\n"
    )
    os._exit(FAILED)


def _holder() -> str:
    """Return what the end waits for, for a person: where a thread joins another, that one."""
    frames = sys._current_frames()
    thread: threading.Thread = threading.main_thread()
    for _ in range(MAX_LINKS):
        awaited = _joined(frames.get(thread.ident or 0))
        if awaited is None:
            break
        thread = awaited
    name = "" if thread is threading.main_thread() else f'the thread "{thread.name}" '
    return f"{name}{_place(frames.get(thread.ident or 0))}"


def _joined(frame: FrameType | None) -> threading.Thread | None:
    """Return the thread whose end a frame of another waits for, if it does."""
    while frame is not None:
        if frame.f_code is threading.Thread.join.__code__:
            found: threading.Thread = frame.f_locals["self"]
            return found
        frame = frame.f_back
    return None


def _place(frame: FrameType | None) -> str:
    """Return where in this package something goes on."""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            return f"is in {path.relative_to(_PACKAGE)}, {frame.f_code.co_name}"
        frame = frame.f_back
    return "is at work"


def _say(line: str) -> None:
    """Write to standard error, if that takes it now."""
    if hasattr(select, "poll"):
        room = select.poll()
        room.register(2, select.POLLOUT)
        if not room.poll(0):
            return
    with suppress(OSError):
        os.write(2, line.encode(errors="backslashreplace")[:MAX_LINE_BYTES])
