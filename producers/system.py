"""The system producer: what this machine's processor, memory, disks and network do, and more."""

import math
import socket
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import click

from streamson._optional import import_optional
from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base.pace import sleep_until
from streamson.producers.base.reading import Production, Reading
from streamson.producers.host.groups import DEFAULT, GROUPS, Group
from streamson.producers.host.machine import Machine
from streamson.producers.host.opening import check_present, open_collectors
from streamson.producers.host.processes import Processes
from streamson.producers.host.selection import ALL, Selection

REQUIRES: Final = {"psutil": "streamson[system]"}
"""What it imports, and what brings that."""

MAX_PROCESS_PATTERNS: Final = 32
MAX_NAME_CHARS: Final = 100
"""Of the machine's name, so that a stream's has room for the rest."""

PROCESSES: Final = "processes"
"""The group that is wanted where processes are named."""


@click.command(short_help="This machine's processor, memory, disks, network and much else.")
@click.option(
    "--interval",
    type=options.Interval(0.05, 3_600),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two readings.",
)
@click.option(
    "--only",
    metavar="A,B",
    help=f"Which of {', '.join(GROUPS)}; {ALL}; or patterns of streams, such as disk/sd*.  "
    f"[default: {','.join(DEFAULT)}]",
)
@click.option(
    "--process",
    "processes",
    multiple=True,
    metavar="NAME",
    help="Also the processes of this name, or pattern of names. Can be given several times.",
)
@options.fields
@click.option("--name", help="What to call this machine.  [default: its host name]")
def command(
    *,
    interval: float,
    only: str | None,
    processes: tuple[str, ...],
    fields: tuple[str, ...],
    name: str | None,
) -> Production:
    """Publish this machine's load: the streams NAME/cpu, NAME/memory, NAME/disk and others.

    Each core, disk, interface, file system, sensor, container or service can be a stream of its
    own, and so can the busiest processes:

    \b
    streamson produce system
    streamson produce system --only 'cores,disk/sd*,temperatures'
    streamson produce system --only cpu,containers --process nginx
    """  # noqa: D301
    psutil = import_optional("psutil", "system", "the system producer")
    _check(name, processes)
    groups = dict(GROUPS)
    if processes:
        opened = partial(Processes, patterns=processes)
        groups[PROCESSES] = Group(GROUPS[PROCESSES].streams, opened)
    asked = [] if only is None else [word.strip() for word in only.split(",")]
    asked += [PROCESSES] if processes else []
    wanted = Selection([*(DEFAULT if only is None else ()), *asked], groups)
    collectors = open_collectors(groups, wanted, asked, psutil)
    machine = Machine(name or _host_name(), collectors, wanted, fields, (psutil.Error,))
    if asked or fields:
        check_present(machine, wanted, asked, fields)
    return Production(_readings(machine, interval), keep=False)


def _check(name: str | None, processes: tuple[str, ...]) -> None:
    if name is not None and not 0 < len(name.strip()) <= MAX_NAME_CHARS:
        raise UsageError(
            f"--name: found {len(name)} characters; a name of up to {MAX_NAME_CHARS} is allowed"
        )
    empty = any(not pattern.strip() for pattern in processes)
    if empty or len(processes) > MAX_PROCESS_PATTERNS:
        found = "an empty name" if empty else f"{len(processes)} names"
        raise UsageError(
            f"--process: found {found}; up to {MAX_PROCESS_PATTERNS} names or patterns are allowed"
        )


def _host_name() -> str:
    return socket.gethostname()[:MAX_NAME_CHARS] or "localhost"


def _readings(machine: Machine, interval: float) -> Iterator[Reading]:
    """Measure at each interval, first after one: rates need two readings."""
    for _ in machine.measure():
        pass
    origin = time.monotonic()
    number = 0
    try:
        while True:
            # One that could not be kept, as on a machine that slept, is left out.
            number = max(number, math.floor((time.monotonic() - origin) / interval)) + 1
            sleep_until(origin + number * interval)
            yield from machine.readings()
    finally:
        machine.tell()


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "system", *sys.argv[1:]])
