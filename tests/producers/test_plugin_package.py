"""A producer of somebody else, as the documents show it: built, installed, listed and run."""

import math
import os
import re
import subprocess
import sys

import pytest

from tests.producers.servers import ROOT

BLOCK = re.compile(r"^```(python|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINES = 10


def section(title):
    """Return a section of docs/producers.md."""
    text = (ROOT / "docs/producers.md").read_text()
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder into which the documented package was built and installed."""
    folder = tmp_path_factory.mktemp("plugin")
    blocks = dict(BLOCK.findall(section("Your own")))
    (folder / "streamson_wave.py").write_text(blocks["python"])
    (folder / "pyproject.toml").write_text(blocks["toml"])
    assert sum(bool(line) for line in blocks["python"].splitlines()) == LINES
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-deps", "--no-index"]
    wheels, target = folder / "wheels", folder / "target"
    build = [*pip, "wheel", "--no-build-isolation", *offline, "-w", str(wheels), str(folder)]
    for command in (build, [*pip, "install", *offline, "--target", str(target)]):
        found = [str(wheel) for wheel in wheels.glob("*.whl")]
        done = subprocess.run([*command, *found], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return target


def test_it_is_listed_and_prints_its_points(installed):
    environment = {**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "120"}
    produce = [sys.executable, "-m", "streamson", "produce"]
    listed = subprocess.run(
        produce, capture_output=True, text=True, check=True, env=environment
    ).stdout
    assert re.search(r"^  wave +A sine wave, ten points a second\.$", listed, re.MULTILINE)
    with subprocess.Popen(
        [*produce, "wave", "--dry-run"], stdout=subprocess.PIPE, text=True, env=environment
    ) as dry_run:
        lines = [dry_run.stdout.readline().split() for _ in range(3)]
        dry_run.terminate()
        dry_run.stdout.read()
    assert [words[1:] for words in lines] == [
        ["wave", f"value={math.sin(number / 10):.15g}"] for number in range(3)
    ]


def test_it_is_heard(installed, produce, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(installed))
    wave = produce("wave")
    points = wave.await_points(3)
    assert [(point.stream, point.fields) for point in points[:3]] == [
        ("wave", {"value": math.sin(number / 10)}) for number in range(3)
    ]
    assert 0.05 < points[2].time - points[1].time < 1
    assert wave.interrupt()[0] == 130
