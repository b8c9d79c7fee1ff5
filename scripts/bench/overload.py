"""A flood into one part: what becomes of its points, of the memory and of the lag.

    python scripts/bench/overload.py [--rate 200000] [--seconds 30] [--batch 100]

Holds where the memory grows by less than 20 MB after the first seconds, the listener has taken in
the last point within 2 s of its being sent, and every point is accounted for: received = played +
coalesced + rests + dropped. Linux only: the memory is read from /proc.
"""

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy as np
from report import finish

from streamson import Listener, Publisher

HOLD_MB = 20
HOLD_LAG_S = 2.0


def flood(endpoint: str, rate: float, seconds: float, batch: int) -> None:
    with Publisher(endpoint) as publisher:
        publisher.wait_for_listener(30)
        start = time.monotonic()
        sent = 0
        while (now := time.monotonic() - start) < seconds:
            due = int(now * rate)
            while sent < due:
                values = np.arange(sent, sent + batch) / rate
                if batch == 1:
                    publisher.send("flood", {"seconds": float(values[0])})
                else:
                    publisher.send_batch("flood", {"seconds": values})
                sent += batch
            time.sleep(0.001)


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--batch", type=int, default=100)
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with Listener("tcp://127.0.0.1:*", output="none") as listener:
        arguments = (listener.endpoint, given.rate, given.seconds, given.batch)
        producer = context.Process(target=flood, args=arguments)
        producer.start()
        while not listener.stats().notes_played:
            time.sleep(0.05)
        time.sleep(3)
        before = memory_mb()
        most_mb = before
        while producer.is_alive():
            most_mb = max(most_mb, memory_mb())
            time.sleep(0.1)
        end = time.monotonic()
        last = -1
        while listener.stats().points_received != last:
            last = listener.stats().points_received
            time.sleep(0.3)
        behind_s = max(0.0, time.monotonic() - end - 0.6)  # the last look saw no change
        stats = listener.stats()
    told = stats.notes_played + stats.points_coalesced + stats.rests + stats.notes_dropped
    grown = most_mb - before
    notes = stats.notes_played / given.seconds
    print(f"sent at {given.rate:,.0f} points a second for {given.seconds:.0f} s")
    print(f"received {stats.points_received:,}, lost {stats.points_lost:,}")
    print(
        f"played {stats.notes_played}, {notes:.1f} a second; coalesced {stats.points_coalesced:,}"
    )
    print(f"memory {before:.0f} MB, grown by {grown:.1f} MB; behind at the end {behind_s:.1f} s")
    ok = grown < HOLD_MB and behind_s < HOLD_LAG_S and told == stats.points_received
    return finish("overload", round(grown, 1), "MB", HOLD_MB, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
