"""File systems: how full they are."""

from collections.abc import Iterator
from typing import Any, Final

from streamson.producers.host.measured import Measured, UnavailableError, numbered

ROOT: Final = "root"
"""What ``/`` is called in a stream's name."""

ALWAYS_FULL: Final = frozenset({"squashfs", "iso9660", "udf", "erofs", "cramfs"})
"""Packed once and never written to."""


class Filesystems:
    """Measures each file system on a disk of this machine; one that is mounted twice, once."""

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        if not self._mounted():
            raise UnavailableError("none on a disk of its own is mounted, as in some containers")

    def collect(self) -> Iterator[Measured]:
        """Measure each."""
        mounted = self._mounted()
        names = numbered(one.mountpoint.strip("/\\") or ROOT for one in mounted)
        for one, name in zip(mounted, names, strict=True):
            try:
                usage = self._psutil.disk_usage(one.mountpoint)
            except OSError:  # unmounted meanwhile, a drive without a disc, or not for everybody
                continue
            fields = {"percent": usage.percent, "free_bytes": float(usage.free)}
            yield Measured(f"filesystem/{name}", fields, aside=one.fstype in ALWAYS_FULL)

    def _mounted(self) -> list[Any]:
        by_device: dict[str, Any] = {}
        for one in self._psutil.disk_partitions(all=False):
            by_device.setdefault(one.device or one.mountpoint, one)
        return list(by_device.values())
