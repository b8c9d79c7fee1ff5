"""Thousands of streams through one relay: what it takes, and whether all of it arrives.

    python scripts/bench/relay.py [--rate 50000] [--seconds 60] [--streams 10000] [--sources 1000]

Single points go through ``streamson relay`` to a plain socket that looks at their numbers. The
sources share two processes, and in these 100 connections: their points are as those of a thousand
processes, each with its own numbers. Holds where no point is lost or refused, by the relay's count
and by the numbers that arrive, the relay's memory has grown by less than 10 MB after the first ten
seconds, and the last point has arrived within 2 s of its being sent. Linux only: times and memory
are read from /proc.
"""

import argparse
import json
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import psutil
import zmq
from report import finish

PRODUCERS = 2
CONNECTIONS = 100
WARM_UP_S = 10.0
HOLD_MB = 10
HOLD_LATE_S = 2.0
PAUSE_S = 0.002


def produce(pipe: Connection, endpoint: str, first: int, given: argparse.Namespace) -> None:
    """Send the points of this process's sources at their share of the rate; tell how many."""
    context = zmq.Context()
    sockets = []
    for _ in range(CONNECTIONS // PRODUCERS):
        socket = context.socket(zmq.XPUB)
        socket.sndhwm = 100_000
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.linger = 5_000
        socket.connect(endpoint)
        sockets.append(socket)
    for socket in sockets:
        assert socket.poll(20_000)
    streams = []
    for number in range(first, given.streams, PRODUCERS):
        source = number % given.sources
        sender = sockets[source // PRODUCERS % len(sockets)]
        streams.append((f"s{source}/{number}\0".encode(), f"source-{source}", sender))
    encode = msgspec.msgpack.Encoder().encode
    pipe.send("ready")
    pipe.recv()
    rate = given.rate / PRODUCERS
    sent = 0
    begin = time.monotonic()
    while (now := time.monotonic() - begin) < given.seconds:
        due = int(now * rate)
        while sent < due:
            sequence, number = divmod(sent, len(streams))
            name, source, sender = streams[number]
            point = {
                "fields": {"value": now},
                "time": time.time(),
                "source": source,
                "sequence": sequence,
            }
            sender.send(name + encode(point), zmq.DONTWAIT)  # it fails where one has no room
            sent += 1
        time.sleep(PAUSE_S)
    pipe.send(sent)
    context.destroy(5_000)


class Numbered(msgspec.Struct):
    """What is looked at of a point that arrived."""

    sequence: int


def take(pipe: Connection) -> None:
    """Take in all that comes; tell how much, and how much is missing by its numbers, when asked."""
    context = zmq.Context()
    socket = context.socket(zmq.SUB)
    socket.rcvhwm = 100_000
    socket.subscribe(b"")
    pipe.send(f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}")
    decode = msgspec.msgpack.Decoder(Numbered).decode
    following: dict[bytes, int] = {}
    arrived = missing = 0
    while True:
        socket.poll(20)
        with suppress(zmq.Again):
            for _ in range(1_000):
                name, _, payload = socket.recv(zmq.DONTWAIT).partition(b"\0")
                if name.startswith(b"streamson-relay/"):
                    continue  # by which a relay finds out whether it hands on to itself
                number = decode(payload).sequence
                missing += abs(number - following.get(name, 0))
                following[name] = number + 1
                arrived += 1
        if pipe.poll():
            pipe.recv()
            pipe.send((arrived, missing))


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def memory_mb(pids: list[int]) -> float:
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 2**20


def with_child(pid: int) -> list[int]:
    return [pid, *(child.pid for child in psutil.Process(pid).children())]


class Piped:
    """A function in a process of its own, and the pipe to it."""

    def __init__(self, function: Callable[..., None], *arguments: object) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=function, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()  # so that its end is noticed
        self.pid = self._process.pid or 0


class Relay:
    """The command, in a process of its own, once its destination is there."""

    def __init__(self, destination: str) -> None:
        self._stats = Path(tempfile.mkdtemp()) / "stats.json"
        words = ("--bind", "tcp://127.0.0.1:*", destination, "--stats", str(self._stats))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamson", "relay", *words], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        self.pid = self._process.pid
        self.endpoint = self._process.stderr.readline().split()[-1].rstrip(".")
        while "is there" not in self._process.stderr.readline():
            pass

    def end(self) -> dict[str, Any]:
        """End it; return its statistics."""
        self._process.send_signal(signal.SIGINT)
        self._process.communicate()
        found: dict[str, Any] = json.loads(self._stats.read_text())
        return found


def arrived(far: Piped, sent: int) -> tuple[int, int, float]:
    """Return what came to the far end and what is missing, and after how many seconds that was."""
    begin = time.monotonic()
    while True:
        far.pipe.send("counts")
        count, missing = far.pipe.recv()
        late_s = time.monotonic() - begin
        if count >= sent or late_s > 10:
            return count, missing, late_s
        time.sleep(0.02)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--sources", type=int, default=1_000)
    given = parser.parse_args()
    far = Piped(take)
    relay = Relay(far.pipe.recv())
    producers = [Piped(produce, relay.endpoint, n, given) for n in range(PRODUCERS)]
    for one in producers:
        one.pipe.recv()
    of_relay = with_child(relay.pid)
    watched = dict(zip(("relay: hands on", "relay: receives"), of_relay, strict=True))
    watched["far end"] = far.pid
    watched |= {f"producer {number}": one.pid for number, one in enumerate(producers, 1)}
    before = {name: cpu_s(pid) for name, pid in watched.items()}
    begin = time.monotonic()
    for one in producers:
        one.pipe.send("go")
    time.sleep(min(WARM_UP_S, given.seconds / 2))
    early_mb = memory_mb(of_relay)
    time.sleep(max(begin + given.seconds - 0.5 - time.monotonic(), 0))
    late_mb = memory_mb(of_relay)
    elapsed_s = time.monotonic() - begin
    shares = {name: (cpu_s(pid) - before[name]) / elapsed_s for name, pid in watched.items()}
    sent = sum(one.pipe.recv() for one in producers)
    count, missing, late_s = arrived(far, sent)
    stats = relay.end()
    over = sum(number for name, number in stats.items() if name.startswith("over_"))
    refused = stats["messages_refused"] + over
    print(
        f"{given.streams:,} streams of {given.sources:,} sources, {sent / given.seconds:,.0f} "
        f"points a second for {given.seconds:.0f} s, over {CONNECTIONS} connections"
    )
    for name, share in shares.items():
        print(f"{name:20} {100 * share:5.1f} % of a core")
    print(f"memory of the relay  {early_mb:.1f} MB after {WARM_UP_S:.0f} s, {late_mb:.1f} MB later")
    print(f"sent {sent:,}, relay took {stats['points_received']:,}, arrived {count:,}")
    print(
        f"missing by their numbers: {stats['points_lost']} at the relay, {missing} at the far end; "
        f"left out by the relay {stats['destinations'][0]['points_lost']}, refused {refused}"
    )
    print(f"the last point arrived {late_s:.2f} s after it was sent")
    ok = count == sent and not (refused or missing or stats["points_lost"])
    ok = ok and late_mb - early_mb < HOLD_MB and late_s < HOLD_LATE_S
    return finish("relay", sent - count, "points lost", 0, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
