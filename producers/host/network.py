"""Network interfaces: what they receive and send."""

import os
import re
from collections.abc import Iterator
from typing import Any, Final

from streamson.producers.host.field_rates import FieldRates
from streamson.producers.host.measured import Measured, UnavailableError

SYS_NET: Final = "/sys/class/net"
"""Where Linux lists interfaces; those made of hardware have a device."""

_LOOPBACK: Final = re.compile(r"lo\d*|loopback.*", re.IGNORECASE)
_CONTAINERS_END: Final = "veth"
"""How the machine's end of a container's interface is called."""


class Interfaces:
    """Measures each interface.

    Beside hardware, virtual ones (bridges, tunnels, VLANs) are aside: they count the same bytes
    again. Where there is no hardware, as in a container, they are not. Loopback is aside always.
    """

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        self._rates = FieldRates()
        if not self._counters():
            raise UnavailableError("none found on this machine")

    def collect(self) -> Iterator[Measured]:
        """Measure each."""
        counters = self._counters()
        hardware = {name for name in counters if os.path.exists(f"{SYS_NET}/{name}/device")}
        for name, counted in counters.items():
            path = f"interface/{name}"
            lost = counted.errin + counted.errout + counted.dropin + counted.dropout
            fields = self._rates.update(
                path,
                {"received": counted.bytes_recv, "sent": counted.bytes_sent, "lost_packets": lost},
            )
            aside = name not in hardware if hardware else _is_aside(name)
            yield Measured(path, fields, aside=aside)

    def _counters(self) -> dict[str, Any]:
        return self._psutil.net_io_counters(pernic=True, nowrap=False) or {}


def _is_aside(name: str) -> bool:
    return bool(_LOOPBACK.fullmatch(name)) or name.startswith(_CONTAINERS_END)
