"""What is remembered from one run to the next, by whatever follows data."""

from typing import Any, Protocol


class Stateful(Protocol):
    """Anything whose state can be saved and restored."""

    def state(self) -> Any:
        """Return what `restore` wants, plain values only."""

    def restore(self, state: Any) -> None:
        """Go on where another one of the same settings was.

        Raises
        ------
        ValueError
            It isn't the state of such a one; then nothing has changed.
        """


class Stateless:
    """Has nothing to remember."""

    def state(self) -> Any:
        """Return nothing."""

    def restore(self, state: Any) -> None:
        """Do nothing."""
