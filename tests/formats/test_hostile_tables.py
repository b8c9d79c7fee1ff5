"""Tables that were made to do harm, or are easily misread: found by attacking the readers."""

import gzip
import io
import json
import time
import zipfile

import numpy as np
import pandas
import pyarrow
import pytest
from pyarrow import parquet

from streamson.errors import InputFileError
from streamson.formats.table import Table
from tests.formats.test_large_tables import render


def columns(table):
    rows = [row.fields for row in table.rows()]
    return {name: [row[name] for row in rows] for name in table.columns}


def table_of(tmp_path, text, name="t.csv"):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Table(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "found", "remarks"),
    [
        ("Wert\n1,5\n2,5\n3,7\n", {"Wert": [1.5, 2.5, 3.7]}, []),
        (
            "a;b\n1,5;1.5\n2,5;2.25\n3,5;9.875\n",
            {"a": [1.5, 2.5, 3.5], "b": [1.5, 2.25, 9.875]},
            [],
        ),
        (
            "a;b\n1,234;1\n2,345;2\n",
            {"a": [1.234, 2.345], "b": [1, 2]},
            ["numbers such as 1,234: the comma is read as decimal"],
        ),
        (
            'v,w\n"1,125",x\n"2,250",y\n',
            {"v": [1125, 2250]},
            ["numbers such as 1,125: the comma is read as of thousands"],
        ),
        ("a;b\n1.125;2\n2.250;3\n", {"a": [1.125, 2.25], "b": [2, 3]}, []),
        (
            "a;b\n1.125;2,5\n2.250;3,5\n",
            {"a": [1125, 2250], "b": [2.5, 3.5]},
            ["numbers such as 1.125: the point is read as of thousands"],
        ),
        ("t,v\n0,1,ok\n5,7,ok\n2,3,bad\n", {"t": [0, 5, 2], "v": [1, 7, 3]}, []),
        (
            "x y\n1 5 7\n2 6 8\n3 9 1\n",
            {"c1": [1, 2, 3], "x": [5, 6, 9], "y": [7, 8, 1]},
            ["the first column has no name, and is called c1"],
        ),
        (
            "country,2019,2020,2021\nDE,1,2,3\nFR,4,5,6\n",
            {"2019": [1, 4], "2020": [2, 5], "2021": [3, 6]},
            [],
        ),
        ("m\n1.5 kg\n300 g\n2 kg\n", {"m": [1.5, 0.3, 2]}, []),
        (
            "n\n1000\n2_5\n3000\n",
            {"n": [1000, np.nan, 3000]},
            ["1 cell taken as empty: line 3, column 'n': found '2_5', no number"],
        ),
        (
            "date,x\n45292,1\n45293,2\n45295,3\n",
            {"x": [1, 2, 3]},
            ["dates are read as the days that Excel counts"],
        ),
        ("sep=;\na;b\n1;2\n2;3\n", {"a": [1, 2], "b": [2, 3]}, []),
        (
            "1,2\n3,4\n1,2,3\n4,5,6\n7,8,1\n",
            {"c1": [1, 4, 7], "c2": [2, 5, 8], "c3": [3, 6, 1]},
            [
                "its first row has no names: columns are called c1, c2, …",
                "1 row above the table left out: not as wide as most",
            ],
        ),
        (
            "date;sales\n01.01.2026;5\n02.01.2026;6\nSumme;11\n",
            {"sales": [5, 6]},
            ["1 row skipped: line 4, column 'date': found 'Summe', no time"],
        ),
    ],
)
def test_what_is_easily_misread_is_read_or_told(tmp_path, text, found, remarks):
    table = table_of(tmp_path, text)
    assert columns(table) == {name: pytest.approx(v, nan_ok=True) for name, v in found.items()}
    assert table.remarks == remarks


def test_a_quote_that_nobody_closes_is_told(tmp_path):
    rows = [f"{i},{i % 7}\n" for i in range(100)]
    rows[6] = '5,"3\n'
    table = table_of(tmp_path, "a,b\n" + "".join(rows))
    assert len(list(table.rows())) == 6
    assert table.remarks == ["1 row skipped: a quote that opens in line 8 closes in line 101"]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("t.json", b'\xef\xbb\xbf[{"a":1},{"a":3}]', {"a": [1, 3]}),
        ("t.json", b'\xef\xbb\xbf{"a":[1,2,5]}', {"a": [1, 2, 5]}),
        ("t.json", b'[["a","b"],[1,2],[3,5]]', {"a": [1, 3], "b": [2, 5]}),
        ("t.jsonl", b'["a","b"]\n[1,2]\n[3,5]\n', {"a": [1, 3], "b": [2, 5]}),
        (
            "t.json",
            b'{"hourly_units":{"t":"C"},"hourly":{"time":["2026-01-01T00:00","2026-01-01T01:00"],"t":[5,3]}}',
            {"t": [5, 3]},
        ),
        ("t.json", b'[{"a":NaN,"b":1},{"a":2,"b":-Infinity}]', {"a": [None, 2], "b": [1, None]}),
        ("t.jsonl", b'{"a":1}\n{"a":NaN}\n{"a":3}\n', {"a": [1, None, 3]}),
        ("t.json", b'{"a":[1,NaN,3]}', {"a": [1, None, 3]}),
        ("t.json", b"[5, 3.5, 4]", {"value": [5, 3.5, 4]}),
    ],
)
def test_json_of_others_is_read(tmp_path, name, text, found):
    wanted = {k: [np.nan if x is None else x for x in v] for k, v in found.items()}
    table = table_of(tmp_path, text, name)
    assert columns(table) == {k: pytest.approx(v, nan_ok=True) for k, v in wanted.items()}
    assert table.remarks == []


