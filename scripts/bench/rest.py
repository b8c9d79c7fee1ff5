"""A listener at rest: what its processes take, with one stream of 4 points a second.

    python scripts/bench/rest.py [--seconds 20] [--python OTHER/bin/python]

It plays on a JACK dummy card in blocks of 256 frames, as an installed command. Beside it, in the
same run, stands an interpreter that has numpy and numba loaded and sleeps: what no listener of this
design can do without. Holds where the listener takes less than 1.5 % of a core and 220 MB; memory
is what the processes have to themselves and their share of what they have in common (PSS). Needs
psutil; Linux only.
"""

import argparse
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
from jack_server import jack_server
from report import finish

from streamson import Publisher

HOLD_PERCENT = 1.5
HOLD_MB = 220.0
ENDPOINT = "tcp://127.0.0.1:5588"


class Family:
    """A process and all that it has started."""

    def __init__(self, pid: int) -> None:
        first = psutil.Process(pid)
        self._processes = [first, *first.children(recursive=True)]

    def seconds(self) -> float:
        times = [process.cpu_times() for process in self._processes]
        return sum(time.user + time.system for time in times)

    def megabytes(self) -> float:
        return sum(process.memory_full_info().pss for process in self._processes) / 1e6


@contextmanager
def started(*command: str):
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def publish(publisher: Publisher, seconds: float) -> None:
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        publisher.send("rest", {"x": number % 17})
        number += 1
        time.sleep(0.25)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--python", default=sys.executable)
    given = parser.parse_args()
    bare = "import numpy, numba, time; time.sleep(3600)"
    listen = (given.python, "-m", "streamson", "listen", "--bind", ENDPOINT)
    with (
        jack_server(),
        started(given.python, "-c", bare) as other,
        started(*listen) as listener,
        Publisher(ENDPOINT) as publisher,
    ):
        if not publisher.wait_for_listener(60):
            raise SystemExit("the listener did not start")
        publish(publisher, 5)
        family = Family(listener.pid)
        before, began = family.seconds(), time.monotonic()
        publish(publisher, given.seconds)
        percent = 100 * (family.seconds() - before) / (time.monotonic() - began)
        memory, least = family.megabytes(), Family(other.pid).megabytes()
    print(f"processor {percent:.2f} % of a core (hold {HOLD_PERCENT})")
    print(f"memory {memory:.0f} MB (hold {HOLD_MB:.0f}); with numpy and numba alone {least:.0f} MB")
    ok = percent < HOLD_PERCENT and memory < HOLD_MB
    return finish("rest", memory, "MB", HOLD_MB, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
