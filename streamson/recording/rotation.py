"""When a recording goes on in another file, and how much of it is kept."""

from typing import Final, NamedTuple

from streamson.errors import UsageError

MIN_ROTATION_S: Final = 1.0
MIN_ROTATION_BYTES: Final = 1 << 20
MIN_TOTAL_BYTES: Final = 500_000


class Rotation(NamedTuple):
    """The limits of a recording's files.

    Attributes
    ----------
    seconds, size
        Each file has at most so many seconds, or bytes; None is no limit.
    max_total_bytes
        Bytes that all files of the recording may take together, whatever is in them: the oldest are
        deleted; None is no limit.
    """

    seconds: float | None = None
    size: int | None = None
    max_total_bytes: int | None = None

    def check(self) -> None:
        """Raise `UsageError` where it makes no sense."""
        if self.seconds is not None and self.seconds < MIN_ROTATION_S:
            raise UsageError(f"a new file every {self.seconds} s; at least 1 s is allowed")
        if self.size is not None and self.size < MIN_ROTATION_BYTES:
            raise UsageError(
                f"files of {self.size} bytes; {MIN_ROTATION_BYTES} or more are allowed"
            )
        total = self.max_total_bytes
        if total is None:
            return
        if total < MIN_TOTAL_BYTES:
            raise UsageError(
                f"to keep {self.max_total_bytes} bytes; {MIN_TOTAL_BYTES} or more are allowed"
            )
        if not self.rotates:
            raise UsageError("only whole files can be deleted: to keep so much, say when to rotate")
        if self.size is not None and total < 2 * self.size:
            raise UsageError(
                f"to keep {self.max_total_bytes} bytes, files may have half of that at most"
            )

    @property
    def rotates(self) -> bool:
        """Whether there are several files."""
        return self.seconds is not None or self.size is not None
