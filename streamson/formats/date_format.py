"""Dates as people and programs write them: all cells of a column in the same way."""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import pairwise, product
from typing import Final

_DAYS: Final = (
    *("%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d"),
    *("%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d/%b/%Y", "%a, %d %b %Y", "%Y-%m-%d", "%Y-%m"),
)
_CLOCKS: Final = (
    *("", "%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p", "%H.%M.%S", "%H.%M"),
    *("%H:%M:%S,%f", "%I:%M:%S.%f %p"),
)
_JOINTS: Final = (" ", ", ", "T", ":")
_FIRST_SERIAL: Final = 20_000
_LAST_SERIAL: Final = 80_000
_SERIAL_OF_1970: Final = 25_569
_DAY_S: Final = 86_400.0
"""Excel counts days from the end of 1899: these are 1954 to 2119."""

MAX_DATE_CHARS: Final = 48
_YEAR_2000_S: Final = 946_684_800
_YEAR_2100_S: Final = 4_102_444_800
_YEARLESS: Final = "%b %d %H:%M:%S"
"""As system logs have it."""

_LEAP_YEAR: Final = "2000"

_OTHERS: Final = (
    *("%a %b %d %H:%M:%S %Y", _YEARLESS, "%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%I:%M:%S %p"),
    *("%I:%M %p", "%M:%S.%f"),
)
_ZONE: Final = re.compile(
    r"\s*(?:[(\[]?(Z|UTC|GMT)[)\]]?|([-+][0-9]{2}):?([0-9]{2})?|([A-Z]{3,4}))$"
)
_MIDDAY: Final = frozenset(("AM", "PM"))
_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Numbers from the first on are nanoseconds, microseconds, milliseconds since 1970."""


class TimeReader:
    """Read the times of a column.

    Parameters
    ----------
    read
        Returns the seconds since 1970 of a text; raises `ValueError`.
    read_number
        Returns those of a number.
    assumed
        What was taken for granted, for a person; empty if nothing.
    """

    def __init__(
        self,
        read: Callable[[str], float],
        read_number: Callable[[float], float] = float,
        *,
        assumed: str = "",
    ) -> None:
        self.assumed = assumed
        self._read = read
        self._read_number = read_number

    def read(self, cell: object) -> float | None:
        """Return the seconds since 1970 of a cell, or None if it is no time."""
        if isinstance(cell, datetime | date | time):
            return _seconds(cell)
        if isinstance(cell, bool) or not isinstance(cell, int | float | str):
            return None
        try:
            value = self._read(cell) if isinstance(cell, str) else self._read_number(cell)
        except (ValueError, OverflowError):
            return None
        return value if math.isfinite(value) else None


def time_reader(
    cells: Sequence[object], *, least_unit: float = 1.0, of_days: bool = False
) -> TimeReader | None:
    """Return how to read a column's times, of which there are some; None if they are no times.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, by their size. What
    has no zone is UTC. Where day and month could be either, dates go up; else the month is first.

    Parameters
    ----------
    cells
        Some of the column, none of them empty.
    least_unit
        What numbers are divided by at least.
    of_days
        Whether the column is called a date, so that numbers may be days as Excel counts them.
    """
    numbers = [number for cell in cells if (number := _number(cell)) is not None]
    if len(numbers) == len(cells):
        return _reader_of_numbers(cells, numbers, least_unit, of_days=of_days)
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    if not texts:
        moments = sum(isinstance(cell, datetime | date | time) for cell in cells)
        return TimeReader(_iso) if moments > len(cells) / 2 else None
    if _fits(_iso, texts):
        return TimeReader(_iso)
    found = [
        (reading, reader)
        for reading in _formats(texts[0])
        if _fits(reader := _by_format(reading), texts)
    ]
    if not found:
        return None
    reading, reader = min(found, key=lambda one: _disorder(one[1], texts))
    assumed = ""
    if len({_disorder(one, texts) for _, one in found}) == 1 and len(found) > 1:
        order = "day first" if reading.startswith("%d") else "month first"
        assumed = f"dates such as {texts[0][:40]} are read {order}"
    return TimeReader(reader, assumed=assumed)


def _reader_of_numbers(
    cells: Sequence[object], numbers: Sequence[float], least_unit: float, *, of_days: bool
) -> TimeReader:
    if all(isinstance(cell, str) and re.fullmatch("(19|20)[0-9]{6}", cell) for cell in cells):
        return TimeReader(_by_format("%Y%m%d"))
    largest = max(map(abs, numbers))
    if of_days and min(numbers) >= _FIRST_SERIAL and largest <= _LAST_SERIAL:

        def days(cell: str | float) -> float:
            return _DAY_S * (float(cell) - _SERIAL_OF_1970)

        return TimeReader(days, days, assumed="dates are read as the days that Excel counts")
    unit = next((unit for least, unit in _UNITS if largest >= least), least_unit)

    def seconds(cell: str | float) -> float:
        return float(cell) / unit

    return TimeReader(seconds, seconds)


def is_clock_time(cell: object) -> bool:
    """Return whether a cell is a time of day: it belongs to a date in another column."""
    if isinstance(cell, str):
        return (
            re.fullmatch(
                r"\s*[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(\s?[AaPp][Mm])?\s*", cell
            )
            is not None
        )
    return isinstance(cell, time)


def is_day(cell: object) -> bool:
    """Return whether a cell is a date without a time of day."""
    if isinstance(cell, str):
        return (
            ":" not in cell
            and (reader := time_reader([cell])) is not None
            and _number(cell) is None
            and reader.read(cell) is not None
        )
    return isinstance(cell, date) and (not isinstance(cell, datetime) or cell.time() == time())


def is_since_1970(cells: Sequence[object]) -> bool:
    """Return whether numbers go up, all of them between 2000 and 2100 as a computer counts time."""
    numbers = [number for cell in cells if (number := _number(cell)) is not None]
    if len(numbers) < max(2, len(cells)):
        return False
    unit = next((unit for least, unit in _UNITS if numbers[-1] >= least), 1.0)
    return (
        unit * _YEAR_2000_S <= numbers[0]
        and numbers[-1] < unit * _YEAR_2100_S
        and all(before <= after for before, after in pairwise(numbers))
        and numbers[0] < numbers[-1]
    )


def all_numbers(cells: Sequence[object]) -> bool:
    """Return whether all cells are numbers, or texts of numbers."""
    return all(_number(cell) is not None for cell in cells)


def _number(cell: object) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _seconds(moment: date | time) -> float:
    if isinstance(moment, time):
        return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _iso(text: str) -> float:
    return _seconds(datetime.fromisoformat(text.strip()))


def _fits(read: Callable[[str], float], texts: Sequence[str]) -> bool:
    """Return whether nearly all texts can be read."""
    wrong, most = 0, max(len(texts) // 10, int(len(texts) > 2))
    for text in texts:
        try:
            read(text)
        except ValueError:
            wrong += 1
            if wrong > most:
                return False
    return True


def _formats(text: str) -> list[str]:
    """Return the formats that a text may have."""
    text = _without_zone(text)[0]
    found = []
    for reading in _formats_by_shape().get(_shape(text), ()):
        try:
            _parsed(text, reading)
        except ValueError:
            continue
        found.append(reading)
    return found


@cache
def _formats_by_shape() -> dict[str, list[str]]:
    """Return the formats by what a text looks like that they read: only those are tried."""
    spaced = [f"{day}{joint}{clock}" for day, joint, clock in product(_DAYS, _JOINTS, _CLOCKS[1:])]
    moment = datetime(2026, 11, 21, 22, 33, 44, 555_555)
    found: dict[str, list[str]] = {}
    for reading in (*_DAYS, *spaced, *_OTHERS):
        found.setdefault(_shape(moment.strftime(reading)), []).append(reading)
    return found


def _shape(text: str) -> str:
    """Return a text with each number as one digit, and each word as one letter."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"[0-9]+", "0", text[:MAX_DATE_CHARS]))


