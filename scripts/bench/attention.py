"""10,000 streams at a point a second each: a listener's share of a core, its memory, its rows.

    python scripts/bench/attention.py [--streams 10000] [--seconds 180] [--warm-up 120]

Points come through real ZeroMQ from a process of its own to an installed command with a null
device, and a reader of the feed takes in the rows of all streams. CPU time, not wall time: of the
listener's process, and of the one beside it that receives for it. Holds where the listener takes
less than a quarter of a core, its memory grows by no more than 1 MB a minute after the warm-up, and
the feed tells of every stream. Needs psutil; Linux only.
"""

import argparse
import multiprocessing
import subprocess
import sys
import threading
import time
from multiprocessing.synchronize import Event

import numpy as np
import psutil
from report import finish

from streamson import Publisher
from streamson.model.feed import STATISTICS, STREAMS, Statistics, Streams
from streamson.wire.feed.reader import FeedReader

HOLD = 0.25
HOLD_MB_A_MINUTE = 1.0
"""Flat: a stream's past is memory at once. Until each had some points, machine code is loaded, and
when they come is counted; that is over within the two minutes of the warm-up."""
ENDPOINT = "tcp://127.0.0.1:5593"
FEED = "tcp://127.0.0.1:5594"
HOSTS = 700
SLICES = 50
"""Of a second, in each of which some streams send."""


def publish(streams: int, stop: Event) -> None:
    """Send a point a second of each stream."""
    rng = np.random.default_rng(1)
    names = [f"host{i % HOSTS}/metric{i // HOSTS}" for i in range(streams)]
    with Publisher(ENDPOINT, source="plant") as publisher:
        begin, turn = time.monotonic(), 0
        while not stop.is_set():
            slice_ = names[turn % SLICES :: SLICES]
            for name, value in zip(slice_, rng.normal(50, 2, len(slice_)).tolist(), strict=True):
                publisher.send(name, value=value)
            turn += 1
            time.sleep(max(begin + turn / SLICES - time.monotonic(), 0))


class Rows(threading.Thread):
    """Reads what the feed tells of streams."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.told: dict[str, float] = {}
        self.surprises: dict[str, float] = {}
        self.front: dict[str, bool] = {}
        self.statistics: Statistics | None = None

    def run(self) -> None:
        """Read on."""
        with FeedReader(FEED, (STREAMS, STATISTICS)) as reader:
            while True:
                for _, message in reader.receive(1.0):
                    self._take(message)

    def _take(self, message: object) -> None:
        if isinstance(message, Statistics):
            self.statistics = message
        elif isinstance(message, Streams):
            for row in message.rows:
                self.told[row.name] = time.monotonic()
                self.front[row.name] = row.front
                self.surprises[row.name] = row.surprise


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU time of a process."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(
    listener: psutil.Process, rows: Rows, streams: int, seconds: float
) -> tuple[float, bool]:
    """Print how it is for so long; return the share of a core, and whether all else holds."""
    receiving = listener.children(recursive=True)
    before = [cpu_s(process) for process in (listener, *receiving)]
    memory = listener.memory_full_info().pss / 1e6
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        time.sleep(min(30.0, seconds - passed) or 0.1)
        now = listener.memory_full_info().pss / 1e6
        front = sum(rows.front.values())
        print(f"  {time.monotonic() - began:4.0f} s: {now:.0f} MB, {front} in front")
    passed = time.monotonic() - began
    own, *others = (
        (cpu_s(process) - one) / passed
        for process, one in zip((listener, *receiving), before, strict=True)
    )
    growth = (listener.memory_full_info().pss / 1e6 - memory) / passed * 60
    oldest = time.monotonic() - min(rows.told.values(), default=0.0)
    print(f"listener {100 * own:.1f} % of a core, what receives for it {100 * sum(others):.1f} %")
    print(f"memory grows by {growth:.1f} MB a minute; {len(rows.told)} streams in the feed, the")
    print(f"one that was told of longest ago {oldest:.1f} s ago; {rows.statistics}")
    return own, growth < HOLD_MB_A_MINUTE and len(rows.told) == streams


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--warm-up", type=float, default=120.0)
    given = parser.parse_args()
    listen = ("-m", "streamson", "listen", "--bind", ENDPOINT, "--feed", FEED, "--output", "none")
    stop = multiprocessing.Event()
    sender = multiprocessing.Process(target=publish, args=(given.streams, stop))
    with subprocess.Popen([sys.executable, *listen], stderr=subprocess.DEVNULL) as process:
        try:
            rows = Rows()
            rows.start()
            sender.start()
            time.sleep(given.warm_up)
            listener = psutil.Process(process.pid)
            share, ok = measure(listener, rows, given.streams, given.seconds)
        finally:
            stop.set()
            sender.join()
            process.terminate()
    return finish("attention", share, "of a core", HOLD, ok=ok and share < HOLD)


if __name__ == "__main__":
    sys.exit(main())
