r"""What runs in a control group, by its path: a container, a service, or a slice of the machine.

Names as systemd, Docker, Podman, CRI-O, containerd, Kubernetes and LXC give them, with control
groups of version 1 or 2, managed by systemd or not:

    /system.slice/docker-<64 hexadecimal digits>.scope      a container of Docker
    /docker/<64 hexadecimal digits>                         the same, without systemd
    /kubepods.slice/.../cri-containerd-<64 digits>.scope    a container of Kubernetes
    /machine.slice/machine-build\x2dbox.scope               a machine of systemd
    /lxc.payload.web                                        a container of LXC
    /system.slice/nginx.service                             a service
    /user.slice/user-1000.slice                             all that a user runs
"""

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Kind = Literal["container", "service", "slice"]

SHORT_CHARS: Final = 12
"""Of a container's identifier, as Docker and Podman show it."""

_IDENTIFIER: Final = re.compile(r"(?:(?:[a-z]+-)*)([0-9a-f]{64})(?:\.scope)?")
_NAMED: Final = (
    re.compile(r"machine-(.+)\.scope"),
    re.compile(r"systemd-nspawn@(.+)\.service"),
    re.compile(r"lxc\.payload\.(.+)"),
)
_USER: Final = re.compile(r"user-(\d+)\.slice")
_ESCAPE: Final = re.compile(r"\\x([0-9a-f]{2})")


class CgroupName(NamedTuple):
    """What a control group is of.

    Attributes
    ----------
    kind
        What runs in it.
    name
        Its name; of a container the identifier, where the path knows no better.
    is_identifier
        Whether it is one.
    """

    kind: Kind
    name: str
    is_identifier: bool = False


def name_of(parts: Sequence[str]) -> CgroupName | None:
    """Return what a control group is of; None where it is none of these.

    Parameters
    ----------
    parts
        Of its path, from the root.

    Examples
    --------
    >>> name_of(["system.slice", "nginx.service"])
    CgroupName(kind='service', name='nginx', is_identifier=False)
    """
    last = parts[-1]
    found = _IDENTIFIER.fullmatch(last)
    if found is not None and "conmon-" not in last:  # that one only watches a container
        return CgroupName("container", found[1], is_identifier=True)
    for pattern in _NAMED:
        named = pattern.fullmatch(last)
        if named is not None:
            return CgroupName("container", _unescaped(named[1]))
    if len(parts) == 2 and parts[0] == "lxc":
        return CgroupName("container", last)
    if parts[0] == "system.slice" and last.endswith(".service"):
        nested = any(part.endswith(".service") for part in parts[:-1])
        return None if nested else CgroupName("service", _unescaped(last.removesuffix(".service")))
    return _slice(parts)


def _slice(parts: Sequence[str]) -> CgroupName | None:
    """Return a slice at the top, such as ``system``, or a user's, such as ``user/1000``."""
    user = _USER.fullmatch(parts[-1])
    if len(parts) == 1 and parts[0].endswith(".slice"):
        return CgroupName("slice", _unescaped(parts[0].removesuffix(".slice")))
    if len(parts) == 2 and parts[0] == "user.slice" and user is not None:
        return CgroupName("slice", f"user/{user[1]}")
    return None


def _unescaped(name: str) -> str:
    r"""Return a name as it was before systemd wrote what is special in it as ``\x2d``."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), name)
