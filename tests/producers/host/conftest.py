"""Machines that tests make up: folders in the places of the kernel's, for one process alone."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from streamson.wire.points.receiver import Receiver
from tests.conftest import until
from tests.producers.conftest import Producing
from tests.producers.servers import needs


def write_tree(root: Path, files: Mapping[str, object]) -> Path:
    """Write files, each a line, below a folder; return it."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{content}\n")
    return root


def values(producing: Producing, stream: str, field: str) -> list[float]:
    """Return what came of a field of a stream."""
    return [point.fields[field] for point in producing.points if point.stream == stream]


def await_value(producing: Producing, stream: str, field: str, wanted: object) -> None:
    """Serve a producer until a value comes, or one that a function accepts."""

    def came() -> bool:
        producing.await_points(len(producing.points) + 1)
        found = values(producing, stream, field)
        accept = wanted if callable(wanted) else (lambda value: value == wanted)
        return any(map(accept, found))

    until(came, f"{wanted} as {field} of {stream}")


def amount(producing: Producing, stream: str, field: str) -> float:
    """Return what a rate comes to in the time of all points but the first, whose begin is older."""
    points = [point for point in producing.points if point.stream == stream]
    pairs = pairwise(points)
    return sum((after.time - before.time) * after.fields[field] for before, after in pairs)


@pytest.fixture
def produce_on(
    receiver: Receiver, tmp_path: Path
) -> Iterator[Callable[[Mapping[str, Path], str], Producing]]:
    """Start ``streamson produce system WORDS`` where folders have taken the places of others."""
    unshare = [needs("unshare"), "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        reason = "folders can't be mounted in the places of others"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    started = []

    def produce_on(places: Mapping[str, Path], words: str) -> Producing:
        mounts = "".join(f"mount --rbind {folder} {place} && " for place, folder in places.items())
        streamson = [sys.executable, "-m", "streamson", "produce", "system", "--name", "me"]
        command = [*unshare, "sh", "-c", f'{mounts}exec "$@"', "sh", *streamson, *words.split()]
        started.append(
            Producing(receiver, [*command, "--endpoint", receiver.endpoint], cwd=tmp_path)
        )
        return started[-1]

    yield produce_on
    for producing in started:
        producing.process.kill()
        producing.process.communicate()


class Burner:
    """A process of a name of its own that computes as fast as one core lets it.

    Parameters
    ----------
    folder
        Where to put the program.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"burn{os.getpid() % 100_000}"
        program = folder / self.name
        if not program.exists():
            program.symlink_to("/bin/sh")
        self.process = subprocess.Popen([program, "-c", "while :; do :; done"])

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def burn(tmp_path: Path) -> Iterator[Callable[[], Burner]]:
    """Start a process that computes."""
    started = []

    def burn() -> Burner:
        started.append(Burner(tmp_path))
        return started[-1]

    yield burn
    for burner in started:
        burner.end()
