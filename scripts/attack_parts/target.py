"""What is attacked: a listener in a process of its own, and calm streams that it hears."""

import csv
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from streamson import Publisher

COMMAND = (sys.executable, "-m", "streamson")
START_S = 120.0  # the first run compiles
END_S = 1.0
RECONNECT_S = 3.0
CALM = "calm"
CALM_S = 0.25
MAX_CALM_GAP_S = 2 * CALM_S
MAX_GROWN_MB = 100.0
HEARD_AT_FIRST = 4
"""Notes of a calm stream before anything is measured."""

NOTICED_S = 0.3
"""A process that ends takes so long to be seen to have ended on a busy machine."""


class Outcome(NamedTuple):
    """What an attack came to.

    Attributes
    ----------
    name
        Of the attack.
    tried
        Bad inputs.
    survived
        Faults that were survived: connections cut, messages refused, devices lost ...
    memory_mb, grown_mb, left_mb
        Of the listener and its children before; by how much more it was at most, and at the end.
    lost
        Points of the calm streams.
    gap_s
        Longest time between two notes of a calm stream.
    end_s
        From SIGTERM to the end.
    code
        Exit code.
    faults
        What did not hold, in words; empty where all is well.
    figures
        What else was measured, in words.
    """

    name: str
    tried: int
    survived: int = 0
    memory_mb: float = 0.0
    grown_mb: float = 0.0
    left_mb: float = 0.0
    lost: int = 0
    gap_s: float = 0.0
    end_s: float = 0.0
    code: int = 0
    faults: tuple[str, ...] = ()
    figures: str = ""


