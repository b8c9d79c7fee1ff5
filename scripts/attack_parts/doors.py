"""Every socket that is bound, with keys and without: points, relay, feed and commands."""

import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.pool import AsyncResult

from scripts.attack_parts.all_doors import AllDoors
from scripts.attack_parts.intruders import ATTACKS, MAX_SECONDS
from scripts.attack_parts.target import Outcome

FRAMES = 1_000_000
"""To each socket."""

CONNECTIONS = 3_000
"""To each socket, and of each kind."""

QUICK_FRAMES = 3_000
QUICK_CONNECTIONS = 100
DOORS = ("points", "relay", "feed", "control")
INTRUDERS = 2
"""At each socket."""

AT_A_TIME = 4
"""Processes of attackers; what else is to be tried waits for one of them."""


def frames(*, quick: bool) -> Iterator[Outcome]:
    """Send malformed frames to each socket."""
    return _quick(keys=False) if quick else _each("frames", FRAMES, keys=False)


def keys(*, quick: bool) -> Iterator[Outcome]:
    """Send them with a key that may do all."""
    return _quick(keys=True) if quick else _each("frames", FRAMES, keys=True)


def connections(*, quick: bool) -> Iterator[Outcome]:
    """Open connections to each socket that come to nothing: handshakes, HTTP, silence."""
    if quick:
        return  # the two above have some
    for attack in ("handshakes", "crowds"):
        for asks in (False, True):
            yield from _each(attack, CONNECTIONS, keys=asks)


def _quick(*, keys: bool) -> Iterator[Outcome]:
    """Attack all sockets at once, in every way."""
    counts = {"frames": QUICK_FRAMES, "handshakes": QUICK_CONNECTIONS, "crowds": QUICK_CONNECTIONS}
    yield _attacked(counts, DOORS, keys=keys)


def _each(attack: str, count: int, *, keys: bool) -> Iterator[Outcome]:
    """Attack one socket after the other, each of a listener of its own."""
    for name in DOORS:
        yield _attacked({attack: count}, (name,), keys=keys)


def _attacked(counts: dict[str, int], names: tuple[str, ...], *, keys: bool) -> Outcome:
    """Make so many of each attack on each socket, at the same time; return what that came to.

    The seeds are 1, 2, ...
    """
    context = multiprocessing.get_context("spawn")
    works = [(attack, name) for name in names for attack in counts] * INTRUDERS
    with AllDoors(keys=keys) as target, context.Pool(AT_A_TIME, _yield) as pool:
        found: list[AsyncResult[int]] = [
            pool.apply_async(
                ATTACKS[attack], (target.doors[name], counts[attack] // INTRUDERS, seed)
            )
            for seed, (attack, name) in enumerate(works, 1)
        ]
        tried = sum(one.get(2 * MAX_SECONDS) for one in found)
        what = f"{' '.join(counts)}: {' '.join(names)}{', keys' if keys else ''}"
        outcome = target.finish(what, tried)
    wanted = sum(counts.values()) * len(names)
    if tried < wanted:
        short = f"only {tried:,} of {wanted:,} were sent"
        outcome = outcome._replace(faults=(*outcome.faults, short))
    return outcome._replace(figures=f"seeds 1 to {len(works)}; {outcome.figures}")


def _yield() -> None:
    """Leave the processor to who is attacked: in earnest, attackers have their own."""
    os.nice(10)
