"""Repair of FLAC files: the number of samples in the header, as the frames themselves tell it."""

import mmap
import os
from pathlib import Path
from typing import BinaryIO, Final

from streamson.errors import InputFileError
from streamson.output.audio_file import set_flac_frames
from streamson.output.flac_frames import last_frame, whole_until
from streamson.output.repairs import Mending

_LAST_BLOCK: Final = 0x80
_FIRST_BLOCK_AT: Final = 4
_AUDIO_AT_LEAST: Final = 42  # behind STREAMINFO
_TOTAL_AT: Final = 21
_MAX_METADATA_BLOCKS: Final = 10_000
_ID3V1_BYTES: Final = 128
MAX_FRAME_BYTES: Final = 1 << 20
"""Most bytes of a frame that is looked at whole: 65,535 samples of 8 channels in 16 bits."""

_MIN_FRAME_BYTES: Final = 10


def mend_flac(path: Path, file: BinaryIO) -> Mending | None:
    """Return what lets a FLAC file tell how many samples it has; None if it does.

    A length is only changed where frames prove it wrong: by samples beyond it, or by a file that
    ends before it. Damage among the frames proves nothing: players go on behind it.

    Raises
    ------
    InputFileError
        There is no whole frame in it.
    """
    incomplete = InputFileError(f"{path}: its header is not complete; nothing can be made of it")
    if os.fstat(file.fileno()).st_size < _AUDIO_AT_LEAST:
        raise incomplete
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = _audio_start(content)
        if start is None:
            raise incomplete
        told = int.from_bytes(content[_TOTAL_AT : _TOTAL_AT + 5]) & (1 << 36) - 1
        found = _samples(content, start, told)
    if not found:
        raise InputFileError(f"{path}: there is no whole block of sound in it")
    if found == told:
        return None

    def apply(copy: BinaryIO) -> None:
        set_flac_frames(copy, found)

    tells = f"{told:,} frames" if told else "no length"
    return Mending(f"its header told {tells}; {found:,} can be read", apply)


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


def _samples(content: mmap.mmap, start: int, told: int) -> int:
    """Return how many samples there are; what is told, where that is not proven wrong."""
    last = last_frame(content, start)
    if last is None:
        return told if start < len(content) else 0
    ends = list(whole_until(content, last.at, MAX_FRAME_BYTES))
    if _end(content) in ends:
        return last.end
    # It is cut off or damaged, or another one follows whose header is damaged.
    if last.first < told <= last.end:
        return told
    if any(_may_begin(content, end) for end in ends):
        return told if 0 < told - last.end <= last.samples else last.end
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
