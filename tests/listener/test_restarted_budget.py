"""A listener that is killed and started again within ten minutes sounds no more than its budget."""

import json
import signal
import subprocess
import sys

from streamson import Publisher
from tests.conftest import until

SESSION = """
[attention]
foreground = "all"
[notices]
budget = 2
stale = false
[[part]]
[[alert]]
stream = "*"
above = 1
"""
ALERTS = ("a", "b", "c", "d")
"""Groups: each alert is the first of its kind."""


class Run:
    """A listener in a process of its own."""

    def __init__(self, folder):
        self._stats = folder / "stats.json"
        session, state = folder / "budget.toml", folder / "budget.state"
        session.write_text(SESSION)
        command = [sys.executable, "-m", "streamson", "listen", "--bind", "tcp://127.0.0.1:*"]
        command += ["--output", "none", "--session", str(session), "--state", str(state)]
        self.process = subprocess.Popen(
            [*command, "--stats", str(self._stats)], stderr=subprocess.PIPE, text=True
        )
        line = self.log_until("Listening on")[-1]
        self.publisher = Publisher(line.removeprefix("Listening on ").strip().rstrip("."))
        assert self.publisher.wait_for_listener(60)

    def raise_alerts(self, groups):
        for group in groups:
            self.publisher.send(f"{group}/disk", x=5.0)
        self.publisher.send("end", x=0.0)

    def log_until(self, text):
        """Return the lines up to one that has a text."""
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if text in line:
                return lines
        raise AssertionError("".join(lines))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.publisher.close()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def test_a_killed_listener_s_next_one_has_what_is_left_of_the_budget(tmp_path):
    state = tmp_path / "budget.state"
    with Run(tmp_path) as first:
        first.raise_alerts(ALERTS[:1])  # it sounds at once; one sound is kept
        first.log_until("a/disk: x is 5")
        until(state.exists, "the state: no minute has to pass")
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with Run(tmp_path) as second:
        before = state.stat().st_mtime_ns
        second.raise_alerts(ALERTS)
        second.log_until("3 alerts: ")  # b, c, d: a lasts, and was told
        until(lambda: state.stat().st_mtime_ns > before, "the state")
        second.process.send_signal(signal.SIGKILL)
        second.process.wait()
    with Run(tmp_path) as third:
        third.raise_alerts(("e", "f"))
        third.log_until("f/disk: x is 5")
        third.process.send_signal(signal.SIGINT)
        assert third.process.wait() == 130
    counts = json.loads((tmp_path / "stats.json").read_text())
    assert (counts["alerts"], counts["alerts_sounded"], counts["alerts_merged"]) == (2, 0, 0)
