"""``streamson watch`` as a person uses it: a real terminal, a real listener, real keys."""

import math
import signal
import subprocess

import psutil
import pytest

from streamson import Listener, Publisher
from streamson.session.load import parse_session
from tests.cli.conftest import STREAMSON
from tests.cli.terminal import Terminal
from tests.conftest import until
from tests.live import made_up

ANY_PORT = "tcp://127.0.0.1:*"
SESSION = b"""
[[alert]]
field = "percent"
above = 90
[[part]]
"""
END_S = 3.0
"""A second, on a machine that is busy with other things."""

REST_S = 3.0
ODD_NAMES = ["\x1b[2J\x1b[31mred", "\x1b]0;title\x07", "世界/温度", "e\u0301" * 9, "\u202egnp"]


@pytest.fixture
def listener(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where recordings go that are begun while it plays
    session = parse_session(SESSION, "watched.toml")
    with Listener(ANY_PORT, session=session, output="none", feed=ANY_PORT) as listening:
        yield listening


@pytest.fixture
def publisher(listener):
    with Publisher(listener.endpoint) as publishing:
        assert publishing.wait_for_listener(20)
        yield publishing


@pytest.fixture
def watch(tmp_path):
    """Start `streamson watch` in a terminal of its own."""
    opened = []

    def start(feed, *words, size=(80, 24), **environment):
        opened.append(Terminal(tmp_path, "watch", feed, *words, size=size, **environment))
        return opened[-1]

    yield start
    for one in opened:
        one.kill()


def until_line(told, words):
    """Yield lines up to one with these words."""
    for line in told:
        yield line
        if words in line:
            return


def state(listener):
    return listener._reporter.state()


def selected(terminal):
    return next((line[3:].split()[0] for line in terminal.lines if line.startswith("▶")), None)


def columns_of(row):
    """Return the cells at which values stand."""
    return next(at for at in range(len(row)) if row[at : at + 3] == ["4", "2", " "])


def test_the_screen_shows_a_listener_and_its_keys_steer_it(watch, listener, publisher, tmp_path):
    for name in ("web1/cpu", "web1/disk", "boiler"):
        publisher.send(name, percent=42.0)
    screen = watch(listener.feed_endpoint)
    screen.await_line("boiler")
    assert "watched.toml · without sound" in screen.lines[0]
    assert "volume -3 dB" in screen.lines[1]
    assert screen.lines[4].split()[1:5] == ["web1/cpu", "live", "42", "percent"]
    assert selected(screen) == "web1/cpu"

    def press(key, done, what):
        screen.press(key)
        screen.await_screen(done, what, 10)

    press("m", lambda: state(listener).muted_streams == ("web1/cpu",), "muted stream")
    screen.await_line("web1/cpu: muted")
    assert screen.lines[4].startswith("▶M web1/cpu")
    press("m", lambda: not state(listener).muted_streams, "stream that is not muted")
    press("\x1b[B", lambda: selected(screen) == "web1/disk", "next stream")
    press("s", lambda: state(listener).soloed_streams == ("web1/disk",), "solo")
    press("\x1bOB", lambda: selected(screen) == "boiler", "next stream, as other terminals say it")
    press("s", lambda: len(state(listener).soloed_streams) == 2, "second solo")
    screen.await_screen(lambda: screen.lines[5].startswith(" S web1/disk"), "mark of its solo")
    press("h", lambda: state(listener).soloed_streams == ("boiler",), "solo of one alone")
    screen.await_screen(lambda: screen.lines[5].startswith(" - web1/disk"), "mark of silence")
    press("h", lambda: not state(listener).soloed_streams, "no solo")
    press("M", lambda: state(listener).muted, "silence")
    screen.await_line("MUTED (-3 dB)")
    press("M", lambda: not state(listener).muted, "sound")
    press("+++", lambda: state(listener).volume_db == 0.0, "more volume")
    press("-", lambda: state(listener).volume_db == -1.0, "less volume")
    screen.await_line("volume -1 dB")
    press("+" * 30, lambda: screen.lines[-2] == "  volume 24 dB", "all volume")
    press("+", lambda: "volume 24 dB is the loudest" in screen.lines[-2], "limit")
    press("r", lambda: state(listener).recording, "recording")
    screen.await_line("REC 0:0")
    press("r", lambda: not state(listener).recording, "end of the recording")
    assert (tmp_path / listener.recording).is_file()
    press("m", lambda: state(listener).muted_streams, "muted stream")
    press("u", lambda: not state(listener).muted_streams, "all to be heard")

    for name in ("web1/cpu", "boiler"):
        publisher.send(name, percent=97.0)
    screen.await_line("ALERT   boiler: percent is 97 %, above 90 %")
    assert "2 alerts" in screen.lines[1]
    press("a", lambda: sum(a.acknowledged for a in state(listener).alerts) == 1, "known alert")
    screen.await_line("known   boiler: percent is 97 %, above 90 %")
    press("\x1b[1~", lambda: selected(screen) == "web1/cpu", "first stream")
    press("A", lambda: all(a.acknowledged for a in state(listener).alerts), "known alerts")
    press("a", lambda: "0 alerts acknowledged" in screen.lines[-2], "answer")

    screen.press("q")
    assert screen.end(END_S) == 0
    assert screen.attributes == screen.before
    assert screen.shown.count("\x1b[?1049h") == screen.shown.count("\x1b[?1049l") == 1


def test_a_refusal_is_shown(watch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Listener(ANY_PORT, output="none", feed=ANY_PORT, record="all") as listener:
        screen = watch(listener.feed_endpoint)
        screen.await_line("REC")
        screen.press("r")
        screen.await_line("not done: all records as long as the listener runs")
        assert state(listener).recording


def test_help_and_search(watch, listener, publisher):
    for number in range(30):
        publisher.send(f"host{number}/cpu", percent=1.0)
    screen = watch(listener.feed_endpoint)
    screen.await_line("1/30")
    screen.press("?")
    screen.await_line("mute it, or hear it again")
    screen.press(" ")
    screen.await_line("from a point to its sound")
    screen.press("\x1b")
    screen.await_line("1/30")
    screen.press("/host2")
    screen.await_line("find: host2_   11 of 30 streams")
    screen.press("9q")  # a letter of what is looked for
    screen.await_line("no stream has that")
    screen.press("\x7f\r")
    screen.await_line("find: host29   1 of 30 streams   Esc shows all")
    assert selected(screen) == "host29/cpu"
    screen.press("m")
    screen.await_screen(lambda: state(listener).muted_streams == ("host29/cpu",), "muted stream")
    screen.press("\x1b")
    screen.await_line("30/30")
    screen.press("\x03")
    assert screen.end(END_S) == 130
    assert screen.attributes == screen.before


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (40, 12), (24, 6), (12, 2), (1, 1)])
def test_it_fits(watch, size):
    with made_up.MadeUpFeed([made_up.row(name) for name in ODD_NAMES]) as feed:
        screen = watch(feed.endpoint, size=size)
        screen.await_text("\x1b[?1049h")
        if size[0] >= 40:
            screen.await_screen(lambda: selected(screen) and "quit" in screen.lines[-1], "streams")
            # What follows a name stands in one column, however wide its characters are.
            rows = [row for row in screen.cells if "".join(row)[3:5] in ("\\x", "世界", "éé")]
            assert len({columns_of(row) for row in rows}) == 1
            assert len(rows) == 4
        screen.press("q")
        assert screen.end(END_S) == 0
    assert "\x1b[2J\x1b[31mred" not in screen.shown
    assert "\x1b]0;" not in screen.shown


