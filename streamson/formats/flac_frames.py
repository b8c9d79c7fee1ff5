"""The frames of a FLAC file, found by their headers as decoders find them after damage.

FLAC calls frame what holds a block of samples; each says which samples it has (RFC 9639, 9.1).
"""

import mmap
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

_SYNC: Final = (b"\xff\xf8", b"\xff\xf9")
"""Sync code, and whether blocks have one size or several."""

_MAX_HEADER_BYTES: Final = 16
_BLOCK_SIZES: Final = {
    1: 192,
    **{n: 144 << n for n in range(2, 6)},
    **{n: 1 << n for n in range(8, 16)},
}
_RATE_BYTES: Final = {12: 1, 13: 2, 14: 2}
_NEIGHBOURS: Final = 8
"""A header is believed if one of so many before it leads to it: one in 2**23 places between true
ones looks like a header by chance."""

_MAX_DAMAGED: Final = 2
"""So many blocks may be missing between the two."""


class Frame(NamedTuple):
    """A frame's header.

    Attributes
    ----------
    at
        Byte at which it begins.
    first
        Its first sample.
    samples
        How many it has.
    """

    at: int
    first: int
    samples: int

    @property
    def end(self) -> int:
        """The first sample behind it."""
        return self.first + self.samples


def last_frame(content: mmap.mmap, start: int) -> Frame | None:
    """Return the header of the last frame from a byte on; None if there is none."""
    headers = max((list(_headers(content, start, sync)) for sync in _SYNC), key=len)
    last: Frame | None = None
    for number, frame in enumerate(headers):
        before = headers[max(number - _NEIGHBOURS, 0) : number]
        is_known = frame.at == start or any(_leads_to(other, frame) for other in before)
        if is_known and (last is None or frame.first > last.first):
            last = frame
    return last


def _leads_to(before: Frame, frame: Frame) -> bool:
    missing, rest = divmod(frame.first - before.end, before.samples)
    return rest == 0 and 0 <= missing <= _MAX_DAMAGED


def _headers(content: mmap.mmap, start: int, sync: bytes) -> Iterator[Frame]:
    """Yield what has a sync code and the right check sum."""
    found = []
    at = content.find(sync, start)
    while at >= 0:
        header = _header(content[at : at + _MAX_HEADER_BYTES])
        if header is not None:
            found.append((at, *header))
        at = content.find(sync, at + 1)
    if sync == _SYNC[1]:  # the number is that of the first sample
        return (Frame(at, number, samples) for at, number, samples in found)
    # The number is that of the block: all but the last have one size.
    size = Counter(samples for _, _, samples in found).most_common(1)[0][0] if found else 0
    return (Frame(at, number * size, samples) for at, number, samples in found)


def _header(head: bytes) -> tuple[int, int] | None:
    """Return the number and the samples that a header tells; None if it is none."""
    if len(head) < 6 or head[3] >> 4 > 10 or head[3] & 1:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 0xF
    # As many ones as there are bytes, like UTF-8; one byte has none.
    more = max(8 - (head[4] ^ 0xFF).bit_length() - 1, 0)
    size_bytes = {6: 1, 7: 2}.get(size_code, 0)
    end = 5 + more + size_bytes + _RATE_BYTES.get(rate_code, 0)
    if size_code == 0 or rate_code == 15 or more > 6 or len(head) <= end:
        return None
    if _crc8(head[:end]) != head[end]:
        return None
    number = head[4] & (0x7F >> (more + 1) if more else 0x7F)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    if size_bytes:
        return number, 1 + int.from_bytes(head[5 + more : 5 + more + size_bytes])
    return number, _BLOCK_SIZES[size_code]


def whole_until(content: mmap.mmap, at: int, most: int) -> Iterator[int]:
    """Yield the bytes behind a frame at which its check sum is right, so that it may end there.

    Chance does that at one of 65,536 places.
    """
    crc = 0
    for place, byte in enumerate(content[at : at + most], at + 1):
        crc = (crc << 8 & 0xFFFF) ^ _CRC16[crc >> 8 ^ byte]
        if crc == 0:
            yield place


def _table(polynomial: int, bits: int) -> list[int]:
    """Return the table of a check sum (RFC 9639, 9.1.8 and 9.3)."""
    top, mask, table = 1 << (bits - 1), (1 << bits) - 1, []
    for byte in range(256):
        crc = byte << (bits - 8)
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc & top else 0)) & mask
        table.append(crc)
    return table


_CRC8: Final = _table(0x07, 8)
_CRC16: Final = _table(0x8005, 16)


def _crc8(content: bytes) -> int:
    crc = 0
    for byte in content:
        crc = _CRC8[crc ^ byte]
    return crc
