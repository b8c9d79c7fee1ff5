"""How far the alerts and the parts of a session are above what masks them in its loudest mix."""

from collections.abc import Iterator
from math import inf
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamson.model.counts import ScoreCounts
from streamson.model.note import Note
from streamson.offline.loudest_mix import (
    TICKS,
    Heard,
    ducking_note,
    heard_at_once,
    loudest_notes,
    mixes,
)
from streamson.offline.render import DEFAULT_SAMPLE_RATE, render_notes
from streamson.psychoacoustics.audibility import AUDIBLE_BANDS, AUDIBLE_DB, margin_db
from streamson.psychoacoustics.hearing import INTEGRATION_S, Array
from streamson.psychoacoustics.masking import (
    GRID_HZ,
    masked_threshold_db,
    threshold_at,
    together,
)
from streamson.psychoacoustics.partials import heard_of, maskers_of, timbre_of
from streamson.psychoacoustics.spectrum import heard_levels, maskers_in
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.session.parse.earcons import Earcon, builtin_earcons
from streamson.session.schema import Session
from streamson.synth.engine import Engine

DEMANDED: Final = (
    f"{AUDIBLE_DB:g} dB above what masks it, or more, in {AUDIBLE_BANDS} critical bands"
)
"""What an alert has to be, for a person."""

SAID_DB: Final = 20.0
"""So much more power has what is said than all that sounds beside it (WCAG 2.2, 1.4.7)."""

SETTLED_S: Final = 0.25
"""After that all else has stepped back."""

UNDER_S: Final = 0.4
"""What sounds under speech is looked at in stretches of so long, as momentary loudness is."""

APART_S: Final = 2.0
"""Between the sounds that are measured: a room has fallen silent by then, for what counts."""

SAID_RANGE_DB: Final = 15.0
"""Of what is said, stretches that are softer than the loudest by more are pauses."""

Sound = NDArray[np.float32]


class Audibility(NamedTuple):
    """How well something is heard.

    Attributes
    ----------
    name
        What it is.
    is_alert
        Whether it has to be heard.
    least_db, median_db
        How far above its masked threshold it is, in the mix that masks it most, and in half of
        them: an alert in two critical bands, with the note that is heard least; a part in its best.
        Of what is said, with `is_power`, how much more power it has than all else.
    is_power
        Whether powers are compared.
    """

    name: str
    is_alert: bool
    least_db: float
    median_db: float
    is_power: bool = False

    @property
    def is_audible(self) -> bool:
        """Whether it is as far above as an alert, or what is said, has to be."""
        return self.least_db >= (SAID_DB if self.is_power else AUDIBLE_DB)

    @property
    def demanded(self) -> str:
        """What an alert, or what is said, has to be, for a person."""
        return f"{SAID_DB:g} dB above all else" if self.is_power else DEMANDED

    @property
    def verdict(self) -> str:
        """What is to be said of it, for a person."""
        if self.least_db == -inf:
            return "sounds in one critical band alone, which any one tone may mask"
        side = "above" if self.least_db >= 0 else "below"
        if self.is_power:
            return f"is {abs(self.least_db):.1f} dB {side} all else in the loudest mix"
        return f"is {abs(self.least_db):.1f} dB {side} what masks it in the loudest mix"


class Masking(NamedTuple):
    """What masks alerts in a session's loudest mix.

    Attributes
    ----------
    heard
        What sounds at once.
    sound
        The mix as it is while an alert sounds, shape (frames, 2).
    thresholds_db
        The masked threshold in each of its frames, at `masking.GRID_HZ`.
    """

    heard: list[Heard]
    sound: Sound
    thresholds_db: Array


