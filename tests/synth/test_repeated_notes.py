"""Notes of one pitch, one after the other, are heard as so many notes, by whoever has only ears."""

import numpy as np
import pytest

from streamson.session.parse.earcons import builtin_earcons, earcon_instruments
from streamson.session.parse.instruments import builtin_instruments
from streamson.synth.engine import Engine
from tests.synth.decoder import decode, found
from tests.synth.notes import RATE, PlainNote
from tests.synth.test_sound_quality import PITCHED, above_its_band_db, hz

INSTRUMENTS = builtin_instruments()
SCALE = [55, 57, 59, 60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79, 81, 83, 84]
NOTES = 60


def melody(seed):
    """Return pitches of which each comes one to three times."""
    rng = np.random.default_rng(seed)
    pitches = []
    while len(pitches) < NOTES:
        pitches += [int(rng.choice(SCALE))] * int(rng.integers(1, 4))
    return pitches[:NOTES]


def play(name, pitches, step_s, *, lap=0.0, **changes):
    """Return the sound of one stream's notes, each lapping over the next, and their onsets."""
    engine = Engine(RATE, instruments=INSTRUMENTS)
    onsets = [round(i * step_s * RATE) for i in range(len(pitches))]
    frames = round(step_s * (1 + lap) * RATE)
    for onset, pitch in zip(onsets, pitches, strict=True):
        note = PlainNote(onset, frames, hz(pitch), -18, instrument=name, stream="a")
        engine.play(note._replace(**changes))
    ring = INSTRUMENTS[name].envelope.release + 0.3
    return engine.render(onsets[-1] + frames + round(ring * RATE)), np.array(onsets) / RATE


def heard(name, step_s, **options):
    """Return which notes are heard, which of them are as the one before, and what else is heard."""
    pitches = melody(5)
    sound, onsets_s = play(name, pitches, step_s, **options)
    notes = decode(sound, RATE, SCALE)
    hits = found(notes, onsets_s, pitches)
    equal = np.diff(pitches, prepend=-1) == 0
    return hits, equal, len(notes) - int(hits.sum())


@pytest.mark.parametrize("step_s", [0.1, 0.15, 0.25, 0.5])
@pytest.mark.parametrize("name", PITCHED)
def test_every_note_of_a_sequence_is_heard(name, step_s):
    hits, equal, others = heard(name, step_s)
    assert equal.sum() > NOTES / 3
    assert hits[equal].mean() >= 0.99
    assert hits.mean() >= 0.99
    assert others <= NOTES / 100


