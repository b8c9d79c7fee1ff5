"""What a receiver has handed on, and what its guard answers: shared by their two threads.

Each attribute is written by one of the two alone, but for what is deleted; the interpreter makes
single reads and writes atomic.
"""

from typing import Final

CURVE_BYTES: Final = 33
"""What encryption adds to a frame (rfc.zeromq.org/spec/26: MESSAGE)."""


class Handed:
    """The account between a receiver and its guard.

    Parameters
    ----------
    is_encrypted
        Whether frames are encrypted on the wire.

    Attributes
    ----------
    bytes
        Bytes on the wire of the messages handed on, by the descriptor that they came through.
    messages
        Messages handed on.
    emptied
        How often nothing more waited.
    shed
        Whether large messages are to be dropped undecoded: too much waits.
    """

    __slots__ = ("_added", "bytes", "emptied", "messages", "shed")

    def __init__(self, *, is_encrypted: bool = False) -> None:
        self._added = CURVE_BYTES if is_encrypted else 0
        self.bytes: dict[int, int] = {}
        self.messages = 0
        self.emptied = 0
        self.shed = False

    def take(self, descriptor: int, size: int, *, ends: bool) -> None:
        """Note a frame: its payload, its head of 2 bytes, or 9, and whether it ends a message."""
        self.messages += ends
        size += self._added
        self.bytes[descriptor] = self.bytes.get(descriptor, 0) + size + (2 if size < 256 else 9)
