"""Who had not come to the end when a study ended, or was killed: taken from its results."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from streamson.study.limits import MAX_RESUMABLE, MAX_TRIALS
from streamson.study.trial import Trial

_MAX_ROWS: Final = 2 * MAX_TRIALS
_COMPARED: Final = ("phase", "trial", "question", "level", "choices", "truth", "played")


class Resumable(msgspec.Struct):
    """What results tell of a participant.

    Attributes
    ----------
    number, seed
        What makes the same trials again.
    rows
        One for each trial that was answered, in order.
    """

    number: int
    seed: int
    rows: list[Mapping[str, str]]

    def answers(self, trials: list[Trial]) -> list[str] | None:
        """Return what was answered; None where these are not the trials that were asked."""
        if len(self.rows) > len(trials):
            return None
        for row, trial in zip(self.rows, trials, strict=False):
            asked = compared(trial)
            if any(row[name] != asked[name] for name in _COMPARED):
                return None
            if row["answer"] not in trial.choices:
                return None
        return [row["answer"] for row in self.rows]


def compared(trial: Trial) -> dict[str, str]:
    """Return what tells one trial from another, as it is in the results."""
    values = (
        *(trial.phase, trial.number, trial.question, trial.level, len(trial.choices), trial.truth),
        played(trial),
    )
    return {name: str(value) for name, value in zip(_COMPARED, values, strict=True)}


def played(trial: Trial) -> str:
    """Return the data that a trial plays: of each stream when it begins, and its values."""
    return msgspec.json.encode([[one.start_s, one.values] for one in trial.streams]).decode()


def resumable(rows: Iterable[Mapping[str, str]], session: str) -> dict[str, Resumable]:
    """Return who is in a table of results of that session: of many the last ones."""
    found: OrderedDict[str, Resumable] = OrderedDict()
    for row in rows:
        name = row["participant"]
        if None in row.values() or row["session"] != session:
            continue
        if name not in found:
            if not _are_numbers(row["number"], row["seed"]):
                continue
            found[name] = Resumable(int(row["number"]), int(row["seed"]), [])
            if len(found) > MAX_RESUMABLE:
                found.popitem(last=False)
        if len(found[name].rows) < _MAX_ROWS:
            found[name].rows.append(row)
    return found


def _are_numbers(*texts: str) -> bool:
    return all(text.isascii() and text.isdecimal() and len(text) < 20 for text in texts)
