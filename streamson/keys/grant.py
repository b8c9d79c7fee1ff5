"""What somebody with a key may do."""

from fnmatch import fnmatchcase
from glob import escape
from shlex import quote
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

Role: TypeAlias = Literal["publish", "hear", "steer"]

PUBLISH: Final = "publish"
HEAR: Final = "hear"
STEER: Final = "steer"
ROLES: Final[tuple[Role, ...]] = (PUBLISH, HEAR, STEER)

OPTIONS: Final = {PUBLISH: "--publish '*'", HEAR: "--hear", STEER: "--steer"}
"""What each role is called where it is allowed, on the command line."""

MAX_PATTERNS: Final = 100
MAX_PATTERN_CHARS: Final = 200

_Pattern: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MAX_PATTERN_CHARS)]


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one key is allowed.

    Attributes
    ----------
    key
        The public key, 64 hex digits.
    publish
        Patterns, as of a shell, of the streams that it may publish points of; none: it may not.
    hear
        Whether it may read the feed: see and hear what is played.
    steer
        Whether it may send commands.
    """

    key: str
    publish: Annotated[tuple[_Pattern, ...], Meta(max_length=MAX_PATTERNS)] = ()
    hear: bool = False
    steer: bool = False

    def may(self, role: Role) -> bool:
        """Return whether it has a role."""
        return bool({PUBLISH: self.publish, HEAR: self.hear, STEER: self.steer}[role])

    def may_publish(self, stream: str) -> bool:
        """Return whether it may publish points of a stream."""
        return any(fnmatchcase(stream, pattern) for pattern in self.publish)

    def options(self, *more: str) -> str:
        """Return the options of ``streamson keys allow`` for all this, and for more patterns."""
        words = [f"--publish {quote(pattern)}" for pattern in (*self.publish, *more)]
        words += [OPTIONS[role] for role in (HEAR, STEER) if self.may(role)]
        return " ".join(words)


def pattern_for(stream: str) -> str:
    """Return a pattern that fits a stream, and those that have the first part of its name.

    Examples
    --------
    >>> pattern_for("web3/cpu"), pattern_for("boiler")
    ('web3/*', 'boiler')
    """
    first, slash, _ = stream.partition("/")
    pattern = f"{escape(first)}/*" if slash else escape(stream)
    return pattern if len(pattern) <= MAX_PATTERN_CHARS else "*"
