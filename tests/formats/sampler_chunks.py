"""WAV files with sampler chunks, by hand and by libsndfile."""

import struct

import numpy as np
import soundfile

RATE = 16_000
FRAMES = 4_000
TONE = 0.5 * np.sin(np.arange(FRAMES) * 0.1)

_SET_INSTRUMENT = 0x10D1  # of sndfile.h, as what follows
_LOOP_MODES = {"forward": 801, "backward": 802, "alternating": 803}
_LOOPS_OF_SNDFILE = 16


def chunk(note, *, fraction=0, loops=(), count=None):
    """Return the content of a chunk; loops are (kind, first, last, times)."""
    number = len(loops) if count is None else count
    head = struct.pack("<9I", 0, 0, 62_500, note, fraction, 0, 0, number, 0)
    return head + b"".join(
        struct.pack("<6I", i, kind, first, last, 0, times)
        for i, (kind, first, last, times) in enumerate(loops)
    )


def with_chunk(path, content, *, size=None, before_data=True, name=b"smpl"):
    """Write a WAV file that has a chunk, and return its path."""
    soundfile.write(path, TONE, RATE, "PCM_16", format="WAV")
    written = path.read_bytes()
    data = written.index(b"data")
    found = struct.pack("<4sI", name, len(content) if size is None else size) + content
    found += b"\0" * (len(content) % 2)
    whole = written[:data] + found + written[data:] if before_data else written + found
    path.write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    return path


def by_sndfile(path, note, *, cents=0, loops=()):
    """Write a WAV file whose chunk libsndfile makes; loops are (mode, first, end)."""
    cells = [cell for mode, first, end in loops for cell in (_LOOP_MODES[mode], first, end, 0)]
    cells += [800, 0, 0, 0] * (_LOOPS_OF_SNDFILE - len(loops))
    instrument = struct.pack("=ibbbbbbxxi", 1, note, cents, 0, 127, 0, 127, len(loops))
    instrument += struct.pack("=" + "iIII" * _LOOPS_OF_SNDFILE, *cells)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16", format="WAV") as file:
        held = soundfile._ffi.from_buffer(bytearray(instrument))
        assert soundfile._snd.sf_command(file._file, _SET_INSTRUMENT, held, len(instrument))
        file.write(TONE)
    return path
