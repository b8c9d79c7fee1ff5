"""How fast the http producer takes points in, as line protocol, on one core.

Another process posts what Telegraf does, a thousand lines at a time, to the real command, which is
kept to one core; its points arrive at a listener's receiver in this process. A bare loop that
parses the lines of the same body, and does nothing with them, takes turns with it on the same core.
Both are told by the second of that core's time that they had, in which others on the machine have
no part. Holds where 50,000 points or more arrive in one, and every one of them does. Needs psutil;
Linux only.
"""

import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing.synchronize import Event

import numpy as np
import psutil
from report import finish

from streamson.producers.push.line_protocol import parse_line
from streamson.wire.points.receiver import Receiver

HOLD = 50_000
ROUNDS = 9
BODIES = 60
LINES = 1_000
HOSTS = 100
CORE = 0
TIMEOUT_S = 60.0


def body() -> bytes:
    """Return what Telegraf posts: of each host load and processor, three fields each."""
    random = np.random.default_rng(1)
    lines = []
    for i in range(LINES):
        user, system, idle = random.uniform(0, 100, 3)
        lines.append(
            f"cpu,cpu=cpu-total,host=web{i % HOSTS} usage_user={user},usage_system={system},"
            f"usage_idle={idle} {1_700_000_000_000_000_000 + i * 1_000_000}\n"
        )
    return "".join(lines).encode()


def post(port: int, go: Event, done: Event) -> None:
    """Post the bodies of a round each time it is told to."""
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {CORE} or {CORE})
    content = body()
    connection = HTTPConnection("127.0.0.1", port)
    while True:
        go.wait()
        go.clear()
        for _ in range(BODIES):
            connection.request("POST", "/api/v2/write", content)
            with connection.getresponse() as answer:
                if answer.status != 204:
                    raise SystemExit(f"answered {answer.status}: {answer.read()!r}")
        done.set()


@contextmanager
def producer(endpoint: str) -> Iterator[tuple[int, psutil.Process]]:
    """Run the command on one core; return its port and process."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    words = ["-m", "streamson", "produce", "http", "--address", str(port), "--endpoint", endpoint]
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.DEVNULL) as process:
        os.sched_setaffinity(process.pid, {CORE})
        try:
            while True:
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def bare() -> float:
    """Return how many points a second are parsed."""
    content = body()
    os.sched_setaffinity(0, {CORE})
    start = time.process_time()
    for _ in range(10):
        for line in content.split(b"\n"):
            if line:
                parse_line(line)
    elapsed = time.process_time() - start
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
    return 10 * LINES / elapsed


def through(receiver: Receiver, server: psutil.Process, go: Event) -> tuple[float, float]:
    """Return how many points arrived in a second of the producer's time, and in one of all time."""
    before = receiver.counts.points_received
    used = sum(server.cpu_times()[:2])
    start = time.perf_counter()
    go.set()
    while receiver.counts.points_received - before < BODIES * LINES:
        for _ in receiver.receive(0.1):
            pass
        if time.perf_counter() - start > TIMEOUT_S:
            raise SystemExit(f"{receiver.counts.points_received - before} points arrived")
    elapsed = time.perf_counter() - start
    return BODIES * LINES / (sum(server.cpu_times()[:2]) - used), BODIES * LINES / elapsed


def main() -> int:
    context = multiprocessing.get_context("spawn")
    go, done = context.Event(), context.Event()
    with Receiver("tcp://127.0.0.1:*") as receiver, producer(receiver.endpoint) as (port, server):
        poster = context.Process(target=post, args=(port, go, done), daemon=True)
        poster.start()
        through(receiver, server, go)
        rounds = []
        for _ in range(ROUNDS):
            done.wait()
            done.clear()
            rounds.append((*through(receiver, server, go), bare()))
        lost = receiver.lost
    rates, walls, parsed = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(rate / parse for rate, _, parse in rounds)
    print(f"posted, parsed, published, received  {rates:9,.0f} points a second  {ratio:5.2f}")
    print(f"bare loop that parses                {parsed:9,.0f} points a second   1.00")
    print(f"beside all else on this machine      {walls:9,.0f} points a second; {lost} lost")
    ok = rates >= HOLD and not lost
    return finish("line_protocol", round(rates), "points a second of a core", HOLD, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
