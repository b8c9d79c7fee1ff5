"""Points that come one by one, of many streams, become batches: one message carries many."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from streamson.model.limits import MAX_FIELDS
from streamson.model.point import Batch
from streamson.producers.base.reading import BatchReading
from streamson.producers.base.sample import Sample

MAX_BATCH_POINTS: Final = 1_000
"""With 64 columns and the times they are 520 kB; a message may have 1 MB."""

MAX_HELD_POINTS: Final = 4_000
MAX_HELD_VALUES: Final = 20_000
"""Of all streams: some 3 MB. A body of any length takes no more."""


class _Held(NamedTuple):
    """Points of a stream that wait."""

    labels: dict[str, str]
    names: dict[str, None]
    rows: list[dict[str, float]]
    times: list[float]


class BatchBuilder:
    """Holds points until there are enough of them, or until it is asked for them.

    Points of a stream keep their order. Where a point lacks a field that another has, it is NaN. A
    point that is alone is a sample, as nothing is gained by a batch of one.
    """

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._points = 0
        self._values = 0

    def add(
        self, stream: str, labels: dict[str, str], fields: dict[str, float], time: float
    ) -> Sequence[Sample | BatchReading]:
        """Hold a point; return what becomes too much.

        Parameters
        ----------
        stream
            Its name, as it is made of the labels.
        labels
            Words of which the name is made.
        fields
            At most as many as a point may have.
        time
            In seconds since 1970.
        """
        full: list[Sample | BatchReading] = []
        held = self._held.get(stream)
        if held is not None and not fields.keys() <= held.names.keys():
            if len(held.names.keys() | fields.keys()) > MAX_FIELDS:
                full.append(self._take(stream))
                held = None
            else:
                held.names.update(dict.fromkeys(fields))
        if held is None:
            held = self._held[stream] = _Held(labels, dict.fromkeys(fields), [], [])
        held.rows.append(fields)
        held.times.append(time)
        self._points += 1
        self._values += len(fields)
        if self._points >= MAX_HELD_POINTS or self._values >= MAX_HELD_VALUES:
            full += self.take_all()
        elif len(held.times) == MAX_BATCH_POINTS:
            full.append(self._take(stream))
        return full

    def take_all(self) -> Iterator[Sample | BatchReading]:
        """Yield all that is held, in the order in which the streams came."""
        for stream in list(self._held):
            yield self._take(stream)

    def _take(self, stream: str) -> Sample | BatchReading:
        labels, names, rows, times = self._held.pop(stream)
        self._points -= len(rows)
        self._values -= sum(map(len, rows))
        if len(rows) == 1:
            return Sample(rows[0], labels, times[0])
        columns = {
            name: np.array([row.get(name, np.nan) for row in rows], np.float64) for name in names
        }
        return BatchReading(Batch(stream, columns, np.array(times, np.float64)))
