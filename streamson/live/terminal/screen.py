"""The screen: reads the feed, draws what changed, and does what keys say."""

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

from streamson.errors import StreamsonError
from streamson.live.terminal import hands
from streamson.live.terminal.ability import glyphs_for_terminal
from streamson.live.terminal.hands import Hands
from streamson.live.terminal.page import Page
from streamson.live.terminal.painter import Painter
from streamson.live.terminal.steering import Steering
from streamson.live.terminal.view import View
from streamson.live.terminal.watched import Watched
from streamson.model.feed import HELLO, Hello
from streamson.wire.feed.reader import FeedReader
from streamson.wire.sockets.endpoint import control_endpoint

TICK_S: Final = 0.25
"""How often it is drawn: as often as a listener tells of its streams."""

AWAY_S: Final = 0.5
"""How often it looks whether the terminal is its own again."""

_GONE: Final = select.POLLHUP | select.POLLERR | select.POLLNVAL


class TerminalGoneError(StreamsonError):
    """The terminal was closed."""


class Screen:
    """Shows a listener, until somebody quits.

    Parameters
    ----------
    reader
        Of its feed, with the topics `watched.TOPICS`.
    hello
        What came first.
    lasts_while
        Descriptor of a pipe whose other end is closed when this is to end; None for none.
    """

    def __init__(self, reader: FeedReader, hello: Hello, lasts_while: int | None = None) -> None:
        self._reader = reader
        self._lasts_while = lasts_while
        self._watched = Watched()
        self._watched.update(HELLO, hello)
        self._view = View()
        self._painter = Painter()
        self._page = Page(self._watched, self._view, glyphs_for_terminal())
        self._resized = self._is_away = False

    def run(self) -> bool:
        """Show it; return whether somebody quit, and not whoever started it.

        Raises
        ------
        TerminalGoneError
            If the terminal was closed.
        MessageError
            If what is read is no feed.
        """
        with ExitStack() as stack:
            woken, wake = stack.enter_context(_pipe())
            steering = Steering(
                control_endpoint(self._reader.endpoint), lambda: _write(wake, b"\0")
            )
            stack.callback(steering.close)
            stack.enter_context(self._signals(wake))
            self._painter.open()
            stack.callback(self._painter.close)
            return self._run(woken, steering)

    def _run(self, woken: int, steering: Steering) -> bool:
        does = Hands(self._watched, self._view, steering)
        due = 0.0
        while True:
            now = time.monotonic()
            if now >= due:
                due = now + TICK_S
                self._read()
                self._draw(now)
            ready = self._wait(woken, max(0.0, due - now))
            if self._lasts_while in ready:
                return False
            if ready.get(0, 0) & _GONE:
                raise TerminalGoneError("the terminal was closed")
            now = time.monotonic()
            if 0 in ready and self._press(does, now):
                return True
            if woken in ready:
                os.read(woken, 4_096)
                for answer in steering.answers():
                    does.take(answer, now)
            if ready:
                self._draw(now)

    def _wait(self, woken: int, timeout_s: float) -> dict[int, int]:
        """Wait for a key, an answer, a signal, or the end."""
        waiting = select.poll()
        waiting.register(woken, select.POLLIN)
        if self._lasts_while is not None:
            waiting.register(self._lasts_while, select.POLLIN)
        if self._is_away:
            timeout_s = AWAY_S
        else:
            waiting.register(0, select.POLLIN)
        ready = dict(waiting.poll(timeout_s * 1000))
        if self._is_away:  # since now: what is typed there is for whoever took the terminal
            ready.pop(0, None)
        return ready

    def _read(self) -> None:
        """Take in what was told since the last time."""
        self._watched.settle()
        for topic, message in self._reader.receive(0):
            self._watched.update(topic, message)

    def _draw(self, now: float) -> None:
        if self._is_away:
            if not _has_terminal():
                return
            self._is_away = False
            self._painter.reopen()
        if self._resized:
            self._resized = False
            self._painter.resize()
        painter = self._painter
        painter.paint(self._page.compose(painter.width, painter.height, now))

    def _press(self, does: Hands, now: float) -> bool:
        for key in self._painter.pressed():
            if key == hands.REDRAW:
                self._painter.redraw()
            elif does.press(
                key,
                width=self._painter.width,
                height=self._painter.height,
                page=max(1, self._page.table_height),
                now=now,
            ):
                return True
        return False

    @contextmanager
    def _signals(self, wake: int) -> Iterator[None]:
        """Take in that the terminal changes its size, and that it is taken away for a while."""

        def on_resize(_number: int, _frame: Any) -> None:
            self._resized = True

        def on_stop(number: int, _frame: Any) -> None:
            self._painter.close()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)  # if it only stops, it goes on here once it is continued
            signal.signal(number, on_stop)
            self._is_away = True

        wanted: dict[signal.Signals, Any] = {
            signal.SIGWINCH: on_resize,
            signal.SIGTSTP: on_stop,
            signal.SIGQUIT: on_stop,
            # Taken away while it reads keys: it finds none, for no shell would ever continue it.
            signal.SIGTTIN: signal.SIG_IGN,
        }
        before = {number: signal.getsignal(number) for number in wanted}
        for number, handler in wanted.items():
            if before[number] != signal.SIG_IGN:
                signal.signal(number, handler)
        before_wakeup = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before_wakeup)
            for number, known in before.items():
                signal.signal(number, known)


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    try:
        yield read, write
    finally:
        os.close(read)
        os.close(write)


def _write(descriptor: int, data: bytes) -> None:
    with suppress(OSError):  # it is full, so it wakes anyhow; or the screen has ended
        os.write(descriptor, data)


def _has_terminal() -> bool:
    """Return whether this process is not in its terminal's background."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
