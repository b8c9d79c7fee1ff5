"""Real commands on a real sound server: they end well whatever becomes of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from scripts.attack_parts.device_storm import descendants, storm
from tests.cli.conftest import STREAMSON
from tests.conftest import until

END_S = 2.5  # a second, the interpreter's own end, and what a busy machine adds to both


@pytest.fixture
def null_card(tmp_path, monkeypatch):
    """An ALSA card that swallows everything, and no JACK server."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".asoundrc").write_text("pcm.!default null\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")


@pytest.mark.jack
@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--duration", "0.5"],
        ["listen", "--bind", "tcp://127.0.0.1:*", "--duration", "0.5"],
        ["devices"],
        ["doctor"],
        ["instruments", "sine", "--play"],
    ],
    ids=lambda words: words[0],
)
def test_it_exits_with_0_on_jack(jack, run, words):
    done = run(*words)
    assert (done.returncode, done.stderr.count("Segmentation")) == (0, 0), done.stderr


def test_it_exits_with_0_on_alsa(null_card, run):
    done = run("demo", "--duration", "0.5")
    assert done.returncode == 0, done.stderr


PROGRAMS = {
    "with": "with Listener(ANY):\n    time.sleep(0.3)",
    "never stopped": "listener = Listener(ANY).start()\ntime.sleep(0.3)",
    "never started": "listener = Listener(ANY)",
    "twice": "for _ in range(2):\n    with Listener(ANY):\n        time.sleep(0.2)",
    "two at once": "with Listener(ANY), Listener(ANY):\n    time.sleep(0.3)",
    "threads": (
        "import threading\n"
        "listener = Listener(ANY)\n"
        "for _ in range(4):\n"
        "    threading.Thread(target=lambda: [sum(range(999)) for _ in iter(int, 1)], "
        "daemon=True).start()\n"
        "with listener:\n    time.sleep(0.3)"
    ),
    "in a thread": (
        "import threading\n"
        "def play():\n    global listener\n    listener = Listener(ANY).start()\n"
        "thread = threading.Thread(target=play)\nthread.start()\nthread.join()\n"
        "time.sleep(0.7)\nassert listener.output.startswith('on system'), listener.output\n"
        "listener.stop()"
    ),
}


@pytest.mark.jack
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_exits_with_0(jack, program):
    start = "import time\nfrom streamson import Listener\nANY = 'tcp://127.0.0.1:*'\n"
    done = subprocess.run(
        [sys.executable, "-c", start + program], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


class Playing:
    """A listener on a sound server, as a process of its own."""

    def __init__(self, *words):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        bind = f"tcp://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [*STREAMSON, "listen", "--bind", bind, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.await_line("Playing on")
        self.helpers = descendants(self.process.pid)

    def await_line(self, words):
        for line in self.process.stderr:
            if words in line:
                return line
        pytest.fail(f"no line with {words}")

    def end(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)
        return self.process.returncode, time.monotonic() - began

    def helpers_left(self):
        return [pid for pid in self.helpers if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def playing(jack):
    found = Playing()
    yield found
    found.process.kill()
    found.process.communicate()


@pytest.mark.jack
def test_the_end_comes_within_a_second_though_the_server_has_died(jack, playing):
    jack.kill()
    code, took_s = playing.end()
    assert code == 130
    assert took_s < END_S
    assert not playing.helpers_left()


@pytest.mark.jack
def test_the_end_comes_within_a_second_though_the_server_hangs(jack, playing):
    jack.freeze()
    code, took_s = playing.end()
    assert code == 130
    assert took_s < END_S
    assert not playing.helpers_left()


def bindable(port):
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            again.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.mark.jack
def test_nothing_is_left_of_a_listener_that_is_killed(playing):
    assert len(playing.helpers) == 3  # two for the device, one that receives
    playing.process.kill()
    playing.process.wait()
    until(lambda: bindable(playing.port), "its port, which the process that receives still has")
    until(lambda: not playing.helpers_left(), "its processes to end")


@pytest.mark.jack
def test_the_devices_processes_hold_nothing_of_the_listeners(playing):
    for pid in playing.helpers:
        held = [os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir()]
        own = ("/dev/null", "socket:", "pipe:", "/dev/shm/jack", "anon_inode:")
        assert [name for name in held if not name.startswith(own)] == []
    for sign in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        for pid in playing.helpers:
            os.kill(pid, sign)
    time.sleep(0.3)
    assert playing.helpers_left() == playing.helpers
    assert playing.end()[0] == 130


@pytest.mark.jack
@pytest.mark.parametrize("which", [0, 1], ids=["supervisor", "device"])
def test_a_process_of_the_device_that_is_killed_is_replaced(jack, which):
    jack.stop()
    jack.start(synchronous=False)  # else the server waits for a client that was killed
    playing = Playing()
    os.kill(playing.helpers[which], signal.SIGKILL)
    assert "is gone" in playing.await_line("sound device")
    assert "is back" in playing.await_line("sound device")
    assert playing.end()[0] == 130


@pytest.mark.jack
def test_a_device_that_is_back_at_another_rate_is_resampled(jack, playing):
    for rate, said in ((48_000, "is back, at 48000 Hz; resampled from 44100 Hz"), (44_100, "")):
        jack.kill()
        assert "is gone" in playing.await_line("sound device")
        jack.start(rate=rate)
        assert (said or "is back\n") in playing.await_line("sound device")
    assert playing.end()[0] == 130


@pytest.mark.jack
def test_a_session_says_a_rate_that_the_device_lacks(jack, run, tmp_path):
    (tmp_path / "s.toml").write_text("[audio]\nsample_rate = 32000\n[[part]]\n")
    done = run(
        *("listen", "--bind", "tcp://127.0.0.1:*", "--duration", "0.5", "--session", "s.toml"),
        *("--record", "take.wav"),
    )
    assert done.returncode == 0
    assert 'sound device "system" plays, at 44100 Hz; resampled from 32000 Hz' in done.stderr
    assert soundfile.info(tmp_path / "take.wav").samplerate == 32_000


@pytest.mark.jack
@pytest.mark.slow
@pytest.mark.parametrize("rates", [[44_100], [44_100, 48_000]], ids=str)
def test_a_storm(jack, rates):
    jack.stop()
    storm(90, rates)
