"""How many samples a FLAC file has: as its header tells, and as its frames do."""

import mmap
import os
from typing import BinaryIO, Final

from streamson.formats.flac_frames import last_frame, whole_until

_LAST_BLOCK: Final = 0x80
_FIRST_BLOCK_AT: Final = 4
_AUDIO_AT_LEAST: Final = 42  # behind STREAMINFO
_TOTAL_AT: Final = 21
_TOTAL: Final = (1 << 36) - 1
"""Byte from which on 36 bits tell the number of samples, behind four others (RFC 9639, 8.2)."""

_MAX_METADATA_BLOCKS: Final = 10_000
_ID3V1_BYTES: Final = 128
MAX_FRAME_BYTES: Final = 1 << 20
"""Most bytes of a frame that is looked at whole: 65,535 samples of 8 channels in 16 bits."""

_MIN_FRAME_BYTES: Final = 10


def declared_samples(file: BinaryIO) -> int:
    """Return how many samples an open file declares that it has; 0 is none."""
    descriptor = file.fileno()
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, _TOTAL_AT, os.SEEK_SET)
    declared = int.from_bytes(os.read(descriptor, 5)) & _TOTAL
    os.lseek(descriptor, before, os.SEEK_SET)
    return declared


def found_samples(file: BinaryIO) -> int | None:
    """Return how many samples are in an open file: as declared, if that is not proven wrong.

    A length is only proven wrong by samples beyond it, or by a file that ends before it. Damage
    among the frames proves nothing: players go on behind it.

    Returns
    -------
    int or None
        None if its header is not complete.
    """
    if os.fstat(file.fileno()).st_size < _AUDIO_AT_LEAST:
        return None
    declared = declared_samples(file)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = _audio_start(content)
        return None if start is None else _samples(content, start, declared)


def set_samples(file: BinaryIO, frames: int) -> None:
    """Let an open file tell that it has so many samples.

    Raises
    ------
    OSError
        If it can't be written.
    """
    descriptor = file.fileno()
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, _TOTAL_AT, os.SEEK_SET)
    field = os.read(descriptor, 5)
    if len(field) == 5:  # the upper four bits belong to something else
        declared = (int.from_bytes(field) & ~_TOTAL) | frames
        os.lseek(descriptor, _TOTAL_AT, os.SEEK_SET)
        os.write(descriptor, declared.to_bytes(5))
    os.lseek(descriptor, before, os.SEEK_SET)  # where libsndfile goes on, by the same descriptor


def _audio_start(content: mmap.mmap) -> int | None:
    """Return where the metadata ends; None if it does not."""
    at = _FIRST_BLOCK_AT
    for _ in range(_MAX_METADATA_BLOCKS):
        if at + 4 > len(content):
            return None
        is_last, size = content[at] & _LAST_BLOCK, int.from_bytes(content[at + 1 : at + 4])
        at += 4 + size
        if is_last:
            return at if _AUDIO_AT_LEAST <= at <= len(content) else None
    return None


def _samples(content: mmap.mmap, start: int, declared: int) -> int:
    """Return how many samples there are; what is declared, where that is not proven wrong."""
    last = last_frame(content, start)
    if last is None:
        return declared if start < len(content) else 0
    ends = list(whole_until(content, last.at, MAX_FRAME_BYTES))
    if _end(content) in ends:
        return last.end
    # It is cut off or damaged, or another one follows whose header is damaged.
    if last.first < declared <= last.end:
        return declared
    if any(_may_begin(content, end) for end in ends):
        return declared if 0 < declared - last.end <= last.samples else last.end
    return last.first


def _end(content: mmap.mmap) -> int:
    """Return where the sound ends: a tag may follow."""
    tag = max(len(content) - _ID3V1_BYTES, 0)
    return tag if content[tag : tag + 3] == b"TAG" else len(content)


def _may_begin(content: mmap.mmap, at: int) -> bool:
    """Return whether a frame may begin there of whose header one bit is wrong."""
    if at + _MIN_FRAME_BYTES > len(content):
        return False
    sync = int.from_bytes(content[at : at + 2])
    return ((sync & 0xFFFE) ^ 0xFFF8).bit_count() <= 1
