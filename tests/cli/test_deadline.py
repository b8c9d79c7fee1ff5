"""The end of a command is bounded, whatever holds it up."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
import soundfile

from streamson import Publisher
from streamson.cli.deadline import GRACE_S, LIMIT_S
from tests.cli.conftest import STREAMSON
from tests.conftest import until

LISTEN = ("listen", "--bind", "tcp://127.0.0.1:*", "--output", "none")
LATE_S = 5.0
"""What a busy machine takes longer."""

STUCK_IN_C = """
import ctypes, threading
from streamson.cli.ending import ending

ending.listen()
ending.hold()
mutex = ctypes.create_string_buffer(64)
libc = ctypes.CDLL(None)
libc.pthread_mutex_lock(mutex)
threading.Timer(0.3, print, ["stuck"], {"flush": True}).start()
libc.pthread_mutex_lock(mutex)  # for ever: no signal's handler in Python runs any more
"""

STUCK_THREAD = """
import threading
from streamson import Publisher
from streamson.cli.ending import ending, leave
from streamson.cli.playing import play
from streamson.cli.views import Wanted
from streamson.listener.listener import Listener

def never_returns(*_):
    print("stuck", flush=True)
    threading.Event().wait()

ending.listen()
listener = Listener("tcp://127.0.0.1:*", output="none", record="take.wav", on_played=never_returns)
print(listener.endpoint, flush=True)
wanted = Wanted(plain=True, web=None, no_web=True, insecure=False, output="none")
leave(play(listener, stats_file=None, check=lambda: None, wanted=wanted))
"""


class Ended(NamedTuple):
    """How a process ended."""

    seconds: float
    code: int
    err: str


def end(process, how=signal.SIGTERM):
    """Send a signal, and return how the process ended."""
    begin = time.monotonic()
    process.send_signal(how)
    _, err = process.communicate(timeout=LIMIT_S + 3 * LATE_S)
    return Ended(time.monotonic() - begin, process.returncode, err)


def listen(folder, *words):
    """Start a listener; return it and what it said until it played."""
    folder.mkdir(exist_ok=True)
    listener = subprocess.Popen(
        [*STREAMSON, *LISTEN, *words], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    said = []
    for line in listener.stderr:
        said.append(line)
        if "Playing" in line:
            return listener, said
    raise AssertionError(said)


def end_before_a_pipe(folder):
    """A file that nobody takes: a pipe that nobody opens to read."""
    folder.mkdir()
    os.mkfifo(folder / "stats")
    listener, _ = listen(folder, "--record", "take.wav", "--stats", "stats")
    until(lambda: (folder / "take.wav").stat().st_size > 100_000, "a recording")
    return end(listener)


def end_amid_a_thread(folder):
    folder.mkdir()
    listener = python(STUCK_THREAD, folder)
    with Publisher(listener.stdout.readline().strip()) as publisher:
        publisher.send("x", v=1.0)
        assert listener.stdout.readline() == "stuck\n"
    return end(listener)


def end_amid_c(folder):
    folder.mkdir()
    process = python(STUCK_IN_C, folder)
    assert process.stdout.readline() == "stuck\n"
    return end(process)


def python(program, folder):
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def stuck(tmp_path_factory):
    """Three that are held up, side by side: each takes the whole limit."""
    folder = tmp_path_factory.mktemp("stuck")
    with ThreadPoolExecutor() as threads:
        found = {
            name: threads.submit(function, folder / name)
            for name, function in {
                "pipe": end_before_a_pipe,
                "thread": end_amid_a_thread,
                "c": end_amid_c,
            }.items()
        }
    return folder, {name: one.result() for name, one in found.items()}


@pytest.mark.parametrize(
    ("name", "holder"),
    [
        ("pipe", "cli/stats_file.py, write_stats"),
        ("thread", 'the thread "listener" is in listener/'),
        ("c", "is at work"),
    ],
)
def test_what_holds_up_the_end_is_named_and_left(stuck, name, holder):
    ended = stuck[1][name]
    assert LIMIT_S - 0.5 <= ended.seconds < LIMIT_S + LATE_S
    assert ended.code == 1
    assert "not ended within 10 s" in ended.err
    assert holder in ended.err
    assert "Traceback" not in ended.err


def test_what_was_recorded_until_then_can_be_read(stuck, run):
    folder, _ = stuck
    for name in ("pipe", "thread"):
        path = folder / name / "take.wav"
        assert run("repair", str(path)).returncode == 0
        assert soundfile.info(path).frames > 10_000


def test_a_second_ctrl_c_ends_it_once_the_first_had_its_time(tmp_path):
    os.mkfifo(tmp_path / "stats")
    listener, _ = listen(tmp_path, "--stats", "stats")
    begin = time.monotonic()
    listener.send_signal(signal.SIGINT)
    time.sleep(GRACE_S + 0.3)  # which is what is tested
    assert end(listener, signal.SIGINT).code == 130
    assert time.monotonic() - begin < LIMIT_S


def test_a_reader_that_never_reads_holds_nothing_up(tmp_path):
    """It subscribes to all that there is, under load, and stops."""
    listener, said = listen(tmp_path, "--feed", "tcp://127.0.0.1:*", "--record", "take")
    points, feed = (
        next(line for line in said if words in line).split()[2].rstrip(".")
        for words in ("Listening on", "Feed on")
    )
    with (
        subprocess.Popen(
            [*STREAMSON, "watch", "--plain", feed], stdout=subprocess.PIPE, text=True
        ) as reader,
        Publisher(points) as publisher,
    ):
        until(lambda: publisher.send("first", v=1.0), "a listener")
        next(line for line in reader.stdout if "first" in line)
        reader.send_signal(signal.SIGSTOP)
        for number in range(20_000):
            publisher.send(f"x{number % 500}", v=float(number % 7))
        ended = end(listener)
        reader.kill()
    assert ended.seconds < LIMIT_S
    assert ended.code == 143
    assert "not ended" not in ended.err
