"""``streamson study`` as it is called: what can't be is said at the start."""

import os
import socket

import pytest

HEAD = (
    "time,participant,number,seed,session,phase,trial,question,level,choices,truth,answer,right,"
    "seconds,replays,played\n"
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "missing/results.csv"], "there is no folder missing"),
        (["-o", "results.xlsx"], ".csv is allowed"),
        (["-o", "/proc/results.csv"], "can't write /proc/results.csv"),
        (["-o", "folder.csv"], "folder.csv"),
        (["-o", "pipe.csv"], "it is no file"),
        (["-o", "other.csv"], "its columns are not time, participant"),
        (["-o", "damaged.csv"], "can't go on with damaged.csv"),
        (["-o", "items.csv", "--questionnaire", "items.csv"], "it is the questionnaire"),
        (["--trials", "0"], "1<=x<=300"),
        (["--trials", "301"], "1<=x<=300"),
        (["--seed", "-1"], "--seed"),
        (["--web", "somewhere:port"], "the form is [HOST:]PORT"),
        (["--session", "geiger"], "the session geiger can't be studied"),
    ],
)
def test_what_can_not_be_is_said_at_the_start(run, tmp_path, words, told):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "damaged.csv").write_text(HEAD + "x" * 200_000 + "\n")
    (tmp_path / "items.csv").write_text("A statement.\n")
    done = run("study", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert not done.stdout
    assert not (tmp_path / "results.csv").exists()


def test_a_questionnaire_that_can_not_be_read_is_named(run):
    done = run("study", "--questionnaire", "none.txt")
    assert done.returncode == 1
    assert "can't read none.txt" in done.stderr


def test_a_port_that_is_taken_is_said(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("study", "--web", str(port))
    assert done.returncode == 1
    assert f"can't serve the page on 127.0.0.1:{port}" in done.stderr
    assert "--web" in done.stderr


def test_names_from_outside_reach_no_terminal(run, tmp_path):
    (tmp_path / "items.txt").write_bytes(b"\x1b[31mred\n")
    done = run("study", "--questionnaire", "items.txt", "-o", "a\x1b[31m.csv")
    assert "\x1b" not in done.stderr + done.stdout