def test_nan_is_found_wherever_a_block_ends(tmp_path):
    rows = [{"a": float("nan") if i % 3 else i, "b": "NaN"} for i in range(20_000)]
    table = table_of(tmp_path, json.dumps(rows), "t.json")
    found = columns(table)["a"]
    assert found == pytest.approx([np.nan if i % 3 else i for i in range(20_000)], nan_ok=True)


@pytest.mark.parametrize(
    "value",
    [
        np.ma.array([1, 999, 4], mask=[0, 1, 0]),
        np.array([1, "NaT", 4], "m8[s]"),
        pandas.Series(pandas.to_timedelta([1, None, 4], unit="s")),
        pandas.Series([1, None, 4], dtype="Int64"),
    ],
)
def test_what_is_not_there_is_no_value(value):
    assert columns(Table({"x": value})) == {"x": pytest.approx([1, np.nan, 4], nan_ok=True)}


def test_an_odd_column_does_not_refuse_the_others():
    table = Table({"a": np.zeros((2, 3)), "b": [1, 2]})
    assert (table.columns, table.ignored) == (["b"], {"a": "not numbers"})


def test_doubled_names_in_a_parquet_file_are_a_line(tmp_path):
    doubled = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], ["a", "a"])
    parquet.write_table(doubled, tmp_path / "t.parquet")
    with pytest.raises(InputFileError, match="column 'a' is named twice"):
        Table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" * 100_000, "nested more than 64 deep"),
        (b'[{"' + b"a" * 3_000_000, "a row has more than"),
        (b"[1, 2", "t.json: "),
    ],
)
def test_json_without_an_end_is_refused(tmp_path, text, words):
    (tmp_path / "t.json").write_bytes(gzip.compress(text))
    code, _, err, used_mb = render(tmp_path, "t.json", "-o", "n.csv")
    assert (code, used_mb < 350) == (1, True)
    assert words in err


def sheet(cells):
    """Return a workbook of the least kind that has these cells."""
    rows = "".join(f'<row r="{row}"><c r="{ref}"><v>5</v></c></row>' for ref, row in cells)
    of_sheet = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    link = f'<Relationships xmlns="{packed}/relationships"><Relationship Id="r1" Type="{links}/'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packed}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'{link}officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {of_sheet} xmlns:r="{links}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{link}worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f"<worksheet {of_sheet}><sheetData>{rows}</sheetData>"
        "</worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("cells", "code", "words"),
    [
        ([("A1", 1), ("XFD1048576", 1_048_576)], 1, "16384 columns; at most 1024"),
        ([("A1", 1), ("A2", 2), ("J1048576", 1_048_576)], 0, "t: c1 -> pitch"),
        ([("A1", 1), ("A99999999999", 99_999_999_999)], 1, "more than 1048576 rows"),
        ([("ZZZZZZZ1", 1)], 1, "no sheet of Excel"),
    ],
)
def test_a_cell_far_away_takes_no_memory(tmp_path, cells, code, words):
    (tmp_path / "t.xlsx").write_bytes(sheet(cells))
    done, _, err, used_mb = render(tmp_path, "t.xlsx", "-o", "n.csv")
    assert done == code, err
    assert words in err
    assert used_mb < 350


def test_another_archive_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", "a\n1\n")
    with pytest.raises(InputFileError, match="it is a zip archive, and no sheet of Excel"):
        Table(tmp_path / "t.zip")


def test_many_columns_of_text_are_looked_at_quickly(tmp_path):
    text = ",".join(f"c{i}" for i in range(301)) + "\n" + ("hello 5," * 300 + "3\n") * 5
    begin = time.monotonic()
    assert table_of(tmp_path, text).columns == ["c300"]
    assert time.monotonic() - begin < 10  # it was 50 s and more


def test_names_steer_no_terminal(tmp_path):
    table = table_of(tmp_path, "\x1b[31mred\x1b]0;pwn\x07,b\n1,2\n2,3\n")
    assert table.names == ["\\x1b[31mred\\x1b]0;pwn\\x07", "b"]
    with pytest.raises(InputFileError) as caught:
        Table(tmp_path / "none\x1b[31m.csv")
    assert "\x1b" not in str(caught.value)
