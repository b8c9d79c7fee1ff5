"""What a receiver has handed on, and what its guard answers: shared by their two threads.

Each attribute is written by one of the two alone, but for what is deleted; the interpreter makes
single reads and writes atomic.
"""


class Handed:
    """The account between a receiver and its guard.

    Attributes
    ----------
    bytes
        Bytes on the wire of the messages handed on, by the descriptor that they came through.
    messages
        Frames handed on.
    emptied
        How often nothing more waited.
    cut_descriptors
        Connections that the receiver wants to be cut.
    shed
        Whether large messages are to be dropped undecoded: too much waits.
    """

    __slots__ = ("bytes", "cut_descriptors", "emptied", "messages", "shed")

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}
        self.messages = 0
        self.emptied = 0
        self.cut_descriptors: set[int] = set()
        self.shed = False

    def take(self, descriptor: int, size: int) -> None:
        """Note a frame: its payload and its head of 2 bytes, or 9 where it is longer than 255."""
        self.messages += 1
        self.bytes[descriptor] = self.bytes.get(descriptor, 0) + size + (2 if size < 256 else 9)
