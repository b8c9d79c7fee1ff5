"""Many sound files, good and broken, are mended: the good ones must stay as they are.

python -m tests.formats.repair_attack --good 800 --mutated 1000
"""

import argparse
import io
import random
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from streamson.errors import StreamsonError
from streamson.formats.repair.repair import repair

NAMES = (
    *(b"LIST", b"bext", b"cue ", b"smpl", b"chna", b"axml", b"umid", b"link", b"C2PA", b"iXML"),
    *(b"id3 ", b"ID32", b"PEAK", b"fact", b"plst", b"adtl", b"JUNK", b"FLLR", b"minf", b"elm1"),
    *(b"regn", b"ovwf", b"aXML", b"dbmd", b"SAUR", b"levl", b"_PMX", b"strc", b"LGWV", b"ResU"),
    *(b"Cr8r", b"MD5 ", b"~~~~", b"1234", b"a  b", b"    "[:3] + b"x", b"XMP_", b"afsp", b"r64m"),
)
SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM")

PIECE = 256
BLOCK = 4_096
"""libsndfile gives nothing of a piece in which something is broken; and the last block of a FLAC
file may be one that is cut off."""


class Case(NamedTuple):
    """A file before it is mended."""

    path: Path
    content: bytes


def good_wavs(folder: Path, count: int, seed: int = 0) -> Iterator[Case]:
    """Write files that are right: all kinds of chunks, before and behind the sound."""
    chance = random.Random(seed)
    for number in range(count):
        content = _good_wav(chance, number)
        path = folder / f"good-{number:04}.wav"
        path.write_bytes(content)
        yield Case(path, content)


def sound(chance: random.Random, frames: int, channels: int) -> np.ndarray:
    """Return noise, silence, or a tone."""
    kind = chance.choice(("noise", "silence", "tone"))
    noise = np.random.default_rng(chance.randrange(2**32)).uniform(-0.5, 0.5, (frames, channels))
    if kind == "noise":
        return noise
    if kind == "silence":
        return np.zeros((frames, channels))
    return 0.4 * np.sin(np.arange(frames)[:, None] / 15) + 0.01 * noise


def _good_wav(chance: random.Random, number: int) -> bytes:
    buffer = io.BytesIO()
    frames = chance.choice((0, 1, 7, 333, 4_001, 30_000))
    samples = sound(chance, frames, chance.choice((1, 2, 3)))
    subtype = chance.choice(SUBTYPES)
    if subtype == "IMA_ADPCM":
        samples = samples[:, :2]
    # WAVEX has the longer header of several channels, RF64 that of long files.
    kind = chance.choice(("WAV", "WAV", "WAVEX", "RF64")) if subtype != "IMA_ADPCM" else "WAV"
    kind = "WAV" if subtype == "ULAW" else kind
    soundfile.write(buffer, samples, 44_100, subtype=subtype, format=kind)
    whole = buffer.getvalue()
    head, chunks = whole[:12], list(_split(whole))
    if chunks[-1][0] != b"data":  # one that libsndfile wrote behind the sound
        chunks = chunks[: [name for name, _ in chunks].index(b"data") + 1]
    *before, data = chunks
    before += _extra(chance, chance.choice((0, 0, 1, 4)))  # behind ds64, which has to come first
    behind = _extra(chance, 1 + number % 6)
    if chance.random() < 0.1:  # the last chunk may lack its padding
        behind[-1] = (behind[-1][0], behind[-1][1][:-1] or b"x")
    body = b"".join(_chunk(*chunk, pad=True) for chunk in [*before, data, *behind[:-1]])
    body += _chunk(*behind[-1], pad=chance.random() < 0.8)
    size = len(body) + 4
    if head[:4] == b"RF64":
        at = body.index(b"ds64") + 8
        body = body[:at] + struct.pack("<Q", size) + body[at + 8 :]
        return b"RF64\xff\xff\xff\xffWAVE" + body
    trailer = chance.choice((b"", b"", b"", b"\0" * 512, b"TAG" + bytes(125), b"junk"))
    return b"RIFF" + struct.pack("<I", size) + b"WAVE" + body + trailer


def _extra(chance: random.Random, count: int) -> list[tuple[bytes, bytes]]:
    sizes = (0, 1, 4, 33, 602, 5_000, 70_000)
    return [(chance.choice(NAMES), chance.randbytes(chance.choice(sizes))) for _ in range(count)]


def _chunk(name: bytes, content: bytes, *, pad: bool) -> bytes:
    size = len(content)
    return name + struct.pack("<I", size) + content + (b"\0" if pad and size % 2 else b"")


