"""Machine code that is kept on disk, so that only the first run has to compile it."""

import hashlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pickle import PickleError
from typing import Any, Final, Protocol

NOTICE_AFTER_S: Final = 1.5
"""Compiling takes tens of seconds, which a person should know; loading takes less than a second."""

_log = logging.getLogger(__name__)

_left_out: Final[list[str]] = []
"""Modules that numba is to do without."""


def load_numba_sparingly() -> None:
    """Let numba not load what none of this code needs.

    That is SciPy's linear algebra (0.15 s and 16 MB), cffi's parser of C (0.07 s), and colorama,
    which would end each run on a terminal with an escape code. For a process that is this program's
    alone: what others compile may need it.
    """
    _left_out.extend(["scipy.linalg", "cffi"])
    os.environ["NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING"] = "1"


def cached(decorator: Callable[..., Any], *args: Any, **options: Any) -> Callable[[Any], Any]:
    """Return `numba.njit` or `numba.cfunc` with its cache on; off where there is no folder for it.

    numba keeps the code beside the source, else in the user's own cache folder. It knows a function
    by its own file alone: one that calls others closes over their `source_digest`. What was kept
    and can't be read is compiled anew.

    Parameters
    ----------
    decorator
        One of the two.
    *args
        The signature, where the function is to be compiled at once; a callback always is.
    **options
        As the decorator takes them.
    """

    def compile_function(function: Any) -> Any:
        _load_arrays()
        made = _uncompiled(decorator, args, options, function)
        try:
            made.enable_caching()
        except RuntimeError as error:
            _tell_unkept(str(error))
        else:
            made._cache = _Kept(made._cache)
        if isinstance(made, _callback_class()):
            made.compile()
        elif args:
            made.compile(*args)
            made.disable_compile()
        return made

    return compile_function


def _uncompiled(
    decorator: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], function: Any
) -> Any:
    """Return what a decorator makes of a function, before that is compiled."""
    from numba import cfunc
    from numba.core.sigutils import normalize_signature

    if decorator is cfunc:  # which compiles at once, before its cache can be had
        signature = normalize_signature(*args)
        return _callback_class()(function, signature, locals={}, options=options)
    return decorator(**options)(function)


def _callback_class() -> Any:
    from numba.core.ccallback import CFunc

    return CFunc


class _Kept:
    """A cache of numba whose troubles end no program: a full disk, a damaged file.

    Parameters
    ----------
    cache
        That of numba.
    """

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return what was kept; None where there is nothing that can be read."""
        try:
            return self._cache.load_overload(signature, target)
        except Exception as error:  # a damaged pickle may raise anything
            _log.info("machine code that was kept can't be read: %r", error)
            with suppress(OSError):
                self._cache.flush()  # else it would not be overwritten either
            return None

    def save_overload(self, signature: Any, code: Any) -> None:
        """Keep it, where there is room."""
        try:
            self._cache.save_overload(signature, code)
        except (OSError, EOFError, PickleError) as error:
            _tell_unkept(f"{self._cache.cache_path}: {error}")


@cache
def _tell_unkept(why: str) -> None:
    """Say once why the next run compiles as well."""
    _log.info("machine code can't be kept: %s", why)


def inner(function: Any = None, /, **options: Any) -> Callable[..., Any]:
    """Decorate what machine code alone calls: without an entrance for Python, which takes a while.

    As `numba.njit`, to whose options two are added. A call from Python would crash.
    """
    from numba import njit

    options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    decorated: Callable[..., Any] = njit(*([] if function is None else [function]), **options)
    return decorated


@cache
def _load_arrays() -> None:
    """Load what numba knows of arrays and of C, which looks for others as it is imported."""
    hidden = [name for name in _left_out if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not to be found
    try:
        import_module("numba.np.arraymath")
        import_module("numba.core.typing.cffi_utils")
    finally:
        for name in hidden:
            del sys.modules[name]


def source_digest(package: str, *constants: object) -> str:
    """Return what changes with any file of a package, and with constants that it imports."""
    files = [file for folder in sys.modules[package].__path__ for file in Path(folder).glob("*.py")]
    digest = hashlib.sha256(repr(constants).encode())
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


class Watcher(Protocol):
    """Is told how machine code is loaded, in stages; on the first run it is compiled."""

    def begin(self, stage: str) -> None:
        """Take in that a stage begins, in the thread that waits for it."""

    def take_long(self, stage: str) -> None:
        """Take in that it is not loaded but compiled; in another thread."""

    def end(self, stage: str) -> None:
        """Take in that it ends."""


class Notice:
    """Says it once in the log."""

    def __init__(self) -> None:
        self._is_told = False

    def begin(self, stage: str) -> None:
        """Nothing: it may be loaded at once."""

    def take_long(self, _stage: str) -> None:
        """Say it."""
        if not self._is_told:
            self._is_told = True
            _log.warning("Compiling, on the first run only ...")

    def end(self, stage: str) -> None:
        """Nothing."""


_makers: Final[list[Callable[[], Watcher]]] = [Notice]
"""The last one makes the watcher, when the first stage begins."""


def watch_compiling(make: Callable[[], Watcher]) -> None:
    """Let somebody else be told, who is made when there is something to tell."""
    _makers.append(make)


@cache
def _watcher() -> Watcher:
    return _makers[-1]()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Load a part of the machine code in a block, watched: see `Watcher`."""
    watcher = _watcher()
    watcher.begin(name)
    slow = threading.Timer(NOTICE_AFTER_S, watcher.take_long, (name,))
    slow.daemon = True
    slow.start()
    try:
        yield
    finally:
        slow.cancel()
        watcher.end(name)
