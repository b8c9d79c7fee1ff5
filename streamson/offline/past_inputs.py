"""Where points of the past come from: tables with times, and recorded sessions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from math import isnan
from operator import itemgetter
from pathlib import Path
from typing import Final

from streamson._printable import counted
from streamson.errors import InputFileError, UsageError
from streamson.formats.table import Table
from streamson.formats.table_columns import named_columns
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.offline.past_alerts import YOUNG_POINTS, PastAlert, PastAlerts
from streamson.recording.reader import Recording
from streamson.session.resolve import watched_fields
from streamson.session.schema import Session

FRAMES_A_SECOND: Final = 1_000
"""Of a table's clock: to a millisecond."""


MAX_TIME_S: Final = 1e12
"""Times beyond, of the year 33,000, are none: silence would be looked for through all of them."""


PROGRESS_POINTS: Final = 5_000
"""So often it is said how many points were read."""


class PastInput(ABC):
    """Points of the past, and what a session would have told of them.

    Parameters
    ----------
    name
        What it is called.
    session
        Its alerts.
    sample_rate
        Frames a second of its clock.
    has_dates
        Whether its times are dates; else they are seconds.
    """

    def __init__(self, name: str, session: Session, *, sample_rate: int, has_dates: bool) -> None:
        self.name = name
        self.has_dates = has_dates
        self._past = PastAlerts(session, sample_rate=sample_rate)

    def alerts(self, progress: Callable[[int], object] = lambda _: None) -> Iterator[PastAlert]:
        """Yield what would have been told; `progress` is called with how many points were read."""
        return self._past.run(_followed(self._points(), progress))

    @property
    def streams(self) -> dict[str, tuple[int, float]]:
        """Each stream's alerts, and days: known after all alerts."""
        return self._past.streams

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, and left out, for a person; known after all alerts."""
        young = self._past.young
        if not young:
            return []
        name, points = max(young.items(), key=itemgetter(1))
        if len(young) > 1:
            name = f"{len(young)} streams, the longest of which is {name}"
        return [
            f"nothing was unusual of {name}: {counted(points, 'point')} can't tell, for it takes "
            f"more than {YOUNG_POINTS}"
        ]

    @abstractmethod
    def _points(self) -> Iterator[tuple[int, DataPoint | Batch | Goodbye]]:
        """Yield the points, each with its frame, and when somebody said goodbye."""


class PastTable(PastInput):
    """A table whose rows are points of a stream of its name.

    Parameters
    ----------
    path
        The file.
    session
        Its alerts.
    columns
        Names or numbers of the columns that are fields, such as ``a,b``; None: all of numbers.
    each_column
        Whether each column is a stream of its own.
    time_column
        Which is the time; None: it is found.
    step_s
        How far apart rows are, where there are no times.

    Raises
    ------
    InputFileError
        The table can't be read, or nobody can say when its rows were.
    UsageError
        There is no such column.
    """

    def __init__(
        self,
        path: Path,
        session: Session,
        *,
        columns: str | None = None,
        each_column: bool = False,
        time_column: str | None = None,
        step_s: float | None = None,
    ) -> None:
        self._table = table = Table(path, time_column=time_column)
        if columns is not None:
            table.keep(named_columns(columns.split(","), table), {})
        if table.time_column is None and step_s is None:
            raise InputFileError(
                f"{table.source}: no column of times, so that nobody can say how much a day is; "
                "say how far apart its rows are: --step 1min, or which column it is: --time-column"
            )
        if table.time_column is not None and step_s is not None:
            raise UsageError(
                f"--step is for tables without times; in {table.source} they are in the column "
                f"{table.time_column!r}"
            )
        super().__init__(
            table.name, session, sample_rate=FRAMES_A_SECOND, has_dates=table.has_dates
        )
        self._step_s = step_s
        self._each_column = each_column
        self._earlier = 0
        self._unwatched = [] if each_column else self._not_watched(session)

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, and left out, for a person; known after all alerts."""
        remarks = [*self._table.remarks, *super().remarks]
        if self._earlier:
            remarks.append(
                f"{counted(self._earlier, 'row')} earlier than the row before: what is told is of "
                "rows in their order; sort them by their times"
            )
        if not self._unwatched:
            return remarks
        names = ", ".join(self._unwatched[:8]) + (", …" if len(self._unwatched) > 8 else "")
        return [*remarks, f"no alert watches {names}; --each-column watches each"]

    def _not_watched(self, session: Session) -> list[str]:
        watched = watched_fields(session, self.name, self._table.columns)
        return [name for name in self._table.columns if name not in watched]

    def _points(self) -> Iterator[tuple[int, DataPoint]]:
        """Yield the rows that have a time, each with its frame."""
        start = before = None
        self._earlier = 0
        for i, (fields, row_time) in enumerate(self._table.rows()):
            time = row_time if self._step_s is None else i * self._step_s
            if isnan(time):
                continue
            if abs(time) > MAX_TIME_S:
                raise InputFileError(
                    f"{self._table.source}: row {i + 1} has the time {time:g} s, beyond "
                    f"{MAX_TIME_S:g}; say which column is the time: --time-column"
                )
            start = time if start is None else start
            self._earlier += before is not None and time < before
            before = time
            frame = round((time - start) * FRAMES_A_SECOND)
            if not self._each_column:
                yield frame, DataPoint(self.name, fields, time)
                continue
            for name, value in fields.items():
                yield frame, DataPoint(f"{self.name}.{name}", {name: value}, time)


class PastRecording(PastInput):
    """A recorded session.

    Parameters
    ----------
    folder
        Where it is.
    session
        Whose alerts are looked for, in place of its own.
    """

    def __init__(self, folder: Path, session: Session) -> None:
        self._recording = Recording(folder)
        rate = self._recording.manifest.sample_rate
        super().__init__(folder.resolve().name, session, sample_rate=rate, has_dates=True)

    def _points(self) -> Iterator[tuple[int, DataPoint | Batch | Goodbye]]:
        return self._recording.received()


def _followed(
    points: Iterator[tuple[int, DataPoint | Batch | Goodbye]], progress: Callable[[int], object]
) -> Iterator[tuple[int, DataPoint | Batch | Goodbye]]:
    """Yield points, and say now and then how many there were."""
    for number, point in enumerate(points):
        if number % PROGRESS_POINTS == 0:
            progress(number)
        yield point
