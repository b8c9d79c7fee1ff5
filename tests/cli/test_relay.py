"""``streamson relay`` among real producers and listeners, each of which may die."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from streamson import Publisher
from streamson.wire.points.receiver import Receiver
from streamson.wire.relay.loop_probe import STREAM as PROBES
from tests.conftest import free_endpoint, until

ANY_PORT = "tcp://127.0.0.1:*"
FOUND_AGAIN_S = 2.0


def endpoint(running):
    return running.await_line("Taking points on").removeprefix("Taking points on ").rstrip(".")


class Sending:
    """A producer that goes on and on, about 500 points a second."""

    def __init__(self, where):
        self.publisher = Publisher(where, wait_s=20, source="steady")
        self.number = 0

    def go_on(self):
        """Send a point; return True."""
        self.number += self.publisher.send("steady", v=self.number)
        time.sleep(0.002)
        return True


@pytest.fixture
def far():
    with Receiver(ANY_PORT) as receiver:
        yield receiver


def test_a_relay_hands_on_says_so_and_counts(start, far, tmp_path):
    gone = free_endpoint()
    words = ("--bind", ANY_PORT, far.endpoint, gone, "--stats", "stats.json")
    relay = start("relay", *words)
    where = endpoint(relay)
    relay.await_line(f"{far.endpoint} is there")
    found = []
    with Publisher(where) as publisher:
        for number in range(20):
            publisher.send("boiler", temperature=float(number))
        until(lambda: found.extend(far.receive(0.05)) or len(found) == 20, "the points")
    ended = []
    until(lambda: [*far.receive(0.05), ended.extend(far.take_ended())] and ended[1:], "goodbye")
    begin = time.monotonic()
    code, out, err = relay.end()
    assert time.monotonic() - begin < 1
    assert (code, out) == (130, "")
    assert re.fullmatch(
        r"took 20 points in \d+\.\d s, lost 0 before, refused 0 messages\n"
        rf"handed on 20 points to {far.endpoint}, lost 0, missed 0 while nobody was there\n"
        rf"handed on 0 points to {gone}, lost 0, missed 20 while nobody was there",
        err.strip(),
    )
    assert [one for one in ended if not one.startswith(PROBES)] == ["boiler"]
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert (stats["points_received"], stats["goodbyes"], stats["last_values"]) == (20, 1, 0)
    assert [one["points_sent"] for one in stats["destinations"]] == [20, 0]
    assert [one["points_missed"] for one in stats["destinations"]] == [0, 20]


def test_sigterm_ends_it_within_a_second_while_points_come(start, far):
    relay = start("relay", "--bind", ANY_PORT, far.endpoint)
    sending = Sending(endpoint(relay))
    until(lambda: sending.go_on() and [*far.receive(0)], "points")
    begin = time.monotonic()
    code, _, err = relay.end(signal.SIGTERM)
    assert time.monotonic() - begin < 1
    assert code == 143
    assert "handed on " in err
    sending.publisher.close()


def test_a_relay_that_is_killed_and_started_again_is_found_again(start, far):
    where = free_endpoint()
    relay = start("relay", "--bind", where, far.endpoint)
    sending = Sending(where)
    found = []

    def heard():
        sending.go_on()
        before = len(found)
        found.extend(far.receive(0))
        return len(found) > before

    until(lambda: heard() and len(found) > 200, "points")
    relay.kill()
    for _ in range(200):
        heard()
    relay = start("relay", "--bind", where, far.endpoint)
    endpoint(relay)
    begin, count = time.monotonic(), len(found)
    until(lambda: heard() and len(found) > count + 10, "points again")
    assert time.monotonic() - begin < FOUND_AGAIN_S
    numbers = [message.sequence for message in found]
    assert numbers == sorted(set(numbers))
    assert far.counts.points_lost == numbers[-1] + 1 - numbers[0] - len(numbers)
    sending.publisher.close()


def test_by_two_relays_each_point_is_heard_once_and_one_may_be_killed(start, far):
    where = free_endpoint()
    first = start("relay", "--bind", where, far.endpoint)
    second = start("relay", "--bind", ANY_PORT, far.endpoint)
    second_at = endpoint(second)
    for one in (first, second):
        one.await_line("is there")
    fork = start("relay", "--bind", ANY_PORT, where, second_at)
    fork_at = endpoint(fork)
    for _ in range(2):
        fork.await_line("is there")
    sending = Sending(fork_at)
    found = []

    def heard(*, twice):
        """Send on; return whether so many came by both ways."""
        sending.go_on()
        found.extend(far.receive(0))
        return far.counts.points_repeated >= twice

    until(lambda: heard(twice=200), "points by both ways")
    first.kill()
    alone = len(found) + 200
    until(lambda: heard(twice=0) and len(found) > alone, "points by one way")
    first = start("relay", "--bind", where, far.endpoint)
    by_both = far.counts.points_repeated + 200
    until(lambda: heard(twice=by_both), "points by both ways again")
    second.kill()
    alone = len(found) + 200
    until(lambda: heard(twice=0) and len(found) > alone, "points by the other way")
    numbers = [message.sequence for message in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert far.counts.points_lost == 0
    sending.publisher.close()


def test_a_listener_that_is_killed_and_started_again_has_the_last_values_at_once(start):
    where = free_endpoint()
    listen = ("listen", "--bind", where, "--output", "none", "--plain")
    listener = start(*listen)
    listener.await_line("Playing")
    relay = start("relay", "--bind", ANY_PORT, where)
    relay_at = endpoint(relay)
    relay.await_line("is there")
    with Publisher(relay_at) as publisher:
        publisher.send("boiler", temperature=1.0)
        listener.await_line("boiler: temperature")
        listener.kill()
        relay.await_line("is gone")
        listener = start(*listen)
        listener.await_line("Playing")
        begin = time.monotonic()
        listener.await_line("boiler: temperature")
        assert time.monotonic() - begin < FOUND_AGAIN_S
        relay.await_line("is there")
    code, out, _ = listener.end()
    assert code == 130
    assert "played 1 note of 1 point " in out
    assert "lost 0 points, refused 0 messages" in out


def test_a_listener_that_stands_still_holds_up_no_other(start, far):
    listener = start("listen", "--bind", where := free_endpoint(), "--output", "none")
    listener.await_line("Playing")
    relay = start("relay", "--bind", ANY_PORT, where, far.endpoint)
    relay_at = endpoint(relay)
    relay.await_line("is there")
    relay.await_line("is there")
    os.kill(listener.pid, signal.SIGSTOP)
    count = 20_000
    found = 0
    with Publisher(relay_at) as publisher:
        for number in range(count):
            publisher.send("x", v=number)
            if number % 200 == 0:
                late = time.monotonic()
                until(lambda: [*far.receive(0.05)], "points")
                assert time.monotonic() - late < 1
        until(lambda: far.receive(0.05) and not [*far.receive(0.2)], "the last of them")
        found = far.counts
    assert (found.points_received, found.points_lost) == (count, 0)
    os.kill(listener.pid, signal.SIGCONT)
    _, out, _ = listener.end()
    assert "refused 0 messages" in out
    code, _, err = relay.end()
    assert code == 130
    assert f"handed on {count} points to {far.endpoint}, lost 0" in err


CROWD = """
import sys, zmq
context = zmq.Context()
context.set(zmq.MAX_SOCKETS, 1_100)
sockets = []
for number in range(1_000):
    sender = context.socket(zmq.XPUB)
    sender.linger = 5_000
    sender.connect(sys.argv[1])
    sockets.append(sender)
