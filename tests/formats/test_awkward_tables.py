"""Files as people and their programs write them: each is read, or refused in one sentence."""

import math
from pathlib import Path

import pytest

from streamson.errors import InputFileError
from streamson.formats.table import Table
from tests.conftest import DATA

NAN = math.nan
NOON = 1_769_860_800.0  # 2026-01-31 12:00 UTC
NO_NAMES = "its first row has no names: columns are called c1, c2, …"

READ: dict[str, tuple[dict[str, list[float]], list[float], list[str]]] = {
    "answer_of_a_service.json": (
        {"values.2": [1.5, 2.5]},
        [NOON, NOON + 15],
        ["column 'values.1' is taken for the time"],
    ),
    "apache_log_dates.txt": ({"c2": [5, 7, 6]}, [NOON, NOON + 2, NOON + 3], [NO_NAMES]),
    "bars.txt": ({"a": [1, 3, 4], "b": [2, 5, 1]}, [], []),
    "blanks_aligned.txt": ({"load": [1, 2.5, 10], "temp": [21, 22, 20]}, [], []),
    "byte_order_mark.csv": ({"x": [2, 5, 1]}, [1, 2, 3], []),
    "columns.json": ({"a": [1, 2, 4], "b": [5, NAN, 6]}, [], []),
    "comments.csv": ({"temp": [21, 22, 20]}, [1, 2, 5], []),
    "date_and_clock.csv": ({"x": [1, 3, 2]}, [NOON + 43_190, NOON + 43_195, NOON + 43_200], []),
    "dates_american.csv": ({"x": [1, 3, 2]}, [NOON - 129_600, NOON - 43_200, NOON + 43_200], []),
    "dates_and_zones.csv": ({"x": [1, 3, 2]}, [NOON - 7_200, NOON - 7_195, NOON - 7_190], []),
    "dates_either_way.csv": (
        {"x": [1, 3]},
        [1_767_366_000, 1_767_366_300],
        ["dates such as 01/02/2026 3:00 PM are read month first"],
    ),
    "dates_of_words.csv": ({"x": [1, 3, 2]}, [], []),
    "delimiter_at_the_end.csv": ({"a": [1, 2, 5], "b": [2, 3, 1], "c3": [NAN] * 3}, [], []),
    "duplicate_names.csv": (
        {"x": [1, 2, 3], "x 2": [2, 1, 5], "y": [3, 4, 0]},
        [],
        ["a second column 'x' is called 'x 2'"],
    ),
    "lines.jsonl": (
        {"a": [1, 2, 3], "b": [5, 6, NAN], "z": [NAN, NAN, 1]},
        [],
        ["1 row skipped: line 4 is no JSON: JSON is malformed: invalid character (byte 4)"],
    ),
    "list.json": ({"t": [1, 2, 4], "cpu.load": [2.5, 1.5, 3]}, [], []),
    "milliseconds.csv": ({"x": [1, 3, 2]}, [NOON, NOON + 0.5, NOON + 1], []),
    "missing_words.csv": (
        {"a": [1, NAN, NAN, NAN, NAN, 4], "b": [2, 3, 4, 5, 6, NAN]},
        [],
        [],
    ),
    "money.csv": ({"price": [1200.5, -3, 7]}, [], []),
    "no_names.csv": ({"c1": [1, 2, 3], "c2": [2, 4, 1]}, [], [NO_NAMES]),
    "nul_bytes.csv": (
        {"a": [1, 2, 4], "b": [2, NAN, 5]},
        [],
        ["1 cell taken as empty: line 3, column 'b': found '\\x00\\x00', no number"],
    ),
    "old_mac_line_ends.csv": ({"a": [1, 2, 5], "b": [2, 3, 1]}, [], []),
    "packed.csv.gz": ({"t": [1, 2, 3], "x": [2, 4, 1]}, [], []),
    "percent_and_units.csv": (
        {"load": [61.4, 65, 9.5], "temperature": [21.5, 22, -3], "sent": [500, 1200, 900]},
        [NOON, NOON + 10, NOON + 20],
        [],
    ),
    "ragged_rows.csv": (
        {"a": [1, 1], "b": [2, 5], "c": [3, 2]},
        [],
        ["2 rows skipped: line 3 has 2 of 3 cells"],
    ),
    "semicolons_decimal_commas.csv": (
        {"Temperatur": [21.5, 22.25, 20.75], "Feuchte": [40, 41, 39.5]},
        [NOON, NOON + 60, NOON + 120],
        [],
    ),
    "sheet.xlsx": (
        {"Temp": [21.5, 22, NAN, 20.5], "Wet": [0, 1, 4, 9]},
        [NOON, NOON + 5, NOON + 10, NOON + 15],
        ["read is the sheet 'Data'; left out: More"],
    ),
    "tabs.tsv": ({"a": [1, 3, 4], "b": [2, 5, 1]}, [], []),
    "thousands_english.csv": ({"a": [1000, 1250, 999], "b": [2500, 3000, 4100]}, [], []),
    "thousands_french.csv": ({"a": [1116.91, 1250, 999], "b": [2, 3, 1]}, [], []),
    "thousands_german.csv": (
        {"a": [1116.91, 1250, 999], "b": [2000, 3100, 4000]},
        [],
        ["numbers such as 2.000: the point is read as of thousands"],
    ),
    "total_below.csv": (
        {"day": [1, 2, 3, 4, NAN], "sold": [4, 6, 5, 8, 23]},
        [],
        ["1 cell taken as empty: line 6, column 'day': found 'Total', no number"],
    ),
    "units_below_names.csv": (
        {"temp": [21.5, 22, 20]},
        [0, 1, 2],
        ["the row below the names is taken for units"],
    ),
    "unknown_unit.csv": ({"rain": [1.5, 2, 0]}, [], []),
    "unnamed_index.csv": ({"c1": [0, 1, 2], "x": [2, 4, 1]}, [], []),
    "utf16.csv": ({"a": [1, 2, 3], "b": [2, 3, 1]}, [], []),
    "windows_1252.csv": (
        {"Temperatur °C": [1.5, 2.5, 3.5], "Preis €": [2, 3, 1]},
        [],
        ["it is not UTF-8, and read as Windows-1252"],
    ),
    "words_above.csv": ({"temp": [21, 22, 20]}, [1, 2, 5], []),
}
"""File to its columns, times, and what was taken for granted."""

