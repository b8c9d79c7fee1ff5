"""What repair does to a file, once it is known."""

from collections.abc import Callable
from typing import BinaryIO, NamedTuple


class Mending(NamedTuple):
    """What is wrong with a file, and what mends it.

    Attributes
    ----------
    done
        What is said of it when it is mended.
    apply
        Mends an opened copy of the file.
    """

    done: str
    apply: Callable[[BinaryIO], None]
