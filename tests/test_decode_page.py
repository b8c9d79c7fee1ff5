"""The page about decoding: its commands and its program run, its figures are the code's."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from streamson.decode.decode import LEAST_LIKELY
from streamson.decode.hearing import MAX_UNSAID_STREAMS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "decode.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_commands_run_one_after_the_other(tmp_path):
    table = Path("tests/data/article_eta_300.csv")
    (tmp_path / table).parent.mkdir(parents=True)
    lines = (ROOT / table).read_text().splitlines(keepends=True)
    (tmp_path / table).write_text("".join(lines[:81]))  # 22 s of sound are enough for them
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


def test_its_figures_are_those_of_the_code():
    assert LEAST_LIKELY == 0.01
    assert "less likely right than one in a hundred are left out" in PAGE
    assert MAX_UNSAID_STREAMS == 5
