"""The process in which a producer computes: bounded in time and memory, and killed at will.

It reads values of t from standard input, eight bytes each, and writes an `ANSWER` for each to
standard output. ``streamson.producers.formula.computing`` is the other end.
"""

import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from struct import Struct
from typing import Final

QUESTION: Final = Struct("<d")
ANSWER: Final = Struct("<Bdd")
"""What became of a point, and real and imaginary part."""

VALUE: Final = 0
NO_VALUE: Final = 1
NO_MEMORY: Final = 2

MAX_POINT_S: Final = 10.0
"""Processor time of a point. At four points a second a listener waits for none so long."""

MAX_BYTES: Final = 1 << 29
"""What computing may take beside the libraries; eta at t = 400,000 takes 4 MB."""

Function = Callable[[float], complex | None]


def serve(function: Function) -> None:
    """Answer what comes until nobody asks any more."""
    left = b""
    limit_time = _time_limit()
    while read := os.read(0, 1 << 16):
        left += read
        whole = len(left) // QUESTION.size * QUESTION.size
        for (t,) in QUESTION.iter_unpack(left[:whole]):
            limit_time(MAX_POINT_S)
            # At once: the next point may end this process.
            os.write(1, _answer(function, t))
        left = left[whole:]


def _answer(function: Function, t: float) -> bytes:
    try:
        value = function(t)
    except MemoryError:
        return ANSWER.pack(NO_MEMORY, 0.0, 0.0)
    if value is None:
        return ANSWER.pack(NO_VALUE, 0.0, 0.0)
    return ANSWER.pack(VALUE, value.real, value.imag)


def _time_limit() -> Callable[[float], object]:
    """Return what lets the system end this process after so much processor time from now on."""
    if not hasattr(signal, "setitimer"):  # Windows
        return lambda _seconds: None
    return partial(signal.setitimer, signal.ITIMER_PROF)


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        used = pages * resource.getpagesize()
    except OSError:  # not Linux
        used = MAX_BYTES
    for limit, size in ((resource.RLIMIT_AS, used + MAX_BYTES), (resource.RLIMIT_CORE, 0)):
        with suppress(OSError, ValueError):  # a stricter one stands already
            resource.setrlimit(limit, (size, size))


def _end_with_producer() -> None:
    """End amid a point where the producer was killed, and nobody will read its value."""
    if hasattr(select, "poll"):
        waiting = select.poll()
        waiting.register(1, 0)  # a pipe without a reader is always told
        waiting.poll()
        os._exit(1)


def main(module: str, name: str, arguments: str) -> None:
    """Let a function make the one to serve, such as ``parse`` with ``["zeta(t)"]``."""
    threading.Thread(target=_end_with_producer, daemon=True).start()
    function = getattr(import_module(module), name)(*json.loads(arguments))
    _limit_memory()
    with suppress(BrokenPipeError):
        serve(function)


if __name__ == "__main__":
    main(*sys.argv[1:])
