"""From a stretch of a sound to the notes of a session's voices, and to which voices there are."""

import dataclasses
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.decode.decode import decode_blocks
from streamson.decode.note import DecodedNote
from streamson.decode.signal.templates import reach_s
from streamson.decode.sound_source import SoundSource
from streamson.decode.voices import Voices, numbered_streams, voices_of
from streamson.errors import UsageError
from streamson.session.schema import Session

MAX_UNSAID_STREAMS: Final = 5
"""So many are listened for where nobody says how many there are: more are hardly told apart."""

SCOUT_S: Final = 12.0
SCOUTS: Final = 3
"""Where nobody says which streams there are, so many stretches of so many seconds are listened to
before: at the beginning, in the middle and at the end."""

LEAST_SHARE: Final = 0.05
"""A stream that has a smaller share of the sure notes of those stretches is none."""

SHADOW_S: Final = 0.04
SHADOW_SEMITONES: Final = 0.5
SHADOW_SHARE: Final = 0.5
"""A voice of which so many notes are softer ones of an instrument's notes elsewhere, at about the
same time and pitch, is a part of these: between the pitches that are listened for, two explain a
note better than one."""

SURE: Final = 0.9
"""Confidence from which on a note counts for that: what rings in a room may pass for others."""


class Stretch(NamedTuple):
    """A part of a sound, from one frame up to another."""

    source: SoundSource
    first: int
    end: int

    @property
    def start_s(self) -> float:
        """Where it begins in the sound."""
        return self.first / self.source.sample_rate

    @property
    def end_s(self) -> float:
        """Where it ends in the sound."""
        return self.end / self.source.sample_rate

    @property
    def frames(self) -> int:
        """How long it is."""
        return self.end - self.first

    def holds(self, onset_s: float) -> bool:
        """Return whether a note that begins then begins in it."""
        is_last = self.end == self.source.frames  # what rounding moves behind the end is of it
        return self.start_s <= onset_s and (is_last or onset_s < self.end_s)

    def with_margin(self, seconds: float) -> "Stretch":
        """Return it with so much of the sound before and after it, as far as there is any."""
        frames = round(seconds * self.source.sample_rate)
        end = min(self.end + frames, self.source.frames)
        return Stretch(self.source, max(self.first - frames, 0), end)

    def part(self, share: float, seconds: float) -> "Stretch":
        """Return so many seconds of it: the first for a share of 0, the last for one of 1."""
        frames = min(round(seconds * self.source.sample_rate), self.frames)
        first = self.first + round((self.frames - frames) * share)
        return Stretch(self.source, first, first + frames)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield it in blocks of shape (frames, channels)."""
        return self.source.blocks(self.first, self.end)


def stretch_of(source: SoundSource, start_s: float, end_s: float | None) -> Stretch:
    """Return the stretch of a sound between two times.

    Raises
    ------
    UsageError
        If it has none there.
    """
    seconds = source.frames / source.sample_rate
    last_s = seconds if end_s is None else min(end_s, seconds)
    if not 0 <= start_s < last_s:
        until = "its end" if end_s is None else f"{end_s:g} s"
        raise UsageError(
            f"found a stretch from {start_s:g} s to {until}; the sound is {seconds:.2f} s long"
        )
    return Stretch(source, round(start_s * source.sample_rate), round(last_s * source.sample_rate))


def heard_notes(
    stretch: Stretch,
    session: Session,
    voices: Voices,
    progress: Callable[[float], None] | None = None,
) -> Iterator[DecodedNote]:
    """Yield the notes of a stretch, on the clock of the whole sound, and notes beside it.

    What begins before it or ends after it would be cut by its ends, and its duration read wrong.

    Parameters
    ----------
    stretch
        What is listened to.
    session
        How it sounds together.
    voices
        What is listened for.
    progress
        Called with the share that was listened to.
    """
    candidates = [voice.candidate for voice in voices.voices]
    rate = stretch.source.sample_rate
    heard = stretch.with_margin(reach_s(candidates))
    blocks = _told(heard, progress)
    for note in decode_blocks(blocks, rate, candidates, audio=session.audio):
        yield dataclasses.replace(note, onset_s=note.onset_s + heard.start_s)


def _told(
    stretch: Stretch, progress: Callable[[float], None] | None
) -> Iterator[NDArray[np.float32]]:
    done = 0
    for block in stretch.blocks():
        yield block
        done += len(block)
        if progress is not None:
            progress(done / stretch.frames)


def found_voices(stretch: Stretch, session: Session, fields: Sequence[str]) -> Voices:
    """Return the voices of the streams that are heard, where nobody says which there are.

    Raises
    ------
    UsageError
        If nothing of the session can be decoded.
    """
    names = numbered_streams(session, MAX_UNSAID_STREAMS)
    voices = voices_of(session, names, fields)
    if len(voices.voices) == 1:  # however many there are, they sound alike
        return voices_of(session, names[:1], fields)
    sure: dict[int, list[DecodedNote]] = {}
    for scout in {stretch.part(i / (SCOUTS - 1), SCOUT_S) for i in range(SCOUTS)}:
        for note in heard_notes(scout, session, voices):
            if note.confidence >= SURE:
                sure.setdefault(note.candidate, []).append(note)
    heard = dict.fromkeys(names, 0)
    for candidate, notes in sure.items():
        if not any(_is_shadow(notes, others) for others in sure.values() if others is not notes):
            for name in voices.voices[candidate].streams:
                heard[name] += len(notes)
    least = LEAST_SHARE * sum(heard.values())
    chosen = [name for name in names if heard[name] > least]
    return voices.only(chosen) if chosen else voices


def _is_shadow(notes: Sequence[DecodedNote], others: Sequence[DecodedNote]) -> bool:
    """Return whether a voice is what another one of the same instrument leaves of its notes."""
    if notes[0].instrument != others[0].instrument or _level_db(notes) >= _level_db(others):
        return False
    ordered = sorted(others, key=lambda note: note.onset_s)
    onsets = [note.onset_s for note in ordered]
    shadows = 0
    for note in notes:
        near = ordered[
            bisect_left(onsets, note.onset_s - SHADOW_S) : bisect_right(
                onsets, note.onset_s + SHADOW_S
            )
        ]
        shadows += any(abs(one.midi_note - note.midi_note) <= SHADOW_SEMITONES for one in near)
    return shadows > SHADOW_SHARE * len(notes)


def _level_db(notes: Sequence[DecodedNote]) -> float:
    return median(note.level_db for note in notes)
