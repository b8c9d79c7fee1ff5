"""Where readings go: to a listener, or to standard output to be looked at."""

import math
import time as clock
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[np.float64]]


class Sink(Protocol):
    """What takes readings; `streamson.wire.points.publisher.Publisher` is one.

    Attributes
    ----------
    endpoint
        Where they go.
    sent, dropped
        Points that went, and that did not.
    """

    endpoint: str
    sent: int
    dropped: int

    @property
    def refused(self) -> int:
        """Points that went and were not taken, as far as that is known: it is said already."""

    @property
    def listening(self) -> bool:
        """Whether somebody takes them at this moment."""

    @property
    def refusal(self) -> str:
        """Why nobody does, where that is known: it is said already."""

    def wait_for_listener(self, timeout_s: float | None = None) -> bool:
        """Wait until somebody does; return whether somebody does."""

    def send(
        self, stream: str, fields: Mapping[str, float | None], /, *, time: float | None = None
    ) -> bool:
        """Take a point."""

    def send_batch(
        self, stream: str, columns: Columns, /, *, times: NDArray[np.float64] | None = None
    ) -> bool:
        """Take several points of a stream."""


class PointPrinter:
    """Writes points as lines that a person reads, and the tail producer as well.

    ``2026-11-27T18:54:17.250Z web1/cpu percent=97.5``

    Parameters
    ----------
    file
        Where to.

    Attributes
    ----------
    sent, dropped
        Points written; none is dropped.
    """

    endpoint = "standard output"
    listening = True
    refusal = ""
    refused = 0

    def __init__(self, file: TextIO) -> None:
        self.sent = 0
        self.dropped = 0
        self._file = file

    def wait_for_listener(self, timeout_s: float | None = None) -> bool:  # noqa: ARG002
        """Return at once: somebody looks."""
        return True

    def send(
        self, stream: str, fields: Mapping[str, float | None], /, *, time: float | None = None
    ) -> bool:
        """Write a point."""
        when = datetime.fromtimestamp(clock.time() if time is None else time, UTC)
        stamp = when.isoformat(timespec="milliseconds").removesuffix("+00:00")
        numbers = " ".join(f"{_name(name)}={_number(x)}" for name, x in fields.items())
        self._file.write(f"{stamp}Z {_name(stream)} {numbers}\n")
        self._file.flush()
        self.sent += 1
        return True

    def send_batch(
        self, stream: str, columns: Columns, /, *, times: NDArray[np.float64] | None = None
    ) -> bool:
        """Write points."""
        for row in range(max((len(column) for column in columns.values()), default=0)):
            fields = {name: float(column[row]) for name, column in columns.items()}
            self.send(stream, fields, time=None if times is None else float(times[row]))
        return True


def _name(name: str) -> str:
    """Return a name as one word."""
    return "_".join(name.split()) or "_"


def _number(value: float | None) -> str:
    return "missing" if value is None or math.isnan(value) else f"{value:.15g}"
