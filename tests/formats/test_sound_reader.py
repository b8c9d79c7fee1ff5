"""Sound files of any kind and length, block by block."""

import numpy as np
import pytest
import soundfile

from streamson.errors import InputFileError
from streamson.formats.sound_reader import SoundReader

RATE = 22_050


def write(path, channels=2, frames=1_000, **options):
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)
    soundfile.write(path, sound, RATE, **options)
    return sound


@pytest.mark.parametrize("ending", ["wav", "flac", "aiff"])
@pytest.mark.parametrize(("channels", "handed_on"), [(1, 1), (2, 2), (5, 2)])
def test_blocks_are_the_file(tmp_path, ending, channels, handed_on):
    path = tmp_path / f"some.{ending}"
    sound = write(path, channels)
    with SoundReader(path) as reader:
        assert (reader.sample_rate, reader.frames, reader.channels) == (RATE, 1_000, handed_on)
        blocks = list(reader.blocks(300))
    assert [len(block) for block in blocks] == [300, 300, 300, 100]
    assert np.concatenate(blocks) == pytest.approx(sound[:, :handed_on], abs=1e-4)


def test_a_part_of_a_file(tmp_path):
    path = tmp_path / "some.wav"
    sound = write(path)
    with SoundReader(path) as reader:
        part = np.concatenate(list(reader.blocks(64, first=100, end=333)))
        assert part == pytest.approx(sound[100:333], abs=1e-4)
        assert list(reader.blocks(64, first=5_000)) == []


def test_what_is_no_sound_file_is_refused(tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    for path in (text, tmp_path / "missing.wav", tmp_path, "a\0b"):
        with pytest.raises(InputFileError, match="can't read"):
            SoundReader(path)


def test_too_many_channels_and_odd_rates_are_refused(tmp_path):
    path = tmp_path / "some.wav"
    write(path, channels=9)
    with pytest.raises(InputFileError, match="9 channels; at most 8"):
        SoundReader(path)
    soundfile.write(path, np.zeros(100), 4_000)
    with pytest.raises(InputFileError, match="4000 Hz; 8000 to 192000"):
        SoundReader(path)
