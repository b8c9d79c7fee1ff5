"""Which columns of a table are heard, where nobody says: those that vary, each once."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.errors import UsageError, nearest
from streamson.formats.table import Row, Table

LOOK_ROWS: Final = 4_096
"""So many first rows tell what a column is."""

SAME: Final = 0.999_9
"""Columns that are correlated more than so much are copies of each other."""

EVEN: Final = 1e-6
"""Steps that differ by less than so much of one are equal: decimal fractions are rounded."""

_LISTED: Final = 20


class ColumnChoice(NamedTuple):
    """Columns of a table.

    Attributes
    ----------
    heard
        Names of those that are heard, in the table's order.
    left_out
        Name to the reason why not, of the others.
    """

    heard: list[str]
    left_out: dict[str, str]


def choose_columns(rows: Iterable[Row], columns: Sequence[str]) -> ColumnChoice:
    """Choose the columns that are worth hearing.

    A column that never changes is no melody, nor is one that only counts the rows, or is a copy of
    one that is heard; one that only counts up, unevenly, comes last. Of a table that has nothing
    else the last column is heard.

    Parameters
    ----------
    rows
        The table's.
    columns
        Names of its columns of numbers.
    """
    values = np.array([list(row.fields.values()) for row in islice(rows, LOOK_ROWS)], float)
    if len(values) < 2 or len(columns) < 2:
        return ColumnChoice(list(columns), {})
    left_out: dict[str, str] = {}
    melodies: list[tuple[str, NDArray[np.float64]]] = []
    counters: list[str] = []
    for name, column in zip(columns, values.T, strict=True):
        if reason := _no_melody(column):
            left_out[name] = reason
        elif copied := next((one for one, other in melodies if _same(column, other)), None):
            left_out[name] = f"moves as {copied} does"
        elif _counts_up(column):
            counters.append(name)
            left_out[name] = "only counts up"
        else:
            melodies.append((name, column))
    heard = [name for name, _ in melodies] or counters[-1:]
    if not heard:
        counting = [name for name in columns if left_out[name] not in (_CONSTANT, _EMPTY)]
        steady = [name for name in columns if left_out[name] == _CONSTANT]
        heard = counting[-1:] or steady[:1] or [columns[0]]
    return ColumnChoice(heard, {name: why for name, why in left_out.items() if name not in heard})


def named_columns(wanted: Sequence[str], table: Table) -> list[str]:
    """Return the columns that are wanted: by name, or by number from 1 among all of the table.

    Raises
    ------
    UsageError
        If there is no such column, or it has no numbers.
    """
    columns = table.numeric
    chosen = []
    for word in map(str.strip, wanted):
        name = word
        if word not in table.names and word.isdecimal() and 0 < int(word) <= len(table.names):
            name = table.names[int(word) - 1]
        if name not in columns:
            there = name in table.names
            wrong = f"column {name!r} is no numbers" if there else f"no column {name!r}"
            more = ", …" if len(columns) > _LISTED else ""
            raise UsageError(
                f"{table.source}: {wrong}; the columns of numbers are "
                f"{', '.join(columns[:_LISTED])}{more}{nearest(name, columns)}"
            )
        if name not in chosen:
            chosen.append(name)
    return chosen


_CONSTANT: Final = "never changes"
_EMPTY: Final = "has no values"


def _no_melody(column: NDArray[np.float64]) -> str:
    known = column[np.isfinite(column)]
    if not len(known):
        return _EMPTY
    if known.min() == known.max():
        return _CONSTANT
    steps = np.diff(column)
    even = len(steps) > 1 and np.isfinite(steps).all() and np.ptp(steps) <= EVEN * abs(steps[0])
    return "counts the rows" if even else ""


def _counts_up(column: NDArray[np.float64]) -> bool:
    steps = np.diff(column[np.isfinite(column)])
    return len(steps) > 1 and bool((steps > 0).all())


def _same(column: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    known = np.isfinite(column) & np.isfinite(other)
    one, two = column[known], other[known]
    if len(one) < 3 or known.sum() < max(np.isfinite(column).sum(), np.isfinite(other).sum()):
        return False
    with np.errstate(all="ignore"):
        return bool(abs(np.corrcoef(one, two)[0, 1]) > SAME)


def left_out_words(left_out: dict[str, str], unheard: Collection[str] = ()) -> str:
    """Return what is left out, for a person: ``t (counts the rows)``."""
    told = [f"{name} ({why})" for name, why in left_out.items()]
    told += [f"{name} (more than a pitch and a volume)" for name in unheard]
    shown = told[:_LISTED]
    more = f", and {len(told) - len(shown)} more" if len(told) > len(shown) else ""
    return ", ".join(shown) + more
