"""Which columns of a table are heard where nobody says."""

import math

import numpy as np
import pytest

from streamson.errors import UsageError
from streamson.formats.table import Row, Table
from streamson.formats.table_columns import choose_columns, left_out_words, named_columns

RANDOM = np.random.default_rng(5)
NOISE = RANDOM.normal(size=200)
INDEX = np.arange(200.0)


def choose(**columns):
    rows = [
        Row(dict(zip(columns, values, strict=True)), math.nan)
        for values in zip(*columns.values(), strict=True)
    ]
    return choose_columns(rows, list(columns))


def test_what_varies_is_heard_and_the_rest_is_explained():
    other = RANDOM.normal(size=200)
    choice = choose(
        t=INDEX / 7,
        flat=np.full(200, 3.0),
        empty=np.full(200, math.nan),
        a=NOISE,
        kelvin=273.15 + 2 * NOISE,
        b=other,
        total=np.cumsum(np.abs(other)),
    )
    assert choice.heard == ["a", "b"]
    assert choice.left_out == {
        "t": "counts the rows",
        "flat": "never changes",
        "empty": "has no values",
        "kelvin": "moves as a does",
        "total": "only counts up",
    }


@pytest.mark.parametrize(
    ("columns", "heard"),
    [
        ({"t": INDEX, "v": 3 * INDEX}, ["v"]),
        ({"t": INDEX, "total": INDEX**2}, ["total"]),
        ({"a": np.ones(200), "b": np.ones(200)}, ["a"]),
        ({"only": INDEX}, ["only"]),
        ({"t": INDEX, "v": np.where(INDEX % 5 == 0, math.nan, INDEX % 3)}, ["v"]),
        ({"a": NOISE[:1], "b": NOISE[:1]}, ["a", "b"]),
    ],
)
def test_something_is_always_heard(columns, heard):
    assert choose(**columns).heard == heard


def test_columns_are_named_or_numbered_among_all_of_the_table():
    table = Table({"name": ["a", "b"], "us": [1, 2], "sy": [2, 1], "2": [3, 4]})
    assert named_columns(["sy", " us"], table) == ["sy", "us"]
    assert named_columns(["3", "2", "3"], table) == ["sy", "2"]  # a name goes first
    with pytest.raises(UsageError, match=r"the table: no column 'su'; .* are us, sy, 2"):
        named_columns(["su"], table)
    with pytest.raises(UsageError, match="column 'name' is no numbers; the columns of"):
        named_columns(["1"], table)


def test_what_is_left_out_is_told_briefly():
    words = left_out_words({f"c{i}": "never changes" for i in range(30)}, ["x"])
    assert words.startswith("c0 (never changes), c1 (never changes), ")
    assert words.endswith(", and 11 more")
    assert left_out_words({}, ["x"]) == "x (more than a pitch and a volume)"
