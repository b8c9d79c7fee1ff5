"""Tables: what people's files look like, and what they are told about their mistakes."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow
import pytest
from pyarrow import parquet

from streamson.errors import InputFileError
from streamson.formats.table import Table


def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "a,b\n1,2\n,4\n"),
        ("t.csv", "\ufeffa;b\r\n1;2\r\n;4\r\n"),
        ("t.tsv", "a\tb\n1\t2\nNA\t4\n"),
        ("t.csv", 'a, b\n"1",2\n inf ,4\n\n'),
        ("t.jsonl", '{"a": 1, "b": 2}\n\n{"a": null, "b": 4.0}\n'),
    ],
)
def test_the_same_table_in_many_files(tmp_path, name, text):
    table = Table(write(tmp_path / name, text))
    assert table.columns == ["a", "b"]
    rows = [row.fields for row in table.rows()]
    assert rows[0] == {"a": 1.0, "b": 2.0}
    assert math.isnan(rows[1]["a"])
    assert rows[1]["b"] == 4.0
    assert len(rows) == 2


def test_time_is_found_and_texts_are_left_out(tmp_path):
    text = "Timestamp,host,cpu\n2014-02-14 14:27:00,web1,51.8\n2014-02-14T14:32:00+00:00,web1,44\n"
    table = Table(write(tmp_path / "t.csv", text))
    assert (table.columns, table.time_column, table.ignored) == (
        ["cpu"],
        "Timestamp",
        {"host": "not numbers"},
    )
    assert [row.time for row in table.rows()] == [1_392_388_020.0, 1_392_388_320.0]


def test_a_time_column_can_be_named(tmp_path):
    table = Table(write(tmp_path / "t.csv", "x,t\n1,10\n2,11.5\n"), time_column="t")
    assert [row.time for row in table.rows()] == [10.0, 11.5]
    with pytest.raises(InputFileError, match=r"no column 'tt'; the columns are x, t"):
        Table(tmp_path / "t.csv", time_column="tt")


def test_rows_are_read_anew_each_time(tmp_path):
    table = Table(write(tmp_path / "t.csv", "x\n1\n2\n"))
    assert list(table.rows()) != []
    assert [row.fields["x"] for row in table.rows()] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "name\nx\n", r"no column of numbers; the columns are name"),
        ("t.csv", "a\n", "no rows"),
        ("t.csv", "", "no rows"),
        ("t.csv", b"a\n" + 99 * b"\0", "it is no text, and no kind of table that is known"),
        ("t.gz", b"\x1f\x8bno", "it is packed, and broken"),
        ("t.json", "[1, 2", "t.json: "),
        ("t.json", '{\n"a": 1,\n"b": 2\n}', "found an object without a list of rows"),
        ("t.jsonl", '{"a": 1\n{"a": 2}\n', r"line 1: .*each line is an object"),
        ("t.xlsx", b"PK\x03\x04" + bytes(99), r"t\.xlsx: "),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, name, text, words):
    with pytest.raises(InputFileError, match=words):
        list(Table(write(tmp_path / name, text)).rows())


def test_files_that_can_not_be_read_are_named(tmp_path):
    with pytest.raises(InputFileError, match="No such file or directory"):
        Table(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputFileError, match="Is a directory"):
        Table(tmp_path / "folder.csv")


def test_a_parquet_table_is_read_as_a_csv_is(tmp_path):
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=i) for i in range(9_000)]
    columns = {
        "time": pyarrow.array(moments, pyarrow.timestamp("ns", "UTC")),
        "count": list(range(9_000)),
        "name": ["a"] * 9_000,
        "price": pyarrow.array([Decimal("1.25")] * 9_000),
        "gap": [None, float("nan"), *[2.5] * 8_998],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    table = Table(tmp_path / "t.parquet")
    assert (table.columns, table.ignored) == (["count", "price", "gap"], {"name": "not numbers"})
    rows = list(table.rows())
    assert len(rows) == 9_000
    assert [row.time for row in rows] == [moment.timestamp() for moment in moments]
    assert rows[8_000].fields == {"count": 8_000, "price": 1.25, "gap": 2.5}
    assert math.isnan(rows[0].fields["gap"])
    assert math.isnan(rows[1].fields["gap"])


def test_what_is_no_parquet_is_explained(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputFileError, match=r"t\.parquet"):
        Table(tmp_path / "t.parquet")
