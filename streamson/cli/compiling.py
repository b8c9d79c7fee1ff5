"""Machine code on the first run: how far it has come, and in two processes side by side.

numba keeps what it has compiled on the disk, where one process finds what another one left. So,
where one stage takes long, a process beside this one compiles those that follow.

python -m streamson.cli.compiling MODULE:FUNCTION...
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from streamson._jit import Notice
from streamson._own_process import own_command
from streamson.cli.screen import has_terminal, obstacle

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Stage(NamedTuple):
    """A part of the machine code.

    Attributes
    ----------
    loader
        What loads it, ``module:function``.
    functions
        About so many functions are compiled for it: what a full bar means.
    """

    loader: str
    functions: int


STAGES: Final = {
    "sound": Stage("streamson.synth.kernel.callback:callback", 170),
    "rescaling": Stage("streamson.rescaling.prepare:load_kernels", 60),
    "surprise": Stage("streamson.surprise.prepare:load_kernels", 90),
}
"""In the order in which a listener needs them."""


WIDE: Final = 64
"""On a terminal of fewer columns there is room for few words beside the bar."""


class Compiling:
    """Watches it: see `streamson._jit.Watcher`.

    Parameters
    ----------
    stages
        What may come, by its name.
    """

    def __init__(self, stages: Mapping[str, Stage] = STAGES) -> None:
        self._stages = stages
        self._lock = threading.Lock()
        self._notice = Notice()
        self._counts = dict.fromkeys(stages, 0)
        self._stage = ""
        self._is_plain = True
        self._is_counting = False
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._beside: _Beside | None = None

    def begin(self, stage: str) -> None:
        """Wait where the process beside has it in hand."""
        context = click.get_current_context(silent=True)
        with self._lock:
            self._stage = stage
            self._is_plain = context is not None and bool(context.params.get("plain"))
        if self._beside is not None and stage in self._beside.stages:
            self._show()
            self._beside.await_end(stage)

    def take_long(self, stage: str) -> None:
        """Show it, and let another process compile what follows."""
        with self._lock:
            if self._stage != stage:
                return
        self._show()
        if not self._is_counting:
            self._is_counting = True
            _count_compiled(lambda: self._count(self._stage))
        names = list(self._stages)
        later = {name: self._stages[name] for name in names[names.index(stage) + 1 :]}
        if self._beside is None and later and _processors() > 1:
            with suppress(OSError):  # it can't be started: this process does it all
                self._beside = _Beside(later, self._count)

    def end(self, _stage: str) -> None:
        """Take the bar away."""
        with self._lock:
            self._stage = ""
            if self._bar is not None:
                self._bar.stop()
                self._bar = None

    def _show(self) -> None:
        """Show how far a stage is: as a bar on a terminal, else as a line."""
        with self._lock:
            if self._bar is not None or not self._stage:
                return
            if self._is_plain or not has_terminal() or obstacle() is not None:
                self._notice.take_long(self._stage)
                return
            # Slow to load, and seldom needed.
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            class WithCursor(Console):
                """Ctrl-C ends this process at once, which would leave the terminal without."""

                def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002
                    return False

            console = WithCursor(stderr=True)
            words = "Compiling, on the first run only" if console.width >= WIDE else "Compiling"
            self._bar = Progress(
                TextColumn(f"{words}: {{task.description}}", markup=False),
                *(BarColumn(), TimeElapsedColumn()),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task(
                self._stage,
                total=self._stages[self._stage].functions,
                completed=self._counts[self._stage],
            )
            self._bar.start()

    def _count(self, stage: str) -> None:
        """Take in that one function more is compiled."""
        with self._lock:
            if stage not in self._counts:
                return
            self._counts[stage] += 1
            if self._bar is not None and self._task is not None and stage == self._stage:
                self._bar.update(self._task, completed=self._counts[stage])


class _Beside:
    """A process that compiles some stages, and tells of each function, and of each end."""

    def __init__(self, stages: Mapping[str, Stage], count: Callable[[str], None]) -> None:
        self.stages = stages
        self._names = {stage.loader: name for name, stage in stages.items()}
        self._count = count
        self._ended = {stage: threading.Event() for stage in stages}
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            own_command(*self._names, module=__name__),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def await_end(self, stage: str) -> None:
        """Wait until a stage is compiled; where the process failed, this one does it itself."""
        self._ended[stage].wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as told:
            for line in told:
                word, _, loader = line.strip().partition(" ")
                if word == "ended":
                    self._ended[self._names[loader]].set()
                else:
                    self._count(self._names[loader])
        self._process.wait()
        for ended in self._ended.values():
            ended.set()


def _count_compiled(count: Callable[[], None]) -> None:
    """Let numba tell of each function that it has compiled."""
    from numba.core import event

    class Told(event.Listener):  # type: ignore[misc]  # numba has no types
        def on_start(self, _event: Any) -> None:
            """Nothing: it may call others, which are compiled first."""

        def on_end(self, _event: Any) -> None:
            count()

    event.register("numba:compile", Told())


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Compile what loaders load; end where nobody is there who waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    loader = ""
    _count_compiled(lambda: _say(f"compiled {loader}"))
    for loader in sys.argv[1:]:
        module, _, name = loader.partition(":")
        getattr(import_module(module), name)()
        _say(f"ended {loader}")


if __name__ == "__main__":
    main()