def test_it_follows_its_window(watch, listener, publisher):
    publisher.send("web1/cpu", percent=1.0)
    screen = watch(listener.feed_endpoint)
    screen.await_line("LOST")
    screen.resize(40, 12)
    screen.await_screen(lambda: "quit" in screen.lines[-1] and "LOST" not in screen.lines[2], "40")
    screen.resize(2, 1)
    screen.resize(200, 60)
    screen.await_screen(lambda: len(screen.lines) == 60 and "PLAYS" in screen.lines[3], "200")
    screen.press("q")
    assert screen.end(END_S) == 0


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_is_obeyed(watch, listener, publisher, no_color):
    publisher.send("web1/cpu", percent=95.0)
    screen = watch(listener.feed_endpoint, NO_COLOR=no_color)
    screen.await_line("ALERT ")
    screen.await_line("above 90")
    assert ("red" in screen.colours) == (not no_color)
    assert (screen.colours == {"default"}) == bool(no_color)


def test_a_terminal_without_unicode_gets_plain_characters(watch, listener, publisher):
    publisher.send("世界", percent=95.0)
    screen = watch(listener.feed_endpoint, LC_ALL="C")
    screen.await_line("\\u4e16\\u754c")
    assert screen.shown.isascii()


def test_thousands_of_streams(watch):
    rows = [made_up.row(f"rack{n // 40:02}/host{n % 40:02}") for n in range(3_000)]
    with made_up.MadeUpFeed(rows) as feed:
        screen = watch(feed.endpoint)
        screen.await_line("1/3000")
        screen.press("\x1b[4~")
        screen.await_line("▶  rack74/host39")
        screen.press("\x1b[5~")
        screen.await_line("▶  rack74/host2")
        screen.press("m")  # nobody answers: the screen goes on meanwhile
        screen.press("/rack07/host1")
        screen.await_line("find: rack07/host1_   10 of 3000 streams")
        screen.press("\r\x1b[1~")
        screen.await_line("▶  rack07/host10")
        screen.press("q")
        assert screen.end(END_S) == 0


def test_it_costs_little_at_rest(watch, listener, publisher):
    screen = watch(listener.feed_endpoint)
    screen.await_line("waiting for points")
    process = psutil.Process(screen.process.pid)
    began, sent = process.cpu_times(), 0

    def send():
        nonlocal sent
        for name in ("a", "b", "c"):
            publisher.send(name, percent=50 + 40 * math.sin(sent / 9))
        sent += 1
        screen.pause(0.25)
        return sent >= REST_S / 0.25

    until(send, "rest", 2 * REST_S)
    used = process.cpu_times()
    assert used.user + used.system - began.user - began.system < 0.03 * REST_S
    assert selected(screen) == "a"


