"""What a WAV file says of how a sampler plays it: the root and the loops of its ``smpl`` chunk.

Microsoft, Multimedia Data Standards Update, revision 3.0 (1994): "Sampler chunk".
"""

import os
import struct
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from streamson.errors import InputFileError
from streamson.formats.regular_file import open_regular

MAX_CHUNKS: Final = 10_000
"""Of a file; those of sound libraries have some hundreds."""

MAX_LOOPS: Final = 1_024
"""Of a chunk, of which one is played."""

FORWARD: Final = 0
ENDLESS: Final = 0
_KINDS: Final = {1: "to and fro", 2: "backwards"}

_MAX_NOTE: Final = 127
_HEAD: Final = struct.Struct("<9I")
_LOOP: Final = struct.Struct("<6I")
_CHUNK: Final = struct.Struct("<4sI")
_RIFF_BYTES: Final = 12


class SamplerLoop(NamedTuple):
    """A loop of a chunk.

    Attributes
    ----------
    kind
        0: forward, 1: to and fro, 2: backwards; others are some sampler's own.
    first, end
        First frame that is repeated, and the frame after the last one.
    times
        How often it is played; 0: as long as the note lasts.
    """

    kind: int
    first: int
    end: int
    times: int

    @property
    def is_plain(self) -> bool:
        """Whether it goes forward as long as the note lasts."""
        return self.kind == FORWARD and self.times == ENDLESS

    @property
    def told(self) -> str:
        """How it is played, for messages."""
        if self.kind == FORWARD:
            return f"played {self.times} times"
        return f"played {_KINDS.get(self.kind, f'in a way of its own ({self.kind})')}"


class SamplerChunk(NamedTuple):
    """What a chunk says.

    Attributes
    ----------
    root
        MIDI note, with its fraction, at which the sound is played as it is; None where the number
        is none of a note.
    loops
        In the order of the file.
    """

    root: float | None
    loops: tuple[SamplerLoop, ...]


def read_sampler_chunk(path: Path) -> SamplerChunk | None:
    """Return what a WAV file says of its playing; None if it says nothing, or is another format.

    Raises
    ------
    InputFileError
        It can't be read, or its chunk is damaged.
    """
    try:
        with open_regular(path) as file:
            content = _find(file)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputFileError(f"can't read {path}: {reason}") from None
    return None if content is None else _parse(content, path)


def _find(file: BinaryIO) -> bytes | None:
    """Return the content of a file's first sampler chunk, as much as there is and may be."""
    end = os.fstat(file.fileno()).st_size
    head = file.read(_RIFF_BYTES)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        return None
    at, data_size = _RIFF_BYTES, None
    for _ in range(MAX_CHUNKS):
        if at + _CHUNK.size > end:
            return None
        file.seek(at)
        name, size = _CHUNK.unpack(file.read(_CHUNK.size))
        if name == b"smpl":
            return file.read(min(size, _HEAD.size + MAX_LOOPS * _LOOP.size))
        if name == b"ds64" and size >= 16:  # the sizes of what is longer than 4 GiB
            data_size = struct.unpack("<8xQ", file.read(16))[0]
        if name == b"data" and size == 0xFFFFFFFF and data_size is not None:
            size = data_size
        at += _CHUNK.size + size + size % 2
    return None


def _parse(content: bytes, path: Path) -> SamplerChunk:
    if len(content) < _HEAD.size:
        raise InputFileError(
            f"{path} has a smpl chunk of {len(content)} bytes; {_HEAD.size} or more are allowed"
        )
    _, _, _, note, fraction, _, _, count, _ = _HEAD.unpack_from(content)
    held = (len(content) - _HEAD.size) // _LOOP.size
    if min(count, MAX_LOOPS) > held:
        raise InputFileError(
            f"{path} has a smpl chunk that tells of {count} loops and holds {held}"
        )
    loops = []
    for i in range(min(count, MAX_LOOPS)):
        _, kind, first, last, _, times = _LOOP.unpack_from(content, _HEAD.size + i * _LOOP.size)
        loops.append(SamplerLoop(kind, first, last + 1, times))
    root = note + fraction / 2**32
    return SamplerChunk(root if root <= _MAX_NOTE else None, tuple(loops))
