"""What tests of several rooms need: a sound card without hardware, a browser, and deadlines."""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest
from hypothesis import settings

from streamson.errors import MissingDependencyError
from streamson.output.device import output_devices

DATA = Path(__file__).parent / "data"
DEADLINE_S = 20.0

CHROMIUM = "/usr/bin/chromium"
BROWSER_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)

# How long an example takes is measured by benchmarks: here the first may load machine code.
settings.register_profile("streamson", deadline=None)
settings.load_profile("streamson")


@pytest.fixture(autouse=True, scope="session")
def no_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test use, or change, the keys of who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMSON_KEYS", str(tmp_path_factory.mktemp("keys") / "none"))
        yield


def until(
    condition: Callable[[], object],
    what: str,
    timeout_s: float = DEADLINE_S,
    *,
    every_s: float = 0.005,
) -> None:
    """Look for a condition again and again; fail after the deadline.

    To look takes a fifth of the time at most, so that what it waits for has the processor.
    """
    deadline = time.monotonic() + timeout_s
    began = time.thread_time()
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {timeout_s} s for {what}")
        time.sleep(max(every_s, 4 * (time.thread_time() - began)))
        began = time.thread_time()


def free_endpoint() -> str:
    """Return an endpoint that nobody has, nor the one of the port after it.

    Not of those ports that the system gives out by itself, which may be another's by then.
    """
    while True:
        port = 20_000 + 2 * secrets.randbelow(6_000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for one in (port, port + 1):
                stack.enter_context(socket.create_server(("127.0.0.1", one)))
            return f"tcp://127.0.0.1:{port}"


def family_of(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    # By each process's parent: what /proc says of children is short while others come and go.
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [pid, *(child.pid for child in children)]


def memory_of(pid: int) -> int:
    """Return the bytes of memory of a process and all that it has started; shared ones once."""
    kilobytes = 0
    for one in family_of(pid):
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{one}/smaps_rollup").read_text()
            kilobytes += sum(
                int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")
            )
    return kilobytes * 1024


JACK_END_S = 3.0
"""It waits for clients that died, each for as long as it waits for one that is late."""


class JackServer:
    """A JACK server whose sound card is a dummy: exact, and without hardware."""

    def __init__(self) -> None:
        # A server that is killed stays in JACK's registry, which has room for eight, until one of
        # the same name comes: so names are used again, each by one process at a time.
        self._lock, self.name = _own_name()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, rate: int = 44_100, synchronous: bool = True) -> None:
        # Without shared memory of its own, a server that was killed may keep a new one from
        # starting for a moment: so it is tried again.
        deadline = time.monotonic() + DEADLINE_S
        with tempfile.TemporaryFile("w+") as said:
            while time.monotonic() < deadline:
                self._process = subprocess.Popen(
                    # Synchronous: it waits for a client that is late, so that a busy machine
                    # stretches time instead of leaving out a block.
                    [
                        *("jackd", *(["-S"] if synchronous else []), "-n", self.name, "-r"),
                        *("-t", "2000", "-d", "dummy", "-r", str(rate), "-p", "256"),
                    ],
                    stdout=said,
                    stderr=said,
                )
                while self._process.poll() is None and time.monotonic() < deadline:
                    if self._answers():
                        return
                    time.sleep(0.02)
            self.kill()
            said.seek(0)
            pytest.fail(f"jackd did not start: {said.read()[-2_000:]}")

    def kill(self) -> None:
        """Let it die at once, as in a crash."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang from now on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """Let it end."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        """Let it end, and give its name back."""
        self.stop()
        self._lock.close()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)
            try:
                self._process.wait(JACK_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        asked = subprocess.run(
            ["jack_wait", "-s", self.name, "-c"], capture_output=True, text=True, check=False
        )
        return "not running" not in asked.stdout and "running" in asked.stdout


def _own_name() -> tuple[IO[str], str]:
    folder = Path(tempfile.gettempdir())
    for number in range(8):
        lock = (folder / f"streamson_jack_{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return lock, f"streamson{number}"
    pytest.fail("eight JACK servers run already")


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[JackServer]:
    """A running JACK server that PortAudio takes for the card."""
    missing = None if shutil.which("jackd") else "jackd (Debian: jackd2) is not installed"
    try:
        output_devices()
    except MissingDependencyError as error:
        missing = str(error)
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    server = JackServer()
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    server.start()
    yield server
    server.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("a small disk can't be mounted")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """Debian's Chromium, driven by Playwright: while it is, no other loop of asyncio can run."""
    from playwright.sync_api import sync_playwright

    if not shutil.which(CHROMIUM):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(BROWSER_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium) -> Iterator[Callable[..., object]]:
    """Open an address in a browser of its own; nothing may go wrong in the page."""
    contexts, faults = [], []

    def open_one(url: str, **options: object) -> object:
        contexts.append(chromium.new_context(**options))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda line: line.type == "error" and faults.append(line.text))
        tab.set_default_timeout(20_000)
        tab.goto(url)
        return tab

    yield open_one
    for context in contexts:
        context.close()
    assert not faults
