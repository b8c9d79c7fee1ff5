"""Times in lines of text: the first timestamp of a line, and when that was."""

import re
import time as clock
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

DAY_S: Final = 86_400.0
NEAR_S: Final = 10 * 365 * DAY_S
"""A number at the beginning of a line is a time, in seconds or milliseconds since 1970, where it
is of the last so many; others are numbers like any."""

MAX_AHEAD: Final = timedelta(days=1)
"""A line without a year is hardly of a later time: its clock, or its zone, may be another."""

_HALF_A_YEAR: Final = timedelta(days=182)

_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_FRACTION: Final = r"(?:\.[0-9]{1,9}|,[0-9]{3}(?=[\s\]]))?"
"""After a comma, as Python logs it, if a blank follows: ``12:00:00,123`` may be two columns."""

_CLOCK: Final = rf"[0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}{_FRACTION}"
_ZONE: Final = r"(?:Z|\s?UTC|\s?GMT|\s?[-+][0-9]{2}:?[0-9]{2})?"
_WHEN: Final = re.compile(
    r"[\[(]?(?<![\w.:/-])(?:"
    rf"(?P<iso>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}"
    rf"(?::[0-9]{{2}}{_FRACTION})?{_ZONE})"
    rf"|(?P<slashes>[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}} {_CLOCK})"  # nginx's errors, Go
    rf"|(?P<common>[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}:{_CLOCK} [-+][0-9]{{4}})"  # access logs
    r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s)?"  # syslog (RFC 3164), date, Apache's errors
    rf"(?P<named>(?:{'|'.join(_MONTHS)})\s{{1,2}}[0-9]{{1,2}} {_CLOCK}"
    r"(?: [A-Z]{3,4}(?= [0-9]{4}))?(?: [0-9]{4})?)"
    r")(?![\w:])[\])]?"
)
_FIRST: Final = re.compile(
    rf"[\[(]?(?:(?P<clock>{_CLOCK}(?: [AP]M)?)(?![\w:])"  # tcpdump, sar
    r"|(?P<epoch>[0-9]{10}(?:\.[0-9]{1,9})?|[0-9]{13})(?=[\s,;\])]))[\])]?"
)
_TEXTUAL: Final = re.compile(r"[0-9]:[0-9]{2}")
_NAMED: Final = re.compile(r"(\w{3})\s+([0-9]+) ([0-9:]+)(?:[.,]([0-9]+))?(?: ([A-Z]+))?( [0-9]+)?")


class FoundTime(NamedTuple):
    """A timestamp in a line: from which to which character, and the seconds since 1970.

    Attributes
    ----------
    kind
        How it is written: ``iso``, ``slashes``, ``common``, ``named``, ``clock`` or ``epoch``.
    """

    start: int
    end: int
    seconds: float
    kind: str


class TimeFinder:
    """Finds the first timestamp of a line.

    What has no zone is of this machine's; what has no year, or no date, is as near to now as can
    be: so that lines are read well that are written at this moment.

    Parameters
    ----------
    now
        Returns the seconds since 1970.

    Examples
    --------
    >>> TimeFinder().find("at 1970-01-01T00:01:00Z x=5").seconds
    60.0
    """

    def __init__(self, now: Callable[[], float] = clock.time) -> None:
        self._now = now

    def find(self, line: str) -> FoundTime | None:
        """Return where a line's first timestamp is; None without one."""
        match = _FIRST.match(line)
        if match is None and (":" not in line or not _TEXTUAL.search(line)):
            return None
        match = match or _WHEN.search(line)
        if match is None:
            return None
        kind = str(match.lastgroup)
        try:
            seconds = self._seconds(kind, match[kind])
        except (ValueError, OverflowError, OSError):
            return None
        if seconds is None:
            return None
        return FoundTime(match.start(), match.end(), seconds, kind)

    def _seconds(self, kind: str, text: str) -> float | None:
        if kind == "iso":
            return _iso(text)
        if kind == "slashes":
            return _iso(text.replace("/", "-"))
        if kind == "common":
            return _common(text)
        if kind == "named":
            return self._named(text)
        if kind == "clock":
            return self._clock(text)
        return self._epoch(text)

    def _named(self, text: str) -> float | None:
        match = _NAMED.fullmatch(text)
        if match is None:
            return None
        month, day, of_day, fraction, zone, year = match.groups()
        utc = UTC if zone in ("UTC", "GMT") else None
        now = datetime.fromtimestamp(self._now(), utc)
        moment = date_of(month, day, of_day, year, now, max_ahead=MAX_AHEAD)
        return None if moment is None else moment.timestamp() + float(f"0.{fraction or 0}")

    def _clock(self, text: str) -> float:
        of_day, _, half = text.partition(" ")
        hours, minutes, seconds = of_day.replace(",", ".").split(":")
        hour, minute, second = int(hours), int(minutes), float(seconds)
        if half:
            hour = hour % 12 + 12 * (half == "PM")
        if hour > 23 or minute > 59 or second >= 61:
            raise ValueError(text)
        now = datetime.fromtimestamp(self._now())
        midnight = datetime(now.year, now.month, now.day)
        moment = (midnight + timedelta(hours=hour, minutes=minute, seconds=second)).timestamp()
        # About midnight a line may be of the day before, or of the day after.
        return moment - DAY_S * round((moment - self._now()) / DAY_S)

    def _epoch(self, text: str) -> float | None:
        seconds = float(text) / (1e3 if len(text) == 13 and "." not in text else 1.0)
        return seconds if -NEAR_S < seconds - self._now() < DAY_S else None


def date_of(
    month: str,
    day: str,
    of_day: str,
    year: str | None,
    now: datetime,
    *,
    max_ahead: timedelta = timedelta.max,
) -> datetime | None:
    """Return a date that may lack its year: of the one in which it is nearest to now.

    Parameters
    ----------
    month, day, of_day, year
        As they are written: ``Nov``, ``7``, ``20:00:01``, ``2026``.
    now
        In the zone that is meant.
    max_ahead
        How far it can lie ahead, without a year.

    Raises
    ------
    ValueError
        If it is none.
    """
    month_number, day_number = _MONTHS.index(month) + 1, int(day)
    hour, minute, second = map(int, of_day.split(":"))

    def of_year(number: int) -> datetime:
        return datetime(number, month_number, day_number, hour, minute, second, tzinfo=now.tzinfo)

    if year is not None:
        return of_year(int(year))
    nearest, distance = None, timedelta.max
    for number in (now.year, now.year - 1, now.year + 1):
        with suppress(ValueError):  # 29 February, or no date at all
            moment = of_year(number)
            ahead = moment - now
            if ahead <= max_ahead and abs(ahead) < distance:
                nearest, distance = moment, abs(ahead)
            if distance < _HALF_A_YEAR:
                break
    return nearest


@lru_cache(maxsize=64)
def _iso(text: str) -> float:
    text = text.removesuffix("UTC").removesuffix("GMT").rstrip() + "Z" if text[-1] in "CT" else text
    day, _, rest = text.partition(" ")
    text = f"{day}T{rest.replace(' ', '')}" if rest else text
    return datetime.fromisoformat(text).timestamp()


@lru_cache(maxsize=64)
def _common(text: str) -> float:
    day, month, rest = text.split("/")
    year, of_day = rest[:4], rest[5:].replace(" ", "")
    number = _MONTHS.index(month) + 1
    return datetime.fromisoformat(f"{year}-{number:02}-{day}T{of_day}").timestamp()
