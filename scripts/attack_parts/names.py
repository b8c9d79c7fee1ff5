"""Names without end: of streams, fields and sources, some of them with what steers a terminal."""

from collections.abc import Callable, Iterator

from scripts.attack_parts.target import Outcome, Target
from streamson import Publisher
from streamson.errors import MessageError

STRANGE = (
    "[/red]",
    "[bold]",
    "\x1b[31m",
    "\nstreamson: ",
    "\u202eb",
    "%s%n",
    "../../x",
    "a;b",
    "é",
)


def run(*, quick: bool) -> Iterator[Outcome]:
    """Send each name once; where it is to be quick, all to one listener."""
    count = 3_000 if quick else 300_000
    for kinds in [tuple(ATTACKS)] if quick else [(kind,) for kind in ATTACKS]:
        with Target() as target:
            refused = sum(ATTACKS[kind](target.endpoint, count) for kind in kinds)
            outcome = target.finish(", ".join(kinds), len(kinds) * count)
            yield outcome._replace(survived=outcome.survived + refused)


def _streams(endpoint: str, count: int) -> int:
    """Return how many the publisher refused."""
    with Publisher(endpoint, wait_s=30) as publisher:
        return sum(not _sent(publisher, f"n{i}{_strange(i)}", {"x": 1.0}) for i in range(count))


def _fields(endpoint: str, count: int) -> int:
    with Publisher(endpoint, wait_s=30) as publisher:
        return sum(not _sent(publisher, "f", {f"x{i}{_strange(i)}": 1.0}) for i in range(count))


def _sources(endpoint: str, count: int) -> int:
    for i in range(0, count, 100):
        with Publisher(endpoint, wait_s=30, source=f"source {i}") as publisher:
            for _ in range(2):
                publisher.send("s", x=float(i))
    return 0


def _strange(number: int) -> str:
    return STRANGE[number // 10 % len(STRANGE)] if number % 10 == 0 else ""


def _sent(publisher: Publisher, stream: str, fields: dict[str, float]) -> bool:
    send: Callable[..., bool] = publisher.send
    try:
        return send(stream, fields)
    except MessageError:
        return False


ATTACKS: dict[str, Callable[[str, int], int]] = {
    "stream names": _streams,
    "field names": _fields,
    "sources": _sources,
}
