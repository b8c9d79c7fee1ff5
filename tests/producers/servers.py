"""Real servers for producers to tap, and the commands that the documents show for them."""

import os
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import until

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| (.+?) \| `(.+)` \|")


def needs(program: str) -> str:
    """Return the path of a program of the system; without it the test is skipped, in CI fails."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        reason = f"{program} is not installed; scripts/test installs it where it may"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def documented(what: str) -> str:
    """Return the command that docs/producers.md shows for a thing that somebody runs.

    >>> documented("vmstat")
    'vmstat 1 | streamson produce tail'
    """
    table = (ROOT / "docs/producers.md").read_text()
    commands = {row[1]: row[2].replace("\\|", "|") for row in ROW.finditer(table)}
    return commands[what]


def words_of(what: str, **replaced: str) -> list[str]:
    """Return what comes after ``streamson produce`` in a documented command.

    Parameters
    ----------
    what
        The row.
    **replaced
        Words of it, such as addresses, and what to put there; each must be there. Keys are
        arbitrary, values are ``"old -> new"``.
    """
    command = documented(what).rpartition("streamson produce ")[2]
    for pair in replaced.values():
        old, new = pair.split(" -> ")
        assert old in command, (old, command)
        command = command.replace(old, new)
    return shlex.split(command)


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def accepts(port: int) -> bool:
    """Return whether somebody listens on a port of this machine."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def server(
    command: list[str], ready: Callable[[], object], what: str, **options: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end; wait until it is ready, and fail with its words if it ends."""
    with subprocess.Popen(
        command, **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
    ) as process:
        try:

            def is_ready() -> object:
                if process.poll() is not None:
                    pytest.fail(f"{what} ended with {process.returncode}: {command}")
                return ready()

            until(is_ready, what)
            yield process
        finally:
            process.kill()
            process.wait()
