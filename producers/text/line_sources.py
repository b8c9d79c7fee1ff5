"""Where lines come from: standard input, files that grow, what a program prints."""

import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Final, NamedTuple

from streamson.producers.text.followed_file import FollowedFile
from streamson.producers.text.line_splitter import LineSplitter

POLL_S: Final = 0.25
"""Between two looks for what is new: so soon a line is heard, and a file costs four stats a
second."""

CHUNK_BYTES: Final = 65_536
MAX_CHUNKS: Final = 16
"""That wait to be parted into lines; whoever writes more waits."""

NOTHING: Final[Mapping[str, str]] = {}


class SourceLine(NamedTuple):
    """A line, and what is known about it.

    Attributes
    ----------
    text
        The line.
    source
        What it comes from: a file's name without folder and suffix, ``stdin``, a unit.
    time
        When it was written, seconds since 1970; None if the source doesn't say it.
    severity
        0 to 7, as syslog counts; None if the source doesn't say it.
    labels
        What else the source says.
    """

    text: str
    source: str
    time: float | None = None
    severity: int | None = None
    labels: Mapping[str, str] = NOTHING


class PipeReader:
    """Reads a pipe in a thread, so that whoever waits for it can do something else meanwhile.

    Parameters
    ----------
    pipe
        The pipe. It is closed at its end, by the thread: nobody else may, who can't know whether a
        read goes on, which might then be one of what is opened next.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self.splitter = LineSplitter()
        self._pipe = pipe
        self._chunks: queue.Queue[bytes] = queue.Queue(MAX_CHUNKS)
        # It may be blocked for ever, in a read from a terminal: it ends with the process.
        threading.Thread(target=self._run, name="streamson-pipe", daemon=True).start()

    def lines(self) -> Iterator[str | None]:
        """Yield lines as they come, and None where for a moment none does, until the end."""
        while True:
            try:
                chunk = self._chunks.get(timeout=POLL_S)
            except queue.Empty:
                yield None
                continue
            yield from self.splitter.feed(chunk)
            if not chunk:
                yield from self.splitter.end()
                return

    def _run(self) -> None:
        chunk = b"x"
        while chunk:
            try:
                chunk = os.read(self._pipe.fileno(), CHUNK_BYTES)
            except OSError:  # its terminal has gone
                chunk = b""
            self._chunks.put(chunk)
        self._pipe.close()


def pipe_lines(reader: PipeReader, source: str) -> Iterator[SourceLine | None]:
    """Yield the lines of a pipe, and None where none comes."""
    for line in reader.lines():
        yield None if line is None else SourceLine(line, source)


def file_lines(files: Sequence[FollowedFile]) -> Iterator[SourceLine | None]:
    """Yield the lines that files get, without end, and None where none comes."""
    while True:
        quiet = True
        for file in files:
            for line in file.read():
                quiet = False
                yield SourceLine(line, file.name)
        yield None
        if quiet:
            time.sleep(POLL_S)


def first_lines(files: Sequence[FollowedFile]) -> Iterator[SourceLine]:
    """Yield the first lines of files, which may name their columns."""
    for file in files:
        with suppress(OSError):
            for line in file.head():
                yield SourceLine(line, file.name)
