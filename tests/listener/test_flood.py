"""Nobody waits for the flood of another: calm sources beside one that sends all it can."""

import multiprocessing
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

from streamson import Listener, Publisher
from streamson.session.load import parse_session
from streamson.synth import clock
from tests.conftest import until

SESSION = parse_session(b"[[part]]\ntiming = 'arrival'\n", "on_arrival.toml")
CALM = tuple(f"calm{i}" for i in range(9))
INTERVAL_S = 0.25
SECONDS = 3.0

AT_LEAST_MS = {0.5: 5.0, 0.9: 10.0}
"""A usual latency that is shorter counts as so much: the null device asks for 6 ms at a time."""


def flood(endpoint, batch, stop):
    """Send single points as fast as they go, or a million points a second in batches."""
    column = np.random.default_rng(1).normal(size=batch)
    with Publisher(endpoint, source="flood") as publisher:
        begin, sent = time.monotonic(), 0
        while not stop.is_set():
            if batch == 1:
                publisher.send("flood", x=1.0)
                continue
            publisher.send_batch("flood", {"x": column})
            sent += batch
            time.sleep(max(begin + sent / 1e6 - time.monotonic(), 0))


@contextmanager
def flooding(endpoint, batch):
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=flood, args=(endpoint, batch, stop))
    process.start()
    yield
    stop.set()
    process.join()


class Calm:
    """Sources that send four points a second each, and when their notes began."""

    def __init__(self):
        self.latencies_ms = []
        self._sent_ns = {}

    def on_played(self, note, handed_ns):
        if (sent_ns := self._sent_ns.pop(note.stream, None)) is not None:
            self.latencies_ms.append((handed_ns - sent_ns) / 1e6)

    def send(self, publishers, seconds):
        """Send for so long, and return the latencies."""
        self.latencies_ms = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, publisher in zip(CALM, publishers, strict=True):
                self._sent_ns[name] = clock.now_ns()
                publisher.send(name, x=time.monotonic() % 1)
                time.sleep(INTERVAL_S / len(CALM))
        until(lambda: not self._sent_ns, "all notes of the calm")
        return self.latencies_ms


@pytest.mark.parametrize("batch", [1, 1_000])
def test_calm_sources_are_heard_on_time_beside_a_flood(batch):
    calm = Calm()
    with ExitStack() as stack:
        listener = stack.enter_context(
            Listener("tcp://127.0.0.1:*", session=SESSION, output="none", on_played=calm.on_played)
        )
        publishers = [
            stack.enter_context(Publisher(listener.endpoint, source=name)) for name in CALM
        ]
        calm.send(publishers, 1.0)  # all streams are known
        usual_ms = calm.send(publishers, SECONDS)
        with flooding(listener.endpoint, batch):
            until(lambda: listener.stats().points_received > 50_000, "the flood")
            before = listener.stats()
            flooded_ms = calm.send(publishers, SECONDS)
            after = listener.stats()
    for share, at_least in AT_LEAST_MS.items():
        usual = max(float(np.quantile(usual_ms, share)), at_least)
        flooded = float(np.quantile(flooded_ms, share))
        print(f"batch {batch}, {share}: usual {usual:.1f} ms, beside the flood {flooded:.1f} ms")
        assert flooded < 2 * usual
    flood_rate = (after.points_received - before.points_received) / SECONDS
    print(f"{flood_rate:,.0f} points a second, {after.notes_played} notes")
