"""Bodies that were packed: unpacked piece by piece, with a limit to what comes out."""

import zlib
from collections.abc import Iterator
from typing import Final

from streamson.errors import MessageError
from streamson.producers.push.body import TooLargeError

MAX_PIECE_BYTES: Final = 64 << 10
MAX_UNPACKED_BYTES: Final = 256 << 20
"""Of a packed body: a megabyte of gzip may say a gigabyte."""

ALWAYS_ALLOWED_BYTES: Final = 8 << 20
MAX_RATIO: Final = 100
"""To how many times its size a larger body unpacks; metrics come to some 30 times."""

MAX_MEMBERS: Final = 1_000
"""Parts that one body of gzip is made of; each costs a decompressor."""

_WINDOW_BITS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS}
_PLAIN: Final = ("", "identity")

ENCODINGS: Final = "gzip, deflate"


def is_known(encoding: str) -> bool:
    """Return whether a body of a content encoding can be read."""
    return encoding in _PLAIN or encoding in _WINDOW_BITS or encoding == "deflate"


class Unpacker:
    """Unpacks a body that comes in pieces.

    Parameters
    ----------
    encoding
        One that `is_known`.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._members = 0
        self._packed_size = self._size = 0
        self._decompressor: zlib._Decompress | None = None

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield what a piece holds, in pieces of at most `MAX_PIECE_BYTES` where it is packed.

        Raises
        ------
        MessageError
            If it is not packed as was said.
        TooLargeError
            If too much comes out.
        """
        if self._encoding in _PLAIN:
            yield packed
            return
        self._packed_size += len(packed)
        more = bool(packed)
        while more:
            decompressor = self._decompressor or self._begin(packed[0])
            self._decompressor = decompressor
            try:
                piece = decompressor.decompress(packed, MAX_PIECE_BYTES)
            except zlib.error as error:
                raise MessageError(f"no {self._encoding}: {error}") from None
            self._check_size(len(piece))
            if piece:
                yield piece
            if decompressor.eof:
                packed, self._decompressor = decompressor.unused_data, None
                more = bool(packed)
            else:  # a full piece may have left more inside, also where all was taken in
                packed = decompressor.unconsumed_tail
                more = bool(packed) or len(piece) == MAX_PIECE_BYTES

    def close(self) -> None:
        """Take in that the body is complete.

        Raises
        ------
        MessageError
            If it ends before it should.
        """
        if self._decompressor is not None:
            raise MessageError(f"no {self._encoding}: it ends in the middle")

    def _check_size(self, added: int) -> None:
        self._size += added
        if self._size > MAX_UNPACKED_BYTES:
            raise TooLargeError(f"it unpacks to more than {MAX_UNPACKED_BYTES} bytes, the limit")
        if self._size > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * self._packed_size):
            raise TooLargeError(f"it unpacks to more than {MAX_RATIO} times its size, the limit")

    def _begin(self, first: int) -> "zlib._Decompress":
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise MessageError(f"{self._encoding} of more than {MAX_MEMBERS} parts")
        if self._encoding != "deflate":
            return zlib.decompressobj(_WINDOW_BITS[self._encoding])
        # RFC 9110 means zlib's form, whose first byte ends in 8; some send what is inside it only.
        is_zlib = first & 0x0F == 8
        return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
