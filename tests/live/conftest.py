"""A listener, its page in a process of its own, and a real browser to open it."""

import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from streamson import Listener, Publisher
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch) -> None:
    """Recordings that are begun by hand go to the folder that the listener runs in."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """One with a feed, and without a device."""
    with Listener(ANY_PORT, output="none", feed=ANY_PORT) as listening:
        yield listening


class Page:
    """``streamson web`` in a process of its own."""

    def __init__(self, feed: str, *options: str) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-X", "faulthandler", "-m", "streamson"),
                *("web", feed, *(options or ("--address", "0"))),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.lines = [self._process.stdout.readline().strip()]
        if "token" in self.lines[0]:
            self.lines.append(self._process.stdout.readline().strip())
        found = re.search(r"http://[^ ]+", self.lines[0])
        if found is None:
            pytest.fail(f"no address: {self.lines}, {self._process.communicate()[1]}")
        self.url = found.group()
        self.port = int(self.url.split(":")[2].split("/")[0])
        self.token = self.url.partition("token=")[2]

    def metrics(self) -> dict[str, float]:
        """Return what ``/metrics`` tells."""
        url = f"http://127.0.0.1:{self.port}/metrics?token={self.token}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def end(self) -> tuple[int, str, str]:
        self._process.terminate()
        try:
            out, err = self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # it says where each thread is
            pytest.fail(f"it does not end: {self._process.communicate()[1]}")
        return self._process.returncode, out, err


@pytest.fixture
def open_page() -> Iterator[Callable[..., Page]]:
    """Serve the page of a feed; no server ends with a traceback."""
    pages = []

    def open_one(feed: str, *options: str) -> Page:
        pages.append(Page(feed, *options))
        return pages[-1]

    yield open_one
    for page in pages:
        _code, _out, err = page.end()
        assert "Traceback" not in err, err


@pytest.fixture
def page(listener: Listener, open_page: Callable[..., Page]) -> Page:
    return open_page(listener.feed_endpoint)


@pytest.fixture
def publish(listener: Listener) -> Iterator[Callable[..., None]]:
    """Publish points, and see that they arrive."""
    with Publisher(listener.endpoint) as publisher:

        def send(stream: str, **fields: float) -> None:
            before = listener.stats().points_received
            publisher.send(stream, **fields)
            until(lambda: listener.stats().points_received > before, f"the point of {stream}")

        yield send


@pytest.fixture
def steady(listener: Listener) -> Iterator[Callable[[int], None]]:
    """Let streams have a point each quarter of a second, until the end."""
    stopping = threading.Event()
    threads = []

    def begin(streams: int) -> None:
        def run() -> None:
            number = 0
            with Publisher(listener.endpoint) as publisher:
                while not stopping.wait(0.25):
                    number += 1
                    for one in range(streams):
                        publisher.send(f"host{one}/load", percent=(7 * one + 3 * number) % 100)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()

    yield begin
    stopping.set()
    for thread in threads:
        thread.join()
