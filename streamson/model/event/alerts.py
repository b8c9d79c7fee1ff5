"""Alerts: a value leaves its band, is back, or somebody knows of it."""

from streamson.model.event.base import Event


class AlertRaised(Event, frozen=True, kw_only=True, tag="alert_raised"):
    """A value left its band, and stayed outside for as long as its alert demands.

    Attributes
    ----------
    stream, field, value, unit
        What was seen; no unit is an empty one.
    low, high
        The band; None where it has no such end.
    time
        Of the point, seconds since 1970, or the row of a table.
    speech
        What is said of it; empty for nothing.
    """

    stream: str
    field: str
    value: float
    unit: str = ""
    low: float | None
    high: float | None
    time: float
    speech: str = ""

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        unit = f" {self.unit}" if self.unit else ""
        is_above = self.high is not None and self.value > self.high
        beyond = f"above {self.high:g}" if is_above else f"below {self.low:g}"
        said = f": {self.speech}" if self.speech else ""
        return f"{self.stream}: {self.field} is {self.value:g}{unit}, {beyond}{unit}{said}"


class AlertCleared(Event, frozen=True, kw_only=True, tag="alert_cleared"):
    """A value is back in its band.

    Attributes
    ----------
    stream, field, value, unit, time
        As of `AlertRaised`.
    """

    stream: str
    field: str
    value: float
    unit: str = ""
    time: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.stream}: {self.field} is {self.value:g}{unit} again"


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
