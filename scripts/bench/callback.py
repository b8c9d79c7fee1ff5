"""Missed blocks at 256 frames and 44.1 kHz with two busy Python threads in the process.

The machine-code callback with 64 sounding voices against a plain Python sounddevice callback with
32 numpy sines, each in a process of its own, in turns, on a JACK server with a dummy card. Blocks
are missed where fewer came than the time holds; those that the device reports lost count as well.
The first second, in which threads and pages settle, is left out. Holds where the machine code
misses under 0.1 % of all its blocks.

    python scripts/bench/callback.py [--seconds 10] [--rounds 3]
"""

import argparse
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from jack_server import BLOCK_FRAMES, RATE, jack_server
from report import finish

HOLD_PERCENT = 0.1
BUSY_THREADS = 2
SETTLE_S = 1.0


class Count(NamedTuple):
    """Blocks that came, and those lost as the device tells."""

    blocks: int
    reported: int


class Result(NamedTuple):
    expected: float
    missed: float


def measure(counts: Callable[[], Count], seconds: float) -> Result:
    """Let two Python threads be busy, and count the blocks of so many seconds."""
    for _ in range(BUSY_THREADS):
        threading.Thread(target=be_busy, daemon=True).start()
    time.sleep(SETTLE_S)
    before, start = counts(), time.perf_counter()
    time.sleep(seconds)
    after, elapsed = counts(), time.perf_counter() - start
    expected = elapsed * RATE / BLOCK_FRAMES
    came = after.blocks - before.blocks - (after.reported - before.reported)
    # The edges of the interval may cut a block each: one missing block is none missed.
    return Result(expected, max(0.0, expected - came - 1))


def be_busy() -> None:
    while True:
        sum(range(1_000))


def machine_code(seconds: float) -> Result:
    from streamson.output.device import find_device
    from streamson.output.player import Player
    from streamson.score import Note
    from streamson.synth.engine import Engine

    engine = Engine(RATE)
    for voice in range(64):
        length = (seconds + 60) * RATE
        engine.play(Note(0, 1.0, int(length), 40 + voice / 2, -40, 0, "sine", "bench"))
    Player(engine, find_device("auto"))
    state = engine.state
    return measure(lambda: Count(int(state["blocks"]), int(state["underflows"])), seconds)


def plain_python(seconds: float) -> Result:
    import numpy as np
    import sounddevice

    from streamson.output.device import find_device

    voices, blocks, reported = 32, 0, 0
    steps = np.linspace(110, 1_760, voices) / RATE
    phases = np.zeros(voices)

    def callback(out: np.ndarray, frames: int, _time: object, status: object) -> None:
        nonlocal blocks, reported
        turns = phases[:, None] + steps[:, None] * np.arange(frames)
        out[:] = (np.sin(2 * np.pi * turns).sum(0) * (0.3 / voices))[:, None]
        phases[:] = (phases + frames * steps) % 1
        blocks += 1
        reported += bool(status.output_underflow)

    device = find_device("auto").number
    stream = sounddevice.OutputStream(RATE, 0, device, 2, "float32", "low", callback=callback)
    stream.start()
    return measure(lambda: Count(blocks, reported), seconds)


def worker(run: Callable[[float], Result], seconds: float, pipe: object) -> None:
    pipe.send(run(seconds))  # the parent ends this process: its threads never end by themselves


def in_a_process(run: Callable[[float], Result], seconds: float) -> Result:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=worker, args=(run, seconds, theirs))
    process.start()
    if not ours.poll(seconds + 120):
        raise SystemExit(f"{run.__name__} did not finish")
    result = ours.recv()
    process.kill()
    process.join()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    totals = {machine_code: Result(0, 0), plain_python: Result(0, 0)}
    with jack_server():
        for _ in range(args.rounds):
            for run, total in totals.items():
                result = in_a_process(run, args.seconds)
                totals[run] = Result(total.expected + result.expected, total.missed + result.missed)
    percent = {}
    for run, (expected, missed) in totals.items():
        percent[run] = 100 * missed / expected
        figures = f"{missed:7.1f} of {expected:7.0f} blocks missed, {percent[run]:6.2f} %"
        print(f"{run.__name__:13} {figures}")
    figure = percent[machine_code]
    ok = figure < HOLD_PERCENT and percent[plain_python] > 50
    return finish("callback", round(figure, 3), "% of blocks missed", HOLD_PERCENT, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
