"""The sound of a trial, by the code that renders tables: score, notes, machine code."""

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamson.errors import UsageError
from streamson.model.note import Note
from streamson.model.point import DataPoint
from streamson.offline.placing import alert_placer
from streamson.offline.realtime import play_in_realtime
from streamson.offline.render import DEFAULT_SAMPLE_RATE, render_notes
from streamson.score.score import Score
from streamson.session.schema import Session
from streamson.study.headphones import tones
from streamson.study.questions import POINTS_A_SECOND
from streamson.study.session_streams import known_extents, session_streams
from streamson.study.trial import Trial

SILENT: Final = 0.001
"""Of the peak, -60 dB: what fades below it at the end is left out, for times of answers count from
the end of the sound."""

MAX_SOUND_S: Final = 30.0
"""Of a trial: a session whose tones are held for ever is cut there."""


class SoundMaker:
    """Renders trials as a session plays them.

    Parameters
    ----------
    session
        What plays them.

    Attributes
    ----------
    sample_rate
        Frames a second.
    streams
        What plays, by name.

    Raises
    ------
    UsageError
        The session can't be studied.
    """

    def __init__(self, session: Session) -> None:
        self.sample_rate = session.audio.sample_rate or DEFAULT_SAMPLE_RATE
        self.streams = session_streams(session)
        self._session = session
        self._extents = known_extents(session, self.streams)

    def notes(self, trial: Trial) -> Iterator[Note]:
        """Yield the notes of a trial's made data by their onsets."""
        score = Score(
            self._session,
            sample_rate=self.sample_rate,
            extents=self._extents,
            on_event=lambda _event: None,  # what is told of made data is of no use
        )
        points = sorted(
            (made.start_s + i / POINTS_A_SECOND, number, percent)
            for number, made in enumerate(trial.streams)
            for i, percent in enumerate(made.values)
        )
        messages = (
            (
                round(time_s * self.sample_rate),
                DataPoint(self.streams[number].name, self.streams[number].point(percent), time_s),
            )
            for time_s, number, percent in points
        )
        placer = alert_placer(self._session, self.sample_rate)
        return play_in_realtime(messages, score, sample_rate=self.sample_rate, placer=placer)

    def samples(self, trial: Trial) -> NDArray[np.float32]:
        """Return the sound of a trial: float32, shape (frames, 2), in [-1, 1].

        Raises
        ------
        UsageError
            It is silent.
        """
        if trial.phase == "headphones":
            return tones(trial, self.sample_rate)
        blocks, frames = [], 0
        for block in render_notes(self.notes(trial), self._session, sample_rate=self.sample_rate):
            blocks.append(block)
            frames += len(block)
            if frames > MAX_SOUND_S * self.sample_rate:
                break
        sound = np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)
        loudest = np.abs(sound).max(axis=1, initial=0.0)
        heard = np.flatnonzero(loudest > SILENT * loudest.max(initial=0.0))
        if not len(heard):
            raise UsageError(f"the session {self._session.name} can't be studied: it is silent")
        return sound[: heard[-1] + 1]

    def wav(self, trial: Trial) -> bytes:
        """Return the sound of a trial as a WAV file of 16 bits, which every browser decodes."""
        file = io.BytesIO()
        soundfile.write(file, self.samples(trial), self.sample_rate, "PCM_16", format="WAV")
        return file.getvalue()
