"""Producers as a person runs them: real processes that publish to a real receiver."""

import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamson.cli.produce import GROUP
from streamson.model.point import DataPoint
from streamson.wire.points.receiver import Receiver
from tests.conftest import until

TIMEOUT_S = 30


class Producing:
    """A producer's process, and the receiver that it publishes to."""

    def __init__(self, receiver: Receiver, command: list[str], **options: object) -> None:
        self.receiver = receiver
        self.points: list[DataPoint] = []
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )

    def await_points(self, count: int) -> list[DataPoint]:
        def served() -> bool:
            self._receive(0.01)
            return len(self.points) >= count

        until(served, f"{count} points", TIMEOUT_S)
        return self.points

    def finish(self) -> tuple[int, str]:
        """Serve it to its end; return exit code and stderr."""

        def ended() -> bool:
            self._receive(0.01)
            return self.process.poll() is not None

        until(ended, "the producer's end", TIMEOUT_S)
        _, err = self.process.communicate()
        while self._receive(0.05):
            pass
        assert "Traceback" not in err
        return self.process.returncode, err

    def _receive(self, timeout_s: float) -> bool:
        """Take in what comes, the points of batches one by one; return whether anything did."""
        before = len(self.points)
        for message in self.receiver.receive(timeout_s):
            self.points += message.points()
        return len(self.points) > before

    def interrupt(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(how)
        return self.finish()


@pytest.fixture(autouse=True)
def log_of_producers() -> Iterator[None]:
    """Let a test see what producers log, whatever one before it did to their log."""
    log = logging.getLogger(GROUP)
    yield
    log.handlers.clear()
    log.propagate = True
    log.setLevel(logging.NOTSET)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver("tcp://127.0.0.1:*") as receiver:
        yield receiver


@pytest.fixture
def produce(receiver: Receiver, tmp_path: Path) -> Iterator[Callable[..., Producing]]:
    """Start ``streamson produce WORDS`` with the receiver's endpoint, in an empty folder."""
    started = []

    def produce(*words: str, **options: object) -> Producing:
        command = [sys.executable, "-m", "streamson", "produce", *words]
        options = {"cwd": tmp_path, "stdin": subprocess.DEVNULL, **options}
        started.append(Producing(receiver, [*command, "--endpoint", receiver.endpoint], **options))
        return started[-1]

    yield produce
    for producing in started:
        producing.process.kill()
        producing.process.communicate()
