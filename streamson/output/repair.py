"""Repair of sound files whose program ended before it could finish them."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import soundfile

from streamson.errors import InputFileError, OutputFileError
from streamson.output.audio_file import set_flac_frames

MAX_RIFF_BYTES: Final = 2**32 - 1
_UNKNOWN_SIZE: Final = 0xFFFFFFFF  # as RF64 says it; the real one stands in its ds64 chunk
_DS64_BYTES: Final = 28
_CHUNK_HEAD: Final = 8
_AFTER_SOUND: Final = {
    *(b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"smpl", b"inst", b"fact", b"PEAK", b"JUNK"),
    *(b"PAD ", b"FLLR", b"iXML", b"axml", b"cart", b"acid", b"plst", b"afsp", b"DISP", b"_PMX"),
}
"""Chunks that programs write behind the sound."""

MAX_CHUNKS: Final = 1_000
BLOCK_FRAMES: Final = 65_536
NOTHING: Final = "nothing to mend"


class _Chunk(NamedTuple):
    """A chunk of a RIFF file: its name, where its content begins, and the size that it tells."""

    name: bytes
    start: int
    size: int


def repair(path: Path) -> str:
    """Mend a sound file in its place, and return what was done.

    WAV files get the sizes in their header right, up to the last whole frame; FLAC files the number
    of their frames. Ogg and MP3 files need none of this: they can be read up to where they end.

    Raises
    ------
    InputFileError
        If it is no sound file, or can't be mended.
    OutputFileError
        If it can't be written.
    """
    try:
        with path.open("rb+") as file:
            head = file.read(12)
            if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
                done = _repair_wav(path, file)
            elif head[:4] == b"fLaC":
                done = _repair_flac(path, file)
            else:
                done = NOTHING
    except PermissionError as error:
        raise OutputFileError(f"can't write {path}: {error.strerror}") from None
    except soundfile.SoundFileError:
        raise InputFileError(f"{path}: not a sound file that can be read") from None
    except OSError as error:
        raise InputFileError(f"can't read {path}: {error.strerror}") from None
    return f"{done}; {_length(path)}"


def _length(path: Path) -> str:
    try:
        info = soundfile.info(path)
    except (soundfile.SoundFileError, OSError):
        raise InputFileError(f"{path}: not a sound file that can be read") from None
    return f"{info.frames / info.samplerate:.1f} s of sound"


def _repair_wav(path: Path, file: BinaryIO) -> str:
    end = os.fstat(file.fileno()).st_size
    chunks = {chunk.name: chunk for chunk in _chunks(file, end)}
    if b"fmt " not in chunks or b"data" not in chunks:
        raise InputFileError(f"{path}: its header is not complete; nothing can be made of it")
    file.seek(chunks[b"fmt "].start + 12)
    frame_bytes = max(int.from_bytes(file.read(2), "little"), 1)
    data, told = chunks[b"data"], _told_size(file, chunks)
    if _is_trusted(file, data.start + told, end) and told > 0:
        return NOTHING
    size = (end - data.start) // frame_bytes * frame_bytes
    _check_room(path, chunks, size)
    file.truncate(data.start + size)
    if size % 2:  # chunks begin at even places
        file.seek(0, os.SEEK_END)
        file.write(b"\0")
    _tell_sizes(file, chunks, size, frame_bytes)
    return f"its header told {told:,} bytes of sound; it has {size:,}"


def _is_trusted(file: BinaryIO, told_end: int, end: int) -> bool:
    """Return whether the sound may well end where the header tells: before what is no sound."""
    if told_end > end:
        return False
    after = told_end + told_end % 2
    if end - after < _CHUNK_HEAD:
        return True
    file.seek(after)
    return file.read(4) in _AFTER_SOUND


def _chunks(file: BinaryIO, end: int) -> Iterator[_Chunk]:
    """Yield the chunks up to the sound, as long as they are some."""
    at = 12
    for _ in range(MAX_CHUNKS):
        if at + _CHUNK_HEAD > end:
            return
        file.seek(at)
        name, size = struct.unpack("<4sI", file.read(_CHUNK_HEAD))
        yield _Chunk(name, at + _CHUNK_HEAD, size)
        if name == b"data" or not name.isascii():
            return
        at += _CHUNK_HEAD + size + size % 2


def _told_size(file: BinaryIO, chunks: dict[bytes, _Chunk]) -> int:
    """Return the bytes of sound that the header tells."""
    data = chunks[b"data"]
    if data.size == _UNKNOWN_SIZE and b"ds64" in chunks:
        file.seek(chunks[b"ds64"].start + 8)
        return int.from_bytes(file.read(8), "little")
    return data.size


def _riff_size(data: _Chunk, size: int) -> int:
    return data.start + size + size % 2 - 8


def _check_room(path: Path, chunks: dict[bytes, _Chunk], size: int) -> None:
    """Raise `InputFileError` if the header has no room for such a size."""
    if _riff_size(chunks[b"data"], size) <= MAX_RIFF_BYTES:
        return
    room = chunks.get(b"ds64") or chunks.get(b"JUNK")
    if room is None or room.size < _DS64_BYTES or room.start != 20:
        raise InputFileError(
            f"{path}: more than 4 GiB, and its header has no room for such a size; a program that "
            "reads raw sound can still read it"
        )


def _tell_sizes(file: BinaryIO, chunks: dict[bytes, _Chunk], size: int, frame_bytes: int) -> None:
    """Write sizes in the header: in 64 bits where they need them."""
    data = chunks[b"data"]
    riff_size = _riff_size(data, size)
    if riff_size <= MAX_RIFF_BYTES:
        _write(file, 0, b"RIFF" + struct.pack("<I", riff_size))
        _write(file, data.start - 4, struct.pack("<I", size))
        if b"ds64" in chunks:
            _write(file, chunks[b"ds64"].start - 8, b"JUNK")
        return
    room = chunks.get(b"ds64") or chunks[b"JUNK"]
    ds64 = struct.pack("<QQQI", riff_size, size, size // frame_bytes, 0)
    _write(file, room.start - 8, b"ds64")
    _write(file, room.start, ds64)
    _write(file, 0, b"RF64" + struct.pack("<I", _UNKNOWN_SIZE))
    _write(file, data.start - 4, struct.pack("<I", _UNKNOWN_SIZE))


def _write(file: BinaryIO, at: int, content: bytes) -> None:
    file.seek(at)
    file.write(content)


def _repair_flac(path: Path, file: BinaryIO) -> str:
    told = soundfile.info(path).frames
    found = _readable_frames(path)
    if told == found:
        return NOTHING
    set_flac_frames(file, found)
    file.flush()
    return f"its header told {_frames(told)}; {found:,} can be read"


def _readable_frames(path: Path) -> int:
    """Return how many frames can be read, piece by piece, up to where it is broken."""
    count = 0
    with soundfile.SoundFile(path) as sound:
        try:
            while frames := len(sound.read(BLOCK_FRAMES, dtype="int32")):
                count += frames
        except soundfile.SoundFileError:
            # libsndfile reads nothing of a piece that is broken: try smaller ones.
            return _readable_frames_slowly(path, count)
    return count


def _readable_frames_slowly(path: Path, count: int) -> int:
    with soundfile.SoundFile(path) as sound:
        for _ in range(count // BLOCK_FRAMES):
            sound.read(BLOCK_FRAMES, dtype="int32")
        try:
            while frames := len(sound.read(64, dtype="int32")):
                count += frames
        except soundfile.SoundFileError:
            return count
    return count


def _frames(count: int) -> str:
    return "no length" if count >= 2**36 or count == 0 else f"{count:,} frames"
