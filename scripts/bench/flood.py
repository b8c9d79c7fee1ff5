"""Calm sources beside one that floods: how long their points take, and how much longer than usual.

Nine sources send four points a second each. Beside them one sends single points as fast as it can,
then a million points a second in batches of 1,000; to the listener itself, and through a relay. The
time is that from `Publisher.send` to the first sample handed to the null device. Holds where the
median beside a flood is at most twice the usual one. On two cores, with a relay, its other process,
the listener's and the producer's, that takes a machine that has nothing else to do.

    python scripts/bench/flood.py [--seconds 5] [--after 3]
"""

import argparse
import contextlib
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection

import numpy as np
from calm import CALM, TIMEOUT_S, Calm, flooding
from report import finish

from streamson import Listener, Publisher
from streamson.session.load import parse_session
from streamson.wire.relay.relay import Relay

HOLD = 2.0
BEGUN_POINTS = 10_000
BURST_S = 3.0
"""What may come at once has come so long after the flood has begun."""

ANY_PORT = "tcp://127.0.0.1:*"
ON_ARRIVAL = parse_session(
    b"[[part]]\ntiming = 'arrival'\n[notices]\nstale = false\n[attention]\nforeground = 'all'\n",
    "bench",
)


def relay(pipe: Connection, endpoint: str) -> None:
    with Relay([endpoint], ANY_PORT) as handing_on:
        pipe.send(handing_on.endpoint)
        while not pipe.poll():
            handing_on.turn()


@contextlib.contextmanager
def relaying(endpoint: str) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=relay, args=(theirs, endpoint))
    process.start()
    yield pipe.recv()
    pipe.send("end")
    process.join()


def await_flood(listener: Listener, after_s: float) -> None:
    """Wait until a flood has begun, and so long."""
    before = listener.stats().points_received
    deadline = time.monotonic() + TIMEOUT_S
    while listener.stats().points_received < before + BEGUN_POINTS:
        assert time.monotonic() < deadline, "no flood"
        time.sleep(0.01)
    time.sleep(after_s)


def measure(seconds: float, after_s: float, *, through_relay: bool) -> float:
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
            with flooding(endpoint, batch):
                await_flood(listener, after_s)
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
    parser.add_argument(
        "--after",
        type=float,
        default=BURST_S,
        help="seconds from a flood's beginning on; 0: beside what may come at once as well",
    )
    given = parser.parse_args()
    worst = max(measure(given.seconds, given.after, through_relay=way) for way in (False, True))
    figure = round(worst, 2)
    return finish("flood", figure, "times the usual latency", HOLD, ok=figure <= HOLD)


if __name__ == "__main__":
    sys.exit(main())
