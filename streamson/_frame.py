"""Frames of other libraries as columns of numpy arrays, whichever library made them: by narwhals.

A frame is of pandas, Polars, Arrow, or any other that narwhals knows; one that is lazy, such as a
query of Polars or DuckDB, is computed first.
"""

from datetime import UTC, date, datetime
from math import isnan
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from streamson._optional import import_optional
from streamson._printable import printable
from streamson.errors import StreamsonError

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

MAX_REASON_CHARS: Final = 200
"""Of what another library says: a query may be pages long."""


def frame_columns(frame: Any, most_rows: int) -> list[tuple[object, NDArray[Any]]] | None:
    """Return the columns of a frame or series with their names; None if it is neither.

    Parameters
    ----------
    frame
        Whatever it may be.
    most_rows
        Of a frame that is lazy, no more rows are computed than one beyond these.

    Returns
    -------
    list of (name, array)
        Arrays as of `as_array`; an index of times is the first. A series without a name is called
        ``value``.

    Raises
    ------
    StreamsonError
        If a lazy frame can't be computed.
    """
    import narwhals.stable.v2 as nw
    from narwhals.exceptions import DuplicateError

    names = None
    try:
        known = _known(frame)
    except DuplicateError:  # of which it takes none
        names, frame = _numbered(frame)
        known = _known(frame)
    if isinstance(known, nw.LazyFrame):
        known = _computed(known, most_rows)
    if isinstance(known, nw.Series):
        found: list[tuple[object, Any]] = [(known.name or "value", known)]
    elif isinstance(known, nw.DataFrame):
        found = list(zip(names or known.columns, known.iter_columns(), strict=True))
    else:
        return None
    index = nw.maybe_get_index(known)
    if index is not None:
        times = nw.from_native(index.to_series(), series_only=True)
        if times.dtype == nw.Datetime:  # any other index only counts
            found.insert(0, (index.name or "time", times))
    return [(name, _array_of_series(series)) for name, series in found]


def as_array(column: Any) -> NDArray[Any]:
    """Return a column of any kind as numbers, as moments in microseconds, or as objects.

    Moments are of UTC, time spans are seconds, and cells that are arrays are words that say so.
    """
    if isinstance(column, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(column)
        column = np.asarray(column.data, object)
        column[masked] = None
    if hasattr(column, "__array__") and not isinstance(column, np.ndarray):
        series = _known(column.to_series() if hasattr(column, "to_series") else column)
        if hasattr(series, "to_numpy"):
            return _array_of_series(series)
    array = np.asarray(column)
    if array.ndim > 1:  # cells that are arrays are no numbers
        return np.array([f"an array of {array.ndim - 1} dimensions"] * len(array), object)
    if array.dtype.kind == "M":
        return array.astype("datetime64[us]")
    if array.dtype.kind == "m":
        seconds = array.astype("timedelta64[us]").astype(float) / 1e6
        return np.where(np.isnat(array), np.nan, seconds)
    if array.dtype == np.longdouble:
        return array.astype(float)
    return array if array.dtype.kind in "biuf" else array.astype(object)


def as_moments(cells: NDArray[Any]) -> NDArray[Any]:
    """Return objects as moments, where they are dates and what is missing, and nothing else."""
    missing = [is_null(cell) for cell in cells]
    if all(missing) or not all(isinstance(cell, date) or is_null(cell) for cell in cells):
        return cells
    return np.array([None if is_null(cell) else _utc(cell) for cell in cells], "datetime64[us]")


def is_null(cell: object) -> bool:
    """Return whether a cell is what a library writes for what is not available."""
    if isinstance(cell, float):
        return isnan(cell)
    return cell is None or type(cell).__name__ in {"NaTType", "NAType"}


def _known(frame: Any) -> Any:
    """Return what narwhals makes of a frame or series; None if it knows nothing of the kind."""
    import narwhals.stable.v2 as nw

    try:
        return nw.from_native(frame, allow_series=True)
    except TypeError:
        pass
    if not hasattr(frame, "__arrow_c_stream__"):
        return None
    import_optional("pyarrow", "parquet", "an Arrow table of another library")
    return nw.from_arrow(frame, backend="pyarrow")


def _numbered(frame: Any) -> tuple[list[object], Any]:
    """Return the names of a frame's columns, and the frame with numbers in their place."""
    if hasattr(frame, "rename_columns"):  # Arrow
        numbers = [str(i) for i in range(frame.num_columns)]
        return list(frame.column_names), frame.rename_columns(numbers)
    return list(frame.columns), frame.set_axis(range(frame.shape[1]), axis=1)  # as pandas has it


def _computed(frame: "nw.LazyFrame[Any]", most_rows: int) -> "nw.DataFrame[Any]":
    try:
        return frame.head(most_rows + 1).collect()
    except Exception as error:  # of whichever library computes it
        reason = printable((str(error).strip() or type(error).__name__).splitlines()[0])
        raise StreamsonError(
            f"the frame, a query that is not computed yet, failed: {reason[:MAX_REASON_CHARS]}. "
            "Compute it first, to see more of what is wrong"
        ) from None


def _array_of_series(series: "nw.Series[Any]") -> NDArray[Any]:
    import narwhals.stable.v2 as nw

    dtype = series.dtype
    if (
        dtype.is_decimal()
        or dtype in {nw.Int128, nw.UInt128}
        or not (dtype.is_numeric() or dtype.is_temporal() or dtype == nw.Boolean)
    ):  # numpy has no such type
        cells = series.to_list()
        return as_moments(np.fromiter(cells, object, len(cells)))
    array = as_array(series.to_numpy())
    return array if array.dtype != object else as_moments(array)


def _utc(moment: date) -> date:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.astimezone(UTC).replace(tzinfo=None)
    return moment
