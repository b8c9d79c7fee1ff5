"""The tap's fan-out: every reader gets every sample, and a slow one delays nobody else."""

import threading
from itertools import pairwise

import numpy as np
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from streamson.output.null_device import NullDevice
from streamson.output.tap import MAX_QUEUED_BYTES, TapFanOut
from streamson.recording.recorder import Recorder
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import QUANTUM
from tests.conftest import until
from tests.synth.notes import RATE, PlainNote


def joined(blocks):
    """Return the samples of blocks that follow one another, and the first frame."""
    for before, after in pairwise(blocks):
        assert after.first_frame == before.first_frame + len(before.samples)
    return blocks[0].first_frame, np.concatenate([block.samples for block in blocks])


def test_three_readers_of_which_one_is_stalled(tmp_path):
    """The recorder and a reader that keeps up have every sample; the third knows what it missed."""
    engine = Engine(RATE)
    tap = TapFanOut(engine)
    recorder = Recorder(tap, tmp_path / "take.wav")
    quick, stalled = tap.open(), tap.open()
    engine.play(PlainNote(duration_frames=60 * RATE))
    blocks, rendered = [], []
    for _ in range(100):  # 23 s, faster than time, but never faster than the quick ones
        rendered.append(engine.render(10_240))
        blocks += quick.read()
        until(lambda: recorder.seconds * RATE > engine.frame - 5 * RATE, "the recorder")
    recorder.stop()
    sound = np.concatenate(rendered)
    first_frame, heard = joined(blocks)
    assert first_frame == 0
    assert np.array_equal(heard[: len(sound)], sound)
    assert (quick.missed_frames, recorder.lost_frames) == (0, 0)
    recorded, _ = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert np.abs(recorded[: len(sound)] - sound[: len(recorded)]).max() <= 2.0**-23

    late = stalled.read()  # the newest, and no more than its queue may hold
    first_frame, heard = joined(late)
    assert heard.nbytes <= MAX_QUEUED_BYTES
    assert np.array_equal(heard, joined(blocks)[1][first_frame:])
    assert stalled.missed_frames == first_frame > 0


def test_what_is_missed_amid_the_sound_is_counted():
    engine = Engine(RATE)
    tap = TapFanOut(engine)
    quick, slow = tap.open(), tap.open()
    engine.render(QUANTUM)
    slow_until = sum(len(block.samples) for block in slow.read())
    frames = 2 * MAX_QUEUED_BYTES // 8
    for _ in range(frames // QUANTUM):
        engine.render(QUANTUM)
        quick.read()
    (first, *_) = slow.read()
    assert slow.missed_frames == first.first_frame - slow_until > 0
    assert quick.missed_frames == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 700)), max_size=30))
def test_readers_that_come_and_go_get_the_same_sound(steps):
    engine = Engine(RATE)
    engine.play(PlainNote(duration_frames=RATE))
    tap = TapFanOut(engine)
    whole = tap.open()
    parts = [tap.open(), tap.open()]
    heard = [[], [], []]
    for which, frames in steps:
        engine.render(frames)
        heard[which] += (whole, *parts)[which].read()
    for number, reader in enumerate((whole, *parts)):
        heard[number] += reader.read()
    sounds = [joined(blocks)[1] if blocks else np.zeros((0, 2)) for blocks in heard]
    assert all(np.array_equal(sound, sounds[0]) for sound in sounds)


def test_nothing_is_copied_without_a_reader_and_nothing_is_left_over():
    engine = Engine(RATE)
    tap = TapFanOut(engine)
    engine.render(1_000)
    first = tap.open()
    engine.render(1_000)
    first.close()
    engine.render(1_000)
    assert not engine.state["tap_on"]
    second = tap.open()
    engine.render(QUANTUM)
    blocks = second.read()
    assert blocks[0].first_frame >= 3_000 - QUANTUM
    second.close()


def test_the_sound_ends_where_the_engine_stops():
    engine = Engine(RATE)
    engine.stop_at(1_001)
    tap = TapFanOut(engine)
    reader = tap.open()
    engine.render(5_000)
    assert sum(len(block.samples) for block in reader.read()) == 1_001


def test_readers_in_threads_of_their_own_lose_nothing_live():
    engine = Engine(RATE)
    tap = TapFanOut(engine)
    clock = NullDevice(engine)
    readers = [tap.open() for _ in range(4)]
    heard = [[] for _ in readers]
    stopping = threading.Event()

    def read(number):
        while not stopping.wait(0.002 * (number + 1)):
            heard[number].extend(readers[number].read())

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: engine.frame > RATE, "a second")
    stopping.set()
    for thread in threads:
        thread.join()
    clock.stop()
    for number, reader in enumerate(readers):
        heard[number] += reader.read()
        joined(heard[number])
        assert reader.missed_frames == 0
    assert len({sum(len(block.samples) for block in blocks) for blocks in heard}) == 1
