"""What a note sends into the room: nothing, all or more of it, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.model.audio import Reverb
from streamson.synth.engine import Engine
from tests.synth.notes import INSTRUMENTS, RATE, PlainNote, plain_notes
from tests.synth.test_reverb import answer

ROOM = Reverb(level=-10)
FAINT = 1e-6
"""-120 dB: of what is taken away again a rounding is left."""


def render(notes, frames=RATE, reverb=ROOM, block=None):
    engine = Engine(RATE, instruments=INSTRUMENTS, reverb=reverb)
    for note in notes:
        engine.play(note)
    blocks = [engine.render(block or frames) for _ in range(frames // (block or frames))]
    return np.concatenate(blocks).astype(np.float64)


@pytest.mark.parametrize("send", [0.25, 0.5, 2.0, 4.0])
def test_the_room_answers_so_much_louder(send):
    note = PlainNote(0, 4_410, 440, -40)
    all_of_it, _ = answer(ROOM, [note], RATE)
    sent, _ = answer(ROOM, [note._replace(reverb_send=send)], RATE)
    assert sent == pytest.approx(send * all_of_it, abs=FAINT)
    assert np.abs(sent).max() > 1e-4


def test_what_sends_nothing_is_dry():
    note = PlainNote(0, 4_410, 440, -20, reverb_send=0.0)
    sent, dry = answer(ROOM, [note], RATE)
    assert np.abs(sent).max() < FAINT
    assert np.abs(dry).max() > 0.09


def test_each_note_sends_its_own():
    dry = PlainNote(0, 4_410, 440, -30, pan=-1, reverb_send=0.0)
    wet = PlainNote(1_000, 4_410, 660, -30, pan=1)
    both, _ = answer(ROOM, [dry, wet], RATE)
    alone, _ = answer(ROOM, [wet], RATE)
    assert both == pytest.approx(alone, abs=FAINT)


def test_a_sampled_or_a_held_voice_sends_too():
    held = PlainNote(0, 30_000, 440, -30, held_key=1, reverb_send=0.0)
    glides = held._replace(onset_frame=10_000, frequency_hz=550.0, glide_frames=2_000)
    sent, _ = answer(ROOM, [held, glides], RATE)
    assert np.abs(sent).max() < FAINT
    sent, _ = answer(ROOM, [held, glides._replace(reverb_send=1.0)], RATE)
    assert np.abs(sent[:10_000]).max() < FAINT
    assert np.abs(sent[15_000:]).max() > 1e-3


def test_what_is_sent_steps_back_for_an_earcon_as_what_is_heard():
    note = PlainNote(0, RATE, 440, -30)
    earcon = PlainNote(4_410, RATE // 2, 900, -30, foreground=True, reverb_send=0.0)
    all_of_it, _ = answer(ROOM, [note, earcon], RATE)
    twice, _ = answer(ROOM, [note._replace(reverb_send=2.0), earcon], RATE)
    assert twice == pytest.approx(2 * all_of_it, abs=FAINT)


@settings(max_examples=25)
@given(st.lists(plain_notes, max_size=12), st.sampled_from([1, 7, 100, 441]))
def test_sound_does_not_depend_on_blocks(notes, block):
    frames = 4_410 // block * block
    assert np.array_equal(render(notes, frames), render(notes, frames, block=block))


@settings(max_examples=25)
@given(st.lists(plain_notes, max_size=12))
def test_without_a_room_it_does_nothing_and_all_of_it_is_as_without_the_key(notes):
    plain = [note._replace(reverb_send=1.0) for note in notes]
    assert np.array_equal(render(notes, 4_410, None), render(plain, 4_410, None))


def test_what_can_not_be_sent_is_refused():
    for send in (-0.1, 4.1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=r"reverb send .*; 0 to 4 is allowed"):
            Engine(RATE).play(PlainNote(reverb_send=send))
