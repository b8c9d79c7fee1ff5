"""What this machine has of what somebody asks for, said before it begins."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from streamson._printable import printable
from streamson.errors import UsageError, nearest
from streamson.producers.host.groups import Group
from streamson.producers.host.machine import ERRORS, Machine
from streamson.producers.host.measured import Collector, Measured, UnavailableError, first_line
from streamson.producers.host.selection import Selection

MAX_NAMED: Final = 12
"""Streams that a message names."""

_log = logging.getLogger(__name__)


def open_collectors(
    groups: Mapping[str, Group], wanted: Selection, asked: Collection[str], psutil: Any
) -> dict[str, Collector]:
    """Return who measures each of the wanted groups.

    Parameters
    ----------
    groups
        All that there can be.
    wanted
        Those that are.
    asked
        Words of it that somebody gave: what is missing of others is not spoken of.
    psutil
        The module.

    Raises
    ------
    UsageError
        Where this machine has nothing of what somebody asked for.
    """
    collectors: dict[str, Collector] = {}
    missing: dict[str, str] = {}
    for name in dict.fromkeys(name for names in wanted.words.values() for name in names):
        try:
            collectors[name] = groups[name].open(psutil)
        except UnavailableError as error:
            missing[name] = str(error)
        except (*ERRORS, psutil.Error) as error:
            missing[name] = f"can't be read on this machine: {first_line(error)}"
    for word in asked:
        names = wanted.words[word]
        if not collectors.keys() & names:
            raise UsageError(
                f"--only: {printable(word)}: {missing[names[0]]}; what there is is shown by: "
                "streamson produce system --only all --dry-run"
            )
    speak_of = [name for name in missing if any(name in wanted.words[word] for word in asked)]
    if speak_of:
        told = "; ".join(f"{name} ({missing[name]})" for name in speak_of)
        _log.info("not measured: %s", told)
    return collectors


def check_present(
    machine: Machine, wanted: Selection, asked: Iterable[str], fields: Sequence[str]
) -> None:
    """Say what is not there at the moment, and refuse fields that nothing has.

    Raises
    ------
    UsageError
        For such a field.
    """
    for _ in machine.measure():
        pass
    measured = list(machine.measure())  # once more: now there are rates
    for word in asked:
        _tell_absent(word, Selection([word], wanted.groups), wanted.words[word], measured)
    known = {field for group, one in measured if wanted.takes(group, one) for field in one.fields}
    for pattern in fields if known else ():
        if not any(fnmatchcase(field, pattern) for field in known):
            raise UsageError(
                f"--fields: found {pattern!r}; allowed: {', '.join(sorted(known))}"
                f"{nearest(pattern, known)}"
            )


def _tell_absent(
    word: str, wanted: Selection, groups: Sequence[str], measured: Sequence[tuple[str, Measured]]
) -> None:
    if any(wanted.takes(group, one) for group, one in measured):
        return
    paths = sorted({one.path for group, one in measured if group in groups})
    more = ", ..." if len(paths) > MAX_NAMED else ""
    there = f"; there are {', '.join(paths[:MAX_NAMED])}{more}" if paths else ""
    _log.info("--only %s: none at the moment, published once it is there%s", word, there)
