"""Machine code runs where it can be kept and where it can't, and is compiled once."""

import os
import subprocess
import sys

MODULE = """
from numba import njit
from streamson._jit import cached

@cached(njit, "int64(int64)", nogil=True)
def double(x):
    return 2 * x

print(double(21), len(double.stats.cache_hits))
"""


def run(folder, home):
    environment = {**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("XDG_CACHE_HOME", None)
    done = subprocess.run(
        [sys.executable, folder / "doubling.py"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout.split()


def test_it_is_compiled_once_and_then_loaded(tmp_path):
    (tmp_path / "doubling.py").write_text(MODULE)
    assert run(tmp_path, tmp_path) == ["42", "0"]
    assert run(tmp_path, tmp_path) == ["42", "1"]


def test_the_users_own_cache_serves_where_the_source_is_not_to_be_written_to(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "doubling.py").write_text(MODULE)
    (tmp_path / "__pycache__").write_text("a file: no folder can be made here, even by root")
    assert run(tmp_path, home) == ["42", "0"]
    assert run(tmp_path, home) == ["42", "1"]


def test_it_runs_where_nothing_can_be_kept(tmp_path):
    (tmp_path / "doubling.py").write_text(MODULE)
    (tmp_path / "__pycache__").write_text("a file: no folder can be made here, even by root")
    assert run(tmp_path, "/dev/null") == ["42", "0"]
    assert run(tmp_path, "/dev/null") == ["42", "0"]
