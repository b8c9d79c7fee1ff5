"""Calm sources beside one that floods: how long their points take, and how much longer than usual.

Nine sources send four points a second each. Beside them one sends single points as fast as it can,
then a million points a second in batches of 1,000; to the listener itself, and through a relay. The
time is that from `Publisher.send` to the first sample handed to the null device. Holds where the
median beside a flood is at most twice the usual one. On two cores, with a relay, its other process,
the listener's and the producer's, that takes a machine that has nothing else to do.

    python scripts/bench/flood.py [--seconds 5]
"""

import argparse
import contextlib
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import numpy as np
from report import finish

from streamson import Listener, Publisher
from streamson.model.note import Note
from streamson.session.load import parse_session
from streamson.synth import clock
from streamson.wire.relay.relay import Relay

HOLD = 2.0
CALM = tuple(f"calm{number}" for number in range(9))
INTERVAL_S = 0.25
BEGUN_POINTS = 10_000
BURST_S = 3.0
"""What may come at once has come so long after the flood has begun."""

TIMEOUT_S = 30.0
ANY_PORT = "tcp://127.0.0.1:*"
ON_ARRIVAL = parse_session(b"[[part]]\ntiming = 'arrival'\n[notices]\nstale = false\n", "bench")


def flood(endpoint: str, batch: int, stop: Event) -> None:
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


def relay(pipe: Connection, endpoint: str) -> None:
    with Relay([endpoint], ANY_PORT) as handing_on:
        pipe.send(handing_on.endpoint)
        while not pipe.poll():
            handing_on.turn()


@contextlib.contextmanager
def flooding(listener: Listener, endpoint: str, batch: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=flood, args=(endpoint, batch, stop))
    before = listener.stats().points_received
    process.start()
    deadline = time.monotonic() + TIMEOUT_S
    while listener.stats().points_received < before + BEGUN_POINTS:
        assert time.monotonic() < deadline, "no flood"
        time.sleep(0.01)
    time.sleep(BURST_S)
    yield
    stop.set()
    process.join()


@contextlib.contextmanager
def relaying(endpoint: str) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=relay, args=(theirs, endpoint))
    process.start()
    yield pipe.recv()
    pipe.send("end")
    process.join()


class Calm:
    """Sends the points of the calm, and takes in when their notes begin."""

    def __init__(self) -> None:
        self._sent_ns: dict[str, int] = {}
        self._latencies_ms: list[float] = []

    def on_played(self, note: Note, handed_ns: int) -> None:
        if (sent_ns := self._sent_ns.pop(note.stream, None)) is not None:
            self._latencies_ms.append((handed_ns - sent_ns) / 1e6)

    def latencies_ms(self, publishers: Sequence[Publisher], seconds: float) -> list[float]:
        """Return those of points that are sent for so long."""
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


def measure(seconds: float, *, through_relay: bool) -> float:
    """Print what was measured, and return how many times as long it took beside a flood."""
    calm = Calm()
    worst = 0.0
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(
            Listener(ANY_PORT, session=ON_ARRIVAL, output="none", on_played=calm.on_played)
        )
        endpoint = listener.endpoint
        if through_relay:
            endpoint = stack.enter_context(relaying(endpoint))
        publishers = [stack.enter_context(Publisher(endpoint, source=name)) for name in CALM]
        calm.latencies_ms(publishers, 1.0)
        usual = calm.latencies_ms(publishers, seconds)
        show("usually, through a relay" if through_relay else "usually", usual)
        for batch, name in ((1, "single points"), (1_000, "a million a second")):
            with flooding(listener, endpoint, batch):
                before, begin = listener.stats().points_received, time.monotonic()
                found = calm.latencies_ms(publishers, seconds)
                rate = (listener.stats().points_received - before) / (time.monotonic() - begin)
            show(f"beside {name}, {rate:,.0f} points a second heard", found)
            worst = max(worst, statistics.median(found) / statistics.median(usual))
    return worst


def show(name: str, latencies_ms: Sequence[float]) -> None:
    median, most = np.quantile(latencies_ms, (0.5, 0.9))
    print(f"{name:60}  median {median:6.1f} ms, 90 % within {most:6.1f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    worst = max(measure(seconds, through_relay=way) for way in (False, True))
    figure = round(worst, 2)
    return finish("flood", figure, "times the usual latency", HOLD, ok=figure <= HOLD)


if __name__ == "__main__":
    sys.exit(main())
