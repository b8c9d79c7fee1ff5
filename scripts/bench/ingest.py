"""How fast points are taken in: received, decoded, rescaled and mapped to notes.

Another process floods this one. A bare loop that receives and decodes takes turns with one that
also has the score play each point, as live parts do and, for comparison, with every point rescaled
and mapped to a note instead of being coalesced. What is compared is the median of the ratios of the
rounds. Holds where live single points come in at 60 % of the bare loop's rate or more, and batches
of 1,000 at a million points a second or more.

What keys cost is told too: the same single points, encrypted, and each looked up in what its sender
may publish.
"""

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event

import msgspec
import numpy as np
import zmq
from report import finish

from streamson.keys.folder import VARIABLE, KeyFolder
from streamson.model.point import Message
from streamson.score.score import Score
from streamson.score.table_score import TableScore
from streamson.session.schema import Session
from streamson.wire.points.receiver import Receiver
from streamson.wire.sockets.connecting import connect
from streamson.wire.sockets.endpoint import Security, with_key

HOLD = 0.6
HOLD_BATCHES = 1_000_000
ROUNDS = 15
SLICE_S = 0.4
STREAMS = 8
BATCH = 1_000
RATE = 44_100

Take = Callable[[Message], None]


def frames(batch: int) -> list[bytes]:
    """Return messages as a publisher writes them."""
    random = np.random.default_rng(1)
    made = []
    for i in range(4_096 if batch == 1 else 64):
        if batch == 1:
            payload: dict[str, object] = {"fields": {"x": random.normal(), "y": random.normal()}}
        else:
            values = random.normal(size=(2, batch)).astype("<f8")
            payload = {"columns": {"x": values[0].tolist(), "y": values[1].tolist()}}
        payload["time"] = 1.7e9 + i
        made.append(b"host%d/cpu\0" % (i % STREAMS) + msgspec.msgpack.encode(payload))
    return made


def flood(endpoint: str, batch: int, stop: Event) -> None:
    """Send messages as fast as the socket takes them."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.setsockopt(zmq.SNDTIMEO, 100)
        socket.setsockopt(zmq.LINGER, 0)
        connect(socket, endpoint)
        socket.recv()
        made = frames(batch)
        while not stop.is_set():
            for frame in made:
                try:
                    socket.send(frame)
                except zmq.Again:
                    break


def rate(receiver: Receiver, take: Take) -> float:
    """Return how many points a second come in while each is taken."""
    before = receiver.counts.points_received
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < SLICE_S:
        for message in receiver.receive(0.1):
            take(message)
    return (receiver.counts.points_received - before) / elapsed


def bare(_message: Message) -> None:
    pass


def played_by(score: Score) -> Take:
    """Return what has a score play points at the frames of a clock, as the listener does."""
    start = time.perf_counter()

    def take(message: Message) -> None:
        now_frame = int((time.perf_counter() - start) * RATE)
        score.process(message, now_frame)

    return take


def compare(batch: int, security: Security = "none") -> list[list[float]]:
    """Return the rates of the bare loop, of live parts, and of parts that play all, by round."""
    ways = [bare, played_by(Score(Session())), played_by(TableScore(Session()))]
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with Receiver("tcp://127.0.0.1:*", security=security) as receiver:
        endpoint = with_key(receiver.endpoint, receiver.public_key, "")
        producer = context.Process(target=flood, args=(endpoint, batch, stop))
        producer.start()
        for way in ways:
            rate(receiver, way)
        rounds = [[rate(receiver, way) for way in ways] for _ in range(ROUNDS)]
        stop.set()
        producer.join()
    return rounds


def main() -> int:
    ratios, rates = {}, {}
    names = ("received and decoded", "played live", "each point a note")
    for batch in (1, BATCH):
        rounds = compare(batch)
        rates[batch] = [statistics.median(column) for column in zip(*rounds, strict=True)]
        ratios[batch] = [statistics.median(r[i] / r[0] for r in rounds) for i in range(3)]
        print(f"in messages of {batch:,}")
        for name, points, ratio in zip(names, rates[batch], ratios[batch], strict=True):
            print(f"  {name:20}  {points:12,.0f} points a second  {ratio:6.2f}")
    with tempfile.TemporaryDirectory() as keys:
        os.environ[VARIABLE] = keys
        KeyFolder.of_machine().make_pair()
        rounds = compare(1, "keys")
    print("in messages of 1, with keys")
    for i, name in enumerate(names):
        points = statistics.median(row[i] for row in rounds)
        print(
            f"  {name:20}  {points:12,.0f} points a second  {points / rates[1][i]:6.2f} of without"
        )
    ok = ratios[1][1] >= HOLD and rates[BATCH][1] >= HOLD_BATCHES
    return finish("ingest", round(ratios[1][1], 2), "of receive and decode", HOLD, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
