"""The lines of a recording's ``points.jsonl`` and ``changes.jsonl``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from streamson.errors import InputFileError
from streamson.formats.untrusted import BROKEN, MAX_LINE_BYTES, explained, open_file
from streamson.model.limits import (
    MAX_BATCH_POINTS,
    MAX_FIELD_CHARS,
    MAX_FIELDS,
    MAX_FRAME,
    MAX_SOURCE_CHARS,
    MAX_STREAM_CHARS,
    MAX_VOLUME_DB,
)
from streamson.model.point import Batch, DataPoint

FrameNumber: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_FRAME)]
Values: TypeAlias = Annotated[list[float | None], Meta(max_length=MAX_BATCH_POINTS)]
_FieldName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MAX_FIELD_CHARS)]
_FIELDS: Final = Meta(min_length=1, max_length=MAX_FIELDS)

_Row = TypeVar("_Row", bound=msgspec.Struct)


class PointRow(msgspec.Struct, omit_defaults=True):
    """A point, or a batch of points, as it was received.

    Attributes
    ----------
    frame
        Of the listener's clock, at which its notes could begin.
    received
        Seconds since 1970.
    stream, source, sequence
        As in `DataPoint`.
    time, fields
        Of a point; null is a missing value.
    times, columns
        Of a batch.
    """

    frame: FrameNumber
    received: float
    stream: Annotated[str, Meta(min_length=1, max_length=MAX_STREAM_CHARS)]
    time: float | None = None
    fields: Annotated[dict[_FieldName, float | None], _FIELDS] | None = None
    times: Values | None = None
    columns: Annotated[dict[_FieldName, Values], _FIELDS] | None = None
    source: Annotated[str, Meta(max_length=MAX_SOURCE_CHARS)] = ""
    sequence: Annotated[int, Meta(ge=0, le=2**62)] | None = None

    @property
    def is_message(self) -> bool:
        """Whether it is a point, or a batch whose columns have one length."""
        if not self.stream.isprintable():
            return False
        if self.fields is not None or self.columns is None or self.times is None:
            return bool(self.fields)
        return {len(column) for column in self.columns.values()} == {len(self.times)} != {0}

    def message(self) -> DataPoint | Batch:
        """Return it as the listener had it; it must be one."""
        if self.fields is not None:
            fields = {name: _number(value) for name, value in self.fields.items()}
            return DataPoint(self.stream, fields, _number(self.time), self.source, self.sequence)
        assert self.columns is not None
        columns = {name: np.array(column, float) for name, column in self.columns.items()}
        times = np.array(self.times, float)
        return Batch(self.stream, columns, times, self.source, self.sequence)


class ChangeRow(msgspec.Struct, omit_defaults=True):
    """A change while it played.

    Attributes
    ----------
    frame
        When.
    volume_db
        The master volume from then on; null is muted.
    session
        Name of the session file that is in force from then on.
    ended
        Name of a stream whose producer said goodbye then.
    """

    frame: FrameNumber
    volume_db: Annotated[float, Meta(le=MAX_VOLUME_DB)] | None = None
    session: str | None = None
    ended: Annotated[str, Meta(min_length=1, max_length=MAX_STREAM_CHARS)] | None = None

    @property
    def is_volume(self) -> bool:
        """Whether it is a change of the volume."""
        return self.session is None and self.ended is None


def point_row(message: DataPoint | Batch, frame: int, received: float) -> PointRow:
    """Return the row of a message."""
    known: dict[str, Any] = {"source": message.source, "sequence": message.sequence}
    return PointRow(frame, received, message.stream, **known, **message.content())


def read_rows(path: Path, kind: type[_Row]) -> Iterator[_Row]:
    """Yield the rows of a file of JSON lines; a last line that was cut off is left out.

    Raises
    ------
    InputFileError
        If the file can't be read, or a line isn't such a row.
    """
    decoder = msgspec.json.Decoder(kind)
    try:
        with open_file(path) as file:
            lines = iter(lambda: file.readline(MAX_LINE_BYTES), b"")
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    if len(line) < MAX_LINE_BYTES:
                        return
                    raise InputFileError(f"{path}, line {number}: more than {len(line)} bytes")
                try:
                    row = decoder.decode(line)
                except BROKEN as error:
                    raise InputFileError(f"{path}, line {number}: {explained(error)}") from None
                yield row
    except OSError as error:
        raise InputFileError(f"can't read {path}: {error.strerror}") from None


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
