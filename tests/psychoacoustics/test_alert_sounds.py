"""Alert sounds as they are rendered, against the demands of IEC 60601-1-8, table 4."""

from itertools import pairwise

import numpy as np
import pytest

from streamson.model.counts import ScoreCounts
from streamson.music.pitch import midi_to_hz
from streamson.psychoacoustics.spectrum import heard_levels
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.session.parse.earcons import alert_sound, builtin_earcons, earcon_instruments
from streamson.session.schema import Session
from streamson.synth.engine import Engine
from streamson.synth.kernel.limiter import CEILING

RATE = 44_100
KINDS = ("above", "below", "outside", "stale")
ALERTS = sorted({*builtin_earcons()} - {"highest", "lowest"})


def rendered(name):
    """Return the onsets of a sound's notes, in frames, and its samples; it begins after 0.1 s."""
    player = EarconPlayer(Session(), sample_rate=RATE, counts=ScoreCounts())
    notes = player.play(builtin_earcons()[name], "s", RATE // 10)
    engine = Engine.for_session(Session(), RATE)
    for note in notes:
        engine.play(note)
    return [note.onset_frame for note in notes], engine.render(2 * RATE)[:, 0].astype(float)


def pulses(name):
    """Return the samples of each note, up to the next one."""
    onsets, sound = rendered(name)
    ends = [*onsets[1:], onsets[-1] + RATE // 4]
    return [sound[first:end] for first, end in zip(onsets, ends, strict=True)]


def envelope(pulse):
    """Return the peaks of each 1.5 ms: a fundamental of 150 Hz is a matter of 7."""
    frames = len(pulse) // 64
    return np.abs(pulse[: frames * 64].reshape(frames, 64)).max(axis=1)


def harmonics_db(pulse, hz):
    """Return the levels of a note's harmonics from 150 to 4,000 Hz."""
    spectrum = np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), 8 * RATE))
    count = int(4_000 / hz + 1e-6)
    levels = []
    for i in range(1, count + 1):
        place = round(i * hz * 8)
        levels.append(20 * np.log10(spectrum[place - 80 : place + 81].max()))
    return np.array(levels)


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_fundamental_and_harmonics_are_as_demanded(name):
    for pulse, midi_note in zip(pulses(name), builtin_earcons()[name].notes, strict=True):
        hz = midi_to_hz(midi_note)
        assert 150 <= hz <= 1_000
        spectrum = np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), 8 * RATE))
        assert spectrum.argmax() / 8 == pytest.approx(hz, rel=0.015)
        levels = harmonics_db(pulse, hz)
        assert (levels > levels.max() - 15).sum() >= 4


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_each_note_is_struck_once_and_dies_away(name):
    for pulse in pulses(name):
        shape = envelope(pulse)
        peak = shape.argmax()
        risen = np.flatnonzero(shape > 0.9 * shape.max())[0] * 64 / RATE
        begun = np.flatnonzero(shape > 0.1 * shape.max())[0] * 64 / RATE
        assert risen - begun < 0.012
        # What follows falls: no stretch is louder than one 20 ms before it.
        smooth = np.array([shape[max(i - 7, 0) : i + 8].max() for i in range(peak, len(shape))])
        assert (smooth[14:] <= smooth[:-14] * 1.01).all()
        assert shape[-4:].max() < 0.2 * shape.max()


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_it_is_short_and_stays_below_full_scale(name):
    onsets, sound = rendered(name)
    heard = np.flatnonzero(np.abs(sound) > 1e-4)
    assert (heard[-1] - onsets[0]) / RATE < 1.1
    assert 0.05 < np.abs(sound).max() < CEILING
    assert not sound[: onsets[0]].any()


@pytest.mark.parametrize("name", ALERTS)
def test_a_note_has_died_away_when_the_next_one_begins(name):
    """So that no partials of the two beat."""
    sound = builtin_earcons()[name]
    release = earcon_instruments()[sound.instrument].envelope.release
    for first, second in pairwise(sound.onsets_s):
        assert first + sound.duration + release <= second + 1e-9


@pytest.mark.parametrize("name", sorted(builtin_earcons()))
def test_partials_of_a_note_do_not_beat(name):
    """Harmonics are as far apart as their fundamental is high: beyond what is rough, 70 Hz."""
    for partial in earcon_instruments()[builtin_earcons()[name].instrument].partials:
        assert partial.ratio == round(partial.ratio)
        assert not partial.detune
    assert min(midi_to_hz(note) for note in builtin_earcons()[name].notes) > 200


def loudness(name):
    """Return the power of what is heard, in all bands, of the loudest note."""
    heard = [
        heard_levels(np.stack([pulse, pulse], axis=1).astype(np.float32), RATE)[1]
        for pulse in pulses(name)
    ]
    return max(10 * np.log10((10 ** (levels / 10)).sum()) for levels in heard)


@pytest.mark.parametrize("kind", KINDS)
def test_priorities_differ_in_urgency(kind):
    high, medium, low = (alert_sound(kind, one) for one in ("high", "medium", "low"))
    # Three and two, three, two (IEC 60601-1-8, table 3), ever slower and softer.
    assert [len(sound.notes) for sound in (high, medium, low)] == [5, 3, 2]
    assert (high.rest_after, medium.rest_after, low.rest_after) == (3, 0, 0)
    assert high.step < medium.step < low.step
    names = [next(n for n, s in builtin_earcons().items() if s == x) for x in (high, medium, low)]
    first, second, third = map(loudness, names)
    assert first > second > third
    assert high.level > medium.level > low.level


@pytest.mark.parametrize("priority", ["high", "medium", "low"])
def test_up_and_down_are_told_apart(priority):
    above, below, outside, stale = (alert_sound(kind, priority).notes for kind in KINDS)
    assert above[0] < above[-1]
    assert below[0] > below[-1]
    assert outside[0] == outside[-1]
    assert stale[0] > stale[-1]
    assert len({above, below, outside, stale}) == 4
    parts = {alert_sound(kind, priority).instrument for kind in ("below", "stale")}
    assert len(parts) == 2 or below[-1] != stale[-1]


def test_the_rest_of_a_pattern_is_one_step():
    sound = alert_sound("above", "high")
    steps = np.diff(sound.onsets_s) / sound.step
    assert steps == pytest.approx([1, 1, 2, 1])
