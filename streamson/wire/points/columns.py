"""What may be sent as a batch: columns of any kind, and frames, as arrays of float64."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.errors import MessageError
from streamson.model.limits import MAX_BATCH_POINTS

MAX_SHOWN_CHARS: Final = 40


class Columns(NamedTuple):
    """Points as columns.

    Attributes
    ----------
    fields
        Field name to values, float64; NaN is missing.
    times
        Seconds since 1970, float64; None where nothing tells.
    """

    fields: dict[str, NDArray[np.float64]]
    times: NDArray[np.float64] | None


def batch_columns(given: Any, times: Any) -> Columns:
    """Return points as columns.

    Parameters
    ----------
    given
        Field name to values; or a frame, whose first column of moments, or whose index of moments,
        is the time.
    times
        When they were measured, seconds since 1970 or moments; or the name of a column that says
        so. None: as the frame says.

    Raises
    ------
    MessageError
        If it is neither, or a column is no numbers.
    """
    columns = _columns(given)
    if max(map(len, columns.values()), default=0) > MAX_BATCH_POINTS:
        raise MessageError(
            f"found more than {MAX_BATCH_POINTS} rows, the most that a batch may have: send slices"
        )
    if isinstance(times, str):
        if times not in columns:
            names = ", ".join(list(columns)[:20])
            raise MessageError(f"no column {times!r} for the times; the columns are {names}")
        times = columns.pop(times)
    elif times is None and not isinstance(given, Mapping):
        name = next((name for name, column in columns.items() if column.dtype.kind == "M"), None)
        times = None if name is None else columns.pop(name)
    return Columns(
        {name: _numbers(name, column) for name, column in columns.items()},
        None if times is None else _seconds(times),
    )


def _columns(given: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of a frame or a mapping."""
    if isinstance(given, Mapping):
        return {name: _column(name, column) for name, column in given.items()}
    from streamson._frame import frame_columns  # only who sends frames waits for it

    found = frame_columns(given, MAX_BATCH_POINTS)
    if found is None:
        raise MessageError(
            f"found {type(given).__module__}.{type(given).__name__}; columns by field name, or a "
            "frame of pandas, Polars or Arrow are allowed"
        )
    columns: dict[str, NDArray[Any]] = {}
    for key, column in found:
        name = str(key)
        if name in columns:
            raise MessageError(
                f"two columns are called {name[:MAX_SHOWN_CHARS]!r}; each is a field, so all names "
                "have to differ"
            )
        columns[name] = column
    return columns


def _column(name: str, column: Any) -> NDArray[Any]:
    try:
        return np.atleast_1d(_array(column))
    except ValueError:  # numpy's message is about its insides
        raise MessageError(
            f"column {name!r}: found lists of different lengths; numbers are allowed"
        ) from None


def _array(column: Any) -> NDArray[Any]:
    if isinstance(column, np.ndarray | Sequence) and not hasattr(column, "__arrow_c_stream__"):
        return np.asarray(column)
    from streamson._frame import as_array

    return as_array(column)


def _numbers(name: str, column: NDArray[Any]) -> NDArray[np.float64]:
    if column.dtype.kind == "M":
        raise MessageError(f"column {name!r}: found moments; of one column only they are the times")
    if column.ndim > 1:
        raise MessageError(f"column {name!r}: found {column.ndim} dimensions; one is allowed")
    return _floats(
        f"column {name!r}", column, "numbers and what is missing", "leave the column out"
    )


def _floats(what: str, column: NDArray[Any], allowed: str, advice: str) -> NDArray[np.float64]:
    """Return numbers, NaN where one is missing; what is said of others is given."""
    if column.dtype.kind != "c":  # of complex numbers numpy would leave out the imaginary parts
        try:
            return np.asarray(column, np.float64)
        except (TypeError, ValueError, OverflowError):
            pass
    from streamson._frame import is_null

    numbers = np.full(len(column), np.nan)
    for i, cell in enumerate(column.tolist()):
        try:
            numbers[i] = np.nan if is_null(cell) else float(cell)
        except (TypeError, ValueError, OverflowError):
            if isinstance(cell, complex):
                advice = "send its real and its imaginary part, a field each"
            found = _shown(cell)
            raise MessageError(f"{what}: found {found}; {allowed} are allowed: {advice}") from None
    return numbers


def _shown(cell: Any) -> str:
    if isinstance(cell, int):  # which may have more digits than Python writes
        return "an integer beyond 1.8e308"
    return repr(cell)[:MAX_SHOWN_CHARS]


def _seconds(times: Any) -> NDArray[np.float64]:
    """Return moments, or seconds, as seconds since 1970."""
    array = _array(times)
    if array.dtype == object:
        from streamson._frame import as_moments

        array = as_moments(array)
    if array.dtype.kind == "M":
        moments = array.astype("datetime64[us]")
        return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    allowed = "moments, or seconds since 1970"
    return _floats("times", np.atleast_1d(array), allowed, "turn words into moments first")
