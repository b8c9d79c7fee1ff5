"""Recording a listener that plays what a test publishes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from streamson import Listener, Publisher
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


@contextmanager
def recorded(folder: Path, **options: object) -> Iterator[tuple[Listener, Publisher]]:
    """A listener that records to a folder, and a publisher that it hears."""
    options = {"output": "none", **options}
    with (
        Listener(ANY_PORT, record=folder, **options) as listener,  # type: ignore[arg-type]
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        yield listener, publisher


def await_notes(listener: Listener, count: int) -> None:
    until(lambda: listener.stats().notes_played >= count, f"{count} notes")


def streamson(*words: object) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "streamson", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


Wait = Callable[[], None]
