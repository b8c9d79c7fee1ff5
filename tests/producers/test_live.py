"""The producers of live and recorded numbers: system, tail and replay."""

import csv
import itertools
import subprocess
import sys
import time

import pytest

from tests.conftest import DATA


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


def test_replay_publishes_what_varies_or_what_is_wanted(produce, tmp_path):
    rows = "".join(f"{i},7,{i * i % 5},{i % 3}\n" for i in range(6))
    (tmp_path / "t.csv").write_text("i,site,a,b\n" + rows)
    replay = produce("replay", "t.csv", "--rate", "1000")
    code, err = replay.finish()
    assert code == 0
    assert "left out: i (counts the rows), site (never changes); choose with --columns" in err
    assert [list(point.fields) for point in replay.points] == [["a", "b"]] * 6
    replay = produce("replay", "t.csv", "--rate", "1000", "--columns", "b,i", "--each-column")
    assert replay.finish()[0] == 0
    assert [point.stream for point in replay.points] == ["t.b", "t.i"] * 6
    code, err = produce("replay", "t.csv", "--columns", "c").finish()
    assert code == 2
    assert "t.csv: no column 'c'; the columns of numbers are i, site, a, b" in err


def test_replay_says_that_the_next_point_is_far(produce, tmp_path):
    (tmp_path / "t.csv").write_text("date,x\n2026-01-01,1\n2026-01-02,3\n2026-01-03,2\n")
    replay = produce("replay", "t.csv")
    replay.await_points(1)
    assert replay.process.stderr is not None
    words = "the next point comes in 24 hours; --speed X or --rate HZ"
    assert any(words in line for line in iter(replay.process.stderr.readline, ""))
    assert replay.interrupt()[0] == 130


def test_system_publishes_only_what_is_wanted(produce):
    system = produce("system", "--interval", "0.1", "--name", "me", "--only", "cpu,memory")
    points = system.await_points(6)
    system.interrupt()
    assert {point.stream for point in points} == {"me/cpu", "me/memory"}


def test_replay_loops(produce, tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    replay = produce("replay", "t.csv", "--loop", "--rate", "100")
    assert [p.fields["x"] for p in replay.await_points(5)[:5]] == [1, 2, 1, 2, 1]
    assert replay.interrupt()[0] == 130


def test_replay_says_what_it_left_out(produce, tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\nthree\n4\n")
    code, err = produce("replay", "t.csv", "--rate", "100").finish()
    assert code == 0
    wrong = "1 cell taken as empty: line 4, column 'x': found 'three', no number"
    assert f"replay: t.csv: {wrong}\n" in err


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
