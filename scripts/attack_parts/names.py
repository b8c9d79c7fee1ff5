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
    """Send each name once."""
    count = 10_000 if quick else 300_000
    with Target() as target:
        with Publisher(target.endpoint, wait_s=30) as publisher:
            refused = sum(
                not _sent(publisher, f"n{i}{_strange(i)}", {"x": 1.0}) for i in range(count)
            )
        outcome = target.finish("stream names", count)
        yield outcome._replace(survived=outcome.survived + refused)
    with Target() as target:
        with Publisher(target.endpoint, wait_s=30) as publisher:
            refused = sum(
                not _sent(publisher, "f", {f"x{i}{_strange(i)}": 1.0}) for i in range(count)
            )
        outcome = target.finish("field names", count)
        yield outcome._replace(survived=outcome.survived + refused)
    with Target() as target:
        for i in range(0, count, 100):
            with Publisher(target.endpoint, wait_s=30, source=f"source {i}") as publisher:
                for _ in range(2):
                    publisher.send("s", x=float(i))
        yield target.finish("sources", count // 100)


def _strange(number: int) -> str:
    return STRANGE[number // 10 % len(STRANGE)] if number % 10 == 0 else ""


def _sent(publisher: Publisher, stream: str, fields: dict[str, float]) -> bool:
    send: Callable[..., bool] = publisher.send
    try:
        return send(stream, fields)
    except MessageError:
        return False
