"""What StatsD's metrics come to in an interval."""

import math
import random
import time
from array import array
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, Protocol

from streamson.errors import MessageError
from streamson.producers.base.pace import or_missing
from streamson.producers.base.reading import Reading
from streamson.producers.base.sample import choose_fields
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push.statsd_metric import Kind, StatsdMetric

MAX_METRICS: Final = 10_000
"""With their tags; more are left out, but that they take the place of one that was silent long."""

SILENT_S: Final = 600.0

MAX_TIMER_VALUES: Final = 500
"""Of a timer, from which its 95th percentile is told: of more a random choice."""

MAX_MEMBERS: Final = 200_000
"""Of all sets in an interval: some 15 MB."""


class _Total(Protocol):
    """What the values of a metric come to."""

    def add(self, values: tuple[str, ...], rate: float) -> None:
        """Take values in, of which so large a part was told."""

    def take(self, elapsed_s: float) -> dict[str, float]:
        """Return the fields of what came in this time, and begin anew."""


class _Counter:
    def __init__(self) -> None:
        self._total = 0.0

    def add(self, values: tuple[str, ...], rate: float) -> None:
        self._total += sum(map(float, values)) / rate

    def take(self, elapsed_s: float) -> dict[str, float]:
        total, self._total = self._total, 0.0
        return {"per_second": total / elapsed_s}


class _Gauge:
    """Is told when it was set; between, its value is only remembered."""

    def __init__(self) -> None:
        self._value = 0.0
        self._is_set = False

    def add(self, values: tuple[str, ...], _rate: float) -> None:
        for written in values:
            self._value = float(written) + (self._value if written[0] in "+-" else 0.0)
        self._is_set = True

    def take(self, _elapsed_s: float) -> dict[str, float]:
        is_set, self._is_set = self._is_set, False
        return {"value": self._value} if is_set else {}


class _Timer:
    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._count = self._sum = 0.0
        self._greatest = -math.inf
        self._told = 0
        self._some = array("d")

    def add(self, values: tuple[str, ...], rate: float) -> None:
        for value in map(float, values):
            self._count += 1 / rate
            self._sum += value / rate
            self._greatest = max(self._greatest, value)
            self._told += 1
            if len(self._some) < MAX_TIMER_VALUES:
                self._some.append(value)
            else:
                place = random.randrange(self._told)  # noqa: S311  (no secret)
                if place < MAX_TIMER_VALUES:
                    self._some[place] = value

    def take(self, _elapsed_s: float) -> dict[str, float]:
        count, total, greatest = self._count, self._sum, self._greatest
        some = sorted(self._some)
        self._begin()
        if not some:
            return {"mean": math.nan, "count": 0.0, "p95": math.nan, "max": math.nan}
        p95 = some[math.ceil(0.95 * len(some)) - 1]
        return {"mean": total / count, "count": count, "p95": p95, "max": greatest}


class _Set:
    """Of members their hash is kept: 8 bytes, however long they are."""

    def __init__(self) -> None:
        self.members: set[int] = set()

    def add(self, values: tuple[str, ...], _rate: float) -> None:
        self.members.update(map(hash, values))

    def take(self, _elapsed_s: float) -> dict[str, float]:
        count = len(self.members)
        self.members = set()
        return {"count": float(count)}


_TOTALS: Final[dict[Kind, type[_Total]]] = {"c": _Counter, "g": _Gauge, "ms": _Timer, "s": _Set}

_Key = tuple[str, str, tuple[tuple[str, str], ...]]


class _Entry:
    """A metric: its stream, and what came since it was last told."""

    def __init__(self, stream: str, total: _Total) -> None:
        self.stream = stream
        self.total = total
        self.last = 0.0


class StatsdTotals:
    """Adds up what comes, and tells it once in an interval.

    A counter is its rate ``per_second``; a gauge its ``value``, when it was set; a timer ``mean``,
    ``count``, ``p95`` and ``max``; a set the ``count`` of different members. What is counted is
    told in each interval from its first one on, as 0 where nothing came.

    Parameters
    ----------
    template
        The streams' names. Labels are the tags, ``name`` with slashes for its dots, and ``tags``:
        the values of all tags but host, joined by slashes.
    fields
        Patterns of the fields that are wanted; none for all.
    """

    def __init__(self, template: StreamTemplate, fields: tuple[str, ...] = ()) -> None:
        self._template = template
        self._fields = fields
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._members = 0

    def add(self, metric: StatsdMetric, now: float) -> None:
        """Take in what a line says.

        Parameters
        ----------
        metric
            The line.
        now
            The time of `time.monotonic`.

        Raises
        ------
        MessageError
            If there is no room for it; in words that follow "a line".
        """
        key = metric.name, metric.kind, metric.tags
        entry = self._entries.get(key)
        if entry is None:
            self._make_room(now)
            entry = _Entry(self._stream(metric), _TOTALS[metric.kind]())
            self._entries[key] = entry
        self._entries.move_to_end(key)
        entry.last = now
        if not isinstance(entry.total, _Set):
            entry.total.add(metric.values, metric.rate)
            return
        if self._members >= MAX_MEMBERS:
            raise MessageError(f"beyond {MAX_MEMBERS} members of sets in an interval")
        before = len(entry.total.members)
        entry.total.add(metric.values, metric.rate)
        self._members += len(entry.total.members) - before

    def take(self, elapsed_s: float) -> Iterator[Reading]:
        """Yield a reading for each metric, of what came in this time."""
        now = time.time()
        self._members = 0
        for entry in self._entries.values():
            found = choose_fields(entry.total.take(elapsed_s), self._fields)
            fields = {name: or_missing(value) for name, value in found.items()}
            if any(value is not None for value in fields.values()):
                yield Reading(entry.stream, fields, time=now)

    def _make_room(self, now: float) -> None:
        if len(self._entries) < MAX_METRICS:
            return
        oldest = next(iter(self._entries))
        if now - self._entries[oldest].last < SILENT_S:
            raise MessageError(f"of more than {MAX_METRICS} metrics")
        del self._entries[oldest]

    def _stream(self, metric: StatsdMetric) -> str:
        tags = {name: value or name for name, value in metric.tags}
        others = "/".join(value for name, value in tags.items() if name != "host")
        return self._template.fill({**tags, "name": metric.name.replace(".", "/"), "tags": others})
