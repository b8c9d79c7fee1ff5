"""What the maker of machine code need not hold is given back, and it still makes some."""

import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from numba import njit
from streamson._llvm_memory import release_llvm

def held():
    text = Path("/proc/self/statm").read_text()
    return int(text.split()[1]) * 4096

@njit
def double(x):
    return 2 * x

double(1)
before = held()
release_llvm()
after = held()

@njit
def triple(x):
    return 3 * x

print(before - after, double(21), triple(14))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is done")
def test_it_is_given_back_and_comes_back_where_it_is_needed():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    given_back, *results = map(int, done.stdout.split())
    assert given_back > 10_000_000
    assert results == [42, 42]


def test_the_command_line_does_without_linear_algebra_and_a_parser_of_c(tmp_path):
    words = ["listen", "--output", "none", "--bind", "tcp://127.0.0.1:*", "--duration", "0.1"]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "streamson", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "numba.core.dispatcher" in done.stderr
    assert "scipy.linalg._basic" not in done.stderr  # which numba looks for, and does not need
    assert "pycparser" not in done.stderr
