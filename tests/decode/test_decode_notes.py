"""Notes found in a sound alone: of every instrument, of several at once, and of what is no tune."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from streamson.decode.decode import decode_blocks, decode_notes
from streamson.decode.note import Candidate
from streamson.errors import UsageError
from streamson.model.audio import Audio
from streamson.model.instrument import Instrument, Sample
from streamson.session.parse.instruments import builtin_instruments
from tests.decode.tunes import (
    LEVELS_DB,
    RATE,
    SCALE,
    pink_noise,
    share_found,
    some_tune,
    sound_of,
    tune,
    voice,
)

PITCHED = [name for name in builtin_instruments() if name != "click"]
SURE = 0.9


@pytest.mark.parametrize("instrument", PITCHED)
def test_a_tune_of_every_instrument_is_found_note_for_note(instrument):
    notes = some_tune(instrument)
    found = decode_notes(sound_of(notes), RATE, [voice(instrument)])
    assert share_found(found, notes) == 1
    assert len(found) == len(notes)


def test_notes_have_their_durations_and_levels():
    notes = some_tune("organ", 20)
    found = decode_notes(sound_of(notes), RATE, [voice("organ")])
    for one, note in zip(found, notes, strict=True):
        assert one.onset_s == pytest.approx(note.onset_frame / RATE, abs=0.02)
        assert one.duration_s == pytest.approx(note.duration_s, abs=0.02)
        assert one.level_db == pytest.approx(note.level_db, abs=0.7)


def test_a_sessions_volume_and_equal_loudness_are_no_part_of_levels():
    notes = some_tune("sine", 8)
    audio = Audio(volume_db=-6.0)
    found = decode_notes(sound_of(notes) / 2, RATE, [voice("sine")], audio=audio)
    levels = [one.level_db for one in found]
    assert levels == pytest.approx([note.level_db for note in notes], abs=0.7)


rows = st.lists(
    st.tuples(st.sampled_from(SCALE), st.floats(0.15, 0.4), st.floats(*LEVELS_DB)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=10, deadline=None)
@given(rows)
def test_any_tune_is_found(rows):
    notes = tune(rows, "epiano")
    found = decode_notes(sound_of(notes), RATE, [voice("epiano")])
    assert share_found(found, notes) == 1
    assert len(found) == len(notes)


def test_voices_at_once_are_told_apart():
    parts = {"epiano": (0.0, 0), "flute": (0.5, 12), "harp": (-0.5, -12)}
    tunes, listening = [], []
    for seed, (name, (pan, semitones)) in enumerate(parts.items()):
        scale = tuple(note + semitones for note in SCALE)
        tunes.append(some_tune(name, 20, seed, scale=scale, pan=pan))
        listening.append(voice(name, midi_notes=scale, pan=(pan, pan)))
    found = decode_notes(sound_of(*tunes), RATE, listening)
    assert share_found(found, [note for one in tunes for note in one]) >= 0.95
    assert {one.candidate for one in found} == {0, 1, 2}
    assert [one.onset_s for one in found] == sorted(one.onset_s for one in found)


def encoded(sound):
    memory = io.BytesIO()
    soundfile.write(memory, sound, RATE, format="MP3", subtype="MPEG_LAYER_III")
    memory.seek(0)
    return soundfile.read(memory, dtype="float32")[0]


def phone(sound):
    band = signal.butter(4, [400, 8_000], "bandpass", fs=RATE, output="sos")
    return signal.sosfilt(band, sound, axis=0)


def room(sound):
    seconds = np.arange(round(0.4 * RATE)) / RATE
    answer = np.random.default_rng(2).normal(size=len(seconds)) * 10 ** (-3 * seconds / 0.35)
    answer[:200] = 0
    answer *= 0.4 / np.sqrt((answer**2).sum())
    answer[0] = 1
    return signal.oaconvolve(sound, answer[:, None], axes=0)


CHANNELS = {
    "softer": lambda sound: sound / 10,
    "louder": lambda sound: np.clip(sound * 3, -1, 1),
    "one channel": lambda sound: sound.mean(axis=1),
    "noise": lambda sound: sound + pink_noise(sound, 20),
    "mp3": encoded,
    "phone": phone,
    "room": room,
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_becomes_of_a_sound_on_its_way_does_not_hide_its_notes(channel):
    notes = some_tune("clarinet", 20)
    heard = CHANNELS[channel](sound_of(notes)).astype(np.float32)
    found = decode_notes(heard, RATE, [voice("clarinet")])
    assert share_found(found, notes) >= 0.95
    assert len(found) <= len(notes) + 1


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_sound_at_another_rate_has_the_same_notes(rate):
    notes = some_tune("harp")
    up, down = (rate // 100, RATE // 100)
    heard = signal.resample_poly(sound_of(notes), up, down, axis=0).astype(np.float32)
    assert share_found(decode_notes(heard, rate, [voice("harp")]), notes) == 1


def test_a_continuous_pitch_is_found_between_the_notes_of_a_scale():
    rows = [(60.37, 0.3, -20.0), (64.81, 0.25, -22.0), (70.12, 0.35, -24.0), (66.5, 0.3, -20.0)]
    listening = voice("epiano", midi_notes=(58.0, 74.0), continuous=True)
    notes = tune(rows, "epiano")
    found = decode_notes(sound_of(notes), RATE, [listening])
    pitches = [one.midi_note for one in found]
    assert pitches == pytest.approx([midi_note for midi_note, _, _ in rows], abs=0.13)


def test_a_pan_that_moves_is_found():
    places = [-0.8, 0.8, 0.0, -0.4, 0.6]
    notes = []
    for i, place in enumerate(places):
        notes += tune([(SCALE[i], 0.3, -24.0)], "clarinet", pan=place, first_s=0.2 + 0.35 * i)
    found = decode_notes(sound_of(notes), RATE, [voice("clarinet", pan=(-1.0, 1.0))])
    assert [one.pan for one in found] == pytest.approx(places, abs=0.1)


def test_notes_that_overlap_are_all_found_where_nothing_says_that_they_do_not():
    notes = []
    for i, pitch in enumerate([60.0, 65.0, 71.0, 62.0, 67.0, 60.0]):
        notes += tune([(pitch, 0.4, -24.0)], "epiano", first_s=0.2 + 0.25 * i)
    listening = voice("epiano", duration_s=(0.4, 0.4), sequential=False)
    found = decode_notes(sound_of(notes), RATE, [listening])
    assert share_found(found, notes) == 1


def test_a_long_sound_in_any_blocks_has_the_same_notes():
    notes = some_tune("organ", 170)
    sound = sound_of(notes)
    assert len(sound) > 42 * RATE  # three windows
    whole = decode_notes(sound, RATE, [voice("organ")])
    blocks = np.split(sound, [1, 1_000, 700_000, 1_300_001])
    assert list(decode_blocks(blocks, RATE, [voice("organ")])) == whole
    assert share_found(whole, notes) == 1
    assert len(whole) == len(notes)


def noise(seconds=3):
    return np.random.default_rng(4).normal(size=(seconds * RATE, 2)).astype(np.float32) / 20


NO_TUNES = {
    "silence": np.zeros((2 * RATE, 2), np.float32),
    "one frame": np.ones((1, 2), np.float32),
    "nothing": np.zeros((0, 2), np.float32),
    "a hundredth of a second": noise(1)[: RATE // 100],
    "noise": noise(),
    "a constant": np.full((2 * RATE, 2), 0.4, np.float32),
    "not a number": np.full((RATE, 2), np.nan, np.float32),
    "infinite": np.full((RATE, 2), np.inf, np.float32),
    "clipped noise": np.sign(noise()),
}


@pytest.mark.parametrize("kind", NO_TUNES)
def test_what_is_no_tune_has_no_sure_notes(kind):
    found = decode_notes(NO_TUNES[kind], RATE, [voice("epiano"), voice("strings")])
    assert [one for one in found if one.confidence >= SURE] == []
    if kind in {"silence", "nothing", "not a number", "infinite"}:
        assert found == []


def test_what_others_played_is_hardly_ever_sure():
    sound = sound_of(some_tune("bell", 30, scale=(61.0, 63.0, 66.0, 68.0)))
    found = decode_notes(sound, RATE, [voice("strings")])
    assert sum(one.confidence >= SURE for one in found) <= 2


def test_notes_of_a_clear_tune_are_sure():
    found = decode_notes(sound_of(some_tune("marimba", 20)), RATE, [voice("marimba")])
    assert all(one.confidence >= 0.7 for one in found)
    assert np.mean([one.confidence for one in found]) >= SURE


def test_samples_that_are_not_finite_count_as_silence():
    notes = some_tune("sine")
    sound = sound_of(notes)
    sound[RATE : RATE + 10] = np.nan
    assert share_found(decode_notes(sound, RATE, [voice("sine")]), notes) >= 0.9


SAMPLED = Instrument(sample=Sample(np.zeros((100, 2), np.float32), RATE))
REFUSED = {
    "no voice": ([], "no voice"),
    "sampled": (
        [voice("sine"), Candidate("piano", SAMPLED, SCALE)],
        "piano.*sampled",
    ),
    "no note": ([voice("sine", midi_notes=())], "sine.*no note"),
    "long": ([voice("sine", duration_s=(30.0, 60.0))], "30 s.*up to 8 s"),
    "many": ([voice("sine", midi_notes=tuple(np.linspace(40, 90, 1_100)))], "1100.*up to 1024"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_can_not_be_listened_for_is_refused(kind):
    candidates, message = REFUSED[kind]
    with pytest.raises(UsageError, match=message):
        decode_notes(noise(1), RATE, candidates)
