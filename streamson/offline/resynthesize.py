"""A session recording as sound and notes again: what was heard, or another piece of its points."""

from collections.abc import Callable, Iterator
from itertools import count
from math import inf

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.errors import InputFileError, UsageError
from streamson.model.event.base import Event
from streamson.model.instrument import Instrument
from streamson.model.note import Note
from streamson.offline.placing import alert_placer
from streamson.offline.realtime import play_in_realtime
from streamson.offline.render import until_frame, until_room
from streamson.recording.reader import PlayedNote, Recording
from streamson.recording.rows import ChangeRow
from streamson.score.score import Score
from streamson.session.schema import Session
from streamson.synth.engine import Engine


def resynthesize(recording: Recording) -> Iterator[NDArray[np.float32]]:
    """Yield the samples of a recording, made anew of its notes: the same as were heard.

    Yields
    ------
    ndarray of float32, shape (frames, 2)

    Raises
    ------
    InputFileError, SessionError
        If a file of it can't be read.
    """
    names = _Names(recording)
    everything = msgspec.structs.replace(
        recording.session(), instruments=names.instruments, earcon_instruments={}
    )
    engine = Engine.for_session(everything, recording.manifest.sample_rate)
    end = recording.first_frame + recording.frames
    if recording.manifest.frames is not None:
        engine.stop_at(end)

    def blocks() -> Iterator[NDArray[np.float32]]:
        for item in recording.played():
            onset = item.frame if isinstance(item, ChangeRow) else item.note.onset_frame
            if onset >= end:  # synthesised ahead, but not heard any more
                continue
            yield from until_room(engine, onset)
            try:
                _do(engine, names, item)
            except UsageError as error:
                raise InputFileError(
                    f"{recording.folder}: at frame {onset} of it: {error}"
                ) from None
        yield from until_frame(engine, end)

    return _from_frame(recording.first_frame, blocks())


def _do(engine: Engine, names: "_Names", item: PlayedNote | ChangeRow) -> None:
    if isinstance(item, ChangeRow):
        volume_db = -inf if item.volume_db is None else item.volume_db
        engine.set_volume(volume_db, frame=item.frame)
        return
    engine.equal_loudness = item.session.audio.equal_loudness
    engine.play(names.rename(item))


def recorded_notes(recording: Recording) -> Iterator[Note]:
    """Yield the notes of a recording as they were heard, earcons included, since its start."""
    first = recording.first_frame
    for item in recording.played():
        if isinstance(item, PlayedNote) and item.note.onset_frame >= first:
            onset_frame = item.note.onset_frame - first
            yield msgspec.structs.replace(item.note, onset_frame=onset_frame)


def rescore(
    recording: Recording, session: Session, on_event: Callable[[Event], None]
) -> Iterator[Note]:
    """Yield what another session would have played of a recording's points, as they came.

    Parameters
    ----------
    recording, session
        The two.
    on_event
        As of `Score`.
    """
    first = recording.first_frame
    messages = ((max(frame - first, 0), message) for frame, message in recording.received())
    rate = recording.manifest.sample_rate
    score = Score(session, sample_rate=rate, on_event=on_event)
    placer = alert_placer(session, rate)
    return play_in_realtime(messages, score, sample_rate=rate, placer=placer)


class _Names:
    """Names for the instruments of all sessions, which may call different ones the same."""

    def __init__(self, recording: Recording) -> None:
        self.instruments: dict[str, Instrument] = {}
        self._of: dict[tuple[int, str], str] = {}
        for number in range(1, len(recording.manifest.sessions) + 1):
            session = recording.session(number)
            for name, instrument in session.all_instruments.items():
                self._of[id(session), name] = self._add(name, instrument)

    def rename(self, played: PlayedNote) -> Note:
        """Return a note whose instrument has its name among all."""
        note, session = played
        name = self._of.get((id(session), note.instrument), note.instrument)
        return msgspec.structs.replace(note, instrument=name)

    def _add(self, name: str, instrument: Instrument) -> str:
        for number in count(1):
            candidate = name if number == 1 else f"{name} {number}"
            if self.instruments.setdefault(candidate, instrument).same_as(instrument):
                return candidate
        raise AssertionError


def _from_frame(first: int, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield what begins at a frame."""
    skip = first
    for block in blocks:
        if skip < len(block):
            yield block[skip:]
        skip = max(skip - len(block), 0)
