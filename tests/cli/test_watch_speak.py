"""``streamson watch --speak``: a real listener, a real espeak-ng, each a process."""

import os
import re
import signal
import time

import pytest

from streamson import Listener, Publisher
from streamson.model.event.alerts import AlertsMerged, MergedGroup
from streamson.model.event.streams import StreamForward, StreamRecovered, StreamStale
from streamson.model.feed import EVENT, HELLO, STATE, EventTold
from streamson.session.load import parse_session
from streamson.wire.feed.publisher import FeedPublisher
from tests.conftest import free_endpoint, until
from tests.live import made_up
from tests.spoken_aloud import kill_speaking, speaking, spoken

__all__ = ["spoken"]

ANY_PORT = "tcp://127.0.0.1:*"
SESSION = b"""
[[part]]
[[alert]]
stream = "*"
field = "percent"
above = 90
priority = "high"
"""
STARTS = "Saying aloud what happens."


def listener_at(points, feed=ANY_PORT):
    session = parse_session(SESSION, "spoken.toml")
    return Listener(points, session=session, output="none", feed=feed)


class Told:
    """A feed that tells these events, and nothing after."""

    def __init__(self, *events, alerts=()):
        self._publisher = FeedPublisher(ANY_PORT)
        self.endpoint = self._publisher.endpoint
        self._events = events
        self._alerts = alerts

    def greet(self):
        until(lambda: HELLO in self._publisher.wait(0.05), "a reader")
        self._publisher.send(HELLO, made_up.hello())

    def tell_state(self):
        self._publisher.send(STATE, made_up.state(alerts=self._alerts))

    def tell(self):
        for number, event in enumerate(self._events):
            told = EventTold(number=number, time=0.0, sentence=event.sentence, event=event)
            self._publisher.send(EVENT, told)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._publisher.close()


def test_an_alert_and_a_listener_that_goes_and_is_back_are_said(start, spoken):
    points, feed = free_endpoint(), free_endpoint()
    with listener_at(points, feed), Publisher(points) as publisher:
        assert publisher.wait_for_listener(20)
        watch = start("watch", feed, "--speak")
        watch.await_line(STARTS)
        spoken.await_lines("speech is on")
        publisher.send("web1/cpu", percent=50.0)
        publisher.send("web1/cpu", percent=97.0)
        said = ["speech is on", "urgent alert: web 1, c p u: percent above 90"]
        spoken.await_lines(*said)
    said.append("the listener has gone")
    spoken.await_lines(*said)
    with listener_at(points, feed):
        spoken.await_lines(*said, "the listener is back")
        code, out, err = watch.end()
    assert code == 130
    assert "web1/cpu: percent is 97 %, above 90 %" in out
    assert re.match(r"Speech: [34] lines\n", err)  # the last one may be cut short
    assert spoken.seconds > 1


def test_what_is_said_of_thousands_is_short(start, spoken):
    events = [
        StreamForward(frame=0, stream="rack2/disk4", group="rack2", streams=14, surprise=4.0),
        AlertsMerged(frame=0, alerts=14, groups=(MergedGroup("rack2", 14, ("free",)),)),
        StreamStale(frame=0, streams=("$(sh)/`x`", "$(sh)/\x1b[2J"), silent_s=9.0, usual_s=1.0),
        StreamRecovered(frame=0, name="--stdin", silent_s=9.0),
    ]
    alerts = (made_up.alert("a"), made_up.alert("b", acknowledged=True))
    with Told(*events, alerts=alerts) as feed:
        watch = start("watch", feed.endpoint, "--speak", "--voice", "en-us")
        feed.greet()
        watch.await_line(STARTS)
        until(lambda: "1 alert going on" in spoken.lines or feed.tell_state(), "alerts that last")
        feed.tell()
        until(lambda: "stdin back" in spoken.lines, "the last")
        assert watch.end()[0] == 130
    assert spoken.lines[-4:] == [
        "rack 2: 14 streams, disk 4 in front",
        "14 alerts: 14 streams of rack 2, free",
        "s h: x, 2 J silent",
        "stdin back",
    ]


def test_a_flood_waits_for_nobody_and_is_summed_up(start, spoken):
    flood = [StreamRecovered(frame=0, name=f"s{n}", silent_s=9.0) for n in range(60)]
    spoken.hang()
    with Told(*flood) as feed:
        watch = start("watch", feed.endpoint, "--speak")
        feed.greet()
        watch.await_line(STARTS)
        until(speaking, "one that speaks")
        feed.tell()
        kill_speaking()
        spoken.repair()
        until(lambda: told_of(spoken.lines[1:]) == len(flood), "all, or how many more")
        code, out, err = watch.end()
    assert code == 130
    assert out.count(": back after 9.0 s") == len(flood)
    assert len(spoken.lines) < 20
    assert "nothing is said: espeak-ng: it was ended by signal 9; trying again" in err


def told_of(lines):
    """Return of how many streams these lines tell, one by one and in sum."""
    found = [re.fullmatch(r"(s \d+ back)?(?:, )?(?:and (\d+) more)?", line) for line in lines]
    return sum((one[1] is not None) + int(one[2] or 0) for one in found if one)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_speaks_on_after_its_end(start, spoken, how):
    spoken.hang()
    with Told() as feed:
        watch = start("watch", feed.endpoint, "--speak")
        feed.greet()
        watch.await_line(STARTS)
        until(speaking, "one that speaks")
        begin = time.monotonic()
        if how == signal.SIGKILL:
            os.kill(watch.pid, how)
        else:
            code, _, err = watch.end(how)
            assert code == 128 + how
            assert err.strip() == "Speech: 0 lines"
            assert time.monotonic() - begin < 3
        until(lambda: not speaking(), "silence", 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--speak", "--voice", "martian"), "--voice: found 'martian'; espeak-ng has no such"),
        (("--speak", "--voice", "-w"), "--voice: found '-w'; espeak-ng has no such voice"),
        (("--speak", "--voice", "\x1b[2J"), r"--voice: found '\x1b[2J'"),
        (("--voice", "en"), "--voice is for --speak, which is not there"),
    ],
)
def test_wrong_use_is_told_in_a_line(run, spoken, words, told):
    with made_up.MadeUpFeed([]) as feed:
        done = run("watch", feed.endpoint, *words)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"streamson: {told}")
    assert "\x1b" not in done.stderr


def test_where_nothing_can_speak_it_says_what_to_do(run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with made_up.MadeUpFeed([]) as feed:
        done = run("watch", feed.endpoint, "--speak")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "streamson: nothing can speak: espeak-ng is not installed; apt-get install espeak-ng "
        "(macOS: brew install espeak-ng)"
    )
