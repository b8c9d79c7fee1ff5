"""Repair of sound files that were left broken in all the ways that programs leave them."""

import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from streamson.errors import InputFileError, OutputFileError
from streamson.formats.audio_file import FlacWriter
from streamson.formats.repair.repair import repair
from tests.formats.repair_attack import attack

SOUND = (0.5 * np.sin(np.arange(50_000) / 20)).reshape(-1, 2)
RATE = 44_100


def wav(path, size=None, riff_size=None, cut=0, more=b""):
    """Write a WAV file of 16 bits as others do, with wrong sizes."""
    data = (SOUND * 32_767).astype("<i2").tobytes()
    size = len(data) if size is None else size
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, RATE, 4 * RATE, 4, 16)
    body += b"data" + struct.pack("<I", size) + data + more
    riff_size = len(body) if riff_size is None else riff_size
    content = b"RIFF" + struct.pack("<I", riff_size) + body
    path.write_bytes(content[: len(content) - cut])
    return path


@pytest.mark.parametrize(
    ("damage", "frames"),
    [
        ({"size": 0, "riff_size": 0}, 25_000),
        ({"size": 0xFFFFFFFF, "riff_size": 0xFFFFFFFF}, 25_000),
        ({"size": 2**31, "riff_size": 2**31 + 36}, 25_000),
        ({"size": 400, "riff_size": 436}, 25_000),
        ({"size": 4, "riff_size": 40}, 25_000),
        ({"cut": 4_003}, 23_999),
        ({"size": 0, "riff_size": 0, "cut": 1}, 24_999),
    ],
)
def test_a_wav_file_gets_its_sizes_right(tmp_path, damage, frames):
    path = wav(tmp_path / "a.wav", **damage)
    assert "it has" in repair(path)
    rate, sound = wavfile.read(path)
    assert (rate, len(sound)) == (RATE, frames)
    np.testing.assert_allclose(sound / 32_768, SOUND[:frames], atol=1e-4)
    assert soundfile.info(path).frames == frames
    assert repair(path).startswith("nothing to mend")


def test_what_is_whole_stays_is_passthrough(tmp_path):
    path = wav(tmp_path / "a.wav", size=100_000, more=b"LIST\4\0\0\0abcd")
    cut = wav(tmp_path / "cut.wav", size=100_000, more=b"LIST\x40\0\0\0abcd")
    trailing = wav(tmp_path / "trailing.wav", size=100_000, more=b"abcd")
    odd = tmp_path / "odd.wav"
    soundfile.write(odd, SOUND[:8_001, 0], RATE, subtype="PCM_U8")
    other = tmp_path / "b.flac"
    soundfile.write(other, SOUND, RATE)
    third = tmp_path / "c.wav"
    soundfile.write(third, SOUND, RATE, format="RF64", subtype="PCM_24")
    for file in (path, cut, trailing, odd, other, third):
        before = file.read_bytes()
        assert repair(file).startswith("nothing to mend")
        assert file.read_bytes() == before


WRITE = """
import os, sys
import numpy as np
import soundfile
file = soundfile.SoundFile(sys.argv[1], "w", 44_100, 2)
for i in range(50):
    file.write(0.5 * np.sin(np.arange(4_000) / 20 + i).reshape(-1, 2))
os._exit(0)
"""


@pytest.mark.parametrize("cut", [0, 1_000])
def test_a_flac_file_without_a_length_gets_one(tmp_path, cut):
    path = tmp_path / "a.flac"
    subprocess.run([sys.executable, "-c", WRITE, path], check=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size - cut])
    with pytest.raises((ValueError, soundfile.SoundFileError)):
        soundfile.read(path)
    assert "can be read" in repair(path)
    sound, _ = soundfile.read(path)
    assert 80_000 < len(sound) <= 100_000
    assert repair(path).startswith("nothing to mend")


def test_silence_behind_a_wrong_size_is_sound(tmp_path):
    path = wav(tmp_path / "a.wav", size=4, riff_size=40, more=bytes(30_000_000))
    assert "it has" in repair(path)
    assert soundfile.info(path).frames == 25_000 + 7_500_000


def test_more_than_4_gib_becomes_an_rf64(tmp_path):
    """A sparse file: the sound is silence that takes no room."""
    path = tmp_path / "large.wav"
    soundfile.write(path, SOUND, RATE, format="RF64", subtype="PCM_16")
    before = path.stat().st_size
    with path.open("rb+") as file:
        file.truncate(2**32 + 2**20)
    assert "it has" in repair(path)
    info = soundfile.info(path)
    assert info.frames == (2**32 + 2**20 - before) // 4 + len(SOUND)
    with path.open("rb") as file:
        assert file.read(4) == b"RF64"


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata\0\0\0\0", b"fLaC", b"x" * 99],
)
def test_what_is_no_sound_is_explained(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(InputFileError, match=r"a\.wav"):
        repair(path)
    assert path.read_bytes() == content


def test_good_files_with_any_chunk_stay_and_nothing_is_shortened(tmp_path):
    """A thousand and more by hand: python -m tests.formats.repair_attack."""
    attack(tmp_path, good=250, mutations=300, flipped=25, seed=7)


def test_a_flipped_bit_does_not_shorten_a_file(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.tile(SOUND, (20, 1)), RATE)
    content = bytearray(path.read_bytes())
    content[len(content) // 10] ^= 4
    path.write_bytes(content)
    before = path.stat()
    done = streamson_repair(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to mend; 11.3 s of sound" in done.stdout
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_what_is_refused_stays_and_the_code_tells(tmp_path):
    """A header that is wrong, of a file that can't be read when it is mended."""
    path = wav(tmp_path / "a.wav", size=0, riff_size=0)
    content = bytearray(path.read_bytes())
    content[20:22] = b"\x99\x99"  # no format that anybody knows
    path.write_bytes(content)
    done = streamson_repair(path)
    assert done.returncode == 1
    assert done.stderr == f"streamson: {path}: not a sound file that can be read\n"
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_no_room_for_the_copy_is_said_and_the_file_stays(small_disk):
    path = wav(small_disk / "a.wav", size=0, riff_size=0, more=bytes(12_000_000))
    path.write_bytes(path.read_bytes().replace(bytes(12_000_000), b"\1\2" * 6_000_000))
    path.chmod(0o640)
    content = path.read_bytes()
    done = streamson_repair(path)
    assert done.returncode == 1
    assert "the copy beside it needs 12.1 MB, and" in done.stderr
    assert path.read_bytes() == content
    assert list(small_disk.iterdir()) == [path]
    with path.open("rb+") as file:
        file.truncate(8_000_000)
    assert streamson_repair(path).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o640
    assert soundfile.info(path).frames > 1_900_000


def test_the_file_that_a_link_leads_to_is_mended_and_the_link_stays(tmp_path):
    path = wav(tmp_path / "a.wav", size=0, riff_size=0)
    link = tmp_path / "link.wav"
    link.symlink_to(path)
    assert "it has" in repair(link)
    assert link.is_symlink()
    assert soundfile.info(path).frames == 25_000


def test_a_file_that_is_recorded_to_is_left_alone(tmp_path):
    path = tmp_path / "take.flac"
    with FlacWriter(path, RATE) as writer:
        writer.write(np.tile(SOUND, (4, 1)).astype(np.float32))
        with pytest.raises(OutputFileError, match=f"process {os.getpid()} is recording to it"):
            repair(path)
    assert repair(path).startswith("nothing to mend")


def streamson_repair(*files):
    return subprocess.run(
        [sys.executable, "-m", "streamson", "repair", *files],
        capture_output=True,
        text=True,
        check=False,
    )