class Target:
    """A listener that records, and a calm stream that it hears, until the block is left.

    Parameters
    ----------
    words
        More of the command line.
    session
        What its session file says at first; without, it has none.
    prefix
        What starts it, such as a limit.
    max_grown_mb
        By how much it, and what else is watched, may grow.
    """

    def __init__(
        self,
        *words: str,
        session: str | None = None,
        prefix: tuple[str, ...] = (),
        max_grown_mb: float = MAX_GROWN_MB,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.session = self.folder / "session.toml"
        self._prefix = prefix
        self._max_grown_mb = max_grown_mb
        if session is not None:
            self.session.write_text(session)
            words = (*words, "--session", self.session.name)
        self._words = words
        self._stopping = threading.Event()
        self._calm: list[threading.Thread] = []
        self._watch = threading.Thread(target=self._watch_memory, daemon=True)
        self._sent: dict[str, int] = {}
        self.memory_mb = self.most_mb = 0.0

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self) -> None:
        self._said = (self.folder / "said").open("w+b")
        self.process = subprocess.Popen(
            [
                *(
                    *self._prefix,
                    *COMMAND,
                    "listen",
                    "--bind",
                    "tcp://127.0.0.1:*",
                    "--output",
                    "none",
                ),
                *("--record", "take/", "--stats", "stats.json", *self._words),
            ],
            cwd=self.folder,
            stdout=self._said,
            stderr=self._said,
        )
        self._await("Playing")
        self.pids = [self.process.pid]
        self.endpoint = self.told("connect to ") or self.told("Listening on ")
        self.publish(CALM, self.endpoint)
        self.begin_to_watch()
        self._watch.start()

    def begin_to_watch(self, *pids: int) -> None:
        """Measure memory from now on: of the listener, and of more processes."""
        self.pids += pids
        self.memory_mb = self.most_mb = self._memory_mb()

    def publish(self, stream: str, endpoint: str) -> None:
        """Publish one more calm stream, and wait until it is heard."""
        self._sent[stream] = 0
        self._calm.append(
            threading.Thread(target=self._publish, args=(stream, endpoint), daemon=True)
        )
        self._calm[-1].start()
        if not self._hears(HEARD_AT_FIRST, START_S, stream):
            raise SystemExit(f"the stream {stream} is not heard")

    def told(self, words: str) -> str:
        """Return the endpoint that follows some words in what it said; empty where they did not."""
        found = (line.split(words)[1] for line in self.said.splitlines() if words in line)
        return next(found, "").split(" ")[0].rstrip(".")

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.process.kill()
        self.process.wait()
        self._said.close()
        self._folder.cleanup()

    @property
    def said(self) -> str:
        """What it has said so far."""
        return (self.folder / "said").read_text(errors="replace")

    def finish(
        self, name: str, tried: int, *, code: int = 143, disconnects: bool = False
    ) -> Outcome:
        """End the listener; return what it stood.

        Parameters
        ----------
        name, tried
            As of `Outcome`.
        code
            The exit code that it has to have.
        disconnects
            Whether the attack ends all connections: then the calm stream is unheard meanwhile, and
            only has to be heard again soon.
        """
        most_gap_s = float("inf") if disconnects else MAX_CALM_GAP_S
        heard_again = not disconnects or self._hears(len(self._calm_onsets()) + 1, RECONNECT_S)
        time.sleep(2 * CALM_S)  # the calm stream is heard after the attack as well
        self._stopping.set()
        for thread in self._calm:
            thread.join()
        left_mb = self._memory_mb() - self.memory_mb
        grown_mb = self.most_mb - self.memory_mb
        alive = self.process.poll() is None
        began = time.monotonic()
        if alive:
            self.process.send_signal(signal.SIGTERM)
            with _suppressed_timeout():
                self.process.wait(60)
        end_s = time.monotonic() - began
        found = self.process.poll()
        stats = self._stats()
        heard = {stream: self._calm_onsets(stream) for stream in self._sent}
        until_s = stats.get("seconds", 0.0)
        gap_s = max(_longest_gap_s([*onsets, until_s]) for onsets in heard.values())
        faults = [
            *(() if found == code else (f"exit code {found}, {code} was due",)),
            *(() if end_s < END_S + NOTICED_S else (f"took {end_s:.1f} s to end",)),
            *(() if grown_mb < self._max_grown_mb else (f"grew by {grown_mb:.0f} MB",)),
            *(() if gap_s <= most_gap_s else (f"calm stream unheard for {gap_s:.1f} s",)),
            *(() if heard_again else ("calm stream not heard again",)),
            *(("a traceback",) if "Traceback" in self.said else ()),
            *(("a fault in the score",) if stats.get("faults") else ()),
            *(() if self.said.isascii() or self.said.isprintable() else self._controls()),
        ]
        survived = sum(
            int(stats.get(key, 0))
            for key in ("messages_refused", "connections_cut", "times_replaced", "streams_refused")
        )
        return Outcome(
            name,
            tried,
            survived,
            self.memory_mb,
            grown_mb,
            left_mb,
            sum(max(self._sent[stream] - len(onsets), 0) for stream, onsets in heard.items()),
            gap_s,
            end_s,
            -99 if found is None else found,
            tuple(faults),
            f"{stats.get('blocks_missed', 0):,} of {stats.get('blocks', 0):,} blocks missed",
        )

    def _controls(self) -> tuple[str, ...]:
        bad = [c for c in self.said if not c.isprintable() and c != "\n"]
        return (f"control characters {bad[:3]!r} in its log",) if bad else ()

    def _publish(self, stream: str, endpoint: str) -> None:
        with Publisher(endpoint, wait_s=START_S) as publisher:
            due = time.monotonic()
            while not self._stopping.wait(max(due - time.monotonic(), 0.0)):
                self._sent[stream] += publisher.send(stream, x=float(self._sent[stream] % 7))
                due += CALM_S

    def _await(self, words: str) -> None:
        deadline = time.monotonic() + START_S
        while words not in self.said:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the listener did not start:\n{self.said}")
            time.sleep(0.02)

    def _hears(self, count: int, timeout_s: float, stream: str = CALM) -> bool:
        """Return whether so many notes of a calm stream are heard in time."""
        deadline = time.monotonic() + timeout_s
        while len(self._calm_onsets(stream)) < count:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _calm_onsets(self, stream: str = CALM) -> list[float]:
        onsets = []
        for path in (self.folder / "take").glob("notes*.csv"):  # several where it rotates
            with path.open(newline="") as file:
                rows = (row for row in csv.DictReader(file) if row["stream"] == stream)
                onsets += [float(row["onset_s"]) for row in rows]
        return sorted(onsets)

    def _stats(self) -> dict[str, Any]:
        try:
            stats: dict[str, Any] = json.loads((self.folder / "stats.json").read_text())
        except (OSError, ValueError):
            return {}
        return stats

    def _watch_memory(self) -> None:
        while not self._stopping.wait(0.1):
            self.most_mb = max(self.most_mb, self._memory_mb())

    def _memory_mb(self) -> float:
        return sum(_memory_mb(pid) for one in self.pids for pid in family(one))


def _longest_gap_s(onsets: list[float]) -> float:
    return max((b - a for a, b in itertools.pairwise(onsets)), default=99.0)


@contextmanager
def _suppressed_timeout() -> Iterator[None]:
    try:
        yield
    except subprocess.TimeoutExpired:
        return


def family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in family(int(child)))]


def _memory_mb(pid: int) -> float:
    """Return a process's memory, and its share of what it has in common with others."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return (
        next(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")) / 1024
    )
