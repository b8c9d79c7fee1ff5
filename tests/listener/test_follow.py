"""A listener that follows another: the same samples, whatever the network does."""

import contextlib
import json
import math
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from streamson import Publisher
from streamson.model.command import ChangeSession, SetVolume
from streamson.synth.kernel.callback import FADE_FRAMES
from streamson.synth.kernel.layout import QUANTUM
from streamson.wire.control import CommandClient
from streamson.wire.endpoint import control_endpoint
from tests.conftest import until
from tests.listener.watching import ANY_PORT

SESSION_TEXT = """
[audio]
sample_rate = 48000
equal_loudness = true
reverb = { level = -18, decay = 0.5 }

[[instrument]]
name = "knock"
sample = "knock.wav"
root = "C4"

[[part]]
stream = "b"
instrument = "knock"

[[part]]
stream = "c"
articulation = "continuous"
hold = 2

[[part]]

[[alert]]
stream = "a"
field = "x"
above = 0.9
"""


class Process:
    """``streamson listen`` in a process of its own, without sound."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamson", "listen", "--output", "none", "--no-web"),
                *("--stats", "stats.json", *options),
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.lines.extend(self.process.stderr)

    def said(self, start: str) -> str:
        """Return the last word of a line, once it came."""
        until(lambda: any(start in line for line in self.lines) or self._has_ended, start)
        assert not self._has_ended, self.lines
        line = next(line for line in self.lines if start in line)
        return line.split()[-1].rstrip(".")

    @property
    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def close(self) -> None:
        """End it at once, if it runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()

    def end(self) -> dict[str, Any]:
        """End it, and return its statistics."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 143
        self._reader.join()
        return json.loads((self._folder / "stats.json").read_text())

    def failed(self) -> tuple[int, str]:
        """Return its exit code, and what it said."""
        code = self.process.wait(20)
        self._reader.join()
        return code, "".join(self.lines)


@pytest.fixture
def processes() -> Iterator[Callable[..., Process]]:
    """What starts processes, which are ended with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *args: stack.enter_context(contextlib.closing(Process(*args)))


class Proxy:
    """Passes on what goes to a port and back, and holds it for up to so long."""

    def __init__(self, endpoint: str, hold_s: float) -> None:
        self.hold_s = hold_s
        self.bytes_back = 0
        self._to = ("127.0.0.1", int(endpoint.rpartition(":")[2]))
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = self._server.accept()
                other = socket.create_connection(self._to)
                self._open += [one, other]
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()
                threading.Thread(target=self._pass, args=(other, one), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        jitter = random.Random(1)
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if source.getpeername() == self._to:
                    self.bytes_back += len(data)
                    select.select([], [], [], jitter.uniform(0, self.hold_s))
                target.sendall(data)
        for one in (source, target):
            one.close()

    def close(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def knock(folder: Path) -> None:
    """Write a sound that an instrument of the session plays."""
    frames = np.arange(8_000)
    sound = 0.5 * np.sin(frames / 20) * np.exp(-frames / 1_500)
    soundfile.write(folder / "knock.wav", sound, 16_000)


def play_points(publisher: Publisher, turns: int, first: int = 0) -> None:
    """Publish points of four streams, six a second and stream, with an alert now and then."""
    for turn in range(first, first + turns):
        for number, stream in enumerate("abcd"):
            publisher.send(stream, x=math.sin(turn / 5 + number))
            time.sleep(0.04)


def sound_of(path: Path) -> np.ndarray:
    """Return what was recorded, but for the fade at its end."""
    sound, _ = soundfile.read(path, dtype="int32")
    return sound[:-FADE_FRAMES]


def from_first(sound: np.ndarray) -> np.ndarray:
    """Return what follows the silence at the beginning."""
    return sound[np.flatnonzero(sound.any(axis=1))[0] :]


def same_from_the_start(first: Path, second: Path) -> int:
    """Return how many frames two recordings have in common, from the first note on: all."""
    a, b = from_first(sound_of(first)), from_first(sound_of(second))
    frames = min(len(a), len(b))
    different = np.flatnonzero((a[:frames] != b[:frames]).any(axis=1))
    assert not len(different), f"{len(different)} frames, the first at {different[0]} of {frames}"
    return frames


def shift_of(late: np.ndarray, early: np.ndarray) -> int:
    """Return how many frames later the end of a sound comes in another."""
    at = len(late) - 40_000
    piece = late[at : at + 8_192]
    assert piece.any()
    for place in range(at % QUANTUM, len(early) - len(piece), QUANTUM):
        if (early[place : place + len(piece)] == piece).all():
            return place - at
    return pytest.fail("its end is nowhere in the other")


def test_two_processes_make_the_same_samples_whatever_the_network_holds(tmp_path, processes):
    knock(tmp_path)
    (tmp_path / "session.toml").write_text(SESSION_TEXT)
    leader = processes(
        tmp_path,
        *("--bind", ANY_PORT, "--feed", ANY_PORT, "--session", "session.toml"),
        *("--record", "a.wav"),
    )
    feed = leader.said("Feed on")
    elsewhere = tmp_path / "elsewhere"
    with (
        contextlib.closing(Proxy(feed, 0.15)) as proxy,
        contextlib.closing(CommandClient(control_endpoint(feed))) as client,
        Publisher(leader.said("Listening on")) as publisher,
    ):
        follower = processes(elsewhere, "--follow", proxy.endpoint, "--record", "b.wav")
        follower.said("in step")
        assert publisher.wait_for_listener(20)
        play_points(publisher, 8)
        client.call(SetVolume(volume_db=-9.0), timeout_s=10)
        play_points(publisher, 8, 8)
        before, began = proxy.bytes_back, time.monotonic()
        play_points(publisher, 10, 16)
        client.call(ChangeSession(name="demo"), timeout_s=10)
        rate = (proxy.bytes_back - before) / (time.monotonic() - began)
        play_points(publisher, 8, 26)
        client.call(ChangeSession(name="original"), timeout_s=10)
        play_points(publisher, 8, 34)
        time.sleep(1.0)  # of the delay, and of the tail
        stats = follower.end()
        theirs = leader.end()
    assert soundfile.info(elsewhere / "b.wav").samplerate == 48_000
    frames = same_from_the_start(tmp_path / "a.wav", elsewhere / "b.wav")
    assert frames > 6 * 48_000
    assert (stats["notes_late"], stats["notes_missed"], stats["faults"]) == (0, 0, 0)
    assert stats["notes_played"] == theirs["notes_played"] > 150
    assert theirs["alerts"] == stats["alerts"] > 0
    # 6 points a second of each stream here: at 4 it is less.
    assert rate < 7_500, f"{rate:.0f} bytes a second"
