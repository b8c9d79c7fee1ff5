"""The system producer: what this machine's processor, memory, disks and network do."""

import socket
import time
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import click

from streamson._click_options import FiniteFloat
from streamson._optional import import_optional
from streamson.errors import UsageError, nearest
from streamson.producers.base.pace import sleep_until
from streamson.producers.base.reading import Production, Reading

REQUIRES: Final = {"psutil": "streamson[system]"}
"""What it imports, and what brings that."""

RATES: Final = {
    "disk": ("disk_io_counters", {"read": "read_bytes", "written": "write_bytes"}),
    "network": ("net_io_counters", {"received": "bytes_recv", "sent": "bytes_sent"}),
}
"""Stream to psutil's function, and field (bytes a second) to psutil's counter."""

STREAMS: Final = ("cpu", "memory", *RATES)


@click.command(short_help="This machine's processor, memory, disks and network.")
@click.option(
    "--interval",
    type=FiniteFloat(0.05, 3_600),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two readings.",
)
@click.option(
    "--only",
    metavar="A,B",
    help=f"Which of {', '.join(STREAMS)}.  [default: all]",
)
@click.option("--name", help="What to call this machine.  [default: its host name]")
def command(*, interval: float, only: str | None, name: str | None) -> Production:
    """Publish this machine's load as the streams NAME/cpu, /memory, /disk and /network.

    cpu and memory are in percent; disk and network in bytes a second.
    """
    psutil = import_optional("psutil", "system", "the system producer")
    host, wanted = name or socket.gethostname(), _wanted(only)
    readings = _readings(psutil, host, interval)
    chosen = (reading for reading in readings if reading.stream.removeprefix(f"{host}/") in wanted)
    return Production(chosen, keep=False)


def _wanted(only: str | None) -> tuple[str, ...]:
    """Return the streams that are named in a list; all without one."""
    if only is None:
        return STREAMS
    wanted = tuple(word.strip() for word in only.split(","))
    for word in wanted:
        if word not in STREAMS:
            raise UsageError(
                f"--only: found {word!r}; allowed: {', '.join(STREAMS)}{nearest(word, STREAMS)}"
            )
    return wanted


def _readings(psutil: Any, host: str, interval: float) -> Iterator[Reading]:
    """Measure at each interval, first after one: rates need two readings."""
    psutil.cpu_percent()  # the first call has nothing to compare with, and says 0
    origin = measured_at = time.monotonic()
    before = _counters(psutil)
    for number in count(1):
        sleep_until(origin + number * interval)
        after, now = _counters(psutil), time.monotonic()
        yield Reading(f"{host}/cpu", {"percent": psutil.cpu_percent()})
        yield Reading(f"{host}/memory", {"percent": psutil.virtual_memory().percent})
        for stream in after.keys() & before.keys():
            counters = after[stream]
            fields = {
                field: max(0.0, value - before[stream][field]) / (now - measured_at)
                for field, value in counters.items()
            }
            yield Reading(f"{host}/{stream}", fields)
        before, measured_at = after, now


def _counters(psutil: Any) -> dict[str, dict[str, float]]:
    """Return the counters of each stream that this machine has."""
    found = {}
    for stream, (function, fields) in RATES.items():
        counters = getattr(psutil, function)()
        if counters is not None:  # there may be no disk, as in a container
            found[stream] = {field: getattr(counters, name) for field, name in fields.items()}
    return found


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "system", *sys.argv[1:]])