def masking_of(session: Session, *, sample_rate: int = DEFAULT_SAMPLE_RATE) -> Masking:
    """Render a session's loudest mix, as it steps back for an alert; return what it masks.

    Parameters
    ----------
    session
        The session.
    sample_rate
        Frames a second.
    """
    heard = heard_at_once(session)
    notes, end = loudest_notes(session, sample_rate)
    notes.append(ducking_note(end, sample_rate))
    notes.sort(key=lambda note: note.onset_frame)
    sound = np.concatenate(list(render_notes(notes, session, sample_rate=sample_rate)))[:end]
    frames = maskers_in(sound, sample_rate)
    thresholds = np.array([masked_threshold_db(frame, GRID_HZ) for frame in frames])
    return Masking(heard, sound, thresholds)


def audibility_of(session: Session, *, sample_rate: int = DEFAULT_SAMPLE_RATE) -> list[Audibility]:
    """Return how well each alert's sound is heard in a session's loudest mix, and each part.

    Parameters
    ----------
    session
        The session.
    sample_rate
        Frames a second.
    """
    masking = masking_of(session, sample_rate=sample_rate)
    found = []
    for name, pulses in _sounds(session, sample_rate):
        margins = np.array([_margins(pulse, masking, sample_rate) for pulse in pulses])
        # What is said is understood by most of its words, a pattern by all of its notes.
        of_notes = np.median(margins, axis=0) if name.startswith("says") else margins.min(axis=0)
        least, median = float(of_notes.min()), float(np.median(of_notes))
        found.append(Audibility(name, is_alert=True, least_db=least, median_db=median))
    found += _above_all_else(session, sample_rate)
    return found + _parts(session, masking.heard, sample_rate)


