"""What collectors have in common: they measure streams of this machine, or say why they can't."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple, Protocol

from streamson.errors import StreamsonError


class UnavailableError(StreamsonError):
    """What is to be measured is not on this machine; the message says why."""


class Measured(NamedTuple):
    """What was measured of one stream.

    Attributes
    ----------
    path
        The stream, below the machine's name: ``core/0``.
    fields
        Values by name. Rates are missing from the first collection, which is what later ones are
        compared with.
    aside
        Published only where a pattern asks for the stream: one of many that nobody misses.
    """

    path: str
    fields: Mapping[str, float]
    aside: bool = False


class Collector(Protocol):
    """Measures the streams of a group."""

    def collect(self) -> Iterator[Measured]:
        """Measure each stream that there is at the moment."""


def first_line(reason: object) -> str:
    """Return what an error says in one line."""
    return str(reason).strip().partition("\n")[0] or type(reason).__name__


def numbered(names: Iterable[str]) -> Iterator[str]:
    """Yield names, each but once: those that repeat have a number.

    >>> list(numbered(["nvme", "nvme", "cpu"]))
    ['nvme', 'nvme 2', 'cpu']
    """
    seen: set[str] = set()
    for name in names:
        numbers = (name if number == 1 else f"{name} {number}" for number in count(1))
        unused = next(candidate for candidate in numbers if candidate not in seen)
        seen.add(unused)
        yield unused
