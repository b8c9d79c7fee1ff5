"""Earcons as notes: patterns in the foreground, one after the other, and what is spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from streamson.model.note import Note

if TYPE_CHECKING:
    from streamson.model.counts import ScoreCounts
    from streamson.session.parse.earcons import Earcon
    from streamson.session.schema import Session

GAP_S: Final = 0.12
"""Earcons that come at once follow one another with such a gap."""

MAX_LAG_S: Final = 6.0
"""An earcon that would begin later than this is left out, and counted."""

SPEECH_AFTER_S: Final = 0.15
SPEECH_DB: Final = -6.0


class EarconPlayer:
    """Turns earcons into notes.

    Parameters
    ----------
    session
        How loud they are, and what speaks.
    sample_rate
        Frames a second.
    counts
        Where they are counted, and those that are left out.
    """

    def __init__(self, session: Session, *, sample_rate: int, counts: ScoreCounts) -> None:
        self._session = session
        self._sample_rate = sample_rate
        self._counts = counts
        self._free_frame = 0

    def change(self, session: Session) -> None:
        """Play as another session says from now on."""
        self._session = session

    def has_room(self, now_frame: int) -> bool:
        """Return whether an earcon that is played now is not left out."""
        return self._free_frame - now_frame <= MAX_LAG_S * self._sample_rate

    def play(self, earcon: Earcon, stream: str, now_frame: int, speech: str = "") -> list[Note]:
        """Return the notes of an earcon, after those that are still to be heard.

        Parameters
        ----------
        earcon
            The pattern.
        stream
            Whose it is.
        now_frame
            The first frame at which it may begin.
        speech
            Name of the instrument that speaks after it; empty for silence.
        """
        rate = self._sample_rate
        start = max(now_frame, self._free_frame)
        if start - now_frame > MAX_LAG_S * rate:
            self._counts.earcons_left_out += 1
            return []
        pattern = Note(
            onset_frame=start,
            duration_s=earcon.duration,
            duration_frames=round(earcon.duration * rate),
            midi_note=0,
            level_db=self._level_db(earcon.level),
            pan=0,
            instrument=earcon.instrument,
            stream=stream,
            foreground=True,
        )
        replace = msgspec.structs.replace
        notes = [
            replace(pattern, onset_frame=start + round(onset_s * rate), midi_note=midi_note)
            for onset_s, midi_note in zip(earcon.onsets_s, earcon.notes, strict=True)
        ]
        if speech:
            notes.append(self._spoken(speech, notes[-1]))
        last = notes[-1]
        self._free_frame = last.onset_frame + last.duration_frames + round(GAP_S * rate)
        self._counts.earcon_notes += len(notes)
        return notes

    def range_tick(self, earcon: Earcon, note: Note, now_frame: int) -> Note:
        """Return an earcon of one note beside a note, for which nothing is ducked or waits."""
        self._counts.range_ticks += 1
        return msgspec.structs.replace(
            note,
            onset_frame=max(note.onset_frame, now_frame),
            duration_s=earcon.duration,
            duration_frames=round(earcon.duration * self._sample_rate),
            midi_note=earcon.notes[0],
            level_db=self._level_db(earcon.level),
            instrument=earcon.instrument,
            brightness=0.0,
            held_key=0,
            tremolo_hz=0.0,
            tremolo_depth=0.0,
        )

    def _spoken(self, speech: str, last: Note) -> Note:
        rate = self._sample_rate
        spoken = self._session.earcon_instruments[speech].sample
        assert spoken is not None
        seconds = len(spoken.sound) / spoken.sample_rate
        return msgspec.structs.replace(
            last,
            onset_frame=last.onset_frame + last.duration_frames + round(SPEECH_AFTER_S * rate),
            duration_s=seconds,
            duration_frames=round(seconds * rate),
            midi_note=spoken.root,
            level_db=self._level_db(SPEECH_DB),
            instrument=speech,
        )

    def _level_db(self, level_db: float) -> float:
        return min(level_db + self._session.notices.level, 0.0)
