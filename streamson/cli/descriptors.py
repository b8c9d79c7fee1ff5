"""File descriptors of a command: as many as the system allows, since each producer takes one."""

import contextlib
import sys
from typing import Final

MAX_DESCRIPTORS: Final = 65_536
"""More than this is never needed; some systems have no hard limit at all, or one of 10^9."""

MAC_DESCRIPTORS: Final = 10_240
"""OPEN_MAX of macOS: a higher soft limit is refused there, whatever the hard one says."""


def raise_descriptor_limit() -> None:
    """Raise the soft limit of open files to the hard one; where that fails, go on as it is."""
    if sys.platform == "win32":
        return
    import resource

    most = MAC_DESCRIPTORS if sys.platform == "darwin" else MAX_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
