"""Values of a function, computed by a process of its own that no point can hold up for ever."""

import json
import logging
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from streamson._closable import Closable
from streamson._own_process import own_command
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import StreamsonError
from streamson.producers.formula.worker import (
    ANSWER,
    MAX_BYTES,
    MAX_POINT_S,
    NO_MEMORY,
    QUESTION,
    VALUE,
    Function,
)

AHEAD: Final = 256
"""Points that are asked for ahead: few enough that pipes never fill, whatever waits."""

MAX_FAILURES: Final = 3
"""So many points in a row that cost too much end it: what follows won't be cheaper."""

_COSTS: Final = f"a point may take {MAX_POINT_S:g} s of computing and {MAX_BYTES >> 20} MB"
_log = logging.getLogger(__name__)


class Formula(NamedTuple):
    """How another process makes a function.

    Attributes
    ----------
    make
        Returns the function; it can be imported.
    arguments
        What it is called with; texts, numbers and None.
    """

    make: Callable[..., Function]
    arguments: tuple[str | float | None, ...]


class TooCostlyError(StreamsonError):
    """Points take too long, or too much memory."""


class Computation(Closable):
    """A function that another process computes, from now on until this is closed.

    Parameters
    ----------
    formula
        The function.
    """

    def __init__(self, formula: Formula) -> None:
        self._formula = formula
        self._worker = _Worker(formula)
        self._failures = _Failures()

    def values(self, points: Iterable[float]) -> Iterator[tuple[float, complex | None]]:
        """Yield each t and the value there; None where there is none or it costs too much.

        Raises
        ------
        TooCostlyError
            If the first point costs too much, or several in a row.
        """
        coming = iter(points)
        asked: deque[float] = deque()
        while True:
            new = list(islice(coming, AHEAD - len(asked)))
            asked.extend(new)
            if not asked:
                return
            if new:
                self._worker.ask(new)
            for answer in self._worker.answers():
                if answer.reason is None:
                    self._failures.forget()
                    yield asked.popleft(), answer.value
                elif self._is_final(asked[0], answer.reason):
                    yield asked.popleft(), None
                if answer.reason is not None:
                    self._worker.ask(asked)

    def close(self) -> None:
        """End the other process."""
        self._worker.close()
        self._failures.close()

    def _is_final(self, t: float, reason: str) -> bool:
        """Begin with a new process; return whether a point is given up."""
        # Memory may be what earlier points took: this one has a second try, the first in a process.
        again = reason is _MEMORY and self._worker.answered > 0
        self._worker.close()
        self._worker = _Worker(self._formula)
        if not again:
            self._failures.report(t, reason)
        return not again


class _Answer(NamedTuple):
    value: complex | None
    reason: str | None = None


_TIME: Final = f"takes more than {MAX_POINT_S:g} s of computing"
_MEMORY: Final = f"needs more than {MAX_BYTES >> 20} MB"


class _Failures:
    """Counts points that cost too much, says so now and then, and gives up in time."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._any_value = False
        self._limited = RateLimitedLog(_log)

    def forget(self) -> None:
        self._in_a_row = 0
        self._any_value = True

    def report(self, t: float, reason: str) -> None:
        self._in_a_row += 1
        if not self._any_value or self._in_a_row >= MAX_FAILURES:
            raise TooCostlyError(
                f"t = {t:g}: the value {reason}; {_COSTS}. Try a cheaper formula, or other points: "
                "--start, --step"
            )
        self._limited.warning("cost", "t = %g: the value %s; it is left out", t, reason)

    def close(self) -> None:
        """Say what was not told yet."""
        self._limited.flush()


class _Worker:
    """A process that computes.

    Attributes
    ----------
    answered
        Points that it has computed.
    """

    def __init__(self, formula: Formula) -> None:
        self.answered = 0
        make = formula.make
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            own_command(
                *(make.__module__, make.__name__, json.dumps(formula.arguments)),
                module="streamson.producers.formula.worker",
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            process_group=0,  # Ctrl-C is for us
        )

    def ask(self, points: Iterable[float]) -> None:
        """Ask for the values at some points."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died: the next answer says so
            self._process.stdin.write(b"".join(map(QUESTION.pack, points)))

    def answers(self) -> Iterator[_Answer]:
        """Wait, and yield the answers that have come; the last may be why there are no more."""
        assert self._process.stdout is not None
        read = os.read(self._process.stdout.fileno(), AHEAD * ANSWER.size)
        while read and len(read) % ANSWER.size:
            more = os.read(self._process.stdout.fileno(), -len(read) % ANSWER.size)
            read = read + more if more else b""
        if not read:
            yield _Answer(None, self._cause_of_death())
            return
        for status, real, imaginary in ANSWER.iter_unpack(read):
            if status == NO_MEMORY:
                yield _Answer(None, _MEMORY)
                return
            self.answered += 1
            yield _Answer(complex(real, imaginary) if status == VALUE else None)

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        with self._process:
            pass

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        if hasattr(signal, "SIGPROF") and code == -signal.SIGPROF:
            return _TIME
        # A library in C that gets no memory ends its process; so does the system.
        if code < 0:
            return _MEMORY
        raise StreamsonError(f"the process that computes has ended with exit code {code}")
