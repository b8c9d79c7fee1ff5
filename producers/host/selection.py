"""Which streams of a machine are wanted: groups of them, and patterns."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Final

from streamson.errors import UsageError, nearest
from streamson.producers.host.groups import Group
from streamson.producers.host.measured import Measured

ALL: Final = "all"

_WILD: Final = frozenset("*?[")


class Selection:
    """What ``--only`` says: words such as ``cpu``, ``core/0``, ``disk/sd*`` or ``all``.

    Parameters
    ----------
    words
        The words.
    groups
        The groups that there are.

    Attributes
    ----------
    words
        Each word, with the groups that its streams may be in.
    groups
        The groups that there are.

    Raises
    ------
    UsageError
        For a word that is no group, and no pattern of any group's streams.
    """

    def __init__(self, words: Iterable[str], groups: Mapping[str, Group]) -> None:
        self.groups = groups
        self.words = {word: _groups_of(word, groups) for word in words}
        self._whole = {name for word in self.words for name in _whole(word, groups)}
        self._patterns = [word for word in self.words if not _whole(word, groups)]

    def takes(self, group: str, measured: Measured) -> bool:
        """Return whether a stream of a group is wanted."""
        if group in self._whole and not measured.aside:
            return True
        return any(fnmatchcase(measured.path, pattern) for pattern in self._patterns)


def _whole(word: str, groups: Mapping[str, Group]) -> Sequence[str]:
    """Return the groups that a word names, if it is no pattern."""
    if word == ALL:
        return list(groups)
    return [word] if word in groups else []


def _groups_of(word: str, groups: Mapping[str, Group]) -> Sequence[str]:
    found = _whole(word, groups) or [
        name for name, group in groups.items() if _may_match(word, group.streams)
    ]
    if not found:
        raise UsageError(
            f"--only: found {word!r}; allowed: {', '.join(groups)}, {ALL}, and patterns of streams "
            f"such as core/0 or 'disk/sd*'{nearest(word, groups)}"
        )
    return found


def _may_match(pattern: str, streams: str) -> bool:
    """Return whether a pattern can match a stream of a group: one ``cpu``, or many ``core/*``."""
    root, many, _ = streams.partition("/")
    if not many:
        return fnmatchcase(streams, pattern)
    first, slash, _ = pattern.partition("/")
    literal = "".join(takewhile(lambda character: character not in _WILD, first))
    if literal == first:
        return first == root and bool(slash)
    return root.startswith(literal)
