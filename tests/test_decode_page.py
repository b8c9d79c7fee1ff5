"""The page about decoding: its commands and its program run, its figures are the code's."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from streamson.decode.hearing import MAX_UNSAID_STREAMS
from streamson.decode.reading import ERRORS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "decode.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_commands_run_one_after_the_other(tmp_path):
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    for line in "".join(blocks("sh")).splitlines():
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
    assert {"back.csv", "part.jsonl", "check.png"} <= set(os.listdir(tmp_path))


@pytest.mark.parametrize("program", blocks("python"))
def test_its_program_runs(program, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert (tmp_path / "back.csv").exists()
    values = re.findall(r"[-\d.]+", capsys.readouterr().out)
    assert [round(float(value)) for value in values[:4]] == [1, 5, 3, 2]


def test_its_error_bars_are_those_of_the_code():
    assert f"{1_000 * ERRORS['duration']:g} ms, of a level {ERRORS['volume']:g} dB" in PAGE
    assert ERRORS["pitch"] == 0.25
    assert MAX_UNSAID_STREAMS == 5
