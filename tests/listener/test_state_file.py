"""State files: whole ones, whenever the process dies; and a listener that goes on."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from streamson import Listener, Publisher
from streamson.errors import InputFileError, StreamsonError
from streamson.listener.state_file import StateKeeper, load_state, save_state
from streamson.model.point import DataPoint
from streamson.score.score import Score
from streamson.session.schema import Session
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


def test_a_listener_that_starts_again_sounds_the_same(tmp_path):
    path = tmp_path / "windows.state"
    heard = []
    for values in ([10.0, 20.0, 30.0], [20.0]):
        with (
            Listener(
                ANY_PORT,
                output="none",
                state=path,
                on_played=lambda note, _: heard.append(note.midi_note),
            ) as listener,
            Publisher(listener.endpoint) as publisher,
        ):
            assert publisher.wait_for_listener(20)
            for value in values:
                count = len(heard)
                publisher.send("s", x=value)
                until(lambda count=count: len(heard) > count, "a note")
                until(lambda: not listener.stats().points_coalesced, "room for the next")
    score = Score(Session())
    points = [DataPoint("s", {"x": value}, 0.0) for value in (10.0, 20.0, 30.0, 20.0)]
    assert heard == [
        score.process(point, 44_100 * i)[0].midi_note for i, point in enumerate(points)
    ]
    assert heard[3] != Score(Session()).process(points[3], 0)[0].midi_note  # it knows the others


@pytest.mark.parametrize("content", [b"", b"junk", b"\x81\xa6format\xa1x", b"\x93\x01\x02\x03"])
def test_what_is_no_state_is_explained_and_left_alone(tmp_path, content):
    path = tmp_path / "old.state"
    path.write_bytes(content)
    with pytest.raises(InputFileError, match=r"old\.state: not a state that streamson saved; move"):
        Listener(ANY_PORT, output="none", state=path)
    assert path.read_bytes() == content


def test_a_state_of_something_else_is_explained(tmp_path):
    path = tmp_path / "s.state"
    save_state(path, [1, 2])
    with pytest.raises(InputFileError, match="not a state"):
        StateKeeper(path, Score(Session()))


def test_a_folder_and_a_place_that_can_not_be_written_are_explained(tmp_path):
    with pytest.raises(InputFileError, match="can't read the state"):
        load_state(tmp_path)
    with pytest.raises(StreamsonError, match=r"can't save the state .*: No such file"):
        save_state(tmp_path / "no" / "where.state", {})


def test_a_state_that_would_make_machine_code_write_beyond_its_memory_is_harmless(tmp_path):
    """A window that has seen less than no point never forgets one."""
    path, evil = tmp_path / "s.state", -(10**9)
    first = Score(Session())
    first.process(DataPoint("s", {"x": 1.0}, 0.0), 0)
    (state,) = first.state()
    (key,) = state["windows"]
    transform, adaptive, place = state["windows"][key]
    assert adaptive["near"].keys() == {"seen", "values"}
    damaged = transform, {**adaptive, "near": {"seen": evil, "values": []}}, place
    save_state(path, [{**state, "windows": {key: damaged}}])
    assert path.stat().st_size < 1_200
    command = [*(sys.executable, "-m", "streamson", "listen", "--bind", ANY_PORT)]
    with subprocess.Popen(
        [*command, "--output", "none", "--state", str(path), "--stats", str(tmp_path / "stats")],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        line = next(line for line in process.stderr if line.startswith("Listening on "))
        where = line.removeprefix("Listening on ").strip().rstrip(".")
        with Publisher(where) as publisher:
            assert publisher.wait_for_listener(60)
            for i in range(6_000):
                publisher.send("s", x=float(i % 1_000))
            publisher.send("end", x=1.0)
            told = next(line for line in process.stderr if "begins afresh" in line)
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
    assert "s begins afresh, its state can't be used: 0 values after" in told
    assert process.returncode == 130
    assert "Traceback" not in rest


def test_a_full_disk_leaves_the_last_state_whole(tmp_path, caplog):
    """A limit on file sizes fails a write half-way, as a full disk does."""
    path = tmp_path / "s.state"
    score = Score(Session())
    keeper = StateKeeper(path, score)
    score.process(DataPoint("s", {"x": 1.0}, 0.0), 0)
    keeper.save()
    before = path.read_bytes()
    for i in range(300):
        score.process(DataPoint("s", {"x": float(i)}, 0.0), i * 44_100)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, old[1]))
    try:
        keeper.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert "can't save the state" in caplog.text
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["s.state"]


def test_killed_at_any_moment_the_file_is_a_whole_one(tmp_path):
    path = tmp_path / "s.state"
    program = f"""
from pathlib import Path
from streamson.listener.state_file import save_state
i = 0
while True:
    save_state(Path({str(path)!r}), {{"s": {{"x": [float(i)] * 20_000}}}})
    i += 1
    print(i, flush=True)
"""
    for saved in (1, 3, 7, 20):
        with subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        ) as process:
            for _ in range(saved):
                process.stdout.readline()
            process.kill()
        (values,) = load_state(path).score["s"].values()
        assert len(set(values)) == 1
        assert values[0] >= saved - 1
