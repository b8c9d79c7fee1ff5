"""Producers whose clocks jump: an hour back and forth, to the end of time, and backwards."""

import random
import time
from collections.abc import Iterator

from scripts.attack_parts.target import Outcome, Target
from streamson import Publisher

SESSION = """
[[part]]
stream = "calm"
[[part]]
stream = "counter"
pitch = { field = "x", transform = "rate", rescale = { mode = "minmax", window = "10min" } }
[[part]]
stream = "counter"
pitch = { field = "x", rescale = { mode = "quantile", window = "30s" } }
[[alert]]
stream = "counter"
field = "x"
above = 1e9
duration = "5s"
"""
STEPS = (3_600.0, -3_600.0, 1e9, -1e9, 0.0, -5.0, 1e-9, -1.0, 1e300, -1e300, float("nan"))


def run(*, quick: bool) -> Iterator[Outcome]:
    """Publish a counter by such clocks."""
    count = 20 if quick else 600
    chance = random.Random(1)
    with Target(session=SESSION) as target:
        with Publisher(target.endpoint, wait_s=30) as publisher:
            now = time.time()
            for i in range(count):
                step = chance.choice(STEPS)
                now = time.time() if abs(step) > 1e12 or step != step else now + step  # noqa: PLR0124
                publisher.send("counter", time=step if abs(step) > 1e12 else now, x=float(i * 10))
                time.sleep(0.05)
        yield target.finish("clocks that jump", count)
