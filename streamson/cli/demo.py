"""``streamson demo``: the eta producer and a listener together."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import click

from streamson.cli import options
from streamson.errors import StreamsonError

ANY_PORT: Final = "tcp://127.0.0.1:*"
RATE: Final = 3.7
"""Points a second: a little more than the 3.63 notes a second of the article's tune, so that the
next note is always there."""

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
    from streamson.listener import Listener

    listener = Listener(ANY_PORT, session="demo", output=output, record=record, duration_s=duration)
    with _producer(listener.endpoint) as producer:
        return play(listener, stats_file=stats, check=producer.check)


class _Producer:
    """The eta producer in a process of its own."""

    def __init__(self, endpoint: str, log: IO[str]) -> None:
        self._log = log
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [
                *(sys.executable, "-m", "streamson.producers.eta"),
                *("--endpoint", endpoint, "--rate", str(RATE)),
            ],
            stdin=subprocess.DEVNULL,
            # It prints nothing there, but ends when nobody could read it: it never outlives us.
            stdout=subprocess.PIPE,
            stderr=log,
        )

    def check(self) -> None:
        """Raise if the producer has ended: it should go on until it is stopped."""
        if self._process.poll() is None:
            return
        self._log.seek(0)
        last = self._log.read().strip().splitlines()[-1:] or ["no message"]
        raise StreamsonError(f"the eta producer ended: {last[0]}")

    def stop(self) -> None:
        """End the process."""
        with self._process:
            self._process.terminate()
            try:
                self._process.wait(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()


@contextmanager
def _producer(endpoint: str) -> Iterator[_Producer]:
    with tempfile.TemporaryFile("w+") as log:
        producer = _Producer(endpoint, log)
        try:
            yield producer
        finally:
            producer.stop()
