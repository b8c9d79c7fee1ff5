"""Missed blocks at 256 frames and 44.1 kHz with two busy Python threads in the process.

A listener with 512 sounding voices of 12 partials, the limiter at work, a recording, a feed, and
ten who read all of it, sound included, against a plain Python sounddevice callback with 32 numpy
sines, each in a process of its own, in turns, on a JACK server with a dummy card. Blocks are missed
where fewer came than the time holds; those that the device reports lost count as well. The first
second, in which threads and pages settle, is left out.

A machine that stands still for a block or two, as virtual ones do, lets any program miss blocks.
How many, a control tells: beside the listener, another process plays one voice on the same server
without busy threads, and what it misses is subtracted. Holds where the listener then misses under
0.1 % of all its blocks, and plain Python most.

With `--views`, pages, a terminal and a reader in Node look on as well.

    python scripts/bench/callback.py [--seconds 10] [--rounds 5] [--views]
"""

import argparse
import contextlib
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from feed_readers import reading
from jack_server import BLOCK_FRAMES, RATE, jack_server
from report import finish
from views import all_views

if TYPE_CHECKING:
    from streamson.synth.engine import Engine

HOLD_PERCENT = 0.1
BUSY_THREADS = 2
VOICES = 512
READERS = 10
SETTLE_S = 1.0
TIMEOUT_S = 120.0
_playing: list[object] = []  # what is let go falls silent


class Count(NamedTuple):
    """Blocks that came, and those lost as the device tells."""

    blocks: int
    reported: int


class Result(NamedTuple):
    expected: float
    missed: float


SESSION = b"""
[[instrument]]
name = "rich"
partials = [%s]
""" % b", ".join(
    b"{ ratio = %d, level = %d, pan = %.3f }" % (i + 1, -3 * i, i / 22) for i in range(12)
)


def sound(engine: "Engine", voices: int) -> Callable[[], Count]:
    """Let voices sound for an hour; return the function that counts."""
    from streamson.model.note import Note

    for voice in range(voices):
        engine.play(Note(0, 1.0, 3_600 * RATE, 30 + voice / 8, -20, 0, "rich", "bench"))
    return lambda: Count(int(engine.state["blocks"]), int(engine.state["underflows"]))


def feed_in(folder: str) -> str:
    return f"ipc://{folder}/feed"


def listener(readers: int, folder: str) -> Callable[[], Count]:
    """Start a listener that is read and records; return the function that counts."""
    from streamson import Listener
    from streamson.session.load import parse_session

    listening = Listener(
        "tcp://127.0.0.1:*",
        session=parse_session(SESSION, "bench"),
        feed=feed_in(folder),
        record=f"{folder}/{time.monotonic_ns()}.wav",
    ).start()
    _playing.extend((listening, reading(listening, readers)))
    return sound(listening.engine, VOICES)


def control() -> Callable[[], Count]:
    """Start to play as little as can be; return the function that counts."""
    from streamson.output.device import find_device
    from streamson.output.player import Player
    from streamson.session.load import parse_session
    from streamson.synth.engine import Engine

    engine = Engine.for_session(parse_session(SESSION, "bench"), RATE)
    _playing.append(Player(engine, find_device("auto")).start())
    return sound(engine, 1)


def plain_python() -> Callable[[], Count]:
    """Start to play; return the function that counts."""
    import numpy as np

    from streamson.output.device import find_device

    device = find_device("auto").number  # forks, which must come before PortAudio is loaded
    import sounddevice

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

    stream = sounddevice.OutputStream(RATE, 0, device, 2, "float32", "low", callback=callback)
    stream.start()
    _playing.append(stream)
    return lambda: Count(blocks, reported)


def be_busy() -> None:
    while True:
        sum(range(1_000))


def work(
    start: Callable[[], Callable[[], Count]], busy: int, seconds: float, pipe: Connection
) -> None:
    """Play, with busy threads, and count the blocks of so many seconds once told to."""
    count = start()
    for _ in range(busy):
        threading.Thread(target=be_busy, daemon=True).start()
    time.sleep(SETTLE_S)
    pipe.send("ready")
    pipe.recv()
    before, began = count(), time.perf_counter()
    time.sleep(seconds)
    after, elapsed = count(), time.perf_counter() - began
    expected = elapsed * RATE / BLOCK_FRAMES
    came = after.blocks - before.blocks - (after.reported - before.reported)
    # The edges of the interval may cut a block each: one missing block is none missed.
    pipe.send(Result(expected, max(0.0, expected - came - 1)))


class Contender(NamedTuple):
    """A process that plays and counts."""

    process: BaseProcess
    pipe: Connection

    @classmethod
    def start(cls, start: Callable[[], Callable[[], Count]], busy: int, seconds: float) -> Self:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(start, busy, seconds, theirs))
        process.start()
        return cls(process, ours)

    def read(self) -> Result:
        if not self.pipe.poll(TIMEOUT_S):
            raise SystemExit("a process that plays does not answer")
        return self.pipe.recv()


def measure(*contenders: Contender, views: contextlib.AbstractContextManager[None]) -> list[Result]:
    """Let the contenders count at the same time, while views look on."""
    for contender in contenders:
        contender.read()
    with views:
        for contender in contenders:
            contender.pipe.send("go")
        results = [contender.read() for contender in contenders]
    for contender in contenders:
        helpers = descendants(contender.process.pid)
        contender.process.kill()  # its threads never end by themselves
        contender.process.join()
        while any(Path(f"/proc/{helper}").exists() for helper in helpers):
            time.sleep(0.01)  # its device fades
    return results


def descendants(pid: int | None) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in map(int, children) for found in (child, *descendants(child))]


def show(name: str, results: list[Result]) -> float:
    expected, missed = (sum(column) for column in zip(*results, strict=True))
    percent = 100 * missed / expected
    print(f"{name:12} {missed:7.1f} of {expected:7.0f} blocks missed, {percent:6.2f} %")
    return percent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--views", action="store_true")
    args = parser.parse_args()
    ours, idle, python = [], [], []
    nothing = contextlib.nullcontext()
    with jack_server(), tempfile.TemporaryDirectory() as folder:
        listening = partial(listener, args.readers, folder)
        for _ in range(args.rounds):
            beside = Contender.start(control, 0, args.seconds)
            busy = Contender.start(listening, BUSY_THREADS, args.seconds)
            views = all_views(feed_in(folder)) if args.views else nothing
            for results, result in zip(
                (ours, idle), measure(busy, beside, views=views), strict=True
            ):
                results.append(result)
            python += measure(
                Contender.start(plain_python, BUSY_THREADS, args.seconds), views=nothing
            )
    ours_percent = show("listener", ours)
    control_percent = show("  control", idle)
    python_percent = show("plain Python", python)
    figure = round(max(0.0, ours_percent - control_percent), 3)
    ok = figure < HOLD_PERCENT and python_percent > 50
    return finish("callback", figure, "% of blocks missed", HOLD_PERCENT, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
