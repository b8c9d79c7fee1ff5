"""The groups of streams that a machine has, each with who measures it."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from streamson.producers.host.containers import Containers
from streamson.producers.host.disks import Disks
from streamson.producers.host.filesystems import Filesystems
from streamson.producers.host.measured import Collector
from streamson.producers.host.memory import Memory, Swap
from streamson.producers.host.network import Interfaces
from streamson.producers.host.pressure import Pressure
from streamson.producers.host.processes import Processes, Top
from streamson.producers.host.processor import Cores, Load, Processor
from streamson.producers.host.sensors import Battery, Sensors
from streamson.producers.host.total import Total


class Group(NamedTuple):
    """Streams that are measured together.

    Attributes
    ----------
    streams
        A pattern of their paths.
    open
        Return who measures them, given psutil's module; raises `UnavailableError`.
    """

    streams: str
    open: Callable[[Any], Collector]


DEFAULT: Final = ("cpu", "memory", "disk", "network", "pressure")
"""What a person who listens to a machine wants to know of it: few streams."""

GROUPS: Final[Mapping[str, Group]] = {
    "cpu": Group("cpu", Processor),
    "cores": Group("core/*", Cores),
    "load": Group("load", lambda _: Load()),
    "memory": Group("memory", Memory),
    "swap": Group("swap", Swap),
    "pressure": Group("pressure/*", lambda _: Pressure()),
    "disk": Group("disk", lambda psutil: Total("disk", Disks(psutil), ("read", "written"))),
    "disks": Group("disk/*", Disks),
    "filesystems": Group("filesystem/*", Filesystems),
    "network": Group(
        "network", lambda psutil: Total("network", Interfaces(psutil), ("received", "sent"))
    ),
    "interfaces": Group("interface/*", Interfaces),
    "temperatures": Group(
        "temperature/*",
        lambda psutil: Sensors(psutil, "sensors_temperatures", "temperature", "celsius"),
    ),
    "fans": Group("fan/*", lambda psutil: Sensors(psutil, "sensors_fans", "fan", "rpm")),
    "battery": Group("battery", Battery),
    "top": Group("top/*", Top),
    "processes": Group("process/*", Processes),
    "containers": Group("container/*", lambda _: Containers("container")),
    "services": Group("service/*", lambda _: Containers("service")),
    "slices": Group("slice/*", lambda _: Containers("slice")),
}
