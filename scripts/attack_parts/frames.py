"""Mutated frames on a live listener: bytes flipped, cut, doubled and put in, and plain noise."""

import random
import time
from collections.abc import Iterator

import numpy as np
import zmq

from scripts.attack_parts.target import Outcome, Target
from streamson.model.point import Batch, DataPoint
from streamson.wire.points.codec import encode

BURST = 200


def run(*, quick: bool) -> Iterator[Outcome]:
    """Send them, as fast as the listener takes them in."""
    count = 20_000 if quick else 1_000_000
    chance = random.Random(1)
    with Target() as target:
        with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
            socket.setsockopt(zmq.SNDHWM, 10_000)
            socket.setsockopt(zmq.XPUB_NODROP, 1)
            socket.setsockopt(zmq.LINGER, 2_000)
            socket.connect(target.endpoint)
            socket.recv()  # the subscription
            seeds = list(_seeds(chance))
            for sent in range(count):
                socket.send(mutated(chance, chance.choice(seeds)))
                if sent % BURST == 0:
                    time.sleep(0.001)  # the machine has two cores
        yield target.finish("mutated frames", count)


def _seeds(chance: random.Random) -> Iterator[bytes]:
    """Yield frames that are right, of all kinds."""
    for number in range(40):
        fields = {f"f{i}": chance.uniform(-1e3, 1e3) for i in range(chance.randint(1, 5))}
        point = DataPoint(f"s{number % 8}", fields, 1.7e9 + number, "seed", number)
        yield encode(point, chance.choice(("json", "msgpack")))
        columns = {name: np.arange(4.0) * value for name, value in fields.items()}
        batch = Batch(f"b{number % 4}", columns, np.arange(4.0) + 1.7e9, "seed", 4 * number)
        yield encode(batch, chance.choice(("json", "msgpack")))


def mutated(chance: random.Random, frame: bytes) -> bytes:
    """Return a frame with something wrong in it, most often."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randint(0, 300))
    content = bytearray(frame)
    for _ in range(chance.choice((1, 1, 1, 2, 5, 20))):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0 if at < len(content):
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                content[at:at] = chance.randbytes(chance.randint(1, 9))
            case 2:
                del content[at : at + chance.randint(1, 9)]
            case 3:
                content[at:at] = content[max(at - 9, 0) : at]
            case _ if at < len(content):
                content[at] = chance.choice((0, 1, 0x7F, 0x80, 0xC1, 0xCB, 0xDF, 0xFF, 0x1B, 0x0A))
    return bytes(content)
