"""Corpora: the same bytes whoever makes them, whatever happens meanwhile."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pyarrow
import pytest
import soundfile
from pyarrow import parquet

from streamson import render
from streamson.corpus.build import build, find_sources, plan_shards
from streamson.errors import InputFileError, OutputFileError, StreamsonError
from tests.conftest import until

TABLES = 200
SETTINGS = {"sample_rate": 8_000, "tables": 20}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    random = np.random.default_rng(1)
    for number in range(TABLES):
        rows = "".join(f"{a},{b}\n" for a, b in random.normal(size=(4, 2)))
        (folder / f"t{number:03}.csv").write_text("x,y\n" + rows)
    (folder / "t150.csv").write_text("x,y\na,b\noops,c\n")
    return folder


def plans_for(tables, folder):
    return plan_shards(find_sources([tables], outside=folder), folder, **SETTINGS)


def bytes_of(folder):
    files = sorted(folder.glob("shard-*.parquet"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def made(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "corpus"
    results = build(plans_for(tables, folder), jobs=2)
    return folder, results


def test_each_table_is_there_with_its_sound_and_its_notes(made, tables):
    folder, results = made
    assert sum(result.pieces for result in results) == TABLES - 1
    (failed,) = [told for result in results for told in result.failed]
    assert failed[0] == "t150.csv"
    assert "no column of numbers" in failed[1]
    rows = [
        row for f in sorted(folder.glob("*.parquet")) for row in parquet.read_table(f).to_pylist()
    ]
    assert [row["name"] for row in rows] == [f"t{n:03}.csv" for n in range(TABLES) if n != 150]
    row = rows[7]
    sound, rate = soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")
    expected = render(tables / row["name"], sample_rate=8_000)
    assert (rate, len(sound)) == (8_000, len(expected))
    assert np.abs(sound - expected).max() <= 2.0**-15
    assert len(row["notes"]) == 4
    assert row["sha256"] == hashlib.sha256((tables / row["name"]).read_bytes()).hexdigest()
    assert row["seconds"] == pytest.approx(len(sound) / rate)
    told = json.loads((folder / "corpus.json").read_text())
    assert (told["tables"], told["shards"]) == (TABLES, 10)


def test_what_is_there_is_not_made_again(made, tables):
    folder, before = made
    times = {file: file.stat().st_mtime_ns for file in folder.glob("*.parquet")}
    again = build(plans_for(tables, folder), jobs=2)
    assert all(result.cached for result in again)
    assert [r.failed for r in again] == [r.failed for r in before]
    assert {file: file.stat().st_mtime_ns for file in folder.glob("*.parquet")} == times


def test_what_is_missing_changed_or_broken_is_made_again(made, tables, tmp_path):
    folder, _ = made
    wanted = bytes_of(folder)
    files = sorted(folder.glob("*.parquet"))
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:1_000])
    text = (tables / "t070.csv").read_text()
    (tables / "t070.csv").write_text("x,y\n1,2\n")
    plans = plans_for(tables, folder)
    assert sum(not r.cached for r in build(plans, jobs=2)) == 3
    assert bytes_of(folder) != wanted
    (tables / "t070.csv").write_text(text)
    assert sum(not r.cached for r in build(plans, jobs=2)) == 1
    assert bytes_of(folder) == wanted


def test_the_work_of_a_killed_process_is_done_again(made, tables, tmp_path):
    wanted = bytes_of(made[0])
    folder = tmp_path / "corpus"
    command = [sys.executable, "-m", "streamson", "corpus", tables, "-o", folder, "--jobs", "2"]
    command += ["--sample-rate", "8000", "--tables", "20"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: list(folder.glob("shard-*.parquet")), "the first shard", 60)
        os.kill(worker_of(process.pid), signal.SIGKILL)
        _, err = process.communicate()
    assert process.returncode == 1  # one table is broken
    assert "left out t150.csv" in err
    assert "Traceback" not in err
    assert bytes_of(folder) == wanted
    assert not list(folder.glob("*.part"))


def worker_of(parent):
    """Return a process that joblib started and that works."""
    children = psutil.Process(parent).children()
    return next(child.pid for child in children if "LokyProcess" in " ".join(child.cmdline()))


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers, each a process."""
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    start = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        *[[*dask, "worker", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]] * 2,
    ]
    processes = [
        subprocess.Popen(
            [*command, "--scheduler-file", file],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in start
    ]
    until(file.exists, "the scheduler")
    yield json.loads(file.read_text())["address"], processes
    for process in processes:
        process.terminate()
        process.wait()


def test_a_cluster_makes_the_same_bytes_though_a_worker_is_killed(made, tables, tmp_path, cluster):
    address, processes = cluster
    folder = tmp_path / "corpus"
    plans = plans_for(tables, folder)
    killed = threading.Event()

    def told(done):
        if done == 2:
            processes[1].kill()  # its nanny: the worker goes with it
            killed.set()

    results = build(plans, told, scheduler=address)
    assert killed.is_set()
    assert len(results) == len(plans)
    assert bytes_of(folder) == bytes_of(made[0])


def test_a_cluster_that_does_not_answer_is_explained(monkeypatch):
    monkeypatch.setattr("streamson.corpus.build.CONNECT_S", 0.5)
    began = time.monotonic()
    with pytest.raises(StreamsonError, match="no Dask scheduler answers"):
        build([], scheduler="tcp://127.0.0.1:9")
    assert time.monotonic() - began < 20


def test_tables_are_found_in_folders_and_told_apart(tmp_path):
    for folder in ("a", "a/b", "c", "c/out"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text("x\n1\n")
    (tmp_path / "a" / "notes.txt").write_text("no table")
    found = find_sources([tmp_path / "a", tmp_path / "c"], outside=tmp_path / "c" / "out")
    assert [source.name for source in found] == ["b/t.csv", "t.csv", "t.csv (2)"]
    with pytest.raises(InputFileError, match="no such file"):
        find_sources([tmp_path / "none"], outside=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="no table"):
        find_sources([tmp_path / "empty"], outside=tmp_path / "c")


def test_a_collection_that_became_smaller_loses_its_last_shards(tables, tmp_path):
    folder = tmp_path / "corpus"
    some = find_sources([tables / "t000.csv", tables / "t001.csv"], outside=folder)
    build(plan_shards(some, folder, sample_rate=8_000, tables=1), jobs=1)
    build(plan_shards(some[:1], folder, sample_rate=8_000, tables=1), jobs=1)
    assert len(bytes_of(folder)) == 1


def test_a_folder_with_something_else_is_left_alone(tables, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "session.toml").write_text("mine")
    (folder / "shard-99999.parquet").write_text("mine too")
    some = find_sources([tables / "t000.csv"], outside=folder)
    with pytest.raises(OutputFileError, match="other files in it"):
        plan_shards(some, folder)
    assert {path.read_text() for path in folder.iterdir()} == {"mine", "mine too"}


def test_whatever_a_table_does_it_does_not_stop_the_others(tables, tmp_path):
    days = pyarrow.array([10**18], pyarrow.duration("ns"))
    parquet.write_table(pyarrow.table({"d": days, "x": [1.0]}), tmp_path / "odd.parquet")
    odd_name = os.fsdecode(b"caf\xe9.csv")
    (tmp_path / odd_name).write_text("x\n1\n2\n")
    folder = tmp_path / "corpus"
    sources = find_sources([tmp_path], outside=folder)
    (result,) = build(plan_shards(sources, folder, sample_rate=8_000), jobs=1)
    assert result.pieces + len(result.failed) == 2
    assert parquet.read_table(result.path).column("name").to_pylist()[0] == "caf\ufffd.csv"