def _parsed(text: str, reading: str) -> datetime:
    if reading == _YEARLESS:
        return datetime.strptime(f"{_LEAP_YEAR} {text}", f"%Y {reading}")
    return datetime.strptime(text, reading)


def _by_format(reading: str) -> Callable[[str], float]:
    dateless = "%d" not in reading and "%b" not in reading and "%Y" not in reading

    def read(text: str) -> float:
        text, offset_s = _without_zone(text.strip())
        moment = _parsed(text, reading)
        return _seconds(moment.time()) if dateless else _seconds(moment) - offset_s

    return read


def _without_zone(text: str) -> tuple[str, float]:
    """Return a text without its zone at the end, and how far that is from UTC, in seconds.

    A zone by its name counts as UTC: there are several of the same name.
    """
    match = _ZONE.search(text)
    if match is None or match[4] in _MIDDAY or (match[2] and ":" not in text):
        return text, 0.0
    offset_s = 0.0
    if match[2]:
        offset_s = math.copysign(
            abs(int(match[2])) * 3600 + int(match[3] or 0) * 60, float(match[2] + "1")
        )
    return text[: match.start()], offset_s


def _disorder(read: Callable[[str], float], texts: Sequence[str]) -> tuple[int, float]:
    """Return how far a reading is from going up steadily: steps back, and the longest step."""
    known = []
    for text in texts:
        try:
            known.append(read(text))
        except ValueError:
            continue
    steps = [after - before for before, after in pairwise(known)]
    return sum(step < 0 for step in steps), max(map(abs, steps), default=0.0)
