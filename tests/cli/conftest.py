"""The command line as a person uses it: real processes."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

STREAMSON = (sys.executable, "-m", "streamson")
TIMEOUT_S = 60


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in an empty folder to its end; no traceback may ever come out."""

    def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*STREAMSON, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            **options,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


class Running:
    """A command that runs until it is told to end."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._process = subprocess.Popen(
            [*STREAMSON, *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_line(self, words: str) -> str:
        """Read stderr up to a line with these words."""
        assert self._process.stderr is not None
        seen = []
        for line in self._process.stderr:
            if words in line:
                return line.strip()
            seen.append(line)
        pytest.fail(f"no line with {words!r} in {seen}")

    def end(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal and return exit code, stdout and the rest of stderr."""
        self._process.send_signal(how)
        return self.wait()

    def wait(self) -> tuple[int, str, str]:
        """Return exit code, stdout and the rest of stderr once it ends by itself."""
        out, err = self._process.communicate(timeout=TIMEOUT_S)
        assert "Traceback" not in err
        return self._process.returncode, out, err

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a command in an empty folder; what still runs at the end is killed."""
    running = []

    def start(*words: str) -> Running:
        running.append(Running(tmp_path, *words))
        return running[-1]

    yield start
    for process in running:
        process.kill()


@pytest.fixture(scope="session", autouse=True)
def touring(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[bytes], Path] | None]:
    """The whole tour and its folder, where it is tested: its minute passes beside other tests."""
    if not any(item.path.name == "test_tour.py" for item in request.session.items):
        yield None
        return
    folder = tmp_path_factory.mktemp("tour")
    words = ["--output", "none", "--record", "tour.wav", "--stats", "stats.json"]
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = subprocess.Popen(
            [*STREAMSON, "demo", "--tour", *words], cwd=folder, stdout=out, stderr=err
        )
    yield process, folder
    process.kill()
    process.wait()