def test_a_listener_that_goes_is_waited_for(watch):
    with made_up.MadeUpFeed([made_up.row("before")]) as feed:
        endpoint = feed.endpoint
        screen = watch(endpoint)
        screen.await_line("  before ")
    screen.await_line("NO LISTENER")
    screen.press("m")
    screen.await_line("nobody is there to do that")
    with made_up.MadeUpFeed([made_up.row("newcomer")], endpoint):
        screen.await_line("  newcomer ")
        assert "NO LISTENER" not in screen.lines[0]
        assert "  before " not in "\n".join(screen.lines)
    screen.press("q")
    assert screen.end(END_S) == 0


def test_plain_lines_say_that_a_listener_went_and_came_back(tmp_path):
    feed = made_up.MadeUpFeed([made_up.row("before")])
    with subprocess.Popen(
        [*STREAMSON, "watch", feed.endpoint], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as plain:
        told = "".join(until_line(plain.stdout, "load "))
        assert "streamson 0 plays without sound what comes to tcp://127.0.0.1:5570\n" in told
        feed.close()
        gone = plain.stdout.readline()
        assert gone[8:] == " the listener tells nothing any more; waiting for it\n"
        with made_up.MadeUpFeed([made_up.row("newcomer")], feed.endpoint):
            assert "plays without sound" in plain.stdout.readline()
        plain.send_signal(signal.SIGINT)
        assert plain.wait(END_S) == 130


def test_it_ends_with_its_terminal(watch, listener):
    screen = watch(listener.feed_endpoint)
    screen.await_line("quit")
    screen.close()
    assert screen.end(END_S) == 129


@pytest.mark.parametrize(
    ("environment", "reason"),
    [({"TERM": "dumb"}, "can't move its cursor"), ({"TERM": "no\x1b[2J"}, "nothing is known of")],
)
def test_a_terminal_that_can_not_gets_lines(watch, listener, environment, reason):
    lines = watch(listener.feed_endpoint, size=(200, 24), **environment)
    lines.await_text("plays without sound")
    assert f"Plain lines instead of a screen: {reason}" in lines.shown.replace("the terminal ", "")
    assert "\x1b" not in lines.shown
    lines.press("\x03")
    assert lines.end(END_S) == 130


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("tcp://127.0.0.1:9",), 1, "no listener tells anything on tcp://127.0.0.1:9. Start one"),
        (
            ("tcp://192.0.2.1:9",),
            1,
            "no listener tells anything on tcp://192.0.2.1:9. Start one there: "
            "streamson listen --feed tcp://0.0.0.0:9\n",
        ),
        (
            ("tcp://fd00::1:9",),
            2,
            "can't connect to 'tcp://fd00::1:9': an IPv6 address is in brackets; did you mean "
            "tcp://[fd00::1]:9?",
        ),
        (("nowhere",), 2, 'feed \'nowhere\': the form is "tcp://HOST:PORT" or "ipc://PATH"'),
    ],
)
def test_where_nobody_is_it_says_so(run, words, code, told):
    done = run("watch", *words)
    assert done.returncode == code
    assert done.stderr.startswith(f"streamson: {told}")
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_plain_lines_tell_what_happens_and_how_things_stand(listener, publisher, tmp_path):
    publisher.send("web1/disk", percent=95.0)
    until(lambda: state(listener).alerts, "an alert")
    with subprocess.Popen(
        [*STREAMSON, "watch", listener.feed_endpoint, "--plain"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as plain:
        lines = list(until_line(plain.stdout, "load "))
        assert lines[0][8:].startswith(" streamson 0.1.0 plays without sound what comes to tcp://")
        alert = " web1/disk: percent is 95 %, above 90 %"
        assert any(line[8:].startswith(f"{alert}, since ") for line in lines)
        assert lines[-1].startswith("0:0")
        assert "  web1/disk B5  1 stream, 1 alert, 1 point, 1 note, load" in lines[-1]
        publisher.send("web1/disk", percent=5.0)
        assert plain.stdout.readline()[8:] == " web1/disk: percent is 5 % again\n"
        listener.caption("Hear this.")
        assert plain.stdout.readline()[8:] == " Hear this.\n"
        plain.send_signal(signal.SIGINT)
        rest, err = plain.communicate(timeout=END_S)
    assert (plain.returncode, rest, err) == (130, "", "\n")


def test_plain_lines_are_plain_whatever_names_are(tmp_path):
    with (
        made_up.MadeUpFeed([made_up.row(name) for name in ODD_NAMES]) as feed,
        subprocess.Popen(
            [*STREAMSON, "watch", feed.endpoint], stdout=subprocess.PIPE, text=True, cwd=tmp_path
        ) as plain,
    ):
        told = "".join(until_line(plain.stdout, "load "))
        plain.terminate()
    assert r" \x1b[2J\x1b[31mred: back after 3.0 s" in told
    assert not set("\x1b\x07\u202e") & set(told)
