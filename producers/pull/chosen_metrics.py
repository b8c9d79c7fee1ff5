"""Which metrics are heard: those that somebody asks for, or what a person wants to hear."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

EXPORTERS_OWN: Final = (
    *("go_*", "process_*", "promhttp_*", "scrape_*", "python_gc_*", "*_info", "*_created"),
    *("nodejs_*", "jvm_*", "*_build_info", "*_scrape_collector_*", "net_conntrack_*"),
)
"""What programs tell of themselves, by the libraries that show metrics, and what never changes."""

OF_NODES: Final = (
    "node_cpu_seconds_total",
    "node_load1",
    "node_memory_MemAvailable_bytes",
    "node_disk_read_bytes_total",
    "node_disk_written_bytes_total",
    "node_network_receive_bytes_total",
    "node_network_transmit_bytes_total",
)
"""Of node_exporter, which shows some 300 metrics in 500 to 2,000 series: about 20 streams."""


def is_heard(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a metric is heard: because a pattern fits, or without patterns by itself.

    >>> is_heard("node_load1", ()), is_heard("node_load15", ()), is_heard("go_threads", ("go_*",))
    (True, False, True)
    """
    if patterns:
        return any(fnmatchcase(name, pattern) for pattern in patterns)
    if name.startswith("node_"):
        return name in OF_NODES
    return not any(fnmatchcase(name, pattern) for pattern in EXPORTERS_OWN)