REFUSED = {
    "broken_off.csv.gz": "it is packed, and broken: Compressed file ended before the "
    "end-of-stream marker was reached",
    "empty.csv": "the table has no rows",
    "names_only.csv": "the table has no rows",
    "no_numbers.csv": "no column of numbers; the columns are name, city",
    "picture.csv": "it is no text, and no kind of table that is known",
}

FOLDER = DATA / "tables"


@pytest.mark.parametrize("name", READ)
def test_an_awkward_table_is_read(name):
    columns, times, remarks = READ[name]
    table = Table(FOLDER / name)
    rows = list(table.rows())
    found = {column: [row.fields[column] for row in rows] for column in table.columns}
    assert list(found) == list(columns)
    for column, values in columns.items():
        assert found[column] == pytest.approx(values, nan_ok=True)
    assert [row.time for row in rows] == pytest.approx(times or [NAN] * len(rows), nan_ok=True)
    assert table.remarks == remarks
    # A second pass is the same as the first.
    assert [repr(row) for row in table.rows()] == [repr(row) for row in rows]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused_in_a_sentence(name):
    with pytest.raises(InputFileError) as caught:
        list(Table(FOLDER / name).rows())
    assert str(caught.value) == f"{FOLDER / name}: {REFUSED[name]}"


def test_no_file_is_forgotten():
    assert {path.name for path in FOLDER.iterdir()} == {*READ, *REFUSED}


def test_units_are_known():
    units = Table(FOLDER / "percent_and_units.csv").units
    assert units == {"load": "%", "temperature": "C", "sent": "kB"}


def test_a_time_that_is_asked_for_and_can_not_be_read_is_refused():
    with pytest.raises(InputFileError, match="column 'date': found 'yesterday'; seconds or a date"):
        Table(FOLDER / "dates_of_words.csv", time_column="date")
    assert Table(FOLDER / "dates_of_words.csv").ignored == {
        "date": "found 'yesterday', which is no time"
    }


def test_a_name_is_only_a_name(tmp_path):
    for name in ("weird*[1].csv", "no ending", "table.log"):
        path = Path(tmp_path / name)
        path.write_bytes((FOLDER / "bars.txt").read_bytes())
        assert Table(path).columns == ["a", "b"]
