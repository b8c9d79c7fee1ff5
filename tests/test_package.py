"""What people install carries all that it needs, and plays."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from streamson._version import __version__

ROOT = Path(__file__).parents[1]
KEPT = ("streamson", "producers", "docs", "scripts", "tests")
TABLE = ROOT / "tests" / "data" / "nab" / "rds_cpu_head.csv"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a wheel and a source distribution."""
    source = tmp_path_factory.mktemp("source") / "streamson"
    source.mkdir()
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, source)
    for name in KEPT:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source]
    subprocess.run(words, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    (archive,) = out.glob("*.tar.gz")
    return wheel, archive


def files(folder):
    return {
        f"{folder}/{path.relative_to(ROOT / folder)}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_carries_all_of_the_program(built):
    with zipfile.ZipFile(built[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info" not in name}
    code = files("streamson") | {f"streamson/{name}" for name in files("producers")}
    assert names == code
    assert built[0].name.split("-")[1] == __version__


def test_the_source_carries_documents_and_tests(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in KEPT:
        assert files(folder) <= names
    assert {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"} <= names


def test_an_index_takes_them(built):
    words = [sys.executable, "-m", "twine", "check", "--strict", *built]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def run(python, *words, **options):
    return subprocess.run([python, *words], capture_output=True, text=True, check=True, **options)


def test_what_is_installed_produces_and_knows_its_presets(built, tmp_path):
    """As it is unpacked, with the packages that are there."""
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "-t", tmp_path / "new", built[0])
    there = {"env": os.environ | {"PYTHONPATH": str(tmp_path / "new")}, "cwd": tmp_path}
    where = run(sys.executable, "-c", "import streamson; print(streamson.__file__)", **there)
    assert where.stdout.startswith(str(tmp_path))
    produce = ["-m", "streamson", "produce", "eta", "--count", "2", "--dry-run"]
    assert len(run(sys.executable, *produce, **there).stdout.splitlines()) == 2
    run(sys.executable, "-m", "streamson", "session", "check", "monitor", **there)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_empty_environment_needs_nothing_else(built, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(python, "-m", "pip", "install", "-q", built[0])
    command = python.with_name("streamson")
    words = ["render", TABLE, "--seconds", "2s", "-o", tmp_path / "day.wav"]
    subprocess.run([command, *words], check=True, cwd=tmp_path)
    assert (tmp_path / "day.wav").stat().st_size > 100_000
