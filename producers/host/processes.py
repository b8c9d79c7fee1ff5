"""Processes, by the name of their program: the busiest ones, and those that somebody watches."""

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from streamson.producers.host.measured import Measured, UnavailableError

TOP: Final = 5
"""So many programs are heard at once that were not heard before."""

MAX_FOLLOWED: Final = 20
"""Programs that were among the busiest, and are followed until they end or others come."""

MIN_TOP_PERCENT: Final = 1.0
"""Who uses less of a core is not busy."""

MAX_WATCHED: Final = 200
"""Programs that match what somebody watches; the first ones by name are taken."""


class Program(NamedTuple):
    """What the processes of a program use together.

    Attributes
    ----------
    percent
        Of one core: 250 is two and a half of them.
    processes
        psutil's; their memory is read only where it is wanted.
    """

    percent: float
    processes: list[Any]

    def fields(self, psutil: Any) -> dict[str, float]:
        """Return what is published."""
        memory = 0
        for process in self.processes:
            try:
                memory += process.memory_info().rss
            except psutil.Error:  # it has ended, or is not for everybody
                continue
        return {
            "cpu_percent": self.percent,
            "memory_bytes": float(memory),
            "processes": float(len(self.processes)),
        }


class ProcessTable:
    """Reads the processes of this machine, and what each has computed since the last time."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        self._before: dict[tuple[int, float], float] | None = None
        self._read_at = 0.0

    def read(self) -> dict[str, Program] | None:
        """Return the programs by name; None for the first time, which others are compared with."""
        before, read_before = self._before, self._read_at
        after: dict[tuple[int, float], float] = {}
        computed: dict[str, float] = {}
        processes: dict[str, list[Any]] = {}
        self._read_at = time.monotonic()
        for process in self._psutil.process_iter():
            try:
                with process.oneshot():
                    name = program_name(process.name())
                    times = process.cpu_times()
                    key = process.pid, process.create_time()
            except self._psutil.Error:  # it has ended, or is not for everybody
                continue
            after[key] = times.user + times.system
            # One that was not there is new, and has computed all of it since.
            since = after[key] - (before or {}).get(key, 0.0)
            computed[name] = computed.get(name, 0.0) + max(since, 0.0)
            processes.setdefault(name, []).append(process)
        self._before = after
        if before is None:
            return None
        elapsed = max(self._read_at - read_before, 1e-6)
        return {
            name: Program(100 * computed[name] / elapsed, processes[name]) for name in processes
        }


class Top:
    """Measures the busiest programs. One that was among them is followed until it ends."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        self._table = ProcessTable(psutil)
        self._followed: OrderedDict[str, None] = OrderedDict()

    def collect(self) -> Iterator[Measured]:
        """Measure them, the busiest last."""
        programs = self._table.read() or {}
        busy = {
            name: one.percent for name, one in programs.items() if one.percent > MIN_TOP_PERCENT
        }
        for name in sorted(busy, key=lambda name: busy[name])[-TOP:]:
            self._followed[name] = None
            self._followed.move_to_end(name)
        while len(self._followed) > MAX_FOLLOWED:
            self._followed.popitem(last=False)
        for name in list(self._followed):
            if name in programs:
                yield Measured(f"top/{name}", programs[name].fields(self._psutil))
            else:
                del self._followed[name]


class Processes:
    """Measures the programs whose names match patterns.

    One whose very name is given is measured also while no process of it runs: it uses nothing.

    Parameters
    ----------
    psutil
        The module.
    patterns
        Shell patterns.
    """

    def __init__(self, psutil: Any, patterns: Sequence[str] = ()) -> None:
        if not patterns:
            raise UnavailableError("say which: --process NAME")
        self._psutil = psutil
        self._patterns = patterns
        self._table = ProcessTable(psutil)

    def collect(self) -> Iterator[Measured]:
        """Measure each."""
        programs = self._table.read()
        if programs is None:
            return
        names = {pattern for pattern in self._patterns if not set("*?[") & set(pattern)}
        names |= {name for name in programs if any(fnmatchcase(name, p) for p in self._patterns)}
        for name in sorted(names)[:MAX_WATCHED]:
            program = programs.get(name, Program(0.0, []))
            yield Measured(f"process/{name}", program.fields(self._psutil))


def program_name(name: str) -> str:
    """Return a process's name without what tells it from others of its kind.

    >>> program_name("kworker/u8:1-events"), program_name("nginx")
    ('kworker', 'nginx')
    """
    return name.partition("/")[0].strip() or "unnamed"
