"""Where one sign alone can part cells, it does, and says the same as a look at all dialects."""

import io
import sys

import clevercsv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.formats.delimited import DelimitedRows

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: f"{value:.4f}")
tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(numbers, min_size=width, max_size=width), min_size=3, max_size=30
    )
)


def text_of(rows, sign):
    head = sign.join("abcde"[: len(rows[0])])
    return head + "\n" + "".join(sign.join(row) + "\n" for row in rows)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", " "])
@given(rows=tables)
def test_a_plain_table_is_what_a_look_at_all_dialects_says(sign, rows):
    text = text_of(rows, sign)
    table = DelimitedRows(lambda: io.BytesIO(text.encode()), "plain")
    assert table.names == list("abcde"[: len(rows[0])])
    found = clevercsv.Detector().detect(text, delimiters=[",", ";", "\t", "|", " "])
    assert found is not None
    assert found.delimiter == sign


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@given(rows=tables, minute=st.integers(0, 29))
def test_the_blank_before_a_time_of_day_parts_no_cells(sign, rows, minute):
    text = "".join(
        f"2014-04-10 00:{minute + number:02d}:00{sign}{sign.join(row)}\n"
        for number, row in enumerate(rows)
    )
    text = f"time{sign}{text_of(rows, sign).partition(chr(10))[0]}\n{text}"
    loaded = sys.modules.pop("clevercsv", None)
    try:
        table = DelimitedRows(lambda: io.BytesIO(text.encode()), "plain")
        assert "clevercsv" not in sys.modules
    finally:
        sys.modules["clevercsv"] = loaded
    assert table.names == ["time", *"abcde"[: len(rows[0])]]
    found = clevercsv.Detector().detect(text, delimiters=[",", ";", "\t", "|", " "])
    assert found is not None
    assert found.delimiter == sign


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('a,b\n"1",2\n3,4\n', ["a", "b"]),  # quotes
        ("a;b\n1,5;2,5\n3,5;4,5\n", ["a", "b"]),  # decimal commas
        ("x\n1,5\n2,5\n3,25\n", ["x"]),  # a column of them
        ("# made today\na,b\n1,2\n3,4\n", ["a", "b"]),  # a remark
    ],
)
def test_in_doubt_all_dialects_are_looked_at(text, names):
    assert DelimitedRows(lambda: io.BytesIO(text.encode()), "doubt").names == names
