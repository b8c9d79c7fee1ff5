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
        return {name: np.atleast_1d(_array(column)) for name, column in given.items()}
    from streamson._frame import frame_columns  # only who sends frames waits for it

    found = frame_columns(given, MAX_BATCH_POINTS)
    if found is None:
        raise MessageError(
            f"found {type(given).__module__}.{type(given).__name__}; columns by field name, or a "
            "frame of pandas, Polars or Arrow are allowed"
        )
    columns = {str(name): column for name, column in found}
    if len(columns) < len(found):
        raise MessageError("two columns of one name; each is a field, so all have to differ")
    return columns


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
    try:
        return np.asarray(column, np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    numbers = [_number(name, cell) for cell in column.tolist()]
    return np.array(numbers, np.float64)


def _number(name: str, cell: Any) -> float:
    from streamson._frame import is_null

    try:
        return np.nan if is_null(cell) else float(cell)
    except (TypeError, ValueError, OverflowError):
        found = repr(cell)[:MAX_SHOWN_CHARS]
        raise MessageError(
            f"column {name!r}: found {found}; numbers and what is missing are allowed: leave the "
            "column out"
        ) from None


def _seconds(times: Any) -> NDArray[np.float64]:
    """Return moments, or seconds, as seconds since 1970."""
    array = _array(times)
    if array.dtype == object:
        from streamson._frame import as_moments

        array = as_moments(array)
    if array.dtype.kind == "M":
        moments = array.astype("datetime64[us]")
        return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    return _numbers("times", array)
