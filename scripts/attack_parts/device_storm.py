"""A sound server that is killed and brought back at random moments, at one rate and another.

`streamson listen` plays on a JACK server with a dummy card, which is killed without a goodbye,
comes back at the next of the rates, and at times dies again while it is being opened. The listener
must survive, play again after each return, keep its threads, processes, descriptors and memory, and
end at once, whether or not the server lives.

    python scripts/attack_parts/device_storm.py [--seconds 120] [--rates 44100 48000] [--seed 0]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

DEADLINE_S = 25.0
END_S = 5.0  # a third of a second, the interpreter's own end, and what a busy machine adds
MAX_GROWTH_KB = 40_000
WARM_UP_RETURNS = 2
COMMAND = (sys.executable, "-m", "streamson")


class Server:
    """A JACK server that can be killed."""

    def __init__(self) -> None:
        self.name = f"storm{os.getpid()}"
        os.environ.update(JACK_DEFAULT_SERVER=self.name, JACK_NO_START_SERVER="1")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, rate: int) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            self._process = subprocess.Popen(
                ["jackd", "-n", self.name, "-r", "-d", "dummy", "-r", str(rate), "-p", "256"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while self._process.poll() is None:
                if self._answers():
                    return
                time.sleep(0.05)
        raise SystemExit("jackd did not start")

    def end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        asked = subprocess.run(
            ["jack_wait", "-s", self.name, "-c"], capture_output=True, text=True, check=False
        )
        return "running" in asked.stdout and "not running" not in asked.stdout


class Footprint(NamedTuple):
    """What a listener holds."""

    threads: int
    descriptors: int
    processes: int
    rss_kb: int

    @classmethod
    def of(cls, pid: int) -> "Footprint":
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        return cls(
            threads=int(status["Threads"]),
            descriptors=len(os.listdir(f"/proc/{pid}/fd")),
            processes=len(descendants(pid)),
            rss_kb=int(status["VmRSS"].split()[0]),
        )


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    return [found for child in map(int, children) for found in (child, *descendants(child))]


class Listening:
    """`streamson listen` in a process of its own, and what it says."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [*COMMAND, "listen", "--bind", "tcp://127.0.0.1:*"],
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def count(self, words: str) -> int:
        return self._said.read_text().count(words)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            if self.process.poll() is not None:
                raise StormError(f"the listener ended with {self.process.returncode}")
            if time.monotonic() > deadline:
                raise StormError(f"waited {DEADLINE_S:.0f} s for {what}:\n{self._said.read_text()}")
            time.sleep(0.02)

    def end(self) -> float:
        """Interrupt it; return the seconds that it takes to end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
        return time.monotonic() - began


class StormError(Exception):
    """The listener did not stand the storm."""


def storm(seconds: float, rates: Sequence[int] = (44_100, 48_000), seed: int = 0) -> str:
    """Let a server die for so long; return what the listener stood.

    Raises
    ------
    StormError
        If it did not.
    """
    chance = random.Random(seed)
    server = Server()
    server.start(rates[0])
    with tempfile.TemporaryDirectory() as folder:
        listening = Listening(Path(folder))
        try:
            return _storm(seconds, rates, chance, server, listening)
        finally:
            listening.process.kill()
            listening.process.wait()
            server.end(signal.SIGTERM)


def _storm(
    seconds: float,
    rates: Sequence[int],
    chance: random.Random,
    server: Server,
    listening: Listening,
) -> str:
    listening.until(lambda: listening.count("Playing on system") > 0, "sound")
    pid = listening.process.pid
    processes = len(descendants(pid))
    deaths, first, last = 0, None, None
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        gone = listening.count("is gone")
        time.sleep(chance.uniform(0, 2))
        server.end(signal.SIGKILL)
        deaths += 1
        listening.until(
            lambda gone=gone: listening.count("is gone") > gone, "the loss to be noticed"
        )
        for _ in range(chance.randrange(3)):  # it dies while it is being opened
            time.sleep(chance.uniform(0, 2))
            server.start(chance.choice(rates))
            time.sleep(chance.uniform(0, 2.5))
            server.end(signal.SIGKILL)
            deaths += 1
        server.start(rates[deaths % len(rates)])
        # It may have been back for a moment before, and its new loss is not noticed yet.
        listening.until(
            lambda: (
                listening.count("is back") >= listening.count("is gone")
                and len(descendants(pid)) == processes
            ),
            "sound again",
        )
        last = Footprint.of(pid)
        if first is None and listening.count("is back") > WARM_UP_RETURNS:
            first = last
    first = first or last
    assert first is not None
    assert last is not None
    if last[:3] != first[:3] or last.rss_kb > first.rss_kb + MAX_GROWTH_KB:
        raise StormError(f"the listener grew from {first} to {last}")
    helpers = descendants(pid)
    if chance.random() < 0.5:
        server.end(signal.SIGKILL)
    took_s = listening.end()
    if listening.process.returncode != 130 or took_s > END_S:
        raise StormError(f"it ended with {listening.process.returncode} after {took_s:.1f} s")
    time.sleep(0.2)
    if left := [helper for helper in helpers if Path(f"/proc/{helper}/exe").exists()]:
        raise StormError(f"processes are left: {left}")
    return (
        f"{deaths} deaths, {listening.count('is back')} returns, {listening.count('resampled')} of "
        f"them resampled, ended in {took_s:.2f} s; {first} to {last}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rates", type=int, nargs="+", default=[44_100, 48_000])
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        print(storm(args.seconds, args.rates, args.seed))
    except StormError as failed:
        print(f"FAILED: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
