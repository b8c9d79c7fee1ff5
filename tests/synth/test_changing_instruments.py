"""Instruments that change while an engine plays: what nobody needs any more makes room."""

import subprocess
import sys

import numpy as np
import pytest

from streamson.errors import UsageError
from streamson.model.instrument import Envelope, Instrument, Sample
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import INSTRUMENT_ROWS, MAX_INSTRUMENTS, SAMPLE_FRAMES
from tests.synth.notes import RATE, PlainNote


def sampled(seconds=0.2, *, seed=0, **changes):
    """Return an instrument that plays noise; the array is a new one each time."""
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * RATE), 2))
    return Instrument(sample=Sample(noise.astype(np.float32), RATE, 60.0), **changes)


def many(change, count=MAX_INSTRUMENTS):
    return {
        f"{change} {i}": Instrument(envelope=Envelope(release=0.01 + i / 1e4)) for i in range(count)
    }


def free_frames(engine):
    return sum(engine._tables._samples._gaps().values())


def test_an_engine_takes_512_instruments_again_and_again():
    engine = Engine(RATE, instruments=many("first"))
    for change in range(8):
        engine.change_instruments(many(change))
        assert engine.play(PlainNote(-1, 200, instrument=f"{change} 511")) is not None
        engine.render(2_000)
    assert int(engine.state["played"]) == 8
    assert int(engine.state["invalid"]) == 0


def test_513_at_one_moment_are_refused_and_nothing_changes():
    engine = Engine(RATE)
    with pytest.raises(UsageError, match="instruments 513; 1 to 512"):
        engine.change_instruments(many("more", MAX_INSTRUMENTS + 1))
    engine.play(PlainNote())
    assert np.abs(engine.render(2_000)).max() > 0.01


def test_a_row_is_not_used_again_while_a_note_waits_or_sounds():
    engine = Engine(RATE, instruments={"old": sampled()})
    waits = PlainNote(50_000, 1_000, instrument="old")
    sounds = PlainNote(0, 30_000, 261.6, instrument="old")
    for note in (waits, sounds):
        engine.play(note)
    alone = Engine(RATE, instruments={"old": sampled()})
    for note in (waits, sounds):
        alone.play(note)
    heard = [engine.render(1_000)]
    for change in range(20):
        engine.change_instruments({"new": sampled(seed=change + 1)})
        heard.append(engine.render(4_000))
    expected = alone.render(81_000)
    assert np.array_equal(np.concatenate(heard), expected)


def test_samples_leave_once_nothing_of_them_sounds():
    engine = Engine(RATE, instruments={"a": sampled(1.0)})
    held = SAMPLE_FRAMES - free_frames(engine)
    engine.play(PlainNote(0, 20_000, 261.6, instrument="a"))
    engine.render(64)
    engine.change_instruments({"b": Instrument()})
    engine.release_unused()
    assert SAMPLE_FRAMES - free_frames(engine) == held
    engine.render(60_000)
    engine.release_unused()
    assert free_frames(engine) == SAMPLE_FRAMES
    assert len(engine._tables._free) == INSTRUMENT_ROWS - 1


def test_equal_samples_lie_there_once_whoever_read_them():
    one = Engine(RATE, instruments={"a": sampled()})
    many_of_it = Engine(RATE, instruments={f"a{i}": sampled() for i in range(32)})
    assert free_frames(one) == free_frames(many_of_it)
    many_of_it.change_instruments({f"b{i}": sampled() for i in range(32)})
    assert free_frames(one) == free_frames(many_of_it)


def test_too_much_is_refused_before_anything_changes():
    engine = Engine(RATE)
    before = free_frames(engine)
    long = {f"w{i}": sampled(40, seed=3, width=i / 20) for i in range(20)}
    with pytest.raises(UsageError, match=r"samples take \d+ MB of memory; at most 1024 MB"):
        engine.change_instruments(long)
    assert free_frames(engine) == before
    engine.play(PlainNote())
    assert np.abs(engine.render(2_000)).max() > 0.01


GROWTH = """
import numpy as np
from pathlib import Path
from streamson.synth.engine import Engine
from tests.synth.test_changing_instruments import sampled

def rss_mb():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

def instruments(change):
    return {f"s{i}": sampled(5, seed=3 * change + i) for i in range(3)}

engine = Engine(44_100, instruments=instruments(0))
for change in range(1, 3):
    engine.change_instruments(instruments(change))
    engine.render(1_000)
before = rss_mb()
for change in range(3, 11):
    engine.change_instruments(instruments(change))
    engine.render(1_000)
    engine.release_unused()
print(rss_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is given back on Linux")
def test_ten_changes_of_three_long_samples_take_no_more_memory_than_two():
    done = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 40
