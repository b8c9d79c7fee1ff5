"""A flood of alerts with real processes: few sounds, and every alert in the log and the feed."""

import csv
import json
import re
import subprocess
import sys
import time
from contextlib import ExitStack, closing

import pytest

from streamson.listener.alert_board import MAX_ALERTS
from streamson.model.event.alerts import AlertRaised, AlertsMerged
from streamson.model.event.base import Event
from streamson.model.feed import EVENT, STATISTICS
from streamson.score.alerts.earcon_player import MAX_LAG_S
from streamson.score.groups import group_of
from streamson.session.parse.earcons import builtin_earcons
from tests.listener.watching import Watched

SESSION = """
[attention]
foreground = 4
[notices]
budget = 3
[[part]]
[[alert]]
stream = "rack*"
field = "free"
below = 10
[[alert]]
stream = "core/*"
field = "free"
below = 10
priority = "high"
"""
PRODUCER = """
import sys, time
from streamson import Publisher
names, seconds = sys.argv[2].split(","), float(sys.argv[3])
with Publisher(sys.argv[1]) as publisher:
    for value in (50.0, 3.0):
        for name in names:
            publisher.send(name, free=value)
            time.sleep(seconds / len(names))
    input()
"""
RATE = 44_100
PRODUCERS = 5
SECONDS = 6.0
"""In which all alerts are raised; the same holds for a minute."""
RACKS = 10
NAMES = [f"rack{i % RACKS}/disk{i // RACKS}" for i in range(497)] + [f"core/{i}" for i in range(3)]


def test_of_500_alerts_few_sound_and_none_is_lost(tmp_path):
    (tmp_path / "flood.toml").write_text(SESSION)
    words = ["listen", "--bind", "tcp://127.0.0.1:*", "--feed", "tcp://127.0.0.1:*", "--plain"]
    words += ["--session", "flood.toml", "--output", "none", "--record", "flood/"]
    words += ["--stats", "stats.json"]
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "log").open("w"))
        listener = subprocess.Popen(
            [sys.executable, "-m", "streamson", *words], cwd=tmp_path, stdout=log, stderr=log
        )
        stack.callback(_end, listener)
        said = _await(tmp_path / "log", r"(tcp://\S+?:\d+).*?Feed on (tcp://\S+?:\d+)")
        for k in range(PRODUCERS):
            names = ",".join(NAMES[k::PRODUCERS])
            producer = subprocess.Popen(
                [sys.executable, "-c", PRODUCER, said[1], names, str(SECONDS)],
                stdin=subprocess.PIPE,
            )
            stack.callback(_end, producer)
        events = _await_alerts(stack.enter_context(closing(Watched(said[2]))))
        listener.terminate()
        assert listener.wait(20) in (0, 143)

    text = (tmp_path / "log").read_text()
    assert len(set(re.findall(r"\S+/\S+: free is 3, below 10", text))) == 500
    stats = json.loads((tmp_path / "stats.json").read_text())
    fates = ("alerts_sounded", "alerts_merged", "alerts_acknowledged", "alerts_waiting")
    assert sum(stats[fate] for fate in fates) == stats["alerts"] == 500
    raised = [event for event in events if isinstance(event, AlertRaised)]
    merged = [event for event in events if isinstance(event, AlertsMerged)]
    high = {event.stream for event in raised if event.priority == "high"}
    at_once = {group_of(event.stream) for event in raised if not event.waits}
    named = {group_of(one.name) or one.name for event in merged for one in event.groups}
    assert len(high) == 3
    assert at_once | named == {group_of(name) for name in NAMES}
    notes = _alert_notes(tmp_path / "flood" / "notes.csv")
    print(f"500 alerts in {SECONDS:g} s: {notes} notes of alerts, {len(merged)} told as one")
    at_most = 3 * len(builtin_earcons()["below"].notes)
    assert 0 < notes <= at_most + len(high) * len(builtin_earcons()["below high"].notes)


def _await_alerts(watched):
    """Read the feed until all was told; return the events."""

    def told(kind):
        return [one.event for one in watched.told[EVENT] if isinstance(one.event, kind)]

    watched.until(lambda: len(told(AlertRaised)) == 500, "500 alerts in the feed", 60)
    watched.until(lambda: told(AlertsMerged), "what is told as one", 20)
    listed = watched.state(lambda state: len(state.alerts) == MAX_ALERTS)
    assert listed.alerts[-1].sentence.endswith("is 3, below 10")
    heard = max(event.frame for event in told(Event)) / RATE + MAX_LAG_S + 2
    watched.until(lambda: watched.told[STATISTICS][-1].seconds > heard, "all sounds")
    return told(Event)


def _end(process):
    process.terminate()
    process.wait(20)
    if process.stdin:
        process.stdin.close()


def _await(path, pattern):
    """Return what a file says, once it does."""
    for _ in range(1_000):
        if found := re.search(pattern, path.read_text(), re.DOTALL):
            return found
        time.sleep(0.03)
    pytest.fail(f"no {pattern!r} in {path.read_text()!r}")


def _alert_notes(path):
    """Return how many notes of alerts were played."""
    instruments = {earcon.instrument for earcon in builtin_earcons().values()}
    with path.open(newline="") as file:
        return sum(row["instrument"] in instruments for row in csv.DictReader(file))
