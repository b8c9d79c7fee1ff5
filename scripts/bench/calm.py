"""Calm sources, how long until their notes begin, and one beside them that floods."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event

import numpy as np

from streamson import Publisher
from streamson.model.note import Note
from streamson.synth import clock

CALM = tuple(f"calm{number}" for number in range(9))
INTERVAL_S = 0.25
BATCHED_POINTS_A_SECOND = 1e6
TIMEOUT_S = 30.0


class Calm:
    """Sends four points a second of each of `CALM`, and takes in when their notes begin."""

    def __init__(self) -> None:
        self._sent_ns: dict[str, int] = {}
        self._latencies_ms: list[float] = []

    def on_played(self, note: Note, handed_ns: int) -> None:
        """Take in a note, as a `Listener` tells it."""
        if (sent_ns := self._sent_ns.pop(note.stream, None)) is not None:
            self._latencies_ms.append((handed_ns - sent_ns) / 1e6)

    def latencies_ms(self, publishers: Sequence[Publisher], seconds: float) -> list[float]:
        """Send for so long; return the times from a point to its note's first sample."""
        self._latencies_ms = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, publisher in zip(CALM, publishers, strict=True):
                self._sent_ns[name] = clock.now_ns()
                publisher.send(name, x=time.monotonic() % 1)
                time.sleep(INTERVAL_S / len(CALM))
        deadline = time.monotonic() + TIMEOUT_S
        while self._sent_ns and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not self._sent_ns, f"no note of {', '.join(self._sent_ns)}"
        return self._latencies_ms


@contextmanager
def flooding(endpoint: str, batch: int) -> Iterator[None]:
    """Let a process of its own send all it can, or, in batches, a million points a second."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=_flood, args=(endpoint, batch, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join()


def _flood(endpoint: str, batch: int, stop: Event) -> None:
    column = np.random.default_rng(1).normal(size=batch)
    with Publisher(endpoint, source="flood") as publisher:
        begin, sent = time.monotonic(), 0
        while not stop.is_set():
            if batch == 1:
                publisher.send("flood", x=1.0)
                continue
            publisher.send_batch("flood", {"x": column})
            sent += batch
            due = begin + sent / BATCHED_POINTS_A_SECOND
            time.sleep(max(due - time.monotonic(), 0))
