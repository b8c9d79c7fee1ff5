"""How commands end: in a terminal that is closed, before a reader that goes, and by Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import soundfile

from streamson import Publisher
from streamson.wire.points.receiver import Receiver
from tests.cli.conftest import STREAMSON
from tests.cli.terminal import Terminal
from tests.conftest import DATA, until

ANY_PORT = "tcp://127.0.0.1:*"
LISTEN = ("listen", "--bind", ANY_PORT, "--output", "none")
END_S = 3.0
"""A second, on a machine that is busy with other things."""


@pytest.fixture
def terminal(tmp_path):
    """Start a command in a terminal of its own."""
    opened = []

    def start(*words, **options):
        opened.append(Terminal(tmp_path, *words, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.process.kill()
        one.process.wait()
        one.close()


def endpoint(shown):
    return shown.partition("Listening on ")[2].split()[0].rstrip(".")


NAMES = ["web[/api]", "disk[/home]", "disk[sda1]", "[red]x", "[[a]", "a:smile:b", "x\\[y]"]


def test_names_are_shown_as_they_are(terminal):
    listener = terminal(*LISTEN)
    where = endpoint(listener.await_text("Playing without sound"))
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        for name in NAMES:
            publisher.send(name, x=1.0)
            listener.await_text(f"  {name} ")
    listener.press("\x03")
    assert listener.end(END_S) == 130
    assert f"of {len(NAMES)} points" in listener.shown
    assert "Traceback" not in listener.shown


def test_a_producers_odd_name_is_heard_and_shown(terminal):
    listener = terminal(*LISTEN)
    where = endpoint(listener.await_text("Playing without sound"))
    line = ("--start", "0", "--step", "1", "--count", "3", "--rate", "50")
    words = ("produce", "function", "t", "--stream", "web[/api]", "--endpoint", where, *line)
    subprocess.run([*STREAMSON, *words], check=True, capture_output=True, timeout=30)
    listener.await_text("  web[/api] ")
    listener.press("\x03")
    assert listener.end(END_S) == 130


def test_a_file_with_brackets_is_rendered_in_a_terminal(terminal, tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    render = terminal("render", "t.csv", "-o", "a[x][bold].wav")
    assert render.end(20) == 0
    assert "Traceback" not in render.shown
    assert (tmp_path / "a[x][bold].wav").exists()


@pytest.mark.parametrize("session", [(), ("--session", "s.toml")])
def test_a_listener_ends_with_its_terminal(terminal, tmp_path, session):
    (tmp_path / "s.toml").write_text("[[part]]\n")
    listener = terminal(*LISTEN, *session, "--record", "take.wav", "--stats", "stats.json")
    where = endpoint(listener.await_text("Playing without sound"))
    path = tmp_path / "take.wav"
    until(lambda: path.stat().st_size > 100_000, "a recording")
    listener.close()
    assert listener.end(END_S) == 129
    assert soundfile.info(path).frames > 10_000
    assert (tmp_path / "stats.json").exists()
    Receiver(where).close()  # the port is free


@pytest.mark.parametrize(
    "words", [("eta",), ("function", "t"), ("system",), ("tail",)], ids=lambda words: words[0]
)
def test_a_producer_ends_with_its_terminal(terminal, words):
    producer = terminal("produce", *words)
    producer.await_text("waiting for a listener")
    producer.close()
    assert producer.end(END_S) == 129


def test_nohup_outlives_its_terminal(terminal, tmp_path):
    def nohup():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    listener = terminal(*LISTEN, "--record", "take.wav", before=nohup)
    where = endpoint(listener.await_text("Playing without sound"))
    listener.close()
    path = tmp_path / "take.wav"
    seen = path.stat().st_size
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        publisher.send("[/x]", x=1.0)
        until(lambda: path.stat().st_size > seen + 200_000, "the recording to go on")
    listener.process.send_signal(signal.SIGTERM)
    assert listener.end(END_S) == 143
    assert soundfile.info(path).frames > 30_000


def test_without_a_terminal_sighup_reads_the_session_again(tmp_path):
    (tmp_path / "t.scl").write_text("x\n1\n2/1\n")
    (tmp_path / "s.toml").write_text("[[part]]\npitch = { scale = 'c t.scl' }\n")
    with subprocess.Popen(
        [*STREAMSON, *LISTEN, "--session", "s.toml"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as listener:
        next(line for line in listener.stderr if "Playing" in line)
        listener.send_signal(signal.SIGHUP)
        changed = next(line for line in listener.stderr if "s.toml" in line)
        assert changed[9:] == "s.toml: changed\n"
        listener.send_signal(signal.SIGTERM)
        assert listener.wait(END_S) == 143


def test_without_a_session_file_sighup_ends_it(start):
    listener = start(*LISTEN)
    listener.await_line("Playing")
    assert listener.end(signal.SIGHUP)[0] == 129


@pytest.mark.parametrize(
    "words",
    [LISTEN, ("demo", "--output", "none"), ("produce", "eta"), ("produce", "system")],
    ids=lambda words: " ".join(words[:2]),
)
def test_it_ends_when_nobody_reads_what_it_says(tmp_path, words):
    record = () if "produce" in words else ("--record", "take.wav")
    endpoint = ("--endpoint", "tcp://127.0.0.1:5999") if "produce" in words else ()
    read, write = os.pipe()
    with subprocess.Popen(
        [*STREAMSON, *words, *record, *endpoint],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=write,
    ) as process:
        os.close(write)
        with os.fdopen(read) as pipe:
            for line in pipe:
                if "Playing" in line or "waiting" in line:
                    break
        assert process.wait(END_S) == 141
    if record:
        soundfile.info(tmp_path / "take.wav")


@pytest.mark.parametrize(
    "words",
    [
        "scales",
        "devices",
        "instruments",
        "session schema",
        "--help",
        "produce",
        "render t.csv -o t.wav",
        "session check s.toml",
    ],
)
@pytest.mark.parametrize("where", ["| true", "| head -c 1", ">/dev/full", ">&-", "2>&-", "<&-"])
def test_wherever_results_go_there_is_no_traceback(tmp_path, words, where):
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    (tmp_path / "s.toml").write_text("[[part]]\n")
    script = f"set -o pipefail; {sys.executable} -m streamson {words} {where}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert done.returncode in {0, 141, 1 if "full" in where else 0}
    if "full" in where and words != "devices":
        assert done.returncode == 1
        assert "can't write to standard output: No space left on device" in done.stderr
    if words.startswith("render") and done.returncode != 141:
        soundfile.info(tmp_path / "t.wav")


def test_a_closed_stderr_is_no_place_for_sound(tmp_path):
    script = f"{sys.executable} -m streamson {' '.join(LISTEN)} --duration 1 --record t.wav 2>&-"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=False, timeout=60)
    assert done.returncode == 0
    assert soundfile.info(tmp_path / "t.wav").frames == 44_100


@pytest.mark.parametrize(
    "words",
    [LISTEN, ("demo", "--output", "none"), ("produce", "function", "zeta(0.5+i*t)"), ("doctor",)],
    ids=lambda words: words[0],
)
def test_ctrl_c_at_any_moment_of_the_start(tmp_path, words):
    for moment_s in (0.05, 0.15, 0.3, 0.5, 0.8, 1.2):
        with subprocess.Popen(
            [*STREAMSON, *words],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            time.sleep(moment_s)  # wherever it is then
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=END_S)
        if "Traceback" in err and "streamson/cli" not in err and "__main__.py" not in err:
            continue  # before the first line of ours
        assert "Traceback" not in err, moment_s
        assert "Exception ignored" not in err, moment_s
        assert process.returncode in {130, -signal.SIGINT, 0, 1}, moment_s


def test_ctrl_c_twice_leaves_whole_files(start, tmp_path):
    listener = start(*LISTEN, "--record", "take.wav")
    listener.await_line("Playing")
    path = tmp_path / "take.wav"
    until(lambda: path.exists() and path.stat().st_size > 100_000, "a recording")
    listener._process.send_signal(signal.SIGINT)
    code, out, err = listener.end(signal.SIGINT)
    assert code == 130
    assert "recorded" in out
    assert "Exception" not in err
    assert soundfile.info(path).frames > 10_000


def test_rendering_and_corpus_end_at_once_and_leave_nothing(tmp_path):
    rows = "".join(f"{i % 97}\n" for i in range(30_000))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.csv").write_text("x\n" + rows)
    for words in (
        ("render", "in/t.csv", "--longest", "99h", "-o", "t.flac"),
        ("corpus", "in", "-o", "out"),
    ):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with subprocess.Popen(
                [*STREAMSON, *words],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            ) as process:
                me = psutil.Process(process.pid)
                if words[0] == "render":
                    until(lambda: list(tmp_path.glob(".t-*.flac")), "sound")
                else:
                    until(lambda me=me: any(c.cpu_times().user > 1 for c in workers(me)), "work")
                children = me.children(recursive=True)
                process.send_signal(how)
                _, err = process.communicate(timeout=END_S)
            assert process.returncode == 128 + how
            assert err.strip() in (
                "",
                "t: x -> pitch D3..G5 (0..96), epiano\n"
                "t.flac: 2 h 55 min of sound, about 926 MB; --seconds 5min makes it fit",
            )
            until(lambda c=children: not any(one.is_running() for one in c), "workers' end", 3)
            assert not list(tmp_path.glob(".t-*"))
            assert not list(tmp_path.glob("out/*.part"))


def workers(process):
    return process.children(recursive=True)


def test_a_demo_that_is_killed_takes_its_producer_along(start):
    demo = start("demo", "--output", "none")
    demo.await_line("Playing")
    children = psutil.Process(demo._process.pid).children(recursive=True)
    until(lambda: children, "the producer")
    demo.kill()
    until(lambda: not any(c.is_running() for c in children), "the producer's end", END_S)


def test_replay_says_what_was_sent_when_its_terminal_goes():
    with Receiver(ANY_PORT) as receiver:
        table = str(DATA / "article_eta_300.csv")
        words = ("produce", "replay", table, "--rate", "100", "--endpoint", receiver.endpoint)
        with subprocess.Popen([*STREAMSON, *words], stderr=subprocess.PIPE, text=True) as process:
            until(lambda: list(receiver.receive(0.01)), "points")
            process.send_signal(signal.SIGHUP)
            _, err = process.communicate(timeout=END_S)
    assert process.returncode == 129
    assert " sent, " in err.splitlines()[-1]
