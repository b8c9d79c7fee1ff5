"""Peers that mean harm: floods of bytes, of numbers, of times, and of connections."""

import time
from collections.abc import Iterator

from scripts.attack_parts.target import Outcome, Target
from tests.wire.attackers import ATTACKS, attacking

QUICK = ("multipart", "large")


def run(*, quick: bool) -> Iterator[Outcome]:
    """Let each attack last for a while, by one peer and by several."""
    seconds = 4.0 if quick else 12.0
    for name in QUICK if quick else ATTACKS:
        for peers in (1,) if quick else (1, 3):
            with Target() as target:
                with attacking(name, target.endpoint, peers=peers, seconds=seconds):
                    time.sleep(seconds)
                yield target.finish(
                    f"{name}, {peers} peer(s)", peers, disconnects=name == "ping-and-reset"
                )