for sender in sockets:
    assert sender.poll(20_000)
for number, sender in enumerate(sockets):
    for sequence in range(3):
        payload = b'{"fields": {"v": 1}, "source": "s%d", "sequence": %d}' % (number, sequence)
        sender.send(b"s%d\\0" % number + payload)
print("sent", flush=True)
sys.stdin.read()
"""


def test_a_thousand_producers_connect(start, far):
    relay = start("relay", "--bind", ANY_PORT, far.endpoint)
    where = endpoint(relay)
    relay.await_line("is there")
    found = []
    with subprocess.Popen(
        [sys.executable, "-c", CROWD, where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as crowd:
        until(lambda: found.extend(far.receive(0.05)) or len(found) == 3_000, "all points")
        crowd.communicate("")
    assert {message.source for message in found} == {f"s{number}" for number in range(1_000)}
    assert (far.counts.points_lost, far.counts.messages_refused) == (0, 0)
    _, _, err = relay.end()
    assert "took 3000 points in" in err
    assert "refused 0 messages" in err


def test_a_port_in_use_is_explained(start, run, far):
    where = endpoint(start("relay", "--bind", ANY_PORT, far.endpoint))
    done = run("relay", "--bind", where, far.endpoint)
    assert done.returncode == 1
    assert "the port is in use" in done.stderr
    assert "--bind" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument 'TO...'"),
        (["nonsense"], "the form is"),
        (["tcp://127.0.0.1"], "the form is"),
        (["--bind", "nonsense", "tcp://127.0.0.1:1"], "the form is"),
        (["tcp://localhost:5570"], "this relay itself is bound (tcp://127.0.0.1:5570)"),
        (["tcp://127.0.0.1:1", "tcp://127.0.0.1:1"], "is given twice"),
    ],
)
def test_mistakes_are_explained(run, words, message):
    bind = [] if "--bind" in words or "tcp://localhost:5570" in words else ["--bind", ANY_PORT]
    done = run("relay", *bind, *words)
    assert message in done.stderr
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) <= 4


def test_two_relays_in_a_circle_say_so_and_end(start, far):
    ends = [free_endpoint(), free_endpoint()]
    first = start("relay", "--bind", ends[0], ends[1], far.endpoint)
    second = start("relay", "--bind", ends[1], ends[0])
    endpoint(first)
    endpoint(second)
    with Publisher(ends[0]) as publisher:
        publisher.send("x", v=1)
        until(lambda: [*far.receive(0.05)], "the point")
        time.sleep(0.5)
    told = [one.end()[2] for one in (second, first)]
    assert any("comes back here" in one for one in told)
    counts = [int(re.search(r"took (\d+) point", one)[1]) for one in told]
    assert all(count <= 3 for count in counts)


def test_a_relay_shows_its_key_and_says_who_does_not_let_it_in(start, run, tmp_path, monkeypatch):
    def be(who):
        monkeypatch.setenv("STREAMSON_KEYS", str(tmp_path / who))

    be("listener")
    run("keys", "new")
    listener = start("listen", "--bind", ANY_PORT, "--keys", "--output", "none", "--plain")
    where = listener.await_line("Those whose keys are allowed").split()[-1]
    listener.await_line("Playing")
    be("relay")
    run("keys", "new")
    relay = start("relay", "--bind", ANY_PORT, where)
    relay_at = endpoint(relay)
    told = relay.await_line("does not let this machine publish")
    key = re.search(r"[0-9a-f]{64}", told)[0]
    be("listener")
    assert run("keys", "allow", "hall", key, "--publish", "*").returncode == 0
    relay.await_line("is there")
    with Publisher(relay_at) as publisher:
        publisher.send("boiler", temperature=1.0)
        listener.await_line("boiler: temperature")