def _above_all_else(session: Session, sample_rate: int) -> Iterator[Audibility]:
    """Yield how much more power what is said has than the loudest mix that steps back for it."""
    notes, end = loudest_notes(session, sample_rate)
    for name, instrument in session.earcon_instruments.items():
        if instrument.sample is None:
            continue
        said = _said_all_along(session, name, end, sample_rate)
        alone, both = (
            np.concatenate(list(render_notes(some, session, sample_rate=sample_rate)))[:end]
            for some in (said, sorted([*said, *notes], key=lambda note: note.onset_frame))
        )
        frames = round(UNDER_S * sample_rate)
        under = (both - alone)[round(SETTLED_S * sample_rate) :]
        under = under[: len(under) // frames * frames].reshape(-1, frames * under.shape[1])
        spoken = [np.square(stretch).mean() for stretch in _stretches(alone, said[:1], sample_rate)]
        powers = np.square(under, dtype=np.float64).mean(axis=1) + 1e-20
        above_db = 10 * np.log10(float(np.mean(spoken)) / powers)
        least, median = float(above_db.min()), float(np.median(above_db))
        yield Audibility(f"says {name}, above all else", True, least, median, is_power=True)


def _said_all_along(session: Session, name: str, end: int, sample_rate: int) -> list[Note]:
    """Return the notes of what is said, again and again up to a frame."""
    player = EarconPlayer(session, sample_rate=sample_rate, counts=ScoreCounts())
    note = player.play(builtin_earcons()["over"], "", 0, name)[-1]
    length = max(note.duration_frames, 1)
    return [msgspec.structs.replace(note, onset_frame=at) for at in range(0, end, length)]


def _margins(pulse: Sound, masking: Masking, sample_rate: int) -> Array:
    hz, level_db = heard_levels(pulse, sample_rate)
    return margin_db(hz, level_db, threshold_at(masking.thresholds_db, hz))


def earcons_of(session: Session) -> dict[str, Earcon]:
    """Return the sounds of alerts that a session may play, by name: built-in and its own."""
    builtin = builtin_earcons()
    sounds = {name: sound for name, sound in builtin.items() if name not in TICKS}
    for number, alert in enumerate(session.alerts, 1):
        if alert.sound is not None and alert.sound not in builtin.values():
            sounds[f"alert {number}"] = alert.sound
    return sounds


def _sounds(session: Session, sample_rate: int) -> Iterator[tuple[str, list[Sound]]]:
    """Yield the names of what alerts play and say, and the sound of each of their notes."""
    names, patterns = [], []
    frame = 0
    for name, earcon in earcons_of(session).items():
        player = EarconPlayer(session, sample_rate=sample_rate, counts=ScoreCounts())
        patterns.append(player.play(earcon, "", frame))
        names.append(name)
        frame = patterns[-1][-1].onset_frame + _frames_between(patterns[-1], sample_rate)
    for name, instrument in session.earcon_instruments.items():
        if instrument.sample is not None:
            player = EarconPlayer(session, sample_rate=sample_rate, counts=ScoreCounts())
            patterns.append(player.play(builtin_earcons()["over"], "", frame, name)[-1:])
            names.append(f"says {name}")
            frame = patterns[-1][-1].onset_frame + _frames_between(patterns[-1], sample_rate)
    notes = [note for pattern in patterns for note in pattern]
    sound = np.concatenate(list(render_notes(notes, session, sample_rate=sample_rate)))
    for name, pattern in zip(names, patterns, strict=True):
        said = name.startswith("says")
        yield name, (_stretches if said else _pulses)(sound, pattern, sample_rate)


def _frames_between(pattern: list[Note], sample_rate: int) -> int:
    return pattern[-1].duration_frames + round(APART_S * sample_rate)


def _pulses(sound: Sound, pattern: list[Note], sample_rate: int) -> list[Sound]:
    """Return the sound of each note of a pattern, up to the next one."""
    onsets = [note.onset_frame for note in pattern]
    ends = [*onsets[1:], onsets[-1] + round(INTEGRATION_S * sample_rate)]
    return [sound[first:last] for first, last in zip(onsets, ends, strict=True)]


def _stretches(sound: Sound, pattern: list[Note], sample_rate: int) -> list[Sound]:
    """Return what is said in stretches, but for its pauses."""
    (note,) = pattern
    length = round(INTEGRATION_S * sample_rate)
    end = max(note.onset_frame + note.duration_frames - length, note.onset_frame) + 1
    stretches = [sound[first : first + length] for first in range(note.onset_frame, end, length)]
    powers = [float(np.square(stretch).mean()) for stretch in stretches]
    least = max(powers) / 10 ** (SAID_RANGE_DB / 10)
    return [stretch for stretch, power in zip(stretches, powers, strict=True) if power >= least]


def _parts(session: Session, heard: list[Heard], sample_rate: int) -> list[Audibility]:
    """Return how well each part is heard beside all others, by their instruments' partials."""
    engine = Engine.for_session(session, sample_rate)
    instruments = session.all_instruments
    timbres = {name: timbre_of(instrument) for name, instrument in instruments.items()}
    gain_db = session.audio.volume_db
    margins: list[list[float]] = []
    for mix in mixes(heard, sample_rate):
        levels = [
            note.level_db + engine.compensation_db(note.instrument, note.frequency_hz) + gain_db
            for note in mix
        ]
        timbres_of_mix = [timbres[note.instrument] for note in mix]
        rows = list(zip(mix, timbres_of_mix, levels, strict=True))
        maskers = [maskers_of(note, of, level_db=level, age_s=0) for note, of, level in rows]
        margins.append([])
        for i, (note, timbre, level_db) in enumerate(rows):
            longest = msgspec.structs.replace(note, duration_s=INTEGRATION_S)
            hz, heard_db = heard_of(longest, timbre, level_db=level_db)
            others = together([*maskers[:i], *maskers[i + 1 :]])
            above = heard_db - masked_threshold_db(others, hz)
            margins[-1].append(float(above.max()))
    columns = np.array(margins).T
    return [
        Audibility(
            one.name, is_alert=False, least_db=column.min(), median_db=float(np.median(column))
        )
        for one, column in zip(heard, columns, strict=True)
    ]
