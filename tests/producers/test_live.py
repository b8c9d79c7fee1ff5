"""The producers of live and recorded numbers: system, tail and replay."""

import csv
import io
import itertools
import subprocess
import sys
import time

import pytest

from streamson.producers.tail import MAX_LINE_BYTES, LineReader
from tests.conftest import DATA

VMSTAT = """\
procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----
 r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st
 1  0      0 239650  12345  67890    0    0    17     9  150  300  3  1 96  0  0
 2  0      0 239651  12345  67890    0    0    17     9  150  301  4  1 95  0  0
"""


def read(text, columns=None):
    reader = LineReader(columns)
    return list(reader.read(io.BytesIO(text.encode()))), reader.skipped


def test_vmstat_names_its_columns_in_its_last_header():
    rows, _ = read(VMSTAT * 2)
    assert len(rows) == 4
    assert rows[0]["free"] == 239_650
    assert [row["us"] for row in rows] == [3, 4, 3, 4]
    assert list(rows[0])[:2] == ["r", "b"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1 2\n", [{"c1": 1, "c2": 2}]),
        ("a,b\n1,2\n3,4\n", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
        ("a b\n1 2 3\n", [{"c1": 1, "c2": 2, "c3": 3}]),
        ("cpu=3.5 mem=40% host=web\n", [{"cpu": 3.5, "mem": 40}]),
        ("eth0: 12 13\n", [{"c2": 12, "c3": 13}]),
        ("nan 1\n", [{"c2": 1}]),
        ("\n\nwords only\n", []),
        ("-1e3\t5", [{"c1": -1_000, "c2": 5}]),
    ],
)
def test_lines_of_many_kinds(text, rows):
    assert read(text)[0] == rows


def test_columns_are_chosen_by_name_or_number():
    assert read(VMSTAT, ["us", "4"])[0][0] == {"us": 3, "free": 239_650}
    assert read(VMSTAT, ["nonsense"])[0] == []


def test_endless_lines_are_left_out():
    text = "9 " * MAX_LINE_BYTES + "\n7\n" + "x" * (3 * MAX_LINE_BYTES)
    assert read(text) == ([{"c1": 7}], 2)


def test_tail_publishes_each_line_as_it_comes(produce):
    tail = produce("tail", "--stream", "vm", stdin=subprocess.PIPE)
    assert tail.process.stdin is not None
    for number in range(5):
        print(f"load={number}", file=tail.process.stdin, flush=True)
        tail.await_points(number + 1)
    tail.process.stdin.close()
    tail.process.stdin = None
    assert tail.finish() == (0, "tail: 5 points sent, 0 dropped\n")
    assert [(p.stream, p.fields["load"]) for p in tail.points] == [("vm", i) for i in range(5)]


def test_system_publishes_rates_and_percentages(produce):
    system = produce("system", "--interval", "0.1", "--name", "me")
    points = system.await_points(12)
    code, err = system.interrupt()
    assert code == 130
    assert "system: " in err
    by_stream = {point.stream: point.fields for point in points}
    assert {"me/cpu", "me/memory"} <= set(by_stream)
    assert 0 < by_stream["me/memory"]["percent"] <= 100
    assert 0 <= by_stream["me/cpu"]["percent"] <= 100
    for name, fields in by_stream.items():
        assert all(value >= 0 for value in fields.values()), name


def test_replay_keeps_the_rows_and_their_times(produce):
    table = DATA / "nab" / "rds_cpu_head.csv"
    replay = produce("replay", str(table), "--rate", "3000", "--stream", "rds")
    assert replay.finish() == (0, "replay: 300 points sent, 0 dropped\n")
    with table.open(newline="") as file:
        values = [float(row["value"]) for row in csv.DictReader(file)]
    assert [point.fields["value"] for point in replay.points] == values
    assert {point.stream for point in replay.points} == {"rds"}
    assert replay.points[1].time - replay.points[0].time == 300


def test_replay_goes_at_the_pace_of_the_timestamps(produce, tmp_path):
    (tmp_path / "t.csv").write_text("time,x\n" + "".join(f"{100 + 30 * i},{i}\n" for i in range(5)))
    replay = produce("replay", "t.csv", "--speed", "100")
    arrivals = []
    for count in range(1, 6):
        replay.await_points(count)
        arrivals.append(time.monotonic())
    assert replay.finish()[0] == 0
    assert arrivals[-1] - arrivals[0] == pytest.approx(1.2, abs=0.5)
    assert max(b - a for a, b in itertools.pairwise(arrivals)) < 0.8


def test_replay_loops(produce, tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    replay = produce("replay", "t.csv", "--loop", "--rate", "100")
    assert [p.fields["x"] for p in replay.await_points(5)[:5]] == [1, 2, 1, 2, 1]
    assert replay.interrupt()[0] == 130


def test_replay_of_a_broken_table_ends_with_its_place(produce, tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\nthree\n4\n")
    code, err = produce("replay", "t.csv", "--rate", "100").finish()
    assert code == 1
    assert "t.csv, line 4, column 'x': found 'three'" in err
    assert "replay: 2 points sent" in err


def test_a_missing_table_is_named(produce):
    code, err = produce("replay", "none.csv").finish()
    assert code == 1
    assert "none.csv: can't be read: No such file or directory" in err


@pytest.mark.parametrize(
    ("module", "words", "command"),
    [
        ("psutil", ["system"], "pip install 'streamson[system]'"),
        ("flint", ["eta", "--backend", "flint"], "pip install 'streamson[flint]'"),
    ],
)
def test_a_missing_library_names_its_install_command(module, words, command):
    argv = ["streamson", "produce", *words]
    hide = f"import sys; sys.modules[{module!r}] = None; sys.argv = {argv!r}"
    program = f"{hide}\nfrom streamson.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=20
    )
    assert done.returncode == 1
    assert command in done.stderr
    assert "Traceback" not in done.stderr
