"""Repair of WAV files: the sizes in the header, by RIFF's rules and whatever chunks are called."""

import os
import struct
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from streamson.errors import InputFileError
from streamson.formats.repair.mending import Mending

MAX_RIFF_BYTES: Final = 2**32 - 1
_UNKNOWN_SIZE: Final = 0xFFFFFFFF  # as RF64 says it; the real one stands in its ds64 chunk
_DS64_BYTES: Final = 28
_CHUNK_HEAD: Final = 8
_FMT_BYTES: Final = 16
_PLAIN_FORMATS: Final = (1, 3, 6, 7, 0xFFFE)
"""Integers, floats, both laws, and what says it elsewhere: others may end with part of a block."""

MAX_CHUNKS: Final = 10_000
"""Before the sound, and behind it; files of sound libraries have some hundreds."""

FORGOTTEN_BYTES: Final = 1 << 16
FORGOTTEN_RATIO: Final = 16
"""A header that declares a little sound, behind which there is so much more, and so many times as
much, that is no chunk, was written when its program began and never again. Less may be padding, a
tag or anything else that somebody put behind the end of a whole file."""


class _Chunk(NamedTuple):
    """A chunk of a RIFF file: its name, where its content begins, and the size that it tells."""

    name: bytes
    start: int
    size: int


class _Header(NamedTuple):
    """What comes before the sound, and what it tells."""

    chunks: dict[bytes, _Chunk]
    data: _Chunk
    declared: int
    riff_end: int
    frame_bytes: int


def mend_wav(path: Path, file: BinaryIO) -> Mending | None:
    """Return what makes a WAV file's header tell the sound that is there; None if it does.

    Raises
    ------
    InputFileError
        The header is not complete, or has no room for the size.
    """
    end = os.fstat(file.fileno()).st_size
    header = _read_header(path, file, end)
    if _is_right(file, header, end):
        return None
    data, frame_bytes = header.data, header.frame_bytes
    size = (end - data.start) // frame_bytes * frame_bytes
    if size == header.declared:
        return None
    _check_room(path, header.chunks, size)

    def apply(copy: BinaryIO) -> None:
        copy.truncate(data.start + size)
        if size % 2:  # chunks begin at even places
            copy.seek(0, os.SEEK_END)
            copy.write(b"\0")
        _tell_sizes(copy, header, size)

    return Mending(
        f"its header declared {header.declared:,} bytes of sound; it has {size:,}", apply
    )


def _read_header(path: Path, file: BinaryIO, end: int) -> _Header:
    file.seek(0)
    is_rf64 = file.read(4) == b"RF64"
    riff_size = int.from_bytes(file.read(4), "little")
    chunks: dict[bytes, _Chunk] = {}
    at = 12
    for _ in range(MAX_CHUNKS):
        chunk = _chunk_at(file, at, end)
        if chunk is None:
            break
        chunks.setdefault(chunk.name, chunk)
        if chunk.name == b"data":
            break
        at = chunk.start + chunk.size + chunk.size % 2
    fmt, data = chunks.get(b"fmt "), chunks.get(b"data")
    if fmt is None or data is None or fmt.size < _FMT_BYTES:
        raise InputFileError(f"{path}: its header is not complete; nothing can be made of it")
    declared = data.size
    ds64 = chunks.get(b"ds64")
    if is_rf64 and ds64 is not None and ds64.size >= _DS64_BYTES:
        file.seek(ds64.start)
        long_riff_size, long_size = struct.unpack("<QQ", file.read(16))
        declared = long_size if data.size == _UNKNOWN_SIZE else declared
        riff_size = long_riff_size if riff_size == _UNKNOWN_SIZE else riff_size
    file.seek(fmt.start)
    return _Header(chunks, data, declared, riff_size + 8, _frame_bytes(file.read(_FMT_BYTES)))


def _frame_bytes(fmt: bytes) -> int:
    """Return the bytes that only make sense together: 1 where the format does not tell."""
    kind, channels, _, _, frame_bytes, bits = struct.unpack("<HHIIHH", fmt)
    is_plain = kind in _PLAIN_FORMATS and frame_bytes == channels * -(-bits // 8)
    return max(frame_bytes, 1) if is_plain else 1


def _chunk_at(file: BinaryIO, at: int, end: int) -> _Chunk | None:
    """Return the chunk that begins somewhere; None if there is none."""
    if at + _CHUNK_HEAD > end:
        return None
    file.seek(at)
    name, size = struct.unpack("<4sI", file.read(_CHUNK_HEAD))
    if not _is_name(name):
        return None
    return _Chunk(name, at + _CHUNK_HEAD, size)


def _is_name(name: bytes) -> bool:
    """Return whether it can be a chunk's name: four printable ASCII characters, not all blank."""
    return all(0x20 <= byte < 0x7F for byte in name) and not name.isspace()


def _is_right(file: BinaryIO, header: _Header, end: int) -> bool:
    """Return whether the header may well tell the truth: then nothing is changed."""
    declared_end = header.data.start + header.declared
    if header.declared == _UNKNOWN_SIZE or declared_end > end:
        return False
    if _leads_to_end(file, declared_end, header.riff_end, end):
        return True
    if header.declared == 0:  # as programs leave it that are killed
        return False
    behind = end - declared_end
    return behind < FORGOTTEN_BYTES or behind < FORGOTTEN_RATIO * header.declared


def _leads_to_end(file: BinaryIO, at: int, riff_end: int, end: int) -> bool:
    """Return whether whole chunks follow up to the end of the file, or of what RIFF tells.

    At least one chunk has to follow, or nothing at all: that what is no chunk begins just where
    RIFF ends proves nothing, as a program that was killed may have written both sizes alike.
    """
    # Some programs leave out the byte that pads an odd size.
    return any(_walk(file, start, riff_end, end) for start in {at, at + at % 2})


def _walk(file: BinaryIO, at: int, riff_end: int, end: int) -> bool:
    for number in range(MAX_CHUNKS):
        if at >= end or (number and at == riff_end):
            return True
        chunk = _chunk_at(file, at, end)
        if chunk is None or chunk.start + chunk.size > end:
            return False
        at = chunk.start + chunk.size
        if at in (end, riff_end):
            return True
        at += chunk.size % 2
    return False


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


def _tell_sizes(file: BinaryIO, header: _Header, size: int) -> None:
    """Write sizes in the header: in 64 bits where they need them."""
    data, chunks = header.data, header.chunks
    riff_size = _riff_size(data, size)
    if riff_size <= MAX_RIFF_BYTES:
        _write(file, 0, b"RIFF" + struct.pack("<I", riff_size))
        _write(file, data.start - 4, struct.pack("<I", size))
        if b"ds64" in chunks:
            _write(file, chunks[b"ds64"].start - 8, b"JUNK")
        return
    room = chunks.get(b"ds64") or chunks[b"JUNK"]
    ds64 = struct.pack("<QQQI", riff_size, size, size // header.frame_bytes, 0)
    _write(file, room.start - 8, b"ds64")
    _write(file, room.start, ds64)
    _write(file, 0, b"RF64" + struct.pack("<I", _UNKNOWN_SIZE))
    _write(file, data.start - 4, struct.pack("<I", _UNKNOWN_SIZE))


def _write(file: BinaryIO, at: int, content: bytes) -> None:
    file.seek(at)
    file.write(content)
