"""A process that dies in the midst of the callback: whoever renders next makes the memory whole."""

import numpy as np
import pytest

from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import QUANTUM
from tests.synth.notes import INSTRUMENTS, RATE, PlainNote

TORN = (
    *("note_heap", "voices", "voice_partials", "heads", "active", "free"),
    *("references", "held", "bus"),
)


def died_within(frames):
    """Return an engine whose last callback never ended; all that it worked on is torn."""
    engine = Engine(RATE, instruments=INSTRUMENTS)
    for i in range(300):
        engine.play(PlainNote(i * 40, 9_000, 200 + i, -40, instrument="bowed"))
    engine.set_volume(-3, frame=500_000)
    engine.render(frames)
    state = engine.state
    assert state["rendering"] == 0
    noise = np.random.default_rng(frames)
    for name in TORN:
        array = engine._memory[name]
        if name != "note_heap":
            array.view(np.uint8)[:] = noise.integers(0, 256, array.view(np.uint8).shape)
    for name in ("active", "fading", "foreground", "free"):
        state[name] = noise.integers(-(2**60), 2**60)
    state["rendering"] = 1
    return engine


@pytest.mark.parametrize("frames", [0, 1, 64, 100, 5_000])
def test_it_is_silent_and_goes_on(frames):
    engine = died_within(frames)
    frame = engine.frame
    sound = engine.render(1_000)
    assert int(engine.state["recovered"]) == 1
    assert int(engine.state["rendering"]) == 0
    assert frame + 1_000 <= engine.frame <= frame + 1_000 + QUANTUM
    assert np.isfinite(sound).all()
    notes = 300 if frames else 0
    assert not sound.any() or not notes
    # All slots are free again: 1,000 notes sound.
    begun = int(engine.state["played"])
    for i in range(1_000):
        engine.play(PlainNote(-1, 2_000, 200 + i, -60))
    sound = engine.render(4_000)
    assert np.isfinite(sound).all()
    assert sound.any()
    assert int(engine.state["played"]) - begun >= 1_000
    engine.render(20_000)
    assert int(engine.state["active"]) == 0
    assert not engine._memory["references"].any()


def test_notes_that_waited_are_counted_and_the_volume_is_what_was_asked_for():
    engine = died_within(100)
    waiting = int(engine.state["pending"])
    assert waiting > 100
    engine.render(64)
    assert int(engine.state["refused"]) == waiting - 1  # the other was a change of the volume
    assert engine.state["volume"] == pytest.approx(10 ** (-3 / 20))


def test_quanta_of_the_recording_go_on_without_a_step_back():
    engine = died_within(5_000)
    engine.open_tap()
    for _ in range(10):
        engine.render(100)
    frames, _ = engine.tap.read()
    assert (np.diff(frames) == QUANTUM).all()
    assert frames[-1] + QUANTUM >= engine.frame
