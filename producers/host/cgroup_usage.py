"""What a control group uses, with either version of them."""

from pathlib import Path
from typing import Final, NamedTuple, Protocol

from streamson.producers.host.measured import UnavailableError

MAX_BYTES: Final = 65_536
_MAX_DIGITS: Final = 20


class Usage(NamedTuple):
    """What one uses.

    Attributes
    ----------
    cpu_s
        Seconds of a core, since it is there.
    memory_bytes
        Without files that are cached and were not used lately, as docker stats counts; None where
        it is not counted.
    """

    cpu_s: float
    memory_bytes: float | None


class Cgroups(Protocol):
    """The control groups of a machine.

    Attributes
    ----------
    root
        The folder of all of them.
    """

    root: Path

    def usage(self, folder: Path) -> Usage | None:
        """Return what one uses; None if it is no more."""


class CgroupsV2:
    """One tree, whose folders have files for all that is counted."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def usage(self, folder: Path) -> Usage | None:
        """Return what one uses; None if it is no more."""
        cpu_us = parse_flat(_read(folder / "cpu.stat"), "usage_usec")
        if cpu_us is None:
            return None
        memory = parse_count(_read(folder / "memory.current"))
        cached = parse_flat(_read(folder / "memory.stat"), "inactive_file")
        return Usage(cpu_us / 1e6, _without(memory, cached))


class CgroupsV1:
    """A tree for each of what is counted, with the same folders below."""

    def __init__(self, cpu: Path, memory: Path) -> None:
        self.root = cpu
        self._memory = memory

    def usage(self, folder: Path) -> Usage | None:
        """Return what one uses; None if it is no more."""
        cpu_ns = parse_count(_read(folder / "cpuacct.usage"))
        if cpu_ns is None:
            return None
        beside = self._memory / folder.relative_to(self.root)
        memory = parse_count(_read(beside / "memory.usage_in_bytes"))
        cached = parse_flat(_read(beside / "memory.stat"), "total_inactive_file")
        return Usage(cpu_ns / 1e9, _without(memory, cached))


def cgroups_at(root: Path) -> Cgroups:
    """Return the control groups that are mounted below a folder.

    Raises
    ------
    UnavailableError
        If there are none.
    """
    if (root / "cgroup.controllers").exists():
        return CgroupsV2(root)
    for name in ("cpuacct", "cpu,cpuacct"):
        if (root / name / "cpuacct.usage").exists():
            return CgroupsV1(root / name, root / "memory")
    raise UnavailableError(f"no control groups, which are Linux's, are mounted at {root}")


def parse_count(text: str) -> int | None:
    r"""Return the number that a file holds; None if it holds none.

    >>> parse_count("4096\n"), parse_count("max")
    (4096, None)
    """
    word = text.strip()
    is_number = word.isascii() and word.isdecimal() and len(word) <= _MAX_DIGITS
    return int(word) if is_number else None


def parse_flat(text: str, key: str) -> int | None:
    r"""Return the number of a key in a file with a key and a number a line; None without it.

    >>> parse_flat("usage_usec 1500\nuser_usec 1000\n", "user_usec")
    1000
    """
    # Of some fifty lines one is wanted, of each control group at each reading.
    _, found, rest = f"\n{text}".partition(f"\n{key} ")
    return parse_count(rest.partition("\n")[0]) if found else None


def _without(memory: int | None, cached: int | None) -> float | None:
    return None if memory is None else float(max(memory - (cached or 0), 0))


def _read(path: Path) -> str:
    """Return what a file holds; nothing where there is none, or none that one may read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
