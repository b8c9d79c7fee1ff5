"""The smpl chunk of WAV files: what is in it, wherever it is, and nothing that harms."""

from contextlib import suppress

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamson.errors import InputFileError
from streamson.formats.sampler_chunk import MAX_LOOPS, SamplerLoop, read_sampler_chunk
from tests.formats.sampler_chunks import RATE, TONE, by_sndfile, chunk, with_chunk

u32 = st.integers(0, 2**32 - 1)
same_folder = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@same_folder
@given(
    note=st.integers(0, 126),
    fraction=u32,
    loops=st.lists(st.tuples(u32, u32, u32, u32), max_size=4),
    before_data=st.booleans(),
)
def test_what_was_written_is_read(tmp_path, note, fraction, loops, before_data):
    content = chunk(note, fraction=fraction, loops=loops)
    found = read_sampler_chunk(with_chunk(tmp_path / "a.wav", content, before_data=before_data))
    assert found.root == pytest.approx(note + fraction / 2**32, abs=1e-9)
    assert found.loops == tuple(
        SamplerLoop(kind, first, last + 1, times) for kind, first, last, times in loops
    )


@pytest.mark.parametrize("cents", [0, 50])
def test_it_is_what_libsndfile_means(tmp_path, cents):
    loops = [("forward", 100, 900), ("alternating", 5, 50)]
    found = read_sampler_chunk(by_sndfile(tmp_path / "a.wav", 64, cents=cents, loops=loops))
    assert found.root == pytest.approx(64 + cents / 100, abs=0.01)
    first, second = found.loops
    assert (first.first, first.end, first.is_plain) == (100, 900, True)
    assert second.told == "played to and fro"


@pytest.mark.parametrize("kind", ["RF64", "FLAC", "WAV"])
def test_files_without_one_say_nothing(tmp_path, kind):
    path = tmp_path / "a"
    soundfile.write(path, TONE, RATE, format=kind)
    assert read_sampler_chunk(path) is None


def test_a_long_file_has_one_behind_its_sound(tmp_path):
    path = tmp_path / "a"
    soundfile.write(path, TONE, RATE, "PCM_16", format="RF64")
    with path.open("ab") as file:
        content = chunk(48)
        file.write(b"smpl" + len(content).to_bytes(4, "little") + content)
    assert read_sampler_chunk(path).root == 48


@same_folder
@given(content=st.binary(max_size=120), size=st.none() | u32, data=st.data())
def test_a_damaged_one_is_refused_or_read_and_nothing_else(tmp_path, content, size, data):
    path = with_chunk(tmp_path / "a.wav", content, size=size)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(InputFileError):
        found = read_sampler_chunk(path)
        assert found is None or len(found.loops) <= MAX_LOOPS


def test_more_loops_than_there_are_is_damage(tmp_path):
    path = with_chunk(tmp_path / "a.wav", chunk(60, loops=[(0, 1, 2, 0)], count=2**32 - 1))
    with pytest.raises(InputFileError, match=r"tells of 4294967295 loops and holds 1$"):
        read_sampler_chunk(path)
    many = chunk(60, loops=[(0, 1, 2, 0)] * (MAX_LOOPS + 5))
    assert len(read_sampler_chunk(with_chunk(tmp_path / "b.wav", many)).loops) == MAX_LOOPS


def test_the_sound_is_the_same_with_and_without(tmp_path):
    path = with_chunk(tmp_path / "a.wav", chunk(60))
    assert np.abs(soundfile.read(path)[0] - TONE).max() < 1e-4
