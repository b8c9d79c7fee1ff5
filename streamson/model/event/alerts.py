"""Alerts: a value leaves its band or is unusual, is back, or somebody knows of it."""

from typing import Final, Literal

import msgspec

from streamson.model.event.base import Event, listed

AlertKind = Literal["above", "below", "level", "rate", "shape", "season"]
"""What a value did: it went above or below what is well; or it was unusual by its level, by how
much it moves, by a course like none before, or at its time of day."""

Priority = Literal["high", "medium", "low"]

_USUAL: Final = ("level", "rate", "shape", "season")

MAX_GROUPS: Final = 64
"""Groups of alerts told as one that are named; each alert is an event of its own as well."""


class AlertRaised(Event, frozen=True, kw_only=True, tag="alert_raised"):
    """A value left its band for as long as its alert demands, or was unusual.

    Attributes
    ----------
    stream, field, value, unit
        What was seen; no unit is an empty one.
    kind
        What it did.
    sign
        1: above, higher or faster than it is well or usual; -1: below, lower or slower; 0: neither.
    low, high
        The band where it is well, or where nearly all of the values before lie; None where it has
        no such end.
    surprise
        log10 of how many points lie between such unusual ones in the mean; 0 of a known band.
    seldom
        So often at most such a thing is told by mistake, in words; empty of a known band.
    priority
        How urgent it is.
    time
        Of the point, seconds since 1970, or the row of a table.
    speech
        What is said of it; empty for nothing.
    waits
        Whether it does not sound at once, but is to be told with others.
    """

    stream: str
    field: str
    value: float
    unit: str = ""
    kind: AlertKind
    sign: int = 0
    low: float | None
    high: float | None
    surprise: float = 0.0
    seldom: str = ""
    priority: Priority = "medium"
    time: float
    speech: str = ""
    waits: bool = False

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        said = f": {self.speech}" if self.speech else ""
        return f"{self.stream}: {self.field} {self._what}{said}"

    @property
    def _what(self) -> str:
        unit = _spaced(self.unit)
        value = f"{self.value:g}{unit}"
        if self.kind == "above" and self.high is not None:
            return f"is {value}, above {self.high:g}{unit}"
        if self.kind == "below" and self.low is not None:
            return f"is {value}, below {self.low:g}{unit}"
        usually = _band(self.low, self.high, unit)
        less = f"; less often than {self.seldom}" if self.seldom else ""
        if self.kind == "level":
            more = "higher" if self.sign > 0 else "lower"
            return f"is {value}, {more} than usual ({usually}){less}"
        if self.kind == "rate":
            more = "more" if self.sign > 0 else "less"
            return f"moves {more} than usual, and is {value} (usually {usually}){less}"
        if self.kind == "season":
            more = "higher" if self.sign > 0 else "lower"
            return f"was {value} for an hour, {more} than usual at this time ({usually}){less}"
        return f"moves as never before, and is {value} (usually {usually}){less}"


class AlertCleared(Event, frozen=True, kw_only=True, tag="alert_cleared"):
    """A value is back in its band, or as usual.

    Attributes
    ----------
    stream, field, value, unit, kind, time
        As of `AlertRaised`.
    """

    stream: str
    field: str
    value: float
    unit: str = ""
    kind: AlertKind
    time: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        value = f"{self.value:g}{_spaced(self.unit)}"
        if self.kind in _USUAL:
            return f"{self.stream}: {self.field} is as usual again, {value}"
        return f"{self.stream}: {self.field} is {value} again"


class AlertAcknowledged(Event, frozen=True, kw_only=True, tag="alert_acknowledged"):
    """Somebody said that he knows of an alert.

    Attributes
    ----------
    stream, field
        As of `AlertRaised`.
    """

    stream: str
    field: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.stream}: the alert of {self.field} is acknowledged"


class MergedGroup(msgspec.Struct, frozen=True):
    """Alerts of streams whose names begin alike, among those that are told as one.

    Attributes
    ----------
    name
        The group's, up to the first slash; of a single stream, its whole name; empty for several
        streams without a group.
    streams
        How many.
    fields
        Whose values they are, or ``silent``; some of them.
    """

    name: str
    streams: int
    fields: tuple[str, ...]

    @property
    def words(self) -> str:
        """The same, for a person: ``14 streams of rack2, free``."""
        who = self.name
        if self.streams > 1:
            who = f"{self.streams} streams" + (f" of {self.name}" if self.name else "")
        return f"{who}, {' and '.join(self.fields)}"


class AlertsMerged(Event, frozen=True, kw_only=True, tag="alerts_merged"):
    """Several alerts sounded as one: more than a listener is to be told one by one.

    Attributes
    ----------
    alerts
        How many.
    groups
        What they are; those first of which nothing was told before.
    priority
        That of the most urgent.
    """

    alerts: int
    groups: tuple[MergedGroup, ...]
    priority: Priority = "medium"

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.alerts} alerts: {listed([group.words for group in self.groups], '; ')}"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""


def _band(low: float | None, high: float | None, unit: str) -> str:
    if low is None or high is None:
        return "nothing is known yet"
    first, last = _short(low), _short(high)
    return f"{first}{unit}" if first == last else f"{first} to {last}{unit}"


def _short(value: float) -> str:
    """Return a number with three digits that count, without an exponent where that is short."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if 1_000 <= abs(rounded) < 1e7 else f"{rounded:g}"
