"""What travels on the wire: a data point, a batch of them in columns, or a goodbye."""

import msgspec
import numpy as np
from numpy.typing import NDArray


class DataPoint(msgspec.Struct, frozen=True):
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

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.times)

    def fields(self, number: int) -> dict[str, float]:
        """Return the fields of one of its points, counted from 0."""
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
