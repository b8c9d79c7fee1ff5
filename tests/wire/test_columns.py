"""What may be sent as a batch: columns of any kind, and frames of any library."""

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.wire.points.columns import batch_columns
from streamson.wire.points.publisher import Publisher
from streamson.wire.points.receiver import Receiver
from tests.conftest import until

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
TIMES = [NOON + datetime.timedelta(seconds=i) for i in range(3)]
SECONDS = [moment.timestamp() for moment in TIMES]
COLUMNS = {"when": TIMES, "a": [1, 2, 4], "b": [0.5, None, 2.5]}


def frames_of(columns):
    """Return the same frame of each library."""
    arrow = pyarrow.table(columns)
    lazy = polars.from_arrow(arrow).lazy()
    return [pandas.DataFrame(columns), lazy.collect(), arrow, lazy]


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.booleans(),
            st.none() | st.datetimes(datetime.datetime(1980, 1, 1), datetime.datetime(2100, 1, 1)),
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=40)
def test_points_do_not_depend_on_the_library(rows):
    floats, whole, flags, moments = map(list, zip(*rows, strict=True))
    columns = {"f": floats, "w": whole, "b": flags}
    as_columns = batch_columns(columns, None).fields
    told = any(moments)  # else no library knows what is missing
    for frame in frames_of({**columns, "t": moments} if told else columns):
        fields, times = batch_columns(frame, None)
        assert {name: values.tobytes() for name, values in fields.items()} == {
            name: values.tobytes() for name, values in as_columns.items()
        }
        if told:
            utc = [m and m.replace(tzinfo=datetime.UTC).timestamp() for m in moments]
            assert times.tobytes() == np.array(utc, float).tobytes()
        else:
            assert times is None


def test_frames_of_all_libraries_arrive_as_the_same_points():
    with Receiver("tcp://127.0.0.1:*") as receiver, Publisher(receiver.endpoint) as publisher:
        frames = frames_of(COLUMNS)
        frames.append(frames[0].set_index("when"))
        for frame in frames:
            assert publisher.send_batch("fan", frame)
        batches = []
        until(
            lambda: batches.extend(receiver.receive(0.1)) or len(batches) == len(frames), "batches"
        )
    for batch in batches:
        assert batch.times.tolist() == SECONDS
        assert {name: repr(column.tolist()) for name, column in batch.columns.items()} == {
            "a": "[1.0, 2.0, 4.0]",
            "b": "[0.5, nan, 2.5]",
        }


@pytest.mark.parametrize(
    "times",
    [
        SECONDS,
        np.array(SECONDS),
        TIMES,
        [moment.astimezone(ZoneInfo("Asia/Kolkata")) for moment in TIMES],
        pandas.DatetimeIndex(TIMES),
        polars.Series(TIMES),
    ],
)
def test_times_are_seconds_or_moments(times):
    assert batch_columns({"x": [1, 2, 3]}, times).times.tolist() == SECONDS
    frame = polars.DataFrame({"x": [1, 2, 3], "t": times})
    fields, found = batch_columns(frame, "t")
    assert (list(fields), found.tolist()) == (["x"], SECONDS)


@pytest.mark.parametrize("kind", [None, pandas.ArrowDtype(pyarrow.date32())])
def test_days_are_moments(kind):
    days = pandas.Series([datetime.date(2026, 1, 31), None], dtype=kind)
    fields, times = batch_columns(pandas.DataFrame({"day": days, "x": [1, 2]}), None)
    assert (list(fields), repr(times.tolist())) == (["x"], "[1769817600.0, nan]")


def test_columns_of_a_mapping_are_of_any_library():
    columns = {
        "a": pandas.Series([1, None], dtype="Int64"),
        "b": polars.Series([True, None]),
        "c": pyarrow.chunked_array([[1.5, None]]),
        "d": (1, None),
        "e": range(1, 3),
    }
    fields, times = batch_columns(columns, None)
    told = [values.tolist() for values in fields.values()]
    assert repr(told) == "[[1.0, nan], [1.0, nan], [1.5, nan], [1.0, nan], [1.0, 2.0]]"
    assert times is None


@pytest.mark.parametrize(
    ("given_", "times", "words"),
    [
        (pandas.DataFrame({"n": ["x"], "a": [1]}), None, r"column 'n': found 'x'; numbers and"),
        (polars.DataFrame({"a": [TIMES[0]], "b": [TIMES[0]]}), None, r"column 'b': found moments"),
        (polars.DataFrame({"a": [1]}), "t", r"no column 't' for the times; the columns are a"),
        (pandas.DataFrame([[1, 2]], columns=["x", "x"]), None, "two columns are called 'x'; each"),
        (7, None, r"found builtins\.int; columns by field name, or a frame of pandas"),
        ({"x": np.zeros((2, 2))}, None, "column 'x': found 2 dimensions; one is allowed"),
        ({"x": [[1], [1, 2]]}, None, "column 'x': found lists of different lengths"),
        ({"x": [1]}, ["noon"], "times: found 'noon'; moments, or seconds since 1970 are allowed"),
        ({"x": [1], "t": ["noon"]}, "t", "times: found 'noon'; moments, or seconds since 1970"),
        ({"z": [1 + 2j]}, None, r"column 'z': found \(1\+2j\); .* real and its imaginary part"),
        ({"z": np.array([1 + 0j])}, None, r"column 'z': found \(1\+0j\); .* imaginary part"),
        ({"x": [10**5000]}, None, r"column 'x': found an integer beyond 1\.8e308"),
        (polars.DataFrame({"x": range(70_000)}), None, "more than 65536 rows"),
    ],
)
def test_what_can_not_be_sent_is_explained(given_, times, words):
    with Publisher(wait_s=0) as publisher, pytest.raises(MessageError, match=words) as caught:
        publisher.send_batch("s", given_, times=times)
    assert str(caught.value).startswith("batch for 's'")
