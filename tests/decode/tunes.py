"""Tunes whose notes are known, as sound."""

from math import log10

import numpy as np

from streamson.decode.note import Candidate
from streamson.model.note import Note
from streamson.offline.render import render_notes
from streamson.session.load import parse_session
from streamson.session.parse.instruments import builtin_instruments

RATE = 44_100
SESSION = parse_session(b"[audio]\nvolume_db = 0\n", "tunes.toml")
SCALE = (60.0, 62.0, 64.0, 65.0, 67.0, 69.0, 71.0, 72.0)
LEVELS_DB = (-30.0, -20.0)


def voice(instrument, **options):
    """Return what is listened for: an instrument over an octave, notes of 0.15 to 0.4 s."""
    kinds = {"midi_notes": SCALE, "duration_s": (0.15, 0.4), "level_db": LEVELS_DB} | options
    return Candidate(instrument, builtin_instruments()[instrument], **kinds)


def tune(rows, instrument, pan=0.0, first_s=0.2):
    """Return notes one after the other, of rows (MIDI note, duration in s, level in dB)."""
    notes, frame = [], round(first_s * RATE)
    for midi_note, duration_s, level_db in rows:
        frames = round(duration_s * RATE)
        notes.append(
            Note(
                frame, duration_s, frames, midi_note, level_db, pan, instrument, f"of {instrument}"
            )
        )
        frame += frames
    return notes


def some_tune(instrument, count=10, seed=1, scale=SCALE, pan=0.0):
    """Return a tune in which every third note is the one before it again."""
    random = np.random.default_rng(seed)
    pitches = random.choice(scale, count)
    pitches[2::3] = pitches[1::3][: len(pitches[2::3])]
    rows = zip(
        pitches.tolist(),
        random.uniform(0.15, 0.4, count).tolist(),
        random.uniform(*LEVELS_DB, count).tolist(),
        strict=True,
    )
    return tune(rows, instrument, pan=pan)


def sound_of(*tunes):
    """Return the sound of tunes that are played together, shape (frames, 2)."""
    notes = sorted((note for one in tunes for note in one), key=lambda note: note.onset_frame)
    return np.concatenate(list(render_notes(notes, SESSION, sample_rate=RATE)))


def share_found(decoded, notes, within_s=0.03):
    """Return the share of notes that were found: within 30 ms, at their pitch, each once."""
    left = list(decoded)
    found = 0
    for note in notes:
        near = [
            one
            for one in left
            if abs(one.onset_s - note.onset_frame / RATE) <= within_s
            and abs(one.midi_note - note.midi_note) < 0.3
            and one.instrument == note.instrument
        ]
        if near:
            found += 1
            left.remove(near[0])
    return found / len(notes)


def pink_noise(sound, below_db, seed=3):
    """Return noise of a power that falls with the frequency, so far below a sound."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=sound.shape), axis=0)
    hz = np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 20.0)
    noise = np.fft.irfft(spectrum / np.sqrt(hz)[:, None], len(sound), axis=0)
    here_db = 10 * log10(float(np.mean(noise**2) / np.mean(sound**2)))
    return (noise * 10 ** ((-below_db - here_db) / 20)).astype(np.float32)
