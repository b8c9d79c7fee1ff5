"""What the person before the screen chose: a stream, how far it is scrolled, a filter, help."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from streamson.live.terminal.watched import Watched
from streamson.model.feed import ActiveAlert, StreamRow

STATUS_S: Final = 8.0
"""How long an answer is shown."""

MAX_FILTER_CHARS: Final = 60

STATE_WORDS: Final = {"live": "live", "alert": "ALERT", "stale": "silent", "ended": "ended"}
"""How states are called on the screen."""

BED: Final = "bed"
"""A stream that plays no notes of its own at present: others are more surprising."""

KNOWN: Final = "known"
"""An alert that was acknowledged."""


@dataclass
class View:
    """What was chosen.

    Attributes
    ----------
    selected
        Name of the stream that keys are about; it stays when others come and go.
    top
        Number of the first stream that is seen.
    filter
        Part of the names, or of the states, that are shown.
    typing
        Whether the filter is being typed.
    help_top
        The first line of the help that is seen; None while it is not shown.
    name_width
        Of the longest name that was seen: columns do not jump while one scrolls.
    position
        Number of what is selected among what can be seen.
    """

    selected: str | None = None
    top: int = 0
    filter: str = ""
    typing: bool = False
    help_top: int | None = None
    name_width: int = 0
    position: int = 0
    _status: tuple[str, bool, float] = ("", True, float("-inf"))

    def say(self, text: str, now: float, *, ok: bool = True) -> None:
        """Show an answer for a while."""
        self._status = text, ok, now

    def status(self, now: float) -> tuple[str, bool] | None:
        """Return what is to be shown of an answer, and whether it is good news."""
        text, ok, told_at = self._status
        return (text, ok) if now - told_at < STATUS_S and text else None

    def settle(self, names: list[str], height: int) -> None:
        """Bring what is selected into sight, or what is in its place where it has gone."""
        if not names:
            self.top = self.position = 0
            return
        if self.selected is None or self.selected not in names:
            self.position = min(self.position, len(names) - 1)
            self.selected = names[self.position]
        elif names[min(self.position, len(names) - 1)] != self.selected:
            self.position = names.index(self.selected)
        height = max(1, height)
        self.top = max(0, min(self.top, len(names) - height))
        self.top = min(max(self.top, self.position - height + 1), self.position)

    def move(self, names: list[str], by: int) -> None:
        """Select the stream that stands so many lines further."""
        if names:
            self.position = max(0, min(len(names) - 1, self.position + by))
            self.selected = names[self.position]


def visible_names(watched: Watched, view: View) -> list[str]:
    """Return the names of the streams that the filter lets through.

    Where not all play, those that do come first, and then the most surprising.
    """
    rows = watched.mirror.rows
    if not all(row.front for row in rows.values()):
        rows = dict(sorted(rows.items(), key=_rank))
    if not view.filter:
        return list(rows)
    wanted = view.filter.casefold()
    acknowledged = known_alerts(watched)
    return [
        name
        for name, row in rows.items()
        if wanted in name.casefold() or wanted in state_word(row, acknowledged).casefold()
    ]


def known_alerts(watched: Watched) -> set[str]:
    """Return the streams all of whose alerts were acknowledged."""
    state = watched.mirror.state
    alerts = state.alerts if state else ()
    return _names(alerts, acknowledged=True) - _names(alerts, acknowledged=False)


def state_word(row: StreamRow, acknowledged: set[str]) -> str:
    """Return a stream's state in a word."""
    if row.state == "alert" and row.name in acknowledged:
        return KNOWN
    if row.state == "live" and not row.front:
        return BED
    return STATE_WORDS.get(row.state, row.state)


def _rank(item: tuple[str, StreamRow]) -> tuple[bool, int]:
    """Return what is least for who is to stand first; in whole decades, so that rows stay."""
    _, row = item
    return not row.front, -int(row.surprise)


def _names(alerts: Iterable[ActiveAlert], *, acknowledged: bool) -> set[str]:
    return {alert.stream for alert in alerts if alert.acknowledged == acknowledged}
