"""Tables that unpack to more than there is: refused in a line, by a process with little memory."""

import os
import subprocess
import sys

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from streamson.errors import InputFileError
from streamson.formats.parquet_rows import MAX_CELL_CHARS, MAX_GROUP_BYTES
from streamson.formats.row_source import MAX_ROW_CHARS
from streamson.formats.table import Table

FENCE_BYTES = 3 << 30
"""Of addresses: a process that renders takes about two without touching them."""


MEASURED = f"""
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_AS, ({FENCE_BYTES}, {FENCE_BYTES}))
code = subprocess.call([sys.executable, "-m", "streamson", "render", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def render(folder, *words):
    """Render in a process that can't take much; return what it said and its peak in MB."""
    # By way of a small one: a process begins with the peak of the one that it is forked from.
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stderr
    *lines, used_kb = done.stderr.splitlines(keepends=True)
    return done.returncode, done.stdout, "".join(lines), int(used_kb) / 1_024


def rows_of(count):
    return "".join(f"{i % 97}\n" for i in range(count))


@pytest.mark.parametrize(
    ("name", "begin", "again", "message"),
    [
        ("t.csv", "", "1" * 1_000, "line 1: the row has more than"),
        ("t.csv", "x\n", "1" * 1_000, "line 2: the row has more than"),
        ("t.csv", "x,y\n", ",".join("1" * 500), "line 2: the row has more than"),
        ("t.csv", 'x,y\n1,"\n', '","\n' * 300, "the row has more than"),
        ("t.jsonl", '{"x": ', "1" * 1_000, "line 1: the row has more than"),
        ("t.jsonl", "{" + " " * 99, "\0" * 1_000, "line 1: the row has more than"),
    ],
)
def test_an_endless_row_is_refused(tmp_path, name, begin, again, message):
    with (tmp_path / name).open("w") as file:
        file.write(begin)
        for _ in range(60_000):
            file.write(again)
    code, _, err, used_mb = render(tmp_path, name, "-o", "n.csv")
    assert code == 1
    assert message in err
    assert str(MAX_ROW_CHARS) in err
    assert used_mb < 350
    assert not (tmp_path / "n.csv").exists()


def test_a_header_of_one_long_word_is_no_traceback(tmp_path):
    (tmp_path / "t.csv").write_text("1" * 200_000)
    code, _, err, _ = render(tmp_path, "t.csv", "-o", "n.csv")
    assert code == 1
    assert err == "streamson: t.csv, line 1: field larger than field limit (131072)\n"


def test_a_text_in_every_row_is_held_once(tmp_path):
    rows = 4_096
    texts = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array(np.zeros(rows, np.int32)), pyarrow.array(["x" * 1_500_000])
    )
    columns = {"x": np.arange(rows, dtype=float), "text": texts}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000
    code, out, err, used_mb = render(tmp_path, "t.parquet", "-o", "n.csv")
    assert (code, out, err) == (0, f"n.csv: {rows} notes\n", err)
    assert "left out: text (not numbers); choose" in err
    assert used_mb < 400


def test_lists_are_not_unpacked(tmp_path):
    items = 50_000_000
    lists = pyarrow.ListArray.from_arrays(
        pyarrow.array([0, items, items], pyarrow.int32()), pyarrow.array(np.zeros(items))
    )
    table = pyarrow.table({"x": [1.0, 2.0], "many": lists})
    parquet.write_table(table, tmp_path / "t.parquet", compression="zstd")
    code, out, err, used_mb = render(tmp_path, "t.parquet", "-o", "n.csv")
    assert (code, out, err) == (0, "n.csv: 2 notes\n", err)
    assert "left out: many (not numbers); choose" in err
    assert used_mb < 400


def test_a_page_that_unpacks_to_too_much_is_refused(tmp_path):
    rows = MAX_GROUP_BYTES // 8 + 1_000_000
    parquet.write_table(
        pyarrow.table({"x": np.zeros(rows)}),
        tmp_path / "t.parquet",
        compression="zstd",
        use_dictionary=False,
        data_page_size=1 << 30,
        row_group_size=rows,
    )
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000
    code, _, err, used_mb = render(tmp_path, "t.parquet", "-o", "n.csv")
    assert code == 1
    assert "row group 1 unpacks to 263 MB; at most 256 MB are allowed" in err
    assert used_mb < 350


def test_texts_that_are_numbers_are_numbers(tmp_path):
    columns = {
        "a": ["1.5", None, "2"],
        "b": pyarrow.array(["1", "2", "1"]).dictionary_encode(),
        "c": pyarrow.array([1.0, 2.0, 3.0], pyarrow.float16()),
        "d": ["1" * (MAX_CELL_CHARS + 1)] * 3,
        "e": [True, False, True],
        "f": [None, None, None],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    table = Table(tmp_path / "t.parquet")
    assert table.columns == ["a", "b", "c", "f"]
    assert list(table.ignored) == ["d", "e"]
    assert [row.fields["a"] for row in table.rows()][::2] == [1.5, 2.0]
    assert [row.fields["b"] for row in table.rows()] == [1.0, 2.0, 1.0]


def test_too_many_columns_are_refused(tmp_path):
    names = [f"c{i}" for i in range(1_025)]
    parquet.write_table(pyarrow.table({n: [1.0] for n in names}), tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text("{" + ",".join(f'"{n}":1' for n in names) + "}\n")
    for name in ("t.parquet", "t.jsonl"):
        with pytest.raises(InputFileError, match="1025 columns; at most 1024"):
            Table(tmp_path / name)


def test_a_long_sound_is_for_who_asks_for_it(tmp_path):
    (tmp_path / "t.csv").write_text("x\n" + rows_of(32_000))
    code, _, err, _ = render(tmp_path, "t.csv", "-o", "t.flac")
    assert code == 1
    assert "t.csv: its sound is longer than 3 h. Make it fit with --seconds 10min" in err
    assert "--longest 24h" in err
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    # Notes are no larger than the table that they are made of.
    assert render(tmp_path, "t.csv", "-o", "n.csv")[0] == 0
    assert render(tmp_path, "t.csv", "--seconds", "3", "-o", "t.wav")[0] == 0


def test_a_short_table_may_be_refused_and_allowed_as_well(tmp_path):
    (tmp_path / "t.csv").write_text("x\n" + rows_of(600))
    code, _, err, _ = render(tmp_path, "t.csv", "--longest", "1min", "-o", "t.wav")
    assert code == 1
    assert "its sound is longer than 1 min" in err
    assert render(tmp_path, "t.csv", "--longest", "10min", "-o", "t.wav")[0] == 0


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("t.csv", ("render", "-o", "n.csv")),
        ("t.jsonl", ("produce", "replay")),
        ("t.parquet", ("render", "-o", "n.csv")),
    ],
)
def test_pipes_and_devices_are_no_tables(tmp_path, name, command):
    os.mkfifo(tmp_path / name)
    (tmp_path / f"zero{name}").symlink_to("/dev/zero")
    for path, what in ((name, "it is a pipe"), (f"zero{name}", "it is a device")):
        done = subprocess.run(
            [sys.executable, "-m", "streamson", *command, path],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr == (
            f"streamson: {path}: can't be read: {what}, and only a file can be read here\n"
        )


def test_without_memory_there_is_a_line_and_no_traceback(tmp_path):
    code = (
        "from streamson import cli\n"
        "from streamson.cli import doctor\n"
        "doctor.command.callback = lambda: bytearray(1 << 50)\n"
        "cli.main(['doctor'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "streamson: there is not enough memory for this\n",
    )
