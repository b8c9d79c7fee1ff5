"""``streamson demo``: the eta producer and a listener together."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from streamson.cli import options
from streamson.errors import StreamsonError

if TYPE_CHECKING:
    from streamson.listener.listener import Listener

ANY_PORT: Final = "tcp://127.0.0.1:*"
NOTES_AHEAD: Final = 3
"""So many notes wait, three tenths of a second at least. A point is asked for when there is room
for its note: a tune has no pace that a clock could keep."""

PATIENCE_S: Final = 0.3
"""How long the producer may take to end: it has no files to close."""


@click.command()
@options.output
@options.record
@options.duration
@options.stats
def command(output: str, record: str | None, duration: float | None, stats: Path | None) -> int:
    """Hear the Dirichlet eta function as another process computes it.

    Each point on the line 1/2 + it, from t = 400000 on, is one note: pitch from the real part,
    duration from the imaginary part, and the louder the closer the function is to zero.
    """
    from streamson.cli.playing import play  # loads the synthesiser
    from streamson.listener.listener import Listener

    listener = Listener(ANY_PORT, session="demo", output=output, record=record, duration_s=duration)
    with _producer(listener) as producer:
        return play(listener, stats_file=stats, check=producer.check)


class _Producer:
    """The eta producer in a process of its own, which is asked for each point."""

    def __init__(self, listener: "Listener", log: IO[str]) -> None:
        self._listener = listener
        self._log = log
        self._asked = 0
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [
                *(sys.executable, "-m", "streamson", "produce", "eta"),
                *("--endpoint", listener.endpoint, "--on-demand"),
            ],
            stdin=subprocess.PIPE,
            # It prints nothing there, but ends when nobody could read it: it never outlives us.
            stdout=subprocess.PIPE,
            stderr=log,
        )

    def check(self) -> None:
        """Ask for what is needed, and raise if the producer has ended: it should go on."""
        if self._process.poll() is None:
            self._ask()
            return
        self._log.seek(0)
        last = self._log.read().strip().splitlines()[-1:] or ["no message"]
        raise StreamsonError(f"the eta producer ended: {last[0]}")

    def _ask(self) -> None:
        stats = self._listener.stats()
        to_come = self._asked - stats.points_received + stats.notes_waiting
        if (wanted := NOTES_AHEAD - to_come) > 0:
            assert self._process.stdin is not None
            with suppress(BrokenPipeError):  # it ended a moment ago
                self._process.stdin.write(b"\n" * wanted)
                self._process.stdin.flush()
            self._asked += wanted

    def stop(self) -> None:
        """End the process."""
        with self._process:
            self._process.terminate()
            try:
                self._process.wait(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()


@contextmanager
def _producer(listener: "Listener") -> Iterator[_Producer]:
    with tempfile.TemporaryFile("w+") as log:
        producer = _Producer(listener, log)
        try:
            yield producer
        finally:
            producer.stop()
