"""Several machines, as network namespaces: links are cut, processes are killed, keys are asked for.

Where the machine allows no namespaces, all is on loopback, and no link is cut.
"""

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import until

STREAMSON = (sys.executable, "-m", "streamson")
HOSTS = ("web", "hub", "studio", "office")
RATE_HZ = 8
HEALED_S = 2.0
STOPPED_S = 1.0
"""The sound of others has stopped, where it is unheard for so long."""


class Hosts:
    """Machines with a link to each other; or this machine, where it allows no namespaces."""

    def __init__(self):
        self.apart = False
        self._names = {host: f"{host}{os.getpid()}" for host in HOSTS}
        self._switch = f"sw{os.getpid()}"

    def __enter__(self):
        try:
            self._connect()
            self.apart = True
        except (OSError, subprocess.CalledProcessError):
            self._remove()
        return self

    def __exit__(self, *_):
        self._remove()

    def address(self, host):
        number = HOSTS.index(host) + 1
        return f"10.231.7.{number}" if self.apart else f"127.0.7.{number}"

    def words(self, host):
        """Return what starts a program on a machine."""
        return ("ip", "netns", "exec", self._names[host]) if self.apart else ()

    def cut(self, host):
        self._set(host, "down")

    def heal(self, host):
        self._set(host, "up")

    def _set(self, host, state):
        ip("-n", self._switch, "link", "set", host, state)

    def _connect(self):
        ip("netns", "add", self._switch)
        ip("-n", self._switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", self._switch, "link", "set", "bridge", "up")
        for host, name in self._names.items():
            ip("netns", "add", name)
            ip(
                *("-n", name, "link", "add", "eth", "type", "veth"),
                *("peer", "name", host, "netns", self._switch),
            )
            ip("-n", name, "addr", "add", f"10.231.7.{HOSTS.index(host) + 1}/24", "dev", "eth")
            ip("-n", name, "link", "set", "eth", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", self._switch, "link", "set", host, "master", "bridge", "up")

    def _remove(self):
        for name in (*self._names.values(), self._switch):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Machine:
    """What runs on one of the hosts, with keys of its own."""

    def __init__(self, hosts, name, folder):
        self.hosts, self.name, self.folder = hosts, name, folder / name
        self.folder.mkdir()
        self._environment = os.environ | {"STREAMSON_KEYS": str(self.folder / "keys")}
        self._runs = itertools.count()
        self.key = self.run("keys", "new").split()[4]

    def run(self, *words):
        done = subprocess.run(
            [*STREAMSON, *words], env=self._environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    def allow(self, other):
        self.run("keys", "allow", other.name, other.key, "--publish", "*")

    def start(self, *words):
        """Start a command; return its process and the file of what it says."""
        said = self.folder / f"said{next(self._runs)}"
        with said.open("w") as file:
            process = subprocess.Popen(
                [*self.hosts.words(self.name), *STREAMSON, *words],
                cwd=self.folder,
                env=self._environment,
                stdout=file,
                stderr=file,
            )
        return process, said

    def endpoint(self, port=5570):
        return f"tcp://{self.hosts.address(self.name)}:{port}#{self.key}"


class Listening(Machine):
    """A machine with a listener that records what it hears."""

    def __init__(self, hosts, name, folder):
        super().__init__(hosts, name, folder)
        self._takes = itertools.count()
        self.process = None

    def listen(self):
        self.take = self.folder / f"take{next(self._takes)}"
        self.process, self.said = self.start(
            *("listen", "--bind", self.endpoint().partition("#")[0], "--output", "none"),
            *("--record", f"{self.take.name}/", "--stats", f"{self.take.name}.json", "--plain"),
            *(() if self.hosts.apart else ("--keys",)),
        )
        until(lambda: "Playing" in self.said.read_text(), "the listener", 60)

    def onsets(self):
        """Return when notes began, seconds of this listener's sound."""
        path = self.take / "notes.csv"
        if not path.exists():
            return []
        with path.open(newline="") as file:
            return [float(row["onset_s"]) for row in csv.DictReader(file) if row["onset_s"]]

    def hears_more(self, timeout_s=20.0):
        """Wait until it hears three more notes; return how long that took."""
        began, before = time.monotonic(), len(self.onsets())
        until(lambda: len(self.onsets()) >= before + 3, f"{self.name} to hear more", timeout_s)
        return time.monotonic() - began

    def longest_gap_s(self, since):
        onsets = [onset for onset in self.onsets() if onset >= since]
        return max(b - a for a, b in itertools.pairwise(onsets))

    def finish(self):
        """End the listener; return its statistics, and the points that it recorded."""
        self.process.terminate()
        assert self.process.wait(20) == 143
        stats = json.loads((self.folder / f"{self.take.name}.json").read_text())
        lines = (self.take / "points.jsonl").read_text().splitlines()
        return stats, [json.loads(line) for line in lines]


def kill(process):
    process.kill()
    process.wait()


@pytest.fixture
def hosts():
    with Hosts() as hosts:
        yield hosts


@pytest.fixture
def machines(hosts, tmp_path):
    """A producer, a relay and two listeners that know each other's keys; all runs."""
    web, hub = (Machine(hosts, name, tmp_path) for name in ("web", "hub"))
    ears = [Listening(hosts, name, tmp_path) for name in ("studio", "office")]
    hub.allow(web)
    for ear in ears:
        ear.allow(hub)
    running = {}

    def relay():
        running["relay"], said = hub.start(
            *("relay", "--bind", hub.endpoint().partition("#")[0]),
            *(() if hosts.apart else ("--keys",)),
            *(ear.endpoint() for ear in ears),
        )
        return said

    def produce():
        running["producer"], said = web.start(
            *("produce", "function", "t", "--start", "0", "--step", "1", "--rate", str(RATE_HZ)),
            *("--stream", "web/t", "--endpoint", hub.endpoint()),
        )
        return said

    try:
        for ear in ears:
            ear.listen()
        relay()
        produce()
        for ear in ears:
            ear.hears_more(60)
        yield ears, running, relay, produce
    finally:
        for process in (*running.values(), *(ear.process for ear in ears)):
            if process is not None:
                kill(process)


def assert_all_is_accounted_for(ear):
    """Check that each point since the first was either received or counted as lost."""
    stats, points = ear.finish()
    sequences = [point["sequence"] for point in points if point["stream"] == "web/t"]
    assert sequences == sorted(set(sequences))
    missing = sequences[-1] - sequences[0] + 1 - len(sequences)
    assert stats["points_lost"] == missing
    return missing


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", [5.0, pytest.param(20.0, marks=pytest.mark.slow)])
def test_a_link_that_is_cut_stops_nobody_elses_sound_and_heals(hosts, machines, seconds):
    if not hosts.apart:
        pytest.skip("this machine allows no network namespaces")
    (studio, office), *_ = machines
    since = office.onsets()[-1]
    hosts.cut("studio")
    time.sleep(seconds)  # so long the link is cut
    heard = len(studio.onsets())
    hosts.heal("studio")
    healed_at = time.monotonic()
    until(lambda: len(studio.onsets()) > heard, "the studio to hear again", 30)
    took_s = time.monotonic() - healed_at
    studio.hears_more()
    assert office.longest_gap_s(since) < STOPPED_S
    assert took_s < HEALED_S
    assert_all_is_accounted_for(studio)
    assert assert_all_is_accounted_for(office) == 0


@pytest.mark.timeout(300)
def test_whoever_is_killed_comes_back_and_is_heard_by_all(machines):
    (studio, office), running, relay, _ = machines
    since = office.onsets()[-1]
    kill(studio.process)
    studio.listen()
    assert studio.hears_more() < HEALED_S + 3 / RATE_HZ
    assert office.longest_gap_s(since) < STOPPED_S
    kill(running["relay"])
    said = relay()
    until(said.read_text, "the relay", 30)  # it says where it takes points
    for ear in (studio, office):
        assert ear.hears_more() < HEALED_S + 3 / RATE_HZ
    for ear in (studio, office):
        assert_all_is_accounted_for(ear)


@pytest.mark.timeout(300)
def test_a_producer_that_is_killed_is_followed_by_another(machines):
    ears, running, _, produce = machines
    kill(running["producer"])
    heard = [len(ear.onsets()) for ear in ears]
    produce()
    for ear, before in zip(ears, heard, strict=True):
        until(lambda: len(ear.onsets()) > before, f"{ear.name} to hear it")  # noqa: B023
    running["producer"].send_signal(signal.SIGINT)
    assert running["producer"].wait(20) == 130
