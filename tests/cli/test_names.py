"""Names of machines in endpoints: unknown ones, and those that have an IPv6 address only."""

import os
import re
import signal
import subprocess

import pytest

from tests.cli.conftest import STREAMSON
from tests.conftest import until

ANY_PORT = "tcp://[::1]:*"


def test_a_name_that_leads_nowhere_is_told(run):
    done = run("watch", "--plain", "tcp://nohost.invalid:5571")
    assert done.returncode == 1
    assert "tcp://nohost.invalid:5571: nohost.invalid can't be found: " in done.stderr
    assert "no listener" not in done.stderr


@pytest.fixture
def with_six(tmp_path):
    """Start commands for which a name has an IPv6 address alone; what each says is in a file."""
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n::1 six\n")
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    place = ("unshare", "--mount", "sh", "-c", script, tmp_path / "hosts")
    try:
        subprocess.run([*place, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine allows no namespace with a file of hosts")
    running = []

    def start(name, *words):
        with (tmp_path / name).open("w") as file:
            process = subprocess.Popen(
                [*place, *STREAMSON, *words],
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                stdout=file,
                stderr=file,
            )
        running.append(process)
        return (tmp_path / name).read_text

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_a_name_with_an_ipv6_address_only_is_reached_by_all(with_six):
    words = ("--output", "none", "--plain")
    listener = with_six("listener", "listen", "--bind", ANY_PORT, "--feed", ANY_PORT, *words)
    until(lambda: "Playing" in listener() or "can't listen" in listener(), "the listener")
    if "does not have that address" in listener():
        pytest.skip("this machine has no IPv6")
    points, feed = re.findall(r" on tcp://\[::1\]:(\d+)\.", listener())
    relay = with_six("relay", "relay", f"tcp://six:{points}", "--bind", ANY_PORT)
    until(lambda: "Taking points" in relay(), "the relay")
    (by_relay,) = re.findall(r"Taking points on tcp://\[::1\]:(\d+)", relay())
    watch = with_six("watch", "watch", "--plain", f"tcp://six:{feed}")
    for name, port in (("straight", points), ("relayed", by_relay)):
        to = ("--stream", name, "--endpoint", f"tcp://six:{port}")
        producer = with_six(
            name, "produce", "function", "sin(t)", "--count", "100", "--rate", "50", *to
        )
        until(lambda p=producer: "100 points sent, 0 dropped" in p(), "its points")
    follower = with_six("follower", "listen", "--follow", f"tcp://six:{feed}", *words)
    until(lambda: "in step" in follower(), "the follower")
    until(lambda: "what comes to tcp://[::1]:" in watch(), "the feed")
