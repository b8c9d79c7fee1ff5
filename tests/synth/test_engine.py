"""What the engine must always hold: one sound whatever the blocks, exact onsets, valid samples."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.model.audio import Reverb
from streamson.model.instrument import Envelope, Instrument
from streamson.session.parse.instruments import builtin_instruments
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import FADE_VOICES, MAX_VOICES, NOTE_RING, QUANTUM
from streamson.synth.kernel.limiter import CEILING
from tests.synth.notes import INSTRUMENTS, RATE, PlainNote, plain_notes, rendered


@settings(max_examples=60)
@given(
    notes=st.lists(plain_notes, max_size=40),
    blocks=st.lists(st.integers(1, 700), min_size=1, max_size=6),
    options=st.fixed_dictionaries(
        {
            "polyphony": st.integers(1, 8),
            "reverb": st.sampled_from([None, Reverb()]),
            "equal_loudness": st.booleans(),
        }
    ),
)
def test_block_size_does_not_change_the_sound(notes, blocks, options):
    whole = rendered(notes, 9_000, **options)
    in_blocks = rendered(notes, 9_000, blocks=blocks, **options)
    assert np.array_equal(whole, in_blocks)


@settings(max_examples=60)
@given(
    notes=st.lists(plain_notes, max_size=60),
    volume_db=st.floats(-60, 24),
    sample_rate=st.sampled_from([8_000, 44_100, 48_000, 96_000, 192_000]),
)
def test_no_notes_make_an_invalid_sample(notes, volume_db, sample_rate):
    playable = [note for note in notes if note.frequency_hz < sample_rate]
    sound = rendered(playable, 9_000, volume_db=volume_db, sample_rate=sample_rate)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max(initial=0) <= CEILING * (1 + 1e-6)


@pytest.mark.parametrize("onset", [0, 1, 63, 64, 65, 1_000, 44_099])
def test_an_onset_is_exact_to_the_frame(onset):
    sound = rendered([PlainNote(onset_frame=onset)], onset + 200)
    assert not sound[: onset + 1].any()  # the sine and the envelope begin at 0
    assert sound[onset + 1].all()


def test_a_note_later_is_the_same_note_later():
    early = rendered([PlainNote(onset_frame=64)], 10_000)
    late = rendered([PlainNote(onset_frame=64 + 333)], 10_000 + 333)
    np.testing.assert_array_equal(early[64:], late[64 + 333 :])


def test_a_tone_is_a_sine_of_its_frequency_and_level():
    note = PlainNote(frequency_hz=1_234.5, level_db=-12, duration_frames=40_000)
    sound = rendered([note], 30_000)
    frames = np.arange(2_000, 30_000)
    expected = 10 ** (-12 / 20) * np.sin(2 * np.pi * 1_234.5 * frames / RATE)
    # The polynomial's error is 6.9e-7 of the amplitude; the phase step is exact to 5e-6 Hz, which
    # is 3e-5 turns after 30,000 frames at most.
    np.testing.assert_allclose(sound[2_000:, 0], expected, atol=1e-4)
    np.testing.assert_array_equal(sound[:, 0], sound[:, 1])


def test_harmonic_distortion_is_below_110_db():
    # A whole number of periods, so that the spectrum has no leakage.
    frequency = RATE * 441 / 2**15
    sound = rendered([PlainNote(frequency_hz=frequency, duration_frames=RATE, level_db=-6)], RATE)
    spectrum = np.abs(np.fft.rfft(sound[2_000 : 2_000 + 2**15, 0].astype(np.float64)))
    tone = spectrum[441]
    spectrum[440:443] = 0
    assert 20 * np.log10(np.sqrt((spectrum**2).sum()) / tone) < -110


@pytest.mark.parametrize("pan", [-1, -0.5, 0, 0.3, 1])
def test_pan_keeps_the_power_and_the_centre_keeps_the_level(pan):
    sound = rendered([PlainNote(pan=pan, duration_frames=25_000)], 20_000)[2_000:18_000]
    power = (sound.astype(np.float64) ** 2).mean(axis=0)
    of_a_sine = 0.1**2 / 2
    assert power.sum() == pytest.approx(2 * of_a_sine, rel=0.01)
    assert (power[0] >= power[1]) == (pan <= 0)


def test_notes_do_not_begin_or_end_on_a_jump():
    # 30 Hz at full level: the sine itself moves by 0.43 % of the amplitude a frame at most.
    sound = rendered([PlainNote(frequency_hz=30, level_db=-1, duration_frames=5_000)], 6_000)
    steps = np.abs(np.diff(sound[:, 0], prepend=0, append=0))
    assert steps.max() < 2 * 10 ** (-1 / 20) * 2 * np.pi * 30 / RATE


def test_joined_notes_are_never_louder_than_either():
    notes = [
        PlainNote(onset_frame=i * 3_000, duration_frames=3_000, frequency_hz=300 + 37 * i)
        for i in range(10)
    ]
    assert np.abs(rendered(notes, 32_000)).max() <= 0.1 * (1 + 1e-5)


def test_partials_above_nyquist_are_left_out():
    assert not rendered([PlainNote(frequency_hz=RATE / 2 + 1)], 5_000).any()


def test_the_highest_note_is_silent_at_the_lowest_sample_rate():
    engine = Engine(8_000)
    assert engine.play(PlainNote(frequency_hz=12_543.85)) is not None
    assert not engine.render(8_000).any()
    assert int(engine.state["active"]) == 0


def test_stealing_fades_instead_of_clicking():
    first = PlainNote(frequency_hz=100, duration_frames=30_000, level_db=-6)
    second = PlainNote(onset_frame=10_007, frequency_hz=100, duration_frames=9_000, level_db=-6)
    engine = Engine(RATE, polyphony=1)
    engine.play(first)
    engine.play(second)
    sound = engine.render(19_000)
    assert int(engine.state["stolen"]) == 1
    # The most that a 100 Hz sine of this level moves in a frame, twice over for two voices.
    assert np.abs(np.diff(sound[:, 0])).max() < 2 * 0.5012 * 2 * np.pi * 100 / RATE
    alone = rendered([second], 19_000)
    np.testing.assert_allclose(sound[11_000:], alone[11_000:], atol=1e-6)


def test_stealing_prefers_released_then_quiet_then_old_voices():
    engine = Engine(RATE, polyphony=3)
    engine.play(PlainNote(frequency_hz=500, level_db=-30, duration_frames=40_000))
    engine.play(PlainNote(frequency_hz=700, level_db=-10, duration_frames=40_000))
    engine.play(PlainNote(frequency_hz=900, level_db=-20, duration_frames=40_000))
    engine.play(PlainNote(onset_frame=8_192, frequency_hz=1_100, duration_frames=40_000))
    sound = engine.render(RATE)
    spectrum = np.abs(np.fft.rfft(sound[12_000 : 12_000 + 22_050, 0]))
    heard = [bool(spectrum[hz // 2] > 10) for hz in (500, 700, 900, 1_100)]
    assert heard == [False, True, True, True]


def test_stealing_takes_what_has_rung_out_before_what_was_struck_softly():
    engine = Engine(RATE, polyphony=2, instruments=INSTRUMENTS)
    loud = PlainNote(instrument="struck", frequency_hz=500, duration_frames=RATE, level_db=-6)
    engine.play(loud)
    engine.play(PlainNote(frequency_hz=700, level_db=-30, duration_frames=RATE))
    engine.play(PlainNote(onset_frame=RATE // 2, frequency_hz=900, duration_frames=RATE))
    sound = engine.render(RATE)
    spectrum = np.abs(np.fft.rfft(sound[-RATE // 4 :, 0]))
    assert spectrum[700 // 4] > 100  # -30 dBFS; the first note is 75 dB below its onset by then
    assert int(engine.state["stolen"]) == 1


def test_more_voices_than_slots_are_refused_and_counted():
    engine = Engine(RATE, polyphony=MAX_VOICES)
    for _ in range(MAX_VOICES + 2 * FADE_VOICES):
        engine.play(PlainNote(level_db=-60))
    engine.render(QUANTUM)
    played, refused = int(engine.state["played"]), int(engine.state["refused"])
    assert (played, refused) == (MAX_VOICES + FADE_VOICES, FADE_VOICES)
    assert int(engine.state["stolen"]) == FADE_VOICES


def test_every_voice_ends():
    engine = Engine(RATE, polyphony=16)
    for i in range(500):
        engine.play(PlainNote(onset_frame=i * 13, duration_frames=1 + i * 7 % 900))
    engine.render(RATE)
    assert int(engine.state["active"]) == 0
    assert int(engine.state["fading"]) == 0
    assert int(engine.state["pending"]) == 0
    assert not engine.render(1_000).any()


def test_a_full_ring_refuses_notes_and_takes_them_again():
    engine = Engine(RATE)
    accepted = [engine.play(PlainNote(onset_frame=NOTE_RING * 10 + i)) for i in range(NOTE_RING)]
    assert accepted == list(range(NOTE_RING))
    assert engine.play(PlainNote()) is None
    engine.render(QUANTUM)
    assert engine.play(PlainNote()) == NOTE_RING


def test_late_notes_begin_at_once_and_are_counted():
    engine = Engine(RATE)
    engine.render(1_000)
    engine.play(PlainNote(onset_frame=10))
    engine.play(PlainNote(onset_frame=-1))
    engine.render(1_000)
    assert int(engine.state["late"]) == 1
    (reports,) = engine.played.read()
    assert reports["id"].tolist() == [0, 1]
    # The first quantum that was not yet synthesised: one is held by the limiter.
    assert set(reports["onset"].tolist()) == {1_088}


def test_notes_come_back_in_the_order_of_their_onsets():
    rng = np.random.default_rng(1)
    onsets = rng.integers(0, 20_000, 2_000)
    engine = Engine(RATE)
    for onset in onsets.tolist():
        engine.play(PlainNote(onset_frame=onset, duration_frames=64, level_db=-60))
    engine.render(21_000)
    (reports,) = engine.played.read()
    order = sorted(range(2_000), key=lambda i: (onsets[i], i))
    assert reports["id"].tolist() == order
    assert reports["onset"].tolist() == onsets[order].tolist()


def test_the_limiter_holds_the_ceiling_and_leaves_quiet_sound_alone():
    loud = [PlainNote(frequency_hz=100 + i, level_db=0, duration_frames=20_000) for i in range(200)]
    engine = Engine(RATE)
    for note in loud:
        engine.play(note)
    sound = engine.render(30_000)
    assert 0.9 * CEILING < np.abs(sound).max() <= CEILING * (1 + 1e-6)
    assert int(engine.state["limited"]) > 0
    assert float(engine.state["peak"]) == pytest.approx(np.abs(sound).max(), abs=1e-9)

    engine = Engine(RATE)
    engine.play(PlainNote(level_db=-2))
    engine.render(10_000)
    assert int(engine.state["limited"]) == 0


def test_a_sample_that_is_not_finite_is_silenced_and_counted():
    engine = Engine(RATE)
    engine.play(PlainNote(duration_frames=20_000))
    engine.render(1_000)
    engine.state["gain"] = float("nan")  # nothing that Python may pass in gets so far
    sound = engine.render(1_000)
    assert int(engine.state["invalid"]) > 0
    assert np.isfinite(sound).all()


def test_a_chord_of_a_thousand_notes_stays_below_the_true_peak():
    """-1 dBTP as ITU-R BS.1770-5 has it, measured by more points and a steeper filter."""
    engine = Engine(RATE, instruments=INSTRUMENTS)
    for i in range(1_000):
        engine.play(
            PlainNote(
                onset_frame=i * 7,
                duration_frames=20_000,
                frequency_hz=30 * 2 ** (i % 97 / 12),
                level_db=-12,
                pan=(i % 21 - 10) / 10,
                instrument=("bowed", "struck", "sine")[i % 3],
            )
        )
    sound = engine.render(30_000).astype(np.float64)
    oversampled = scipy.signal.resample_poly(sound, 16, 1, window=("kaiser", 8.0))
    true_peak = np.abs(oversampled).max()
    assert 20 * np.log10(true_peak) <= -1
    assert np.abs(sound).max() > 0.8 * CEILING


def test_mute_is_silence_after_a_glide_and_can_be_undone():
    engine = Engine(RATE)
    engine.play(PlainNote(frequency_hz=200, duration_frames=10 * RATE, level_db=-6))
    engine.render(5_000)
    engine.set_volume(float("-inf"))
    muted = engine.render(10_000)[:, 0]
    assert np.abs(np.diff(muted)).max() < 0.5012 * 2 * np.pi * 200 / RATE * 1.1
    assert not muted[5_000:].any()
    engine.set_volume(0)
    assert np.abs(engine.render(10_000)[5_000:]).max() == pytest.approx(0.5012, rel=0.01)


def test_volume_glides():
    engine = Engine(RATE)
    engine.play(PlainNote(frequency_hz=200, duration_frames=10 * RATE, level_db=-6))
    engine.render(5_000)
    engine.set_volume(-20)
    sound = engine.render(10_000)[:, 0]
    assert np.abs(np.diff(sound)).max() < 0.5012 * 2 * np.pi * 200 / RATE * 1.1
    assert np.abs(sound[-2_000:]).max() == pytest.approx(10 ** (-26 / 20), rel=0.01)


def test_a_new_device_is_faded_in_and_the_tap_is_not():
    engine = Engine(RATE)
    engine.play(PlainNote(frequency_hz=200, duration_frames=10 * RATE, level_db=-6))
    engine.render(5_000)
    engine.open_tap()
    engine.attach_device()
    heard = np.concatenate([engine.render(n) for n in (100, 700, 5_000)])
    assert not heard[0].any()
    assert np.abs(np.diff(heard[:, 0])).max() < 0.5012 * 2 * np.pi * 200 / RATE * 1.1
    assert np.abs(heard[-2_000:]).max() == pytest.approx(0.5012, rel=0.01)
    _, quanta = engine.tap.read()
    assert np.abs(quanta.reshape(-1, 2)[:300]).max() == pytest.approx(0.5012, rel=0.01)


def test_it_stops_with_a_fade_exactly_where_it_was_told_to():
    engine = Engine(RATE)
    engine.play(PlainNote(frequency_hz=200, duration_frames=10 * RATE, level_db=-6))
    engine.stop_at(20_001)
    sound = np.concatenate([engine.render(256) for _ in range(100)])[:, 0]
    assert np.abs(sound[18_000:18_900]).max() > 0.49
    assert np.abs(np.diff(sound)).max() < 0.5012 * 2 * np.pi * 200 / RATE * 1.1
    assert not sound[20_001:].any()


def test_the_tap_carries_the_very_samples():
    engine = Engine(RATE)
    engine.open_tap()
    engine.play(PlainNote(onset_frame=500))
    sound = np.concatenate([engine.render(n) for n in (100, 333, 1, 5_000)])
    firsts, quanta = engine.tap.read()
    assert firsts.tolist() == list(range(0, len(firsts) * QUANTUM, QUANTUM))
    tapped = quanta.reshape(-1, 2)[: len(sound)]
    assert np.array_equal(tapped, sound[: len(tapped)])
    assert len(tapped) >= len(sound) - QUANTUM


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frequency_hz": float("nan")}, "frequency nan"),
        ({"frequency_hz": 0.0}, "frequency 0.0"),
        ({"frequency_hz": float("inf")}, "frequency inf"),
        ({"level_db": float("nan")}, "level nan"),
        ({"level_db": 0.1}, "level 0.1"),
        ({"pan": 1.5}, "pan 1.5"),
        ({"pan": float("nan")}, "pan nan"),
        ({"duration_frames": 0}, "duration of 0"),
        ({"duration_frames": 10**12}, "up to a day"),
        ({"instrument": "kazoo"}, 'instrument "kazoo"'),
    ],
)
def test_notes_that_can_not_be_played_are_refused_at_the_door(changes, words):
    with pytest.raises(UsageError, match=words):
        Engine(RATE).play(PlainNote()._replace(**changes))


@pytest.mark.parametrize("options", [{"sample_rate": 1}, {"polyphony": 0}, {"volume_db": 99}])
def test_an_engine_out_of_range_is_refused(options):
    with pytest.raises(UsageError, match="allowed"):
        Engine(**{"sample_rate": RATE, **options})


def test_nothing_played_is_silence_however_long():
    engine = Engine(RATE)
    for _ in range(20):
        assert not engine.render(50_000).any()
    assert engine.frame == 1_000_000


@pytest.mark.parametrize("name", sorted(builtin_instruments()))
def test_the_limiter_does_not_pump_on_ordinary_material(name):
    """Twelve streams at their usual level, all at once: at rare peaks it takes off 2 dB."""

    def render(volume_db):
        engine = Engine(RATE, instruments=builtin_instruments(), volume_db=volume_db)
        steps = np.random.default_rng(1).integers(55, 85, (12, 20))
        for i in range(20):
            for stream in range(12):
                hz = 440 * 2 ** ((steps[stream, i] - 69) / 12)
                onset = i * RATE // 4 + stream * 700
                pan = stream / 11 - 0.5
                engine.play(PlainNote(onset, 15_435, hz, -18, pan, instrument=name))
        return engine.render(5 * RATE).astype(np.float64)

    usual, quiet = render(-6), render(-30) * 10 ** (24 / 20)
    heard = np.abs(quiet) > 0.1 * np.abs(quiet).max()
    reduction_db = -20 * np.log10(usual[heard] / quiet[heard])
    assert reduction_db.max() < 2
    assert np.percentile(reduction_db, 90) < 1


def test_the_longest_segments_come_to_their_end():
    """A minute has more frames than a float32 can count by halves."""
    slow = Instrument(envelope=Envelope(attack=60, decay=60, sustain=0.25))
    engine = Engine(RATE, instruments={"sine": slow})
    engine.play(PlainNote(duration_frames=250 * RATE, level_db=-20))
    engine.render(60 * RATE)
    assert np.abs(engine.render(RATE)).max() == pytest.approx(0.1, rel=0.01)
    engine.render(60 * RATE)
    assert np.abs(engine.render(RATE)).max() == pytest.approx(0.025, rel=0.001)
