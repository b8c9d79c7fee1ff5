"""``streamson alerts``: what would have been told, tried on tables and recordings."""

import csv
import io
import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from streamson import Listener, Publisher
from tests.conftest import until

START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def table(tmp_path):
    """A week of a metric, a point in five minutes: a spike, a shift, and a gap of half a day."""
    path = tmp_path / "cpu.csv"
    generator = np.random.default_rng(4)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "percent", "free"])
        for i in range(2_016):
            if 700 <= i < 850:
                continue
            percent = 30 + 5 * math.sin(i / 46) + generator.normal()
            percent += 40 * (i == 1_200) + 25 * (1_700 <= i < 1_720)
            free = 5 if i == 300 else 50
            time = START + timedelta(minutes=5 * i)
            writer.writerow([f"{time:%Y-%m-%d %H:%M:%S}", f"{percent:.2f}", free])
    return path


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_tables_alerts_are_printed_with_how_often_a_day(run, table):
    done = run("alerts", "cpu.csv")
    assert done.returncode == 0
    found = rows(done.stdout)
    assert set(found[0]) == {"table", "stream", "time", "field", "value", "kind", "surprise"}
    (silent,) = [row for row in found if row["kind"] == "silent"]
    assert silent["time"].startswith("2026-01-07 10:")
    assert (silent["field"], silent["value"], silent["surprise"]) == ("", "", "")
    others = [row for row in found if row["kind"] != "silent"]
    assert {row["time"] for row in others} <= {row["timestamp"] for row in rows(table.read_text())}
    spike, shift = START + timedelta(minutes=6_000), START + timedelta(minutes=8_500)
    for incident in (spike, shift):
        near = [datetime.fromisoformat(row["time"]).replace(tzinfo=UTC) for row in others]
        assert any(timedelta() <= time - incident < timedelta(hours=2) for time in near)
    assert all(row["field"] == "percent" and float(row["surprise"]) > 1 for row in others)
    assert "cpu: no alert watches free; --each-column watches each" in done.stderr
    assert f"cpu: {len(found)} alerts in 7.0 days, " in done.stderr


def test_files_of_both_kinds_hold_the_same_and_another_rate_tells_more(run, table, tmp_path):
    assert run("alerts", "cpu.csv", "-o", "a.csv").stdout == ""
    run("alerts", "cpu.csv", "-o", "a.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    as_text = [{k: "" if v is None else str(v) for k, v in line.items()} for line in lines]
    assert as_text == rows((tmp_path / "a.csv").read_text())
    run("alerts", "cpu.csv", "-o", "b.csv", "--outlier", "3 an hour")
    assert len(rows((tmp_path / "b.csv").read_text())) > len(lines)


def test_a_session_of_ones_own_and_each_column(run, table, tmp_path):
    (tmp_path / "my.toml").write_text(
        '[notices]\nstale = false\n[[alert]]\nstream = "cpu*"\nfield = "free"\nbelow = 10\n'
    )
    (row,) = rows(run("alerts", "cpu.csv", "--session", "my.toml").stdout)
    time = f"{START + timedelta(minutes=1_500):%Y-%m-%d %H:%M:%S}"
    assert list(row.values()) == ["cpu", "cpu", time, "free", "5", "below", ""]
    done = run("alerts", "cpu.csv", "--each-column")
    assert "all 2 streams: " in done.stderr
    assert {row["stream"] for row in rows(done.stdout)} >= {"cpu.percent"}


def test_times_as_numbers_and_rows_without_times(run, tmp_path):
    text = "".join(f"{60 * i},{i % 7}\n" for i in range(800))
    (tmp_path / "t.csv").write_text("time,x\n" + text + f"{60 * 800},90\n")
    found = rows(run("alerts", "t.csv").stdout)
    assert [(row["time"], row["value"]) for row in found] == [("48000", "90")]
    (tmp_path / "u.csv").write_text("x\n" + "".join(f"{i % 7}\n" for i in range(800)) + "90\n")
    refused = run("alerts", "u.csv")
    assert refused.returncode == 1
    assert "no column of times" in refused.stderr
    assert "--step 1min" in refused.stderr
    found = rows(run("alerts", "u.csv", "--step", "1min").stdout)
    assert [(row["time"], row["value"]) for row in found] == [("48000", "90")]


def test_a_recording(run, tmp_path):
    with (
        Listener("tcp://127.0.0.1:*", output="none", record=tmp_path / "monday") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        begin = datetime.now(UTC).timestamp() - 500
        for i in range(500):  # a point a second: of thousands a second some were taken together
            value = 90.0 if i == 480 else float(i % 5)
            publisher.send("boiler", time=begin + i, temperature=value)
        until(lambda: listener.stats().points_received == 500, "the points")
    done = run("alerts", "monday")
    (row,) = rows(done.stdout)
    assert (row["table"], row["stream"], row["value"]) == ("monday", "boiler", "90")
    assert abs(datetime.fromisoformat(row["time"] + "+00:00") - datetime.now(UTC)) < timedelta(1)
    assert run("alerts", "monday", "--step", "1s").returncode == 2

    # Damaged: what a crash cut off ends it, what is no line is named, of nothing none is told.
    points = tmp_path / "monday" / "points.jsonl"
    whole = points.read_bytes()
    points.write_bytes(whole[: len(whole) // 2 + 7])
    done = run("alerts", "monday")
    assert (done.returncode, rows(done.stdout)) == (0, [])
    assert "boiler: 0 alerts in 2" in done.stderr  # of 500 s
    points.write_bytes(whole.replace(b"fields", b'fi"lds', 1))
    done = run("alerts", "monday", "-o", "made.csv")
    assert done.returncode == 1
    assert "points.jsonl, line 1: " in done.stderr
    points.write_bytes(b"")
    done = run("alerts", "monday", "-o", "made.csv")
    assert done.returncode == 1
    assert "no points are there" in done.stderr
    assert not (tmp_path / "made.csv").exists()
    points.unlink()
    done = run("alerts", "monday", "-o", "made.csv")
    assert done.returncode == 1
    assert "points.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cpu.csv", "-o", "a.txt"], ".csv and .jsonl are allowed"),
        (["cpu.csv", "-o", "cpu.csv"], "it is the input itself"),
        (["cpu.csv", "-o", "no/a.csv"], "there is no folder no"),
        (["cpu.csv", "--outlier", "3"], 'such as "1 a week"'),
        (["cpu.csv", "--outlier", "1 a day", "--session", "drone"], "asks what is unusual"),
        (["cpu.csv", "--step", "1min"], "in the column 'timestamp'"),
        (["cpu.csv", "--columns", "per"], "per"),
    ],
)
def test_bad_use_is_explained(run, table, words, said):
    done = run("alerts", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_time_that_is_none_is_explained(run, tmp_path):
    """Silence would be looked for through all of it."""
    (tmp_path / "huge.csv").write_text("time,x\n" + "".join(f"{i * 1e300},{i}\n" for i in range(9)))
    done = run("alerts", "huge.csv")
    assert done.returncode == 1
    assert "huge.csv: row 2 has the time" in done.stderr
    assert "Traceback" not in done.stderr


def test_rows_that_are_not_in_order_are_said(run, tmp_path):
    lines = [f"{1_700_000_000 + 60 * i},{i % 7}" for i in range(40)]
    lines[10], lines[11] = lines[11], lines[10]
    (tmp_path / "mixed.csv").write_text("time,a\n" + "\n".join(lines))
    done = run("alerts", "mixed.csv")
    assert done.returncode == 0
    assert "mixed: 1 row earlier than the row before: " in done.stderr
