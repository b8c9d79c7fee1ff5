"""Tables in memory: each kind gives the same rows."""

import datetime
import math

import numpy as np
import pandas
import polars
import pyarrow
import pytest

from streamson.errors import InputFileError
from streamson.formats.table import Table

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
TIMES = [NOON + datetime.timedelta(seconds=i) for i in range(3)]
COLUMNS = {"when": TIMES, "a": [1, 2, 4], "b": [0.5, None, 2.5], "name": ["x", "y", "z"]}
INDEX = pandas.DatetimeIndex(TIMES)
BARE = {name: values for name, values in COLUMNS.items() if name != "when"}


@pytest.mark.parametrize(
    "frame",
    [
        COLUMNS,
        pandas.DataFrame(COLUMNS),
        pandas.DataFrame(BARE, index=INDEX),
        pandas.DataFrame(BARE, index=INDEX).convert_dtypes(),
        pandas.DataFrame(BARE, index=INDEX.tz_localize(None)),
        polars.DataFrame(COLUMNS),
        pyarrow.table(COLUMNS),
        pyarrow.RecordBatch.from_pydict(COLUMNS),
        [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
    ],
    ids=lambda frame: type(frame).__module__.partition(".")[0],
)
def test_frames_of_all_kinds_are_the_same_table(frame):
    table = Table(frame)
    assert (table.columns, list(table.ignored), table.remarks) == (["a", "b"], ["name"], [])
    rows = list(table.rows())
    assert [row.time for row in rows] == [moment.timestamp() for moment in TIMES]
    assert [row.fields["a"] for row in rows] == [1, 2, 4]
    assert [row.fields["b"] for row in rows] == pytest.approx([0.5, math.nan, 2.5], nan_ok=True)
    assert list(table.rows())[2] == rows[2]


@pytest.mark.parametrize(
    ("frame", "name", "columns"),
    [
        ([1, 5, 2], "data", ["value"]),
        (np.array([1, 5, 2]), "data", ["value"]),
        (np.array([[1, 5], [2, 3]]), "data", ["c1", "c2"]),
        (np.array([(1, 5.0), (2, 3.0)], [("x", int), ("y", float)]), "data", ["x", "y"]),
        (pandas.Series([1, 2], name="load"), "load", ["load"]),
        (polars.Series("load", [1, 2]), "load", ["value"]),
        ({"x": np.float32([1, 2]), "y": [1, math.nan]}, "data", ["x", "y"]),
        (pandas.DataFrame([[1, 2], [3, 4]], columns=["x", "x"]), "data", ["x", "x 2"]),
    ],
)
def test_columns_have_names(frame, name, columns):
    table = Table(frame)
    assert (table.name, table.columns) == (name, columns)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (object(), r"found builtins\.object; a file, a frame of pandas"),
        ({}, "no rows"),
        ([], "no rows"),
        ({"x": [1, 2], "y": [1]}, "columns of 1 and of 2 rows"),
        ({"x": np.zeros((2, 2))}, "no column of numbers; the columns are x"),
        ([[1], [1, 2]], "found builtins.list"),
        (np.array(5), "found numpy.ndarray"),
        ([{"a": 1}, 5], "found builtins.list"),
        (np.zeros((2, 2, 2)), "found numpy.ndarray"),
        (np.zeros((2, 1_025)), "1025 columns; at most 1024"),
        ({"x": ["a", "b"]}, "no column of numbers; the columns are x"),
    ],
)
def test_what_is_no_table_is_explained(frame, words):
    with pytest.raises(InputFileError, match=words):
        Table(frame)


def test_a_long_frame_is_read_in_chunks():
    values = np.arange(10_000.0)
    rows = [row.fields["x"] for row in Table({"x": values}).rows()]
    assert rows == values.tolist()
