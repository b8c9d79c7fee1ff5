"""Alerts beside what sounds: left alone where they are heard, else moved and raised."""

import time

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.counts import ScoreCounts
from streamson.model.instrument import Instrument, Sample
from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from streamson.music.pitch import midi_to_hz
from streamson.psychoacoustics.audibility import AUDIBLE_DB, margin_db
from streamson.psychoacoustics.masking import GRID_HZ, masked_threshold_db, threshold_at
from streamson.psychoacoustics.partials import (
    BRIGHTNESS_TILT,
    heard_of,
    maskers_of,
    timbre_of,
)
from streamson.psychoacoustics.placing import (
    HIGHEST_HZ,
    LOUDEST_DB,
    LOWEST_HZ,
    MAX_RAISE_DB,
    SHIFTS,
    AlertPlacer,
)
from streamson.psychoacoustics.spectrum import heard_levels, maskers_in
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.session.parse.earcons import builtin_earcons
from streamson.session.schema import Session
from streamson.synth.engine import Engine
from streamson.synth.kernel import partials as kernel_partials

RATE = 44_100
SESSION = Session()
INSTRUMENTS = SESSION.all_instruments


def placer(instruments=INSTRUMENTS):
    return AlertPlacer(
        instruments, sample_rate=RATE, compensation_db=lambda name, hz: 0.0, ducked_db=-20.0
    )


def alert(name, frame=RATE, level_db=None):
    player = EarconPlayer(SESSION, sample_rate=RATE, counts=ScoreCounts())
    notes = player.play(builtin_earcons()[name], "s", frame)
    if level_db is None:
        return notes
    return [msgspec.structs.replace(note, level_db=level_db) for note in notes]


def note(midi_note, level_db=-18.0, *, instrument="organ", seconds=5.0, onset=0, key=0, bright=0.0):
    return Note(
        onset_frame=onset,
        duration_s=seconds,
        duration_frames=round(seconds * RATE),
        midi_note=midi_note,
        level_db=level_db,
        pan=0.0,
        instrument=instrument,
        stream=f"{instrument} {midi_note}",
        brightness=bright,
        held_key=key,
    )


def margin(placed, masking):
    """Return how far the least heard note of an alert is above what masks it."""
    maskers = placer()
    maskers.place(masking, 0)
    return maskers._margin(placed, 0, maskers._maskers(placed))


BRASS = [note(pitch, -1.0, instrument="brass") for pitch in (57, 61, 64, 69, 73, 76, 81)]
"""On the very notes of the alerts, and as loud as can be."""


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_beside_nothing_an_alert_is_as_it_is(name):
    notes = alert(name)
    assert placer().place(notes, RATE) == notes


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_beside_a_soft_mix_an_alert_is_as_it_is(name):
    placing = placer()
    placing.place([note(60), note(64, instrument="strings"), note(67, key=1)], 0)
    notes = alert(name)
    assert placing.place(notes, RATE) == notes


@pytest.mark.parametrize("name", ["above", "above low", "stale low", "over", "lost"])
def test_a_masked_alert_is_moved_until_it_is_heard(name):
    placing = placer()
    placing.place(BRASS, 0)
    notes = alert(name)
    placed = placing.place(notes, RATE)
    assert margin(notes, BRASS) < AUDIBLE_DB <= margin(placed, BRASS) + 1e-6
    shifts = {new.midi_note - old.midi_note for new, old in zip(placed, notes, strict=True)}
    assert len(shifts) == 1
    assert shifts < set(SHIFTS)
    assert all(LOWEST_HZ <= midi_to_hz(new.midi_note) <= HIGHEST_HZ for new in placed)
    # All else of the notes stays, and a second time it is the same.
    for new, old in zip(placed, notes, strict=True):
        same = msgspec.structs.replace(new, midi_note=old.midi_note, level_db=old.level_db)
        assert same == old
    again = placer()
    again.place(BRASS, 0)
    assert again.place(notes, RATE) == placed


