"""The page about alerts: its commands run, its session and sentences are as they are."""

import csv
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from streamson import Listener, Publisher
from streamson.model.event.alerts import AlertRaised, AlertsMerged, MergedGroup
from streamson.session.load import parse_session
from tests.conftest import until

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "alerts.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two tables and a recording."""
    folder = tmp_path_factory.mktemp("page")
    values = np.random.default_rng(1).normal(size=(400, 2))
    for name in ("last_month.csv", "other.csv"):
        with (folder / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["time", "cpu", "disk"])
            writer.writerows([60 * i, *row] for i, row in enumerate(values.tolist()))
    with (
        Listener("tcp://127.0.0.1:*", output="none", record=folder / "monday") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        publisher.send("boiler", temperature=71.3)
        until(lambda: listener.stats().notes_played, "a note")
    return folder


@pytest.mark.parametrize("line", [line for text in blocks("sh") for line in text.splitlines()])
def test_a_command_runs(line, folder):
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(line)], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert re.search(r"alerts? in [\d.]+ (days, [\d.]+ a day|hours|s)", done.stderr.decode())


@pytest.mark.parametrize("text", blocks("toml"))
def test_its_session_is_one(text):
    session = parse_session(text.encode(), "alerts.md")
    assert [alert.priority for alert in session.alerts] == ["high", "medium"]
    assert session.notices.budget == 3


@pytest.mark.parametrize(
    ("kind", "sign", "value", "band"),
    [
        ("above", 1, 93.0, (None, 90.0)),
        ("level", 1, 93.0, (3.0, 41.0)),
        ("rate", -1, 20.0, (3.0, 41.0)),
        ("shape", 0, 20.0, (3.0, 41.0)),
        ("season", -1, 20.0, (30.0, 41.0)),
    ],
)
def test_its_sentences_are_those_of_events(kind, sign, value, band):
    low, high = band
    raised = AlertRaised(
        frame=0,
        stream="web/cpu",
        field="percent",
        value=value,
        unit="%",
        kind=kind,
        sign=sign,
        low=low,
        high=high,
        seldom="" if kind == "above" else "once a week",
        time=0.0,
    )
    assert f"`{raised.sentence}`" in PAGE


def test_its_sentence_of_what_is_told_as_one_is_that_of_the_event():
    merged = AlertsMerged(frame=0, alerts=14, groups=(MergedGroup("rack2", 14, ("free",)),))
    assert f"`{merged.sentence}`" in PAGE