@pytest.mark.parametrize("lap", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("name", PITCHED)
def test_what_is_struck_again_while_it_sounds_is_heard_again(name, lap):
    hits, equal, _ = heard(name, 0.25, lap=lap)
    assert hits[equal].mean() >= 0.99


@pytest.mark.parametrize("lap", [0.0, 0.5])
@pytest.mark.parametrize("name", PITCHED)
@pytest.mark.parametrize("pitch", [36, 48, 60, 72])
def test_repeating_does_not_click_and_is_not_louder(name, pitch, lap):
    once, _ = play(name, [pitch], 0.25, lap=lap)
    often, _ = play(name, [pitch] * 8, 0.25, lap=lap)
    click = above_its_band_db(often.astype(np.float64), name, pitch, RATE)
    assert click is None or click < -60
    assert np.abs(often).max() < np.abs(once).max() * 10 ** (3 / 20)


@pytest.mark.parametrize("name", PITCHED)
def test_a_note_of_a_tenth_of_a_second_is_as_loud_as_a_long_one(name):
    short, _ = play(name, [60], 0.1)
    long, _ = play(name, [60], 2.0)
    assert np.abs(short).max() > np.abs(long).max() * 10 ** (-4 / 20)  # detuned partials beat


def test_nothing_waits_for_another_stream_another_pitch_or_its_own_chord():
    def alone_and_together(first, second):
        sounds = []
        for notes in ([first], [second], [first, second]):
            engine = Engine(RATE, instruments=INSTRUMENTS)
            for note in notes:
                engine.play(note)
            sounds.append(engine.render(RATE).astype(np.float64))
        return sounds[0] + sounds[1], sounds[2]

    note = PlainNote(0, RATE // 2, hz(60), -20, instrument="sine", stream="a")
    later = note._replace(onset_frame=RATE // 4)
    for second in (
        later._replace(stream="b"),
        later._replace(frequency_hz=hz(62)),
        later._replace(instrument="organ"),
        later._replace(foreground=True, frequency_hz=hz(62)),
        note._replace(pan=0.5),
    ):
        apart, together = alone_and_together(note, second)
        if not second.foreground:
            np.testing.assert_allclose(together, apart, atol=1e-6)
    nobody = note._replace(stream="")
    apart, together = alone_and_together(nobody, later._replace(stream=""))
    np.testing.assert_allclose(together, apart, atol=1e-6)
    apart, together = alone_and_together(note, later)
    assert np.abs(together - apart).max() > 0.05


def test_a_note_that_waits_is_reported_once_at_its_onset_and_ends_when_it_would():
    engine = Engine(RATE, instruments=INSTRUMENTS)
    notes = [
        PlainNote(onset, 10_000, hz(60), -20, instrument="organ", stream="a")
        for onset in (0, 6_000, 12_000)
    ]
    for note in notes:
        engine.play(note)
    onsets, blocks = [], []
    while engine.frame < RATE:
        blocks.append(engine.render(64))
        (reports,) = engine.played.read()
        onsets += reports["onset"].tolist()
        # Also amid a break, where everything may end.
        assert int(engine.state["played"]) == len(onsets)
    sound = np.concatenate(blocks)
    assert onsets == [0, 6_000, 12_000]
    assert int(engine.state["active"]) == int(engine.state["fading"]) == 0
    end = engine.end_frame(notes[-1])
    assert sound[end - 2_000 : end].any()
    assert not sound[end:].any()


def test_a_long_note_stands_until_its_fall_and_has_fallen_at_its_end():
    engine = Engine(RATE, instruments=INSTRUMENTS)
    engine.play(PlainNote(0, RATE, hz(72), -20))
    sound = np.abs(engine.render(RATE)[:, 0])
    assert sound[RATE // 2 : RATE - 3_600].max() == pytest.approx(0.1, rel=0.01)
    before, after = sound[-3_700:-3_600].max(), sound[-100:].max()
    assert 20 * np.log10(after / before) == pytest.approx(-15, abs=0.2)


@pytest.mark.parametrize("name", ["alarm", "outside high", "lost"])
def test_the_notes_of_a_cue_are_heard_apart(name):
    sound = builtin_earcons()[name]
    engine = Engine(RATE, instruments=earcon_instruments())
    onsets_s = [0.1 + onset_s for onset_s in sound.onsets_s]
    for onset_s, pitch in zip(onsets_s, sound.notes, strict=True):
        onset, frames = round(onset_s * RATE), round(sound.duration * RATE)
        engine.play(
            PlainNote(onset, frames, hz(pitch), -12, instrument=sound.instrument, stream="a")
        )
    notes = decode(engine.render(RATE + RATE // 5), RATE, sorted(set(sound.notes)))
    assert found(notes, onsets_s, sound.notes).all()


def test_it_sounds_the_same_whether_the_next_note_is_known_or_not():
    notes = [
        PlainNote(i * 5_003, 7_000, hz(60 + i % 3 // 2), -20, instrument=name, stream="a")
        for i in range(12)
        for name in ("strings", "epiano")
    ]
    at_once = Engine(RATE, instruments=INSTRUMENTS)
    in_time = Engine(RATE, instruments=INSTRUMENTS)
    for note in notes:
        at_once.play(note)
    parts = []
    for note in notes:
        while in_time.frame < note.onset_frame - 256:
            parts.append(in_time.render(64))
        in_time.play(note)
    parts.append(in_time.render(2 * RATE))
    sound = np.concatenate(parts)
    assert int(in_time.state["late"]) == 0
    assert np.array_equal(sound, at_once.render(len(sound)))


def test_an_instrument_that_comes_back_ends_what_it_left_sounding():
    other = {**INSTRUMENTS, "sine": INSTRUMENTS["organ"]}
    note = PlainNote(0, RATE, hz(60), -20, stream="a")
    engine = Engine(RATE, instruments=INSTRUMENTS)
    engine.play(note)
    engine.render(1_000)
    engine.change_instruments(other)
    engine.change_instruments(INSTRUMENTS)
    engine.play(note._replace(onset_frame=RATE // 4))
    expected = Engine(RATE, instruments=INSTRUMENTS)
    expected.play(note)
    expected.play(note._replace(onset_frame=RATE // 4))
    expected.render(1_000)
    assert np.array_equal(engine.render(RATE), expected.render(RATE))
