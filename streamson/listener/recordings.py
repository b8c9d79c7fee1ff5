"""A listener's recordings: the one that it was started with, and those begun while it plays."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from streamson.errors import OutputFileError, StreamsonError, UsageError
from streamson.model.event.base import Event
from streamson.model.event.recordings import RecordingFailed
from streamson.model.statistics import Statistics
from streamson.output.tap import TapFanOut
from streamson.recording.recorder import Recorder
from streamson.recording.rotation import Rotation
from streamson.recording.session_log import SessionLog
from streamson.recording.target import Target
from streamson.session.packing import pack_session
from streamson.session.schema import Session

NAME: Final = "streamson-%Y%m%d-%H%M%S.wav"
"""Of a recording that somebody begins while it plays; in the folder that the listener runs in."""

MAX_BEGUN: Final = 1_000
"""Recordings that can be begun while it plays: nobody is to fill a disk with small files."""

MAX_A_SECOND: Final = 100
"""Recordings whose names say the same second."""


class RecordingFigures(NamedTuple):
    """Of all recordings together, as `model.statistics.Statistics` has them."""

    seconds: float
    lost_seconds: float
    gone: int
    points_left_out: int
    notes_left_out: int


NONE: Final = RecordingFigures(0.0, 0.0, 0, 0, 0)


class Recordings:
    """One recording at a time.

    Parameters
    ----------
    tap
        What is recorded.
    target
        What is recorded to from the start; None for nothing.
    rotation
        When that goes on in another file.
    on_event
        Is called with what becomes of a recording.

    Attributes
    ----------
    error
        Why a recording could not be made, or is not whole; None if all are well.
    session_log
        Where points and notes are recorded; None without such a recording.
    last
        What is, or was last, recorded to; None for nothing.
    """

    def __init__(
        self,
        tap: TapFanOut,
        target: Target | None,
        *,
        rotation: Rotation,
        on_event: Callable[[Event], None],
    ) -> None:
        rotation.check()
        self.error: OutputFileError | None = None
        self.session_log: SessionLog | None = None
        self.last: Path | None = None
        self._tap = tap
        self._target = target
        self._rotation = rotation
        self._on_event = on_event
        self._recorder: Recorder | None = None
        self._begun = 0
        self._finished = NONE
        self._lock = threading.Lock()

    @property
    def current(self) -> Path | None:
        """What is recorded to at this moment; None for nothing."""
        return self.last if self._recorder else None

    def begin(self, session: Session, statistics: Callable[[], Statistics]) -> None:
        """Begin the recording that was asked for from the start; where that fails, `error` says it.

        Parameters
        ----------
        session
            In force, which a folder holds too.
        statistics
            Returns those that a folder holds.
        """
        target = self._target
        if target is None:
            return
        session_log: SessionLog | None = None
        try:
            if target.is_folder:
                packed = pack_session(session)  # may lie in the folder that gives way
                target.make_folder()
                session_log = SessionLog(
                    target.path,
                    sample_rate=self._tap.sample_rate,
                    session=packed,
                    statistics=statistics,
                )
            self._recorder = Recorder(
                self._tap,
                target.audio,
                rotation=self._rotation,
                sidecar=session_log,
                on_event=self._on_event,
            )
        except OutputFileError as error:
            if session_log is not None:
                session_log.give_up()
                target.give_up_folder()
            self.error = error
            self._on_event(RecordingFailed(frame=self._tap.frame, reason=str(error)))
            return
        self.session_log, self.last = session_log, target.path

    def start(self) -> Path:
        """Begin a recording, and return its file.

        Raises
        ------
        StreamsonError
            Something is recorded already, or there were too many.
        OutputFileError
            The file can't be opened.
        """
        with self._lock:
            if self._recorder is not None:
                raise UsageError(f"it is being recorded already, to {self.last}")
            if self._begun >= MAX_BEGUN:
                raise StreamsonError(f"no more than {MAX_BEGUN} recordings can be begun")
            path = _free_path()
            self._recorder = Recorder(self._tap, path, on_event=self._on_event)
            self._begun += 1
            self.last = path
            return path

    def stop(self) -> Path | None:
        """Finish the recording, up to this moment, and return its file; None where there is none.

        Raises
        ------
        StreamsonError
            A folder is recorded to: it lasts as long as the listener.
        """
        with self._lock:
            if self.session_log is not None and self._recorder is not None:
                raise UsageError(f"{self.last} records as long as the listener runs")
            return self._finish()

    def close(self) -> None:
        """Finish whatever is recorded."""
        with self._lock:
            self._finish()

    def figures(self) -> RecordingFigures:
        """Return what was recorded and lost so far."""
        finished, recorder = self._finished, self._recorder
        return finished if recorder is None else self._with(finished, recorder)

    def _with(self, others: RecordingFigures, recorder: Recorder) -> RecordingFigures:
        log = self.session_log
        return RecordingFigures(
            others.seconds + recorder.seconds,
            others.lost_seconds + recorder.lost_frames / self._tap.sample_rate,
            others.gone + recorder.files_gone,
            log.points_left_out if log else 0,
            log.notes_left_out if log else 0,
        )

    def _finish(self) -> Path | None:
        if (recorder := self._recorder) is None:
            return None
        recorder.stop()
        self.error = self.error or recorder.error
        self._finished, self._recorder = self._with(self._finished, recorder), None
        return self.last


def _free_path() -> Path:
    """Return a file that is not there yet; its name says when it was.

    Raises
    ------
    OutputFileError
        There is no such file.
    """
    try:
        first = Path.cwd() / time.strftime(NAME)
    except OSError as error:  # somebody deleted the folder
        raise OutputFileError(f"can't record here: {error.strerror}") from None
    others = (first.with_stem(f"{first.stem}-{number}") for number in range(2, MAX_A_SECOND + 1))
    for path in (first, *others):
        if not path.exists():
            return path
    raise OutputFileError(f"can't record to {first}: there are {MAX_A_SECOND} of that second")
