"""What travels on the wire: a data point, a batch of them in columns, or a goodbye."""

from typing import Any, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray


class DataPoint(msgspec.Struct, frozen=True, gc=False):  # thousands, and none in a circle
    """One reading of a stream.

    Attributes
    ----------
    stream
        The stream's name, such as ``eta`` or ``host1/cpu``.
    fields
        Values by field name, at least one. NaN stands for a missing value; infinities don't occur.
    time
        The producer's clock, seconds since 1970.
    source
        Who published it: one producer process has one source. Empty if the producer gave none.
    sequence
        Number of the point within its stream and source, or None if the producer doesn't count.
    """

    stream: str
    fields: dict[str, float]
    time: float
    source: str = ""
    sequence: int | None = None
    is_batch: ClassVar[Literal[False]] = False
    size: ClassVar[int] = 1

    @property
    def first_fields(self) -> dict[str, float]:
        """The fields of the first point: its own."""
        return self.fields

    @property
    def last_point(self) -> "DataPoint":
        """The last point: itself."""
        return self

    @property
    def last_time(self) -> float:
        """The time of the last point: its own."""
        return self.time

    def points(self) -> "list[DataPoint]":
        """Return the points: itself alone."""
        return [self]

    def content(self) -> dict[str, Any]:
        """Return its values and times, as plain as JSON has them."""
        return {"time": self.time, "fields": self.fields}


class Batch(msgspec.Struct, frozen=True):
    """Several points of one stream as columns.

    Attributes
    ----------
    stream, source
        As in `DataPoint`.
    columns
        Field name to float64 array of shape (points,); NaN stands for a missing value.
    times
        float64, shape (points,), seconds since 1970.
    sequence
        Number of the first point, or None; the others follow it.
    """

    stream: str
    columns: dict[str, NDArray[np.float64]]
    times: NDArray[np.float64]
    source: str = ""
    sequence: int | None = None
    is_batch: ClassVar[Literal[True]] = True

    @property
    def size(self) -> int:
        """The number of points."""
        return len(self.times)

    @property
    def first_fields(self) -> dict[str, float]:
        """The fields of the first point."""
        return self._fields(0)

    @property
    def last_point(self) -> DataPoint:
        """The last point."""
        return DataPoint(self.stream, self._fields(-1), float(self.times[-1]), self.source)

    @property
    def last_time(self) -> float:
        """The time of the last point."""
        return float(self.times[-1])

    def content(self) -> dict[str, Any]:
        """Return its values and times, as plain as JSON has them."""
        columns = {name: column.tolist() for name, column in self.columns.items()}
        return {"times": self.times.tolist(), "columns": columns}

    def _fields(self, number: int) -> dict[str, float]:
        return {name: float(column[number]) for name, column in self.columns.items()}

    def points(self) -> list[DataPoint]:
        """Return the points one by one, as if each had come in a message of its own."""
        names = list(self.columns)
        rows = zip(*(column.tolist() for column in self.columns.values()), strict=True)
        first = self.sequence
        return [
            DataPoint(
                self.stream,
                dict(zip(names, row, strict=True)),
                time,
                self.source,
                None if first is None else first + i,
            )
            for i, (row, time) in enumerate(zip(rows, self.times.tolist(), strict=True))
        ]


class Goodbye(msgspec.Struct, frozen=True):
    """The last message of a stream, whose producer ends: its silence is no alarm.

    Attributes
    ----------
    stream, source
        As in `DataPoint`.
    """

    stream: str
    source: str = ""


Message = DataPoint | Batch
"""What brings points. Both kinds have stream, source and sequence, `size`, `first_fields`,
`last_point`, `last_time`, `points` and `content`; who works on columns asks if it `is_batch`."""
