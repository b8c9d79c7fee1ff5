"""Attack streamson as a user, a network and a disk might; print what it stood.

    scripts/attack [--quick] [NAME ...]

Exit code 1 where something did not hold: the listener alive, its memory within 100 MB of the start,
a calm stream heard within twice its usual time, the end within a second, the right exit code.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator

from scripts.attack_parts import (
    clocks,
    descriptors,
    devices,
    doors,
    ends,
    floods,
    names,
    saved,
    sessions,
)
from scripts.attack_parts.target import Outcome

PARTS: dict[str, Callable[..., Iterator[Outcome]]] = {
    "frames": doors.frames,
    "keys": doors.keys,
    "connections": doors.connections,
    "names": names.run,
    "floods": floods.run,
    "descriptors": descriptors.run,
    "clocks": clocks.run,
    "sessions": sessions.run,
    "saved": saved.run,
    "devices": devices.run,
    "ends": ends.run,
}
HEAD = f"{'attack':38} {'tried':>9} {'survived':>9} {'MB':>5} {'grown':>6} {'left':>6} {'lost':>5} "
HEAD += f"{'gap s':>6} {'end s':>6} {'code':>5}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="about a minute")
    given = parser.parse_args()
    if unknown := set(given.names) - set(PARTS):
        parser.error(f"no attack {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    # In the background of a shell it is ignored, and so it would be by what is attacked.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began, held = time.monotonic(), True
    print(HEAD, flush=True)
    for name in given.names or PARTS:
        for outcome in PARTS[name](quick=given.quick):
            print(_line(outcome), flush=True)
            if outcome.figures:
                print(f"    {outcome.figures}", flush=True)
            for fault in outcome.faults:
                print(f"    FAULT: {fault}", flush=True)
            held &= not outcome.faults
    print(f"{'all held' if held else 'NOT ALL HELD'}, {time.monotonic() - began:.0f} s")
    return 0 if held else 1


def _line(outcome: Outcome) -> str:
    return (
        f"{outcome.name:38} {outcome.tried:9,} {outcome.survived:9,} {outcome.memory_mb:5.0f} "
        f"{outcome.grown_mb:6.1f} {outcome.left_mb:6.1f} {outcome.lost:5} {outcome.gap_s:6.2f} "
        f"{outcome.end_s:6.2f} {outcome.code:5}"
    )


if __name__ == "__main__":
    sys.exit(main())
