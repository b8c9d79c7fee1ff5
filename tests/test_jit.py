"""Machine code runs where it can be kept and where it can't, and is compiled once."""

import os
import subprocess
import sys

import pytest

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


FULL = """
import resource
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
"""
CALLBACK = """
from numba import cfunc, njit
from streamson._jit import cached

@cached(njit, nogil=True)
def double(x):
    return 2 * x

@cached(cfunc, "int64(int64)")
def called_back(x):
    return 2 * x

print(double(21), called_back.ctypes(21), sum(double.stats.cache_hits.values()))
"""


def test_it_runs_where_the_disk_is_full(tmp_path):
    (tmp_path / "doubling.py").write_text(FULL + CALLBACK)
    assert run(tmp_path, tmp_path) == ["42", "42", "0"]
    assert not list(tmp_path.rglob("*.nbc"))


@pytest.mark.parametrize("kept", ["*.nbi", "*.nbc"])
def test_what_was_kept_and_is_damaged_is_compiled_anew(tmp_path, kept):
    (tmp_path / "doubling.py").write_text(CALLBACK)
    run(tmp_path, tmp_path)
    files = list(tmp_path.rglob(kept))
    assert len(files) == 2
    for file in files:
        os.truncate(file, 0)
    assert run(tmp_path, tmp_path) == ["42", "42", "0"]
    assert run(tmp_path, tmp_path) == ["42", "42", "1"]
