"""Recordings that were changed or damaged: one clear message, soon, and never a traceback."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.recording.folder_attack import attack, make, outcome

DAMAGE = (
    ("recording.json", b'"session.toml"', b'"s\xff.toml"', "found a byte that isn't UTF-8"),
    ("recording.json", b'"format"', b'"x": ' + b"[" * 100_000, "nested too deeply"),
    ("recording.json", b'"points.jsonl"', b'"a\\u0000b"', "a file in the same folder"),
    ("recording.json", b'"points.jsonl"', b'".."', "a file in the same folder"),
    ("recording.json", b'"frames": ', b'"frames": 1000000000000000', "recording.json"),
    ("recording.json", b'"frames": ', b'"frames": 99', "found frames 99"),
    ("recording.json", b'"first_frame": 0', b'"first_frame": 1' + b"0" * 30, "recording.json"),
    ("notes.csv", b"walk", b"wa\xfflk", "notes.csv, line "),
    ("notes.csv", b"\r\n", b"\r\n" + b"1" + b"0" * 15, "notes.csv, line 2: found onset_frame"),
    ("notes.csv", b"\r\n", b"\r\n-", "notes.csv, line 2: found onset_frame -"),
    ("notes.csv", b"\r\n", b"\r\n" + b"9" * 5_000, "notes.csv, line 2"),
    ("notes.csv", b",0,", b"," + b"9" * 30 + b",", "notes.csv, line "),
    ("notes.csv", b",1\r\n", b"," + b"1" * 30 + b"\r\n", "notes.csv: found session"),
    ("points.jsonl", b'"frame":', b'"frame":-', "points.jsonl, line 1"),
    ("points.jsonl", b'"frame":', b'"frame":1000000000000000', "points.jsonl, line 1"),
    ("points.jsonl", b'"x":', b'"x":1e400,"z":', "points.jsonl, line 1"),
    ("points.jsonl", b'"x":', b'"x":' + b"[" * 100_000, "points.jsonl, line 1"),
    ("points.jsonl", b'"walk"', b'"wa\xfflk"', "points.jsonl, line 1"),
    ("points.jsonl", b'"walk"', b'"wa\\u0000lk"', "points.jsonl, line 1"),
    ("changes.jsonl", b'"volume_db":-', b'"volume_db":1e4', "changes.jsonl, line "),
    ("changes.jsonl", b'"frame":', b'"frame":9999999999999', "changes.jsonl, line 1"),
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good") / "take"
    make(folder)
    return folder


def streamson(*words):
    return subprocess.run(
        [sys.executable, "-m", "streamson", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def explained(folder, name, text):
    """Run what reads a file, and return what it says."""
    out = folder.parent / "out.wav"
    words = ("replay", folder) if name == "points.jsonl" else ("render", folder, "-o", out)
    done = streamson(*words)
    assert done.returncode == 1, done.stderr
    told = done.stderr.strip().splitlines()
    assert text in told[-1] or text in told[0], told
    assert not out.exists()
    return done.stderr


@pytest.mark.parametrize(("name", "old", "new", "text"), DAMAGE)
def test_damage_is_explained(good, tmp_path, name, old, new, text):
    folder = tmp_path / "take"
    shutil.copytree(good, folder)
    content = (folder / name).read_bytes()
    assert old in content
    (folder / name).write_bytes(content.replace(old, new, 1))
    found = outcome(folder, ("replay",) if name == "points.jsonl" else ())
    assert found.startswith("1 ")
    assert text in found
    assert str(folder) in found


def test_the_real_command_says_one_line(good, tmp_path):
    for number in (8, 1):
        folder = tmp_path / str(number)
        shutil.copytree(good, folder)
        name, old, new, text = DAMAGE[number]
        path = folder / name
        path.write_bytes(path.read_bytes().replace(old, new, 1))
        told = explained(folder, name, text).splitlines()
        assert len([line for line in told if "Compiling" not in line]) == 1


def test_a_pipe_in_the_place_of_a_file_is_refused(good, tmp_path):
    folder = tmp_path / "take"
    shutil.copytree(good, folder)
    (folder / "notes.csv").unlink()
    os.mkfifo(folder / "notes.csv")
    explained(folder, "notes.csv", "it is no file")


def test_any_change_is_read_or_explained(tmp_path):
    """A thousand and more by hand: python -m tests.recording.folder_attack."""
    attack(tmp_path, count=150, seed=11)
