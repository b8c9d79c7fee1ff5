"""On the first run: it is shown how far that is, and another process compiles what follows."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal

ROOT = Path(__file__).parents[2]
KERNELS = """
from numba import njit
from streamson._jit import cached, inner

@inner
def one(x):
    return x + 1

@inner
def two(x):
    return one(x) + 1

@cached(njit, "int64(int64)", nogil=True)
def three(x):
    return two(x) + 1

def load():
    pass
"""
FIRST_RUN = """
from streamson._jit import load_numba_sparingly, stage, watch_compiling
from streamson.cli.compiling import Compiling, Stage

load_numba_sparingly()
stages = {"first": Stage("kernels_first:load", 3), "second": Stage("kernels_second:load", 3)}
watcher = Compiling(stages)
watch_compiling(lambda: watcher)
with stage("first"):
    watcher.take_long("first")
    from kernels_first import three
    print(three(1), sum(three.stats.cache_hits.values()))
with stage("second"):
    from kernels_second import three
    print(three(1), sum(three.stats.cache_hits.values()))
"""

PLAIN = """
import click
from click.globals import push_context
context = click.Context(click.Command("listen"))
context.params["plain"] = True
push_context(context)
"""


@pytest.fixture
def first_run(tmp_path, monkeypatch):
    """Return the command of a program whose machine code is compiled nowhere."""
    for name in ("first", "second"):
        (tmp_path / f"kernels_{name}.py").write_text(KERNELS)
    (tmp_path / "first_run.py").write_text(FIRST_RUN)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return sys.executable, str(tmp_path / "first_run.py")


def test_another_process_compiles_what_follows(first_run):
    done = subprocess.run(first_run, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "0", "4", str(min(1, os.cpu_count() - 1))]
    assert done.stderr == "Compiling, on the first run only ...\n"
    again = subprocess.run(first_run, capture_output=True, text=True, check=True)
    assert again.stdout.split() == ["4", "1", "4", "1"]


def test_a_bar_on_a_terminal_says_how_far_it_is(first_run, tmp_path):
    terminal = Terminal(tmp_path, command=first_run)
    assert terminal.end(60) == 0
    assert "Compiling, on the first run only: first" in terminal.shown


def test_on_a_narrow_terminal_there_is_room_for_the_bar(first_run, tmp_path):
    terminal = Terminal(tmp_path, command=first_run, size=(40, 24))
    assert terminal.end(60) == 0
    assert "Compiling: first" in terminal.shown
    assert "━━━" in terminal.shown


def test_ctrl_c_ends_it_and_leaves_the_cursor(first_run, tmp_path):
    script = Path(first_run[1])
    at_once = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n"
    compiles = "    from kernels_first"
    waits = FIRST_RUN.replace(compiles, "    signal.pause()\n" + compiles)
    script.write_text(at_once + waits)
    terminal = Terminal(tmp_path, command=first_run)
    terminal.await_text("first run only: first")
    terminal.press("\x03")
    assert terminal.end(10) == -signal.SIGINT
    assert "\x1b[?25l" not in terminal.shown


def test_who_wants_plain_lines_gets_one(first_run, tmp_path):
    script = Path(first_run[1])
    script.write_text(PLAIN + FIRST_RUN)
    terminal = Terminal(tmp_path, command=first_run)
    assert terminal.end(60) == 0
    assert terminal.shown.splitlines()[0] == "Compiling, on the first run only ..."
    assert "\x1b" not in terminal.shown


def test_where_the_other_process_fails_this_one_compiles(first_run):
    script = Path(first_run[1])
    script.write_text(FIRST_RUN.replace("kernels_second:load", "kernels_second:nothing"))
    done = subprocess.run(first_run, capture_output=True, text=True, check=True)
    assert done.stdout.split()[2] == "4"
