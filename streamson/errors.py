"""The errors that streamson raises for a user's or a machine's mistake, each with its exit code."""

from collections.abc import Iterable
from typing import ClassVar


class StreamsonError(Exception):
    """Something went wrong that its message explains: what, where, and what to do next."""

    exit_code: ClassVar[int] = 1

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback: its message says all."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(StreamsonError):
    """A command or function was called with something it can't use."""

    exit_code = 2


class DeviceError(StreamsonError):
    """A sound device that was asked for can't be used."""

    exit_code = 3


class ChildError(StreamsonError):
    """A process that this one made to do something for it did not do it."""


class MissingDependencyError(StreamsonError):
    """An optional package or system library is not installed; the message names the command."""


class InputFileError(StreamsonError):
    """A file that was given can't be read, or holds something that can't be used."""


class OutputFileError(StreamsonError):
    """A file can't be written; the message says which and why."""


class SessionError(InputFileError):
    """A session file has a mistake; the message names file, key, what was found and is allowed."""


class MessageError(StreamsonError):
    """A message or data point breaks the wire format or one of its limits."""


def nearest(found: str, allowed: Iterable[str]) -> str:
    """Return ``'; did you mean "x"?'`` for the closest of the allowed words, or ``''``."""
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(found.lower(), list(allowed), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""
