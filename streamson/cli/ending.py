"""What ends a command before its time: Ctrl-C, SIGTERM, a closed terminal, a reader that has gone.

Each raises in the main thread, so that files are closed and the summary is printed. What comes
after that waits until this is done, which has a deadline.
"""

import atexit
import logging
import os
import select
import shutil
import signal
import stat
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any, Final, NoReturn

from streamson.cli.deadline import GRACE_S, Deadline

READER_GONE: Final = 141
"""Exit code where a pipe has no reader any more: that of a program that SIGPIPE ends."""

AGAIN_S: Final = 0.4
"""Libraries that run amid a callback from C lose an exception: so it is raised again."""

TIMES: Final = 3


class Ending:
    """Whether, since when and why this process is to end.

    Attributes
    ----------
    code
        Exit code for what ended it; None if nothing has.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        self._since: float | None = None
        self._holding = False
        self._deadline: Deadline | None = None
        self._folder: str | None = None
        self._number = 0
        self._raised = 0

    def listen(self) -> None:
        """Let signals end this process, but none that whoever started it wants ignored (nohup)."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self._raise)
        sys.unraisablehook = self._on_unraisable
        self._watch_readers()

    def hold(self) -> None:
        """Say that from now on there is something to finish: until then a signal ends it at once.

        So nobody meets what libraries make of an interrupt while they are imported or compiled.
        """
        self._deadline = self._deadline or Deadline(self._ends)
        self._holding = True

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is in it if a signal ends this process at once."""
        self._folder = folder

    def finish(self) -> None:
        """Say that all is being finished anyhow: no signal is to cut that short."""
        self._since = self._since or time.monotonic()
        self._raised = TIMES
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        if self._deadline is not None:
            self._deadline.begin()

    def _ends(self, number: int) -> bool:
        """Return whether a signal is one that ends this process."""
        return signal.getsignal(number) == self._on_signal

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._since is not None:
            if time.monotonic() - self._since > GRACE_S:
                os._exit(self.code or 128 + number)
            return
        self._since = time.monotonic()
        self.code = self.code or 128 + number
        if not self._holding:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            os._exit(self.code)
        if self._deadline is not None:
            self._deadline.begin()
        self._number = number
        self._raise(number, frame)

    def _raise(self, _number: int, _frame: FrameType | None) -> None:
        if self._raised >= TIMES:
            return
        self._raised += 1
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(self.code)

    def _on_unraisable(self, found: "sys.UnraisableHookArgs") -> None:
        if self.code is None:
            sys.__unraisablehook__(found)

    def _watch_readers(self) -> None:
        """End as SIGTERM does once nobody reads what this process prints into a pipe.

        Nothing may be printed for hours: so a thread waits for it, instead of the next line.
        """
        if not hasattr(select, "poll"):  # Windows
            return
        waiting, pipes = select.poll(), 0
        for number in (1, 2):
            mode = os.fstat(number).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
                waiting.register(number, 0)  # an end without a reader is always told
                pipes += 1
        if pipes:
            threading.Thread(target=self._await_loss, args=(waiting,), daemon=True).start()

    def _await_loss(self, waiting: Any) -> None:
        waiting.poll()
        if self._since is None:
            self.code = READER_GONE
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGTERM)


def leave(code: int) -> NoReturn:
    """End this process as `sys.exit` does, but at once.

    Once numba is loaded, to take the interpreter down piece by piece takes 0.7 s; the system takes
    back the same in no time. What is registered for the end of threads and process is done before,
    and what was published is handed over, as long as its sockets linger.
    """
    if "zmq" in sys.modules:
        sys.modules["zmq"].Context.instance().destroy()
    threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter does first
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


def has_terminal() -> bool:
    """Return whether a terminal controls this process: then SIGHUP says that it was closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


ending: Final = Ending()
"""That of this process: there is one, as there is one set of signal handlers."""
