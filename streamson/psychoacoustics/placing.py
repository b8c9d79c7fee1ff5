"""Where an alert is heard: register and level of its sound, by what sounds at that moment."""

from collections import deque
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Final, NamedTuple

import msgspec
import numpy as np

from streamson.model.instrument import Instrument
from streamson.model.note import Note
from streamson.music.pitch import midi_to_hz
from streamson.psychoacoustics.audibility import AUDIBLE_DB, margin_db
from streamson.psychoacoustics.masking import Maskers, masked_threshold_db, together
from streamson.psychoacoustics.partials import Timbre, heard_of, maskers_of, timbre_of

MAX_REMEMBERED: Final = 256
"""Notes that may still sound: as many as come in some seconds. Held voices are remembered apart."""

MAX_HELD: Final = 1_024
"""Held voices that are remembered: as many as sound."""

MAX_SOUNDING: Final = 32
"""Of the notes that sound, so many count, the loudest: a mix has a handful in the foreground."""

MAX_MASKERS: Final = 64
"""Of their partials, the strongest count."""

SHIFTS: Final = (0, 5, -5, 7, -7, 12, -12)
"""Semitones by which an alert may be moved, in the order in which it is tried: by a fourth, a fifth
or an octave, so that it stays in tune with what it would have been."""

LOWEST_HZ: Final = 150.0
HIGHEST_HZ: Final = 1_000.0
"""Between these an alert's fundamental is moved (IEC 60601-1-8, table 4)."""

MAX_RAISE_DB: Final = 6.0
"""An alert is raised by so much at most where no register is enough: twice the amplitude."""

LOUDEST_DB: Final = -6.0
"""And to no more than this, so that it has room below full scale for the peaks of its partials."""


class _Sounding(NamedTuple):
    """A note that was handed on, and the frames at which it begins and ends."""

    note: Note
    onset_frame: int
    end_frame: int


class AlertPlacer:
    """Moves and raises the notes of alerts where what sounds would mask them.

    It has to see all notes, in the order in which they are handed on; an alert that waits for
    others is placed by what is known when it is handed on. What is spoken, and any other sampled
    sound, stays as it is.

    Parameters
    ----------
    instruments
        What notes may name.
    sample_rate
        Frames a second.
    compensation_db
        Returns by how much a note of an instrument and a frequency is raised when it is played.
    ducked_db
        By how much all else is louder, below 0, while an alert sounds.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        sample_rate: int,
        compensation_db: Callable[[str, float], float],
        ducked_db: float,
    ) -> None:
        self._instruments = instruments
        self._sample_rate = sample_rate
        self._compensation_db = compensation_db
        self._ducked_db = ducked_db
        self._timbres: dict[str, Timbre] = {}
        self._notes: deque[_Sounding] = deque(maxlen=MAX_REMEMBERED)
        self._held: dict[int, _Sounding] = {}

    def change(self, instruments: Mapping[str, Instrument]) -> None:
        """Take notes of other instruments from now on."""
        self._instruments = instruments
        self._timbres.clear()

    def place(self, notes: list[Note], now_frame: int) -> list[Note]:
        """Return notes as they are to be played.

        Parameters
        ----------
        notes
            That are handed on at once.
        now_frame
            When those begin that have no onset.
        """
        if not any(note.foreground for note in notes):
            for note in notes:
                self._remember(note, now_frame)
            return notes
        for note in notes:
            if not note.foreground:
                self._remember(note, now_frame)
        placed: list[Note] = []
        for sound, group in groupby(notes, lambda note: note.foreground and note.instrument):
            alert = list(group)
            placed += alert if sound is False else self._place_alert(alert)
        return placed

    def _remember(self, note: Note, now_frame: int) -> None:
        onset_frame = max(note.onset_frame, now_frame)
        sounding = _Sounding(note, onset_frame, onset_frame + note.duration_frames)
        if not note.held_key:
            self._notes.append(sounding)
            return
        self._held.pop(note.held_key, None)  # the one that was played last comes last
        self._held[note.held_key] = sounding
        if len(self._held) > MAX_HELD:
            del self._held[next(iter(self._held))]

    def _place_alert(self, alert: list[Note]) -> list[Note]:
        instrument = self._instruments.get(alert[0].instrument)
        if instrument is None or instrument.sample is not None:
            return alert
        maskers = self._maskers(alert)
        shifts = [shift for shift in SHIFTS if _is_allowed(alert, shift)]
        margins: list[float] = []
        for shift in shifts:
            margins.append(self._margin(alert, shift, maskers))
            if margins[-1] >= AUDIBLE_DB:
                break
        best = max(margins)
        shift = shifts[margins.index(best)]
        loudest = max(note.level_db for note in alert)
        raised_db = max(min(AUDIBLE_DB - best, MAX_RAISE_DB, LOUDEST_DB - loudest), 0.0)
        if not shift and not raised_db:
            return alert
        replace = msgspec.structs.replace
        return [
            replace(note, midi_note=note.midi_note + shift, level_db=note.level_db + raised_db)
            for note in alert
        ]

    def _maskers(self, alert: list[Note]) -> Maskers:
        """Return what masks while an alert sounds."""
        first = alert[0].onset_frame
        last = alert[-1].onset_frame + alert[-1].duration_frames
        sounding = [
            one
            for one in (*self._notes, *self._held.values())
            if one.onset_frame < last and self._silent_frame(one) > first
        ]
        sounding.sort(key=lambda one: -one.note.level_db)
        parts = []
        for note, onset_frame, _ in sounding[:MAX_SOUNDING]:
            age_s = max(first - onset_frame, 0) / self._sample_rate
            level_db = self._played_db(note) + self._ducked_db
            timbre = self._timbre(note.instrument)
            parts.append(maskers_of(note, timbre, level_db=level_db, age_s=age_s))
        return together(parts).strongest(MAX_MASKERS)

    def _silent_frame(self, sounding: _Sounding) -> int:
        """Return when a note masks no longer: in the midst of its release; 0 if it is unknown."""
        instrument = self._instruments.get(sounding.note.instrument)
        if instrument is None:
            return 0
        return sounding.end_frame + int(instrument.envelope.release / 2 * self._sample_rate)

    def _margin(self, alert: list[Note], shift: float, maskers: Maskers) -> float:
        """Return how far the note that is heard least is above its masked threshold."""
        timbre = self._timbre(alert[0].instrument)
        different = {note.midi_note: note for note in alert}.values()
        margins = []
        for note in different:
            moved = msgspec.structs.replace(note, midi_note=note.midi_note + shift)
            hz, level_db = heard_of(moved, timbre, level_db=self._played_db(moved))
            threshold_db = masked_threshold_db(maskers, hz)
            margins.append(float(margin_db(hz, level_db, threshold_db[np.newaxis])[0]))
        return min(margins)

    def _played_db(self, note: Note) -> float:
        return note.level_db + self._compensation_db(note.instrument, note.frequency_hz)

    def _timbre(self, instrument: str) -> Timbre:
        timbre = self._timbres.get(instrument)
        if timbre is None:
            timbre = self._timbres[instrument] = timbre_of(self._instruments[instrument])
        return timbre


def _is_allowed(alert: list[Note], shift: float) -> bool:
    pitches = [midi_to_hz(note.midi_note + shift) for note in alert]
    return shift == 0 or (min(pitches) >= LOWEST_HZ and max(pitches) <= HIGHEST_HZ)
