"""Connections that never say a word, more than there are descriptors; a new producer gets in."""

from collections.abc import Iterator

from scripts.attack_parts.target import Outcome, Target
from streamson import Publisher
from tests.wire.attackers import idle

LIMIT = ("bash", "-c", 'ulimit -n 1024; exec "$0" "$@"')


def run(*, quick: bool) -> Iterator[Outcome]:
    """Hold them while a recording rotates and a newcomer publishes."""
    count = 1_200 if quick else 2_000
    with Target("--rotate", "1s", prefix=LIMIT) as target:
        with idle(target.endpoint, count), Publisher(target.endpoint, wait_s=0) as publisher:
            came = publisher.wait_for_listener(10)
            for i in range(20):
                publisher.send("new", x=float(i))
        outcome = target.finish("idle connections, 1,024 descriptors", count)
        late = () if came else ("a new producer did not get in",)
        yield outcome._replace(faults=(*outcome.faults, *late))
