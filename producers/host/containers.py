"""Containers and services: what each control group of this machine uses.

https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streamson.producers.host.cgroup_name import CgroupName, Kind, name_of
from streamson.producers.host.cgroup_usage import cgroups_at
from streamson.producers.host.container_name import ContainerNames
from streamson.producers.host.field_rates import FieldRates
from streamson.producers.host.measured import Measured, numbered

ROOT: Final = Path("/sys/fs/cgroup")

WALK_S: Final = 3.0
"""How often new control groups are looked for: a look costs more than to read those known."""

MAX_DEPTH: Final = 10
MAX_CGROUPS: Final = 5_000
"""That are looked at; what is beyond is not found."""


class Containers:
    """Measures the control groups of a kind.

    Parameters
    ----------
    kind
        Which.
    root
        Where the file system of control groups is mounted.
    """

    def __init__(self, kind: Kind, root: Path = ROOT) -> None:
        self._kind = kind
        self._cgroups = cgroups_at(root)
        self._names = ContainerNames()
        self._rates = FieldRates()
        self._found: list[tuple[str, Path]] = []
        self._walk_at = 0.0

    def collect(self) -> Iterator[Measured]:
        """Measure each that there is."""
        now = time.monotonic()
        if now >= self._walk_at:
            self._found, self._walk_at = self._look(), now + WALK_S
        for path, folder in self._found:
            usage = self._cgroups.usage(folder)
            if usage is None:  # it has ended
                continue
            # 100 is one core, as docker stats and top have it.
            fields = self._rates.update(str(folder), {"cpu_percent": usage.cpu_s * 100})
            if usage.memory_bytes is not None:
                fields["memory_bytes"] = usage.memory_bytes
            yield Measured(path, fields)

    def _look(self) -> list[tuple[str, Path]]:
        found = [
            (self._names.name(name.name) if name.is_identifier else name.name, folder)
            for name, folder in walk(self._cgroups.root)
            if name.kind == self._kind
        ]
        paths = numbered(f"{self._kind}/{name}" for name, _ in found)
        return [(path, folder) for path, (_, folder) in zip(paths, found, strict=True)]


def walk(root: Path) -> Iterator[tuple[CgroupName, Path]]:
    """Yield the control groups below one that are of something, and of what; sorted."""
    waiting: list[tuple[str, ...]] = [()]
    looked = 0
    while waiting and looked < MAX_CGROUPS:
        parts = waiting.pop()
        looked += 1
        name = name_of(parts) if parts else None
        if name is not None:
            yield name, root.joinpath(*parts)
        # What runs in a container is the container's.
        if len(parts) < MAX_DEPTH and (name is None or name.kind != "container"):
            waiting += [(*parts, below) for below in _folders(root.joinpath(*parts))]


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:  # it has ended, or is not for everybody
        return []
    return sorted(found, reverse=True)