def _split(whole: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(whole):
        name, size = whole[at : at + 4], int.from_bytes(whole[at + 4 : at + 8], "little")
        if size == 0xFFFFFFFF:
            size = len(whole) - at - 8
        yield name, whole[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def mutated(folder: Path, count: int, seed: int = 0) -> Iterator[Case]:
    """Write files with flipped bits, wrong sizes, lost ends and lost or repeated stretches."""
    chance = random.Random(seed)
    wavs = [_good_wav(chance, number) for number in range(20)]
    flacs = [_flac(chance) for _ in range(8)]
    for number in range(count):
        is_flac = number % 2
        content = bytearray(chance.choice(flacs if is_flac else wavs))
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            _mutate(chance, content)
        path = folder / f"mutated-{number:05}{'.flac' if is_flac else '.wav'}"
        path.write_bytes(content)
        yield Case(path, bytes(content))


def _flac(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    samples = sound(chance, chance.choice((5_000, 40_000, 150_000)), chance.choice((1, 2)))
    subtype = chance.choice(("PCM_16", "PCM_24"))
    soundfile.write(buffer, samples, 44_100, format="FLAC", subtype=subtype)
    return buffer.getvalue()


def flipped_flacs(folder: Path, count: int, seed: int = 0) -> Iterator[Case]:
    """Write whole files in which one bit of the sound is wrong."""
    chance = random.Random(seed)
    for number in range(count):
        content = bytearray(_flac(chance))
        start = content.index(b"\xff\xf8", 42)
        at = chance.randrange(start, len(content))
        content[at] ^= 1 << chance.randrange(8)
        path = folder / f"flipped-{number:04}.flac"
        path.write_bytes(content)
        yield Case(path, bytes(content))


def _mutate(chance: random.Random, content: bytearray) -> None:
    if len(content) < 64:
        return
    at = chance.choice((chance.randrange(64), chance.randrange(len(content))))
    kind = chance.choice(("bit", "bit", "byte", "size", "cut", "lose", "repeat", "zeros"))
    length = chance.choice((1, 4, 100, 5_000))
    if kind == "bit":
        content[at] ^= 1 << chance.randrange(8)
    elif kind == "byte":
        content[at] = chance.randrange(256)
    elif kind == "size":
        new = chance.choice((0, 1, 2**31, 2**32 - 1, chance.randrange(2**32)))
        content[at : at + 4] = struct.pack("<I", new)
    elif kind == "cut":
        del content[at:]
    elif kind == "lose":
        del content[at : at + length]
    elif kind == "repeat":
        content[at:at] = content[at : at + length]
    else:
        content[at : at + length] = bytes(min(length, len(content) - at))


def frames_by_ffmpeg(content: bytes) -> tuple[int, bool]:
    """Return how many frames FFmpeg reads, and whether it read to the end without complaint."""
    import av

    frames = 0
    try:
        with av.open(io.BytesIO(content)) as container:
            for frame in container.decode(audio=0):
                frames += frame.samples
    except (av.error.FFmpegError, ValueError, IndexError, OverflowError):
        return frames, False
    return frames, True


def frames_by_libsndfile(content: bytes) -> int:
    """Return how many frames libsndfile reads of a file, in pieces; 0 where it can't be opened."""
    frames = 0
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            while got := len(file.read(PIECE, dtype="int32")):
                frames += got
    except (soundfile.SoundFileError, ValueError, MemoryError):
        return frames
    return frames


def check_good(case: Case) -> None:
    """Mend a good file: it stays as it is, and so does its time."""
    before = case.path.stat()
    try:
        repair(case.path)
    except StreamsonError:  # libsndfile can't read it
        assert frames_by_libsndfile(case.content) == 0, case.path
    after = case.path.stat()
    assert case.path.read_bytes() == case.content, case.path
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino), case.path


def check_any(case: Case) -> str:
    """Mend any file: what is refused stays, and no decoder reads less than before."""
    try:
        done = repair(case.path)
    except StreamsonError:
        assert case.path.read_bytes() == case.content, case.path
        return "refused"
    assert len(list(case.path.parent.glob(".*"))) == 0
    content = case.path.read_bytes()
    if done.startswith("nothing to mend"):
        assert content == case.content, case.path
        return "nothing"
    is_flac = case.path.suffix == ".flac"
    least = frames_by_libsndfile(case.content) - (BLOCK if is_flac else PIECE)
    assert frames_by_libsndfile(content) > least, case.path
    before, whole = frames_by_ffmpeg(case.content)
    told = int.from_bytes(case.content[21:26]) & (1 << 36) - 1 if is_flac else 0
    if whole and before >= told:
        assert frames_by_ffmpeg(content)[0] >= before, case.path
    return "recovered"


def attack(folder: Path, *, good: int, mutations: int, flipped: int = 0, seed: int = 0) -> str:
    """Do all of it in a folder; return what was found, for a person."""
    started = time.monotonic()
    for case in good_wavs(folder, good, seed):
        check_good(case)
        case.path.unlink()
    counts: dict[str, int] = {}
    for case in mutated(folder, mutations, seed):
        outcome = check_any(case)
        counts[outcome] = counts.get(outcome, 0) + 1
        case.path.unlink()
    for case in flipped_flacs(folder, flipped, seed):
        check_good(case)
        case.path.unlink()
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return (
        f"{good} good WAV files and {flipped} FLAC files with a wrong bit left alone; of "
        f"{mutations} broken ones: {told}; {time.monotonic() - started:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--good", type=int, default=800)
    parser.add_argument("--mutated", type=int, default=1_000)
    parser.add_argument("--flipped", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options = {"good": asked.good, "mutations": asked.mutated, "flipped": asked.flipped}
        print(attack(Path(folder), seed=asked.seed, **options))


if __name__ == "__main__":
    main()
