"""How unusual the values of streams are: each series is followed once, whoever asks for it."""

from __future__ import annotations

import logging
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamson._rate_limited_log import RateLimitedLog
from streamson.session.rate import AlertRate

if TYPE_CHECKING:  # at run time they would bring numpy and machine code along
    from collections.abc import Iterator

    from streamson.model.counts import ScoreCounts
    from streamson.model.point import Batch, Message
    from streamson.surprise.bank import SurpriseBank

DEFAULT_RATE: Final = AlertRate()

MAX_WAITING: Final = 65_536
"""Points that wait to be taken in together; those of a quarter of a second are fewer."""

_log = logging.getLogger(__name__)


class SurpriseChange(NamedTuple):
    """A series became unusual, or is as usual again.

    Attributes
    ----------
    field, rate
        Which series of the stream.
    raised
        Which of the two.
    value, time
        Of the point that did it. Of a series of many points a second some are taken in together:
        the most unusual of their values, and the time of the last.
    kind, sign
        As of `surprise.bank.Kind`: of the last time that it became unusual.
    low, high
        Where nearly all values before lie.
    surprise
        log10 of how many points lie between such values in the mean.
    """

    field: str
    rate: AlertRate
    raised: bool
    value: float
    time: float
    kind: str
    sign: int
    low: float
    high: float
    surprise: float


class _Series:
    """A field of a stream, and how often it may be told by mistake."""

    def __init__(self, field: str, rate: AlertRate, slot: int) -> None:
        self.field = field
        self.rate = rate
        self.slot = slot
        self.users = 1
        self.is_told = False
        """Whether somebody wants to know at once what changes."""

    @property
    def key(self) -> str:
        """Of its state."""
        return f"surprise {(self.field, self.rate.count, self.rate.period)}"


class SurpriseMonitor:
    """Follows how unusual values are.

    Parameters
    ----------
    counts
        Where series are counted for which there is no room.
    """

    def __init__(self, counts: ScoreCounts) -> None:
        self._counts = counts
        self._limited = RateLimitedLog(_log)
        self._bank: SurpriseBank | None = None
        self._streams: dict[str, list[_Series]] = {}
        self._slots: list[int] = []
        self._values: list[float] = []
        self._times: list[float] = []

    @property
    def bank(self) -> SurpriseBank:
        """What follows all series, each in a slot; made when the first one is."""
        if self._bank is None:
            # Only who asks what is usual waits for the machine code that tells.
            from streamson.surprise.bank import SurpriseBank

            self._bank = SurpriseBank()
        return self._bank

    def follow(self, stream: str, field: str, rate: AlertRate | None = None) -> None:
        """Follow a field of a stream for one more who asks.

        Parameters
        ----------
        stream, field
            Their names.
        rate
            How often what is usual may be told; None: whatever others ask for, and nothing is to be
            told: `settle` takes in what came.
        """
        series = self._find(stream, field, rate)
        if series is not None:
            series.users += 1
            if rate is not None and not series.is_told:
                self.settle()
                series.is_told = True
            return
        is_told, rate = rate is not None, rate or DEFAULT_RATE
        if len(self.bank) >= self.bank.capacity:
            self._counts.series_refused += 1
            self._limited.warning(
                "full",
                "%s: nobody can say what is usual for %s: no more than %d series are followed",
                *(stream, field, self.bank.capacity),
            )
            return
        slot = self.bank.add(rate.interval_s)
        series = _Series(field, rate, slot)
        series.is_told = is_told
        self._streams.setdefault(stream, []).append(series)

    def release(self, stream: str, field: str, rate: AlertRate | None = None) -> None:
        """Take in that one who asked for a field needs it no longer."""
        series = self._find(stream, field, rate)
        if series is None:
            return
        series.users -= 1
        if series.users == 0:
            self.settle()
            self.bank.remove(series.slot)
            of_stream = self._streams[stream]
            of_stream.remove(series)
            if not of_stream:
                del self._streams[stream]

    def slot(self, stream: str, field: str) -> int | None:
        """Return where the bank has a series, whatever its rate; None where it is not followed."""
        series = self._find(stream, field, None)
        return None if series is None else series.slot

    def process(self, message: Message) -> list[SurpriseChange]:
        """Take in a point, or a batch point by point; return what changes."""
        changes: list[SurpriseChange] = []
        for series in self._streams.get(message.stream, ()):
            if not series.is_told:
                self._let_wait(message, series)
                continue
            if message.is_batch:
                self._process_batch(message, series, changes)
                continue
            value, time = message.fields.get(series.field, nan), message.time
            change = self.bank.update(series.slot, value, time)
            if change:
                changes.append(self._change(series, change, time))
        return changes

    def _process_batch(self, batch: Batch, series: _Series, changes: list[SurpriseChange]) -> None:
        """Take in a batch point by point; add what changes."""
        column, done = batch.columns.get(series.field), 0
        while column is not None and done < len(column):
            done, change = self.bank.update_up_to_change(series.slot, column, batch.times, done)
            if change:
                changes.append(self._change(series, change, float(batch.times[done - 1])))

    def settle(self) -> None:
        """Take in the points of all series of which nothing is told, by one call for thousands."""
        if self._slots:
            self.bank.update_many(self._slots, self._values, self._times)
            self._slots, self._values, self._times = [], [], []

    def state(self, stream: str) -> dict[str, Any]:
        """Return what `restore` wants for a stream."""
        self.settle()
        series = self._streams.get(stream, ())
        return {one.key: self.bank.state(one.slot) for one in series}

    def restore(self, stream: str, state: dict[str, Any]) -> None:
        """Let a stream's series go on where the same series were.

        Raises
        ------
        ValueError
            It isn't the state of a series.
        """
        self.settle()
        for series in self._streams.get(stream, ()):
            if series.key in state:
                self.bank.restore(series.slot, state[series.key])

    def _let_wait(self, message: Message, series: _Series) -> None:
        if message.is_batch:
            self.settle()  # what came before it is taken in before
            self._process_batch(message, series, [])
        elif (value := message.fields.get(series.field, nan)) - value == 0.0:
            self._slots.append(series.slot)
            self._values.append(value)
            self._times.append(message.time)
        if len(self._slots) >= MAX_WAITING:
            self.settle()

    def _find(self, stream: str, field: str, rate: AlertRate | None) -> _Series | None:
        for series in self._streams.get(stream, ()):
            if series.field == field and rate in (None, series.rate):
                return series
        return None

    def _change(self, series: _Series, change: int, time: float) -> SurpriseChange:
        from streamson.surprise.bank import Change

        bank, slot = self.bank, series.slot
        kind = bank.kind(slot)
        assert kind is not None
        told = bank.told(slot)
        return SurpriseChange(
            *(series.field, series.rate, change == Change.RAISED, told.value, time),
            *(kind.name, kind.sign, told.low, told.high, told.surprise),
        )


def points_of(message: Message, field: str) -> Iterator[tuple[float, float]]:
    """Yield the finite values of a field, and their times."""
    if not message.is_batch:
        value = message.fields.get(field)
        if value is not None and isfinite(value) and isfinite(message.time):
            yield value, message.time
        return
    import numpy as np

    column = message.columns.get(field)
    if column is None:
        return
    known = np.isfinite(column) & np.isfinite(message.times)
    yield from zip(column[known].tolist(), message.times[known].tolist(), strict=True)
