"""``streamson study`` in a process of its own."""

import csv
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Running:
    """A study that runs."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.results = folder / "results.csv"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-X", "faulthandler", "-m", "streamson", "study"),
                *("--web", "0", "-o", str(self.results), *words),
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"http://[^ \n]+", line)
        if found is None:
            pytest.fail(f"no address: {line}, {self._process.communicate()[1]}")
        self.url = found.group()
        self.port = int(self.url.split(":")[2].split("/")[0])

    def ask(self, path: str, form: object = None) -> tuple[int, bytes]:
        """Return status and body of a request; with a form, of a post."""
        body = form if isinstance(form, bytes) or form is None else json.dumps(form).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", body)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def enter(self) -> str:
        """Return a new participant."""
        return json.loads(self.ask("participants", {})[1])["participant"]

    def step(self, participant: str) -> dict:
        return json.loads(self.ask(f"step?participant={participant}")[1])

    def answer(self, participant: str, trial: int, answer: str, seconds: float = 1.0):
        form = {"participant": participant, "trial": trial, "answer": answer, "seconds": seconds}
        return self.ask("answer", form)

    def sound(self, participant: str, trial: int) -> tuple[int, bytes]:
        return self.ask(f"sound?participant={participant}&trial={trial}")

    def play(self, participant: str, trial: int) -> tuple[int, bytes]:
        """Take the present sound, and say that it is played, as a page does."""
        status, sound = self.sound(participant, trial)
        if status != 200:
            return status, sound
        play = self.step(participant)["plays"] + 1
        form = {"participant": participant, "trial": trial, "play": play}
        status, _ = self.ask("play", form)
        return status, sound

    def rows(self) -> list[dict[str, str]]:
        with self.results.open(newline="") as file:
            return list(csv.DictReader(file))

    def kill(self) -> None:
        """Kill it: it finishes nothing."""
        self._process.kill()
        self._process.communicate()

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """End it as Ctrl-C does; return the exit code and what it said."""
        if self._process.poll() is None:
            self.interrupt()
        try:
            _, err = self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)
            pytest.fail(f"it does not end: {self._process.communicate()[1]}")
        return self._process.returncode, err


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a study; none ends with a traceback."""
    running = []

    def start_one(*words: str) -> Running:
        running.append(Running(tmp_path, *words))
        return running[-1]

    yield start_one
    for one in running:
        _, err = one.end()
        assert "Traceback" not in err, err