def test_where_no_register_is_enough_it_is_raised_within_bounds():
    placing = placer()
    placing.place(BRASS, 0)
    for level_db in (-40.0, -16.0, -8.0, -4.0):
        notes = alert("above low", level_db=level_db)
        placed = placing.place(notes, RATE)
        raised = placed[0].level_db - level_db
        assert 0 <= raised <= MAX_RAISE_DB
        assert placed[0].level_db <= max(LOUDEST_DB, level_db)
    assert placing.place(alert("above low", level_db=-40.0), RATE)[0].level_db == -34


def test_what_is_over_and_what_comes_later_masks_nothing():
    placing = placer()
    placing.place([msgspec.structs.replace(one, duration_frames=RATE // 2) for one in BRASS], 0)
    placing.place([msgspec.structs.replace(one, onset_frame=9 * RATE) for one in BRASS], 0)
    notes = alert("above low")
    assert placing.place(notes, RATE) == notes


def test_what_died_away_masks_nothing_and_what_is_held_does_not_die():
    struck = [note(one.midi_note, -1.0, instrument="marimba", seconds=20) for one in BRASS]
    held = [msgspec.structs.replace(one, held_key=i) for i, one in enumerate(struck, 1)]
    notes = alert("lowest", 4 * RATE)
    assert margin(notes, struck) > margin(notes, held) + 20


def test_a_held_voice_masks_as_its_last_note_says():
    loud = [msgspec.structs.replace(one, held_key=i) for i, one in enumerate(BRASS, 1)]
    silent = [msgspec.structs.replace(one, level_db=-120.0) for one in loud]
    notes = alert("above low")
    placing = placer()
    placing.place(loud, 0)
    assert placing.place(notes, RATE) != notes
    placing.place(silent, RATE // 2)
    assert placing.place(notes, RATE) == notes


def test_notes_of_the_same_moment_mask_and_stay_as_they_are():
    now = [msgspec.structs.replace(one, onset_frame=AS_SOON_AS_POSSIBLE) for one in BRASS]
    notes = alert("above low")
    placed = placer().place([*now, *notes], RATE)
    assert placed[: len(now)] == now
    assert placed[len(now) :] != notes


def test_what_is_said_stays_as_it_is():
    rng = np.random.default_rng(0)
    sample = Sample(rng.uniform(-0.5, 0.5, (RATE, 2)).astype(np.float32), RATE)
    instruments = {**INSTRUMENTS, "said": Instrument(sample=sample)}
    said = msgspec.structs.replace(note(60, -30.0, instrument="said"), foreground=True)
    placing = placer(instruments)
    placing.place(BRASS, 0)
    notes = [*alert("above low"), said]
    placed = placing.place(notes, RATE)
    assert placed[:-1] != notes[:-1]
    assert placed[-1] == said


def test_a_sampled_instrument_masks_too():
    frames = np.arange(2 * RATE)
    waves = sum(np.sin(2 * np.pi * 220 * i * frames / RATE) / i for i in range(1, 16))
    sound = np.repeat(waves[:, None] * 0.4, 2, axis=1).astype(np.float32)
    instruments = {**INSTRUMENTS, "saw": Instrument(sample=Sample(sound, RATE, root=57.0))}
    saws = [note(p, 0.0, instrument="saw") for p in (57, 61, 64, 69, 73, 76, 81)]
    placing = placer(instruments)
    placing.place(saws, 0)
    notes = alert("over", level_db=-30.0)
    assert placing.place(notes, RATE) != notes


def test_instruments_may_change():
    placing = placer()
    placing.place([note(60, instrument="organ")], 0)
    placing.change({name: one for name, one in INSTRUMENTS.items() if name != "organ"})
    notes = alert("above")
    assert placing.place(notes, RATE) == notes


def test_it_costs_little():
    crowd = [
        note(40 + i % 50 + i * 0.1, -14.0, instrument=name)
        for i, name in enumerate(["strings", "brass", "bell", "glass"] * 70)
    ]
    placing = placer()
    placing.place(crowd, 0)
    took = []
    for _ in range(20):
        begun = time.thread_time()
        placing.place(alert("stale low", level_db=-40.0), RATE)
        took.append(time.thread_time() - begun)
    assert min(took) < 0.004  # 2 ms where the machine is not busy


def test_brightness_tilts_as_the_synthesiser_does():
    assert kernel_partials.TILT == BRIGHTNESS_TILT


@pytest.mark.parametrize("bright", [-0.5, 0.0, 0.6])
@pytest.mark.parametrize("instrument", ["organ", "strings", "breath", "epiano"])
def test_partials_tell_what_is_found_in_the_sound(instrument, bright):
    """Both ways to a masked threshold agree: from an instrument's partials, and from samples."""
    one = note(57, -18.0, instrument=instrument, bright=bright)
    engine = Engine(RATE, instruments=INSTRUMENTS)
    engine.play(one)
    sound = engine.render(4 * RATE)
    # A band of noise swells and fades, as do detuned partials: they are looked at for longer. A
    # band that is narrower than what frames tell apart is taken for a tone, which masks less.
    is_noise = instrument == "breath"
    age_s, seconds = (2.0, 3.6) if is_noise or instrument == "strings" else (0.35, 0.1)
    told = maskers_of(one, timbre_of(INSTRUMENTS[instrument]), level_db=-18.0, age_s=age_s)
    first = round((age_s - seconds / 2) * RATE)
    frames = maskers_in(sound[first : first + round(seconds * RATE)], RATE)
    found = [10 ** (masked_threshold_db(frame, GRID_HZ) / 10) for frame in frames]
    there = told.level_db > told.level_db.max() - 25
    hz = told.hz[there]
    expected = masked_threshold_db(told, hz)
    mean = 10 * np.log10(np.mean(found, axis=0))
    assert threshold_at(mean, hz) == pytest.approx(expected, abs=5 if is_noise else 4)


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_what_is_heard_of_an_alert_is_told_by_its_partials(name):
    first = alert(name, 0)[0]
    engine = Engine(RATE, instruments=INSTRUMENTS)
    engine.play(first)
    hz, found = heard_levels(engine.render(RATE), RATE)
    timbre = timbre_of(INSTRUMENTS[first.instrument])
    told_hz, told = heard_of(first, timbre, level_db=first.level_db)
    quiet = np.zeros(len(GRID_HZ))[None]
    from_sound = margin_db(hz, found, threshold_at(quiet, hz))[0]
    from_partials = margin_db(told_hz, told, np.zeros((1, len(told))))[0]
    assert from_sound == pytest.approx(from_partials, abs=3)


notes_that_sound = st.lists(
    st.builds(
        note,
        st.floats(20, 110),
        st.floats(-60, 0),
        instrument=st.sampled_from(["organ", "brass", "breath", "click", "bell"]),
        seconds=st.floats(0.01, 20),
        onset=st.integers(-1, 2 * RATE),
        key=st.integers(0, 3),
        bright=st.floats(-1, 1),
    ),
    max_size=40,
)


@given(notes_that_sound, st.sampled_from(sorted(builtin_earcons())), st.floats(-90, 0))
def test_whatever_sounds_an_alert_keeps_its_shape_and_bounds(masking, name, level_db):
    placing = placer()
    placing.place(masking, 0)
    notes = alert(name, level_db=level_db)
    placed = placing.place(notes, RATE)
    assert [one.onset_frame for one in placed] == [one.onset_frame for one in notes]
    assert np.diff([one.midi_note for one in placed]) == pytest.approx(
        np.diff([one.midi_note for one in notes])
    )
    assert all(LOWEST_HZ <= one.frequency_hz <= HIGHEST_HZ for one in placed)
    assert all(
        level_db <= one.level_db <= max(level_db, min(level_db + MAX_RAISE_DB, LOUDEST_DB))
        for one in placed
    )
    assert margin(placed, masking) >= min(margin(notes, masking), AUDIBLE_DB) - 1e-6
