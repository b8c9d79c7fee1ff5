"""A listener's feed and commands under attack: memory, sound, and those who mean no harm."""

import contextlib
import sys
import time

import pytest

from streamson import Publisher
from streamson.model.command import Mute
from streamson.wire.sockets.endpoint import control_endpoint
from tests.listener.watching import Watched, sound_of
from tests.wire.feed_attackers import ATTACKS, attacking
from tests.wire.test_attacks import MEGABYTE, Victim

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

FEED = ("--feed", "tcp://127.0.0.1:*")
ASK_S = 0.3

COUNTED = {
    "commands": "commands_refused",
    "snapshots": "commands_refused",
    "rubbish-commands": "commands_refused",
    "giant-frames": None,  # libzmq ends them by itself
    "endless-commands": "connections_cut",
    "endless-subscriptions": "connections_cut",
    "many-parts": "connections_cut",
    "garbage": None,
    "subscriptions": "connections_cut",
    "coming-and-going": "connections_cut",
    "ping-and-reset": None,
    "half-open": "connections_cut",
    "many-connections": None,  # most of them wait outside
    "passing-readers": None,  # they go by themselves, and most wait outside
}
"""What tells of an attack afterwards."""

QUICK = (
    *("commands", "snapshots", "giant-frames", "endless-commands"),
    *("garbage", "subscriptions", "ping-and-reset", "many-connections"),
    "passing-readers",
)


def feed_of(victim):
    [line] = [line for line in victim.lines if line.startswith("Feed")]
    return line.split()[-1].rstrip(".")


class Calm:
    """Somebody who reads all and steers now and then, and what he meets."""

    def __init__(self, victim):
        self.victim = victim
        self.watcher = Watched(feed_of(victim))
        self.watcher.until_told("hello")
        assert self.watcher.call(Mute(muted=False)).ok
        self.answers = []
        self.memory = []
        self._due = 0.0

    def read(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.watcher.read()
            self.memory.append(self.victim.memory)
            if time.monotonic() > self._due:
                self._due = time.monotonic() + ASK_S
                self.answers.append(self.watcher.client.call(Mute(muted=False), timeout_s=5))


def attacked(tmp_path, attack, peers, seconds):
    """Return how a listener, and somebody who means no harm, come through an attack."""
    with (
        contextlib.closing(Victim(tmp_path, *FEED)) as victim,
        Publisher(victim.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for i in range(20):
            publisher.send(f"s{i}", x=float(i))
        calm = Calm(victim)
        with contextlib.closing(calm.watcher):
            calm.read(0.5)
            start = max(calm.memory)
            feed = feed_of(victim)
            with attacking(attack, feed, control_endpoint(feed), peers=peers):
                calm.read(seconds)
                publisher.send("late", x=1.0)
                calm.read(0.5)
            grown = max(calm.memory) - start
            took_s, stats = victim.end()
        assert took_s < 2
        # The sound that he heard has no gap, and every command of his was carried out.
        _, heard = sound_of(calm.watcher.told["audio"])
        assert len(heard) > 44_100 * seconds / 2
        assert all(answer.ok for answer in calm.answers)
        assert stats["points_received"] == 21
        assert stats["faults"] == stats["feed_left_out"] == 0
        if COUNTED[attack]:
            assert stats[COUNTED[attack]] > 0
        assert len([line for line in victim.lines if "cut the connection" in line]) < 15
        assert all(line.rstrip("\n").isprintable() for line in victim.lines)
        return grown


def test_what_tells_of_each_attack_is_known():
    assert set(COUNTED) == set(ATTACKS)


@pytest.mark.parametrize("attack", QUICK)
def test_an_attack_takes_no_memory_and_nobody_hears_or_misses_anything(tmp_path, attack):
    grown = [attacked(tmp_path, attack, 2, 1.5)]
    if grown[0] >= 100 * MEGABYTE:  # the machine did something else
        grown.append(attacked(tmp_path, attack, 2, 1.5))
    assert min(grown) < 100 * MEGABYTE


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_of_a_minute_takes_no_memory(tmp_path, attack):
    assert attacked(tmp_path, attack, 3, 60) < 150 * MEGABYTE


def missed(folder, attack, *, elsewhere):
    """Return the share of blocks that a card misses while its listener, or another, is attacked."""
    (folder / "other").mkdir(exist_ok=True)
    with (
        contextlib.closing(Victim(folder, *FEED, "--output", "auto")) as playing,
        contextlib.closing(Victim(folder / "other", *FEED)) as other,
        contextlib.closing(Watched(feed_of(playing))) as watcher,
    ):
        watcher.until_told("hello")
        feed = feed_of(other if elsewhere else playing)
        with attacking(attack, feed, control_endpoint(feed)):
            end = time.monotonic() + 4
            while time.monotonic() < end:
                watcher.read()
        other.end()
        _, stats = playing.end()
    return (stats["blocks_missed"] + stats["underflows"]) / stats["blocks"]


@pytest.mark.slow
@pytest.mark.jack
@pytest.mark.parametrize("attack", ["commands", "subscriptions"])
def test_a_sound_card_is_served_as_while_another_listener_is_attacked(jack, tmp_path, attack):
    """The attackers and what they attack take the machine from the sound in both."""
    for _ in range(2):  # a machine that is busy with something else may have one more try
        more = missed(tmp_path, attack, elsewhere=False) - missed(tmp_path, attack, elsewhere=True)
        if more < 0.02:
            return
    pytest.fail(f"{100 * more:.1f} % more blocks are missed")


def test_nobody_is_kept_out_by_those_who_say_nothing(tmp_path):
    with contextlib.closing(Victim(tmp_path, *FEED)) as victim:
        feed = feed_of(victim)
        with attacking("half-open", feed, control_endpoint(feed), peers=2):
            for _ in range(5):
                with contextlib.closing(Watched(feed)) as newcomer:
                    newcomer.until_told("hello")
                    newcomer.until_told("state")
        _, stats = victim.end()
    assert stats["faults"] == 0
