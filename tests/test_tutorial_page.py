"""The tutorial's own data: its program and its session, played, recorded, asked and filmed."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streamson import Listener
from tests.conftest import until

PAGE = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text()

PAUSE = "sleep(0.05)"
"""So that it is over soon; an alert that is raised again within two seconds is not told."""


def block(language, part=""):
    return next(b for b in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if part in b)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Return the folder in which somebody did it, but quicker, and what was told."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "my.toml").write_text(block("toml"))
    told = []
    with Listener(
        "tcp://127.0.0.1:*",
        session=folder / "my.toml",
        output="none",
        record=folder / "monday",
    ) as listener:
        listener.subscribe(lambda event: told.append(event.sentence))
        program = block("python").replace("tcp://127.0.0.1:5570", listener.endpoint)
        (folder / "boiler.py").write_text(program.replace("sleep(0.25)", PAUSE))
        subprocess.run([sys.executable, "boiler.py"], cwd=folder, check=True)
        until(lambda: listener.stats().points_received == 90, "all points")
        until(lambda: sum("above 74" in line for line in told) == 2, "both alerts")
    return folder, told


def test_what_is_printed_there_is_told(played):
    lines = block("text", "boiler: temperature is").splitlines()
    assert lines[1:] == [line for line in lines[1:] if line in played[1]]


def test_its_alerts_are_told_of_the_recording_too(played):
    words = ["alerts", "monday", "--session", "my.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "streamson", *words],
        cwd=played[0],
        check=True,
        capture_output=True,
        text=True,
    )
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["kind"] for row in rows] == ["above", "above"]
    assert "monday, boiler: 2 alerts" in PAGE
    assert "monday, boiler: 2 alerts" in done.stderr
