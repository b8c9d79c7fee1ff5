"""``streamson demo``: a producer and a listener together, the eta function or the tour."""

import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from streamson._own_process import own_command
from streamson.cli import options
from streamson.errors import StreamsonError

if TYPE_CHECKING:
    from streamson.listener.listener import Listener
    from streamson.session.schema import Session

ANY_PORT: Final = "tcp://127.0.0.1:*"
NOTES_AHEAD: Final = 3
"""So many notes wait, three tenths of a second at least. A point is asked for when there is room
for its note: a tune has no pace that a clock could keep."""

PATIENCE_S: Final = 0.3
"""How long the producer may take to end: it has no files to close."""

RING_OUT_S: Final = 3.5
"""So long sounds the tour after its last point: held tones wait 2 s for another one."""


@click.command()
@click.option(
    "--tour",
    is_flag=True,
    help="A minute on a made-up small system instead, with captions: what it sounds like when "
    "things go well, drift, fail and recover.",
)
@options.output
@options.record
@options.web
@options.no_web
@options.insecure
@options.plain
@options.duration
@options.stats
def command(
    *,
    tour: bool,
    output: str,
    record: str | None,
    web: str | None,
    no_web: bool,
    insecure: bool,
    plain: bool,
    duration: float | None,
    stats: Path | None,
) -> int:
    """Hear the Dirichlet eta function as another process computes it.

    Each point on the line 1/2 + it, from t = 400000 on, is one note: pitch from the real part,
    duration from the imaginary part, and the louder the closer the function is to zero.
    """
    from streamson.cli.playing import play  # loads the synthesiser
    from streamson.cli.views import Wanted
    from streamson.listener.listener import Listener

    options.check_page(web, no_web=no_web)
    session = _tour_session() if tour else "demo"
    words = ("tour",) if tour else ("eta", "--on-demand")
    wanted = Wanted(plain, web, no_web, insecure, output)
    with wanted.feed(None) as feed:
        listener = Listener(
            ANY_PORT,
            session=session,
            output=output,
            record=record,
            feed=feed,
            duration_s=duration,
        )
        with _producer(listener.endpoint, *words) as producer:
            show = (_Tour if tour else _Tune)(listener, producer)
            return play(listener, stats_file=stats, check=show.check, wanted=wanted)


def _tour_session() -> "Session":
    from streamson.session.load import parse_session

    file = resources.files("streamson.session") / "tour.toml"
    return parse_session(file.read_bytes(), "tour")


class _Producer:
    """A producer in a process of its own, from `start` on.

    Parameters
    ----------
    endpoint
        Where the listener is.
    words
        Its name and options.
    log
        Where it writes what it has to say.

    """

    def __init__(self, endpoint: str, words: tuple[str, ...], log: IO[str]) -> None:
        self._endpoint = endpoint
        self._words = words
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin."""
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            own_command("produce", *self._words, "--endpoint", self._endpoint),
            stdin=subprocess.PIPE,
            # It prints nothing there, but ends when nobody could read it: it never outlives us.
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    @property
    def has_begun(self) -> bool:
        """Whether it was started."""
        return self._process is not None

    @property
    def exit_code(self) -> int | None:
        """What it ended with; None while it goes on, or has not begun."""
        return None if self._process is None else self._process.poll()

    def ask(self, points: int) -> None:
        """Ask for so many points."""
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it ended a moment ago
            self._process.stdin.write(b"\n" * points)
            self._process.stdin.flush()

    def error(self) -> StreamsonError:
        """Return that it ended too soon, with its last words."""
        self._log.seek(0)
        last = self._log.read().strip().splitlines()[-1:] or ["no message"]
        return StreamsonError(f"the {self._words[0]} producer ended: {last[0]}")

    def stop(self) -> None:
        """End the process."""
        if self._process is None:
            return
        with self._process:
            self._process.terminate()
            try:
                self._process.wait(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()


@contextmanager
def _producer(endpoint: str, *words: str) -> Iterator[_Producer]:
    with tempfile.TemporaryFile("w+") as log:
        producer = _Producer(endpoint, words, log)
        try:
            yield producer
        finally:
            producer.stop()


class _Tune:
    """The eta function without end: its producer is asked for each point."""

    def __init__(self, listener: "Listener", producer: _Producer) -> None:
        self._listener = listener
        self._producer = producer
        self._asked = 0
        producer.start()

    def check(self) -> None:
        """Ask for what is needed, and raise if the producer has ended: it should go on."""
        if self._producer.exit_code is not None:
            raise self._producer.error()
        stats = self._listener.stats()
        to_come = self._asked - stats.points_received + stats.notes_waiting
        if (wanted := NOTES_AHEAD - to_come) > 0:
            self._producer.ask(wanted)
            self._asked += wanted


class _Tour:
    """The tour: its captions are said when they are due, and it ends by itself.

    Where only a page can be heard, it begins with the first who hears.
    """

    def __init__(self, listener: "Listener", producer: _Producer) -> None:
        from streamson.producers.tour import CAPTIONS

        self._listener = listener
        self._producer = producer
        self._to_come = deque(CAPTIONS)
        self._began_s: float | None = None
        self._is_over = self._has_asked = False

    def check(self) -> None:
        """Say what is due, let the sound end after the last point, and raise if one is missing."""
        if not self._producer.has_begun:
            self._begin()
            return
        if self._began_s is None and self._listener.stats().points_received:
            self._began_s = time.monotonic()
        if self._began_s is not None:
            passed_s = time.monotonic() - self._began_s
            while self._to_come and self._to_come[0].at_s <= passed_s:
                self._listener.caption(self._to_come.popleft().text)
        if self._is_over or self._producer.exit_code is None:
            return
        if self._producer.exit_code:
            raise self._producer.error()
        self._is_over = True
        engine = self._listener.engine
        end = engine.frame + round(RING_OUT_S * engine.sample_rate)
        engine.stop_at(min(end, engine.stop_frame))

    def _begin(self) -> None:
        """Let it begin once it can be heard, or is recorded."""
        listener = self._listener
        is_heard = listener.plays or listener.page_url is None or listener.sends_sound
        if is_heard or listener.recording is not None:
            self._producer.start()
        elif not self._has_asked:
            self._has_asked = True
            listener.caption(f"The tour begins when you switch on the sound on {listener.page_url}")
