"""Children made by fork: nothing of this process keeps them, and they end when it does.

A child has no descriptor of its parent but one pipe, is told nothing by the terminal, and leaves
without running what its parent wanted to be run at its exit.
"""

import ctypes
import gc
import logging
import os
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final, NoReturn

from streamson.errors import ChildError, StreamsonError

_IGNORED: Final = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGPIPE)
"""A terminal and a service manager send them to a whole group: the parent says when to end."""

_POLL_S: Final = 0.005
_PR_SET_PDEATHSIG: Final = 1

_log = logging.getLogger(__name__)


class Child:
    """A forked process.

    Parameters
    ----------
    run
        What it does, given its end of the pipe; it ends with it. What it raises is sent back if it
        is a `StreamsonError`.
    keep
        Descriptors that it may keep.
    dies_with_thread
        Whether the system kills it once the thread that made it is gone: for the only thread of a
        process.

    Attributes
    ----------
    pipe
        To it; what it sends is read from there, and the end when it is gone.
    """

    def __init__(
        self,
        run: Callable[[Connection], None],
        *,
        keep: tuple[int, ...] = (),
        dies_with_thread: bool = False,
    ) -> None:
        self.pipe, theirs = Pipe()
        parent = os.getpid()
        # A signal that comes between the fork and its being ignored must not reach Python.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
        try:
            with warnings.catch_warnings():
                # Other threads may hold locks; the child runs nothing of them, and has a deadline.
                warnings.simplefilter("ignore", DeprecationWarning)
                self.pid = os.fork()
            if self.pid == 0:
                _be_child(run, theirs, keep, parent if dies_with_thread else None)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()

    def receive(self, timeout_s: float) -> Any:
        """Return what the child sends.

        Raises
        ------
        StreamsonError
            What the child raised.
        ChildError
            If it sends nothing in time, or is gone.
        """
        if not self.pipe.poll(timeout_s):
            raise ChildError(f"no answer in {timeout_s:.0f} s")
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            raise ChildError("the process that was to answer died") from None
        if isinstance(answer, StreamsonError):
            raise answer
        return answer

    def end(self, timeout_s: float) -> None:
        """Close the pipe, which tells the child to end; kill it when it is still there."""
        self.pipe.close()
        deadline = time.monotonic() + timeout_s
        while not self._reaped():
            if time.monotonic() >= deadline:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
                deadline = float("inf")  # a killed process ends
            time.sleep(_POLL_S)

    def kill(self, timeout_s: float) -> None:
        """Kill it, and wait until nobody is left at the other end of its pipe."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + timeout_s
        with suppress(EOFError, OSError):
            while self.pipe.poll(max(0.0, deadline - time.monotonic())):
                self.pipe.recv()
        self.end(0)

    def _reaped(self) -> bool:
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        except ChildProcessError:  # whoever waits for all children of this process was first
            return True


def in_child(
    function: Callable[[], Any], *, cleanup: Callable[[], None], timeout_s: float, cleanup_s: float
) -> Any:
    """Return what a function returns in a process of its own, whatever it leaves behind there.

    Parameters
    ----------
    function
        Returns it.
    cleanup
        Called after it was sent.
    timeout_s, cleanup_s
        How long the two may take.

    Raises
    ------
    StreamsonError
        What the function raised.
    ChildError
        If it does not return in time, or takes the process down.
    """

    def run(pipe: Connection) -> None:
        pipe.send(function())
        cleanup()

    child = Child(run)
    grace_s = 0.0
    try:
        answer = child.receive(timeout_s)
        grace_s = cleanup_s
    finally:
        child.end(grace_s)
    return answer


def _be_child(
    run: Callable[[Connection], None],
    pipe: Connection,
    keep: tuple[int, ...],
    parent: int | None,
) -> NoReturn:
    status = 1
    try:
        gc.disable()  # what the parent threw away is for the parent to close
        gc.freeze()
        _ignore_signals()
        if parent is not None:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(status)
        _close_descriptors({pipe.fileno(), *keep})
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it is there to die
        run(pipe)
        status = 0
    except StreamsonError as error:
        pipe.send(error)
    except (EOFError, OSError):  # the parent is gone
        status = 0
    except BaseException:
        traceback.print_exc()  # seen with -vv
    finally:
        os._exit(status)


def _ignore_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)


def _close_descriptors(kept: set[int]) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    heard = _log.isEnabledFor(logging.DEBUG)
    for standard in (0, 1) if heard else (0, 1, 2):
        os.dup2(nowhere, standard)
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
