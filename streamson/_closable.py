"""What is to be closed, and so is a context manager."""

from abc import ABC, abstractmethod
from typing import Self


class Closable(ABC):
    """Closed at the end of a ``with``, whatever ends it."""

    @abstractmethod
    def close(self) -> None:
        """Let go of all that it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
