"""Tables in memory: each kind gives the same rows."""

import datetime
import math
from decimal import Decimal

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.errors import InputFileError, StreamsonError
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
        polars.LazyFrame(COLUMNS),
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
        (polars.Series("load", [1, 2]), "load", ["load"]),
        (polars.Series([1, 2]), "data", ["value"]),
        (pyarrow.chunked_array([[1, 2]]), "data", ["value"]),
        ({"x": np.float32([1, 2]), "y": [1, math.nan]}, "data", ["x", "y"]),
        (pandas.DataFrame([[1, 2], [3, 4]], columns=["x", "x"]), "data", ["x", "x 2"]),
        (pyarrow.table([[1, 2], [3, 4]], names=["x", "x"]), "data", ["x", "x 2"]),
        (pandas.DataFrame([[1, 2], [3, 4]]), "data", ["0", "1"]),
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


NUMBERS = st.none() | st.floats(width=64)
KINDS = st.sampled_from(
    [
        NUMBERS,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
        st.none() | st.sampled_from(["a", "b", "1,5", "2026-01-31 12:00"]),
        st.none() | st.datetimes(datetime.datetime(1980, 1, 1), datetime.datetime(2100, 1, 1)),
        st.none() | st.dates(datetime.date(1980, 1, 1), datetime.date(2100, 1, 1)),
        st.none() | st.timedeltas(datetime.timedelta(-99), datetime.timedelta(99)),
        st.none() | st.decimals(-99, 99, places=3),
    ]
)


@st.composite
def columns_of_some_kinds(draw):
    length = draw(st.integers(1, 20))
    kinds = draw(st.lists(KINDS, max_size=4))
    columns = {
        f"c{i}": draw(st.lists(kind, min_size=length, max_size=length))
        for i, kind in enumerate(kinds)
    }
    return {"x": draw(st.lists(NUMBERS, min_size=length, max_size=length)), **columns}


def content(frame):
    table = Table(frame)
    rows = [(row.time, *row.fields.items()) for row in table.rows()]
    return table.time_column, table.columns, list(table.ignored), repr(rows)


@given(columns_of_some_kinds())
@settings(max_examples=40)
def test_what_a_frame_holds_does_not_depend_on_its_library(columns):
    arrow = pyarrow.table(columns)
    frames = [polars.from_arrow(arrow), pandas.DataFrame(columns), arrow]
    frames += [frames[0].lazy(), arrow.to_pandas(types_mapper=pandas.ArrowDtype)]
    first, *others = map(content, frames)
    assert all(other == first for other in others)


def test_moments_of_all_zones_are_the_same():
    berlin = pandas.DataFrame({"when": TIMES, "x": [1, 2, 3]})
    berlin["when"] = berlin["when"].dt.tz_convert("Europe/Berlin")
    frames = [berlin, berlin.set_index("when"), polars.from_pandas(berlin)]
    frames.append(pyarrow.Table.from_pandas(berlin))
    for frame in frames:
        times = [row.time for row in Table(frame).rows()]
        assert times == [moment.timestamp() for moment in TIMES]


def test_categories_and_decimals_are_what_they_stand_for():
    names = ["on", "off", "on"]
    frames = [
        pandas.DataFrame({"x": [Decimal("1.5"), None, Decimal(2)], "n": pandas.Categorical(names)}),
        polars.DataFrame({"x": [Decimal("1.5"), None, Decimal(2)], "n": names}).with_columns(
            polars.col("n").cast(polars.Categorical)
        ),
        pyarrow.table(
            {
                "x": [Decimal("1.5"), None, Decimal("2.0")],
                "n": pyarrow.array(names).dictionary_encode(),
            }
        ),
    ]
    for frame in frames:
        table = Table(frame)
        assert (table.columns, list(table.ignored)) == (["x"], ["n"])
        assert repr([row.fields["x"] for row in table.rows()]) == "[1.5, nan, 2.0]"


def test_a_query_that_fails_says_so():
    query = polars.LazyFrame({"x": ["a"]}).select(polars.col("x").cast(polars.Int64))
    with pytest.raises(
        StreamsonError, match=r"a query that is not computed yet, failed: .*Compute"
    ):
        Table(query)


@pytest.mark.parametrize(
    "frame",
    [
        polars.DataFrame({"x": [1, 2, None], "n": [[1], [2], None]}).with_columns(
            polars.col("x").cast(polars.Int128), s=polars.struct("x")
        ),
        pyarrow.table({"x": [1, 2, None], "n": [[1], [2], None], "s": [{"x": 1}, {"x": 2}, None]}),
        pandas.DataFrame({"x": [1, 2, None], "n": [[1], [2], None], "s": [{}, {"x": 2}, None]}),
    ],
)
def test_cells_that_are_tables_themselves_are_no_numbers(frame):
    table = Table(frame)
    assert (table.columns, list(table.ignored)) == (["x"], ["n", "s"])
    assert repr([row.fields["x"] for row in table.rows()]) == "[1.0, 2.0, nan]"
