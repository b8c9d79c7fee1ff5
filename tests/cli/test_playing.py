"""What is shown while it plays: a screen on a terminal, else plain lines."""

import os
import resource
import signal
import sys

import psutil
import pytest
import zmq

from streamson import Publisher
from tests.cli.conftest import STREAMSON
from tests.cli.terminal import Terminal
from tests.conftest import until

LISTEN = ("listen", "--bind", "tcp://127.0.0.1:*", "--output", "none")
END_S = 3.0
"""A second, on a machine that is busy with other things."""

ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"
"""The alternate screen of a terminal."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no such terminals")


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    """Start a command in a terminal of its own."""
    opened = []
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))

    def start(*words, **options):
        opened.append(Terminal(tmp_path, *words, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.kill()


def listening(terminal, *words, **options):
    """Return a listener whose screen is there, and where it listens."""
    listener = terminal(*LISTEN, *words, **options)
    where = listener.await_text("Playing without").partition("Listening on ")[2].split()[0]
    listener.await_line("q quit")
    return listener, where.rstrip(".")


def is_sane(terminal):
    """Return whether a terminal is as it was, and shows its own lines."""
    return (
        terminal.attributes == terminal.before
        and terminal.shown.count(ENTERED) == terminal.shown.count(LEFT)
        and terminal.shown.rfind("\x1b[?25l") < terminal.shown.rfind(LEFT)
    )


def after_the_screen(terminal):
    return terminal.shown.rpartition(LEFT)[2]


def test_a_terminal_shows_a_screen_that_q_ends(terminal, tmp_path):
    listener, where = listening(terminal)
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        publisher.send("web1/cpu", percent=42.0)
        listener.await_line("web1/cpu   live")
    (folder,) = tmp_path.glob("tmp/streamson-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    listener.press("q")
    assert listener.end(END_S) == 0
    assert is_sane(listener)
    assert "played 1 note of 1 point " in after_the_screen(listener)
    assert "web1/cpu: percent -> pitch" in after_the_screen(listener)
    assert not list(tmp_path.glob("tmp/streamson-*"))


def test_ctrl_c_ends_both(terminal):
    listener, _ = listening(terminal)
    screen = listener.watcher
    listener.press("\x03")
    assert listener.end(END_S) == 130
    assert is_sane(listener)
    assert "played 0 notes" in after_the_screen(listener)
    assert not screen.is_running()


def test_ctrl_backslash_leaves_the_terminal_as_it_was(terminal):
    listener, _ = listening(terminal, before=no_core)
    screen = listener.watcher
    listener.press("\x1c")
    assert listener.end(END_S) == -signal.SIGQUIT
    screen.wait(END_S)  # which may get its turn after the listener's
    listener.pause(0.1)
    assert is_sane(listener)


def no_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def test_it_ends_by_itself(terminal):
    listener, _ = listening(terminal, "--duration", "2")
    assert listener.end(2 + END_S) == 0
    assert is_sane(listener)
    assert "in 2.0 s" in after_the_screen(listener)


def test_a_screen_that_is_killed_leaves_the_terminal_as_it_was(terminal):
    listener, _ = listening(terminal)
    listener.watcher.kill()
    listener.await_text("The screen ended by SIGKILL; plain lines follow.")
    assert is_sane(listener)
    assert listener.shown.rfind("\x1b[?25h") > listener.shown.rfind("\x1b[?25l")
    listener.press("\x03")
    assert listener.end(END_S) == 130
    assert "played 0 notes" in after_the_screen(listener)


def test_sigterm_leaves_the_terminal_as_it_was(terminal):
    listener, _ = listening(terminal)
    listener.process.terminate()
    assert listener.end(END_S) == 143
    assert is_sane(listener)


def test_a_listener_that_is_killed_takes_its_screen_along(terminal):
    listener, _ = listening(terminal)
    screen = listener.watcher
    listener.process.kill()
    listener.process.wait()
    until(lambda: not screen.is_running() or screen.status() == psutil.STATUS_ZOMBIE, "its end", 3)
    listener.pause(0.1)
    assert is_sane(listener)


def test_what_the_log_says_waits_for_the_end_of_the_screen(terminal):
    listener, where = listening(terminal)
    with zmq.Context.instance().socket(zmq.PUB) as socket:
        socket.connect(where)
        for _ in range(10):
            socket.send(b"rubbish")
            listener.pause(0.05)
    listener.press("q")
    assert listener.end(END_S) == 0
    assert "refused" in after_the_screen(listener).partition("played")[0]
    assert "refused" not in listener.shown.partition(LEFT)[0]


def test_a_shell_can_stop_and_continue_it(terminal):
    shell = terminal(command=("bash", "--norc", "-i"), size=(80, 24), PS1="$ ")
    shell.await_line("$")
    before = shell.attributes
    shell.press(f"{' '.join((*STREAMSON, *LISTEN))}\r")
    shell.await_line("q quit")

    def stop():
        times = shell.shown.count(LEFT)
        shell.press("\x1a")
        shell.await_screen(lambda: shell.shown.count(LEFT) == times + 1, "end of the screen")
        shell.await_screen(lambda: "Stopped" in after_the_screen(shell), "job that stopped")
        assert shell.shown.count(ENTERED) == shell.shown.count(LEFT)

    def say(words):
        shell.press(f"echo $((6 * 7)) {words}\r")
        shell.await_screen(lambda: f"42 {words}" in after_the_screen(shell), "terminal of its own")

    def go_on():
        times = shell.shown.count(ENTERED)
        shell.press("fg\r")
        shell.await_screen(lambda: shell.shown.count(ENTERED) == times + 1, "screen again")
        shell.await_screen(lambda: "q quit" in shell.shown.rpartition(ENTERED)[2], "all of it")

    stop()
    say("once")
    go_on()
    stop()
    shell.press("bg\r")
    say("while it plays in the background")
    go_on()
    shell.press("q")
    shell.await_screen(lambda: "played 0 notes" in after_the_screen(shell), "summary")
    say("at the end")
    shell.press("stty -a\r")
    shell.await_screen(lambda: " icanon" in after_the_screen(shell), "sane terminal")
    assert shell.attributes == before or " echo " in after_the_screen(shell)


def test_the_summary_goes_where_standard_output_goes(terminal, tmp_path):
    line = f"exec {' '.join((*STREAMSON, *LISTEN))} >summary.txt"
    listener = terminal(command=("bash", "-c", line))
    listener.await_line("q quit")
    listener.press("q")
    assert listener.end(END_S) == 0
    assert (tmp_path / "summary.txt").read_text().startswith("played 0 notes")
    assert "played" not in listener.shown


def test_a_feed_that_was_asked_for_is_the_screens_too(terminal, tmp_path):
    listener, _ = listening(terminal, "--feed", "tcp://127.0.0.1:*")
    assert "Feed on tcp://127.0.0.1:" in listener.shown
    assert not list(tmp_path.glob("tmp/streamson-*"))


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        (("--plain",), {}, ""),
        ((), {"TERM": "dumb"}, "Plain lines instead of a screen: the terminal can't move"),
        ((), {"TERM": "nothing"}, "Plain lines instead of a screen: nothing is known of"),
    ],
)
def test_lines_are_plain(terminal, words, environment, told):
    listener = terminal(*LISTEN, "--duration", "1", *words, **environment)
    assert listener.end(20) == 0
    assert "\x1b" not in listener.shown
    assert told in listener.shown
    assert ("Plain" in listener.shown) == bool(told)


def go_to_the_background():
    """Let another process have the terminal, as a shell does after ``&``."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    other = os.fork()
    if other == 0:
        os.setpgid(0, 0)
        os.execlp("sleep", "sleep", "60")
    os.setpgid(other, other)
    os.tcsetpgrp(0, other)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def test_in_the_background_there_are_plain_lines(terminal):
    listener = terminal(*LISTEN, "--duration", "11", before=go_to_the_background)
    assert listener.end(60) == 0
    assert "0:10  waiting for points on tcp://127.0.0.1:" in listener.shown
    assert "\x1b" not in listener.shown
    assert listener.shown.count("waiting for points") == 1
