"""A budget for alert sounds: so many in ten minutes, and what is more is told as one.

A control room's operator is to have one alarm in ten minutes, and more than ten are a flood (EEMUA
191, "Alarm systems: a guide to design, management and procurement"). So:

- High priority sounds at once, whatever was told.
- What is the first of its kind in ten minutes sounds at once, but leaves one sound for the rest.
- What is more waits, is gathered for some seconds, and is told by one sound and one sentence, those
  first that are the first of their kind. The last sound is kept for these.
- What is over or acknowledged before its turn is not told any more, unless it is the first of its
  kind.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

from streamson.model.event.alerts import MAX_GROUPS, AlertsMerged, MergedGroup
from streamson.score.alerts.budget_state import (
    BudgetState,
    Kind,
    WaitingState,
    read_budget_state,
)
from streamson.score.groups import group_of
from streamson.session.parse.earcons import Earcon, Priority, SoundKind, alert_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamson.model.counts import ScoreCounts
    from streamson.model.event.base import Event
    from streamson.model.note import Note
    from streamson.score.alerts.earcon_player import EarconPlayer

SPAN_S: Final = 600.0
"""The time in which there are so many sounds: EEMUA 191 counts alarms in ten minutes."""

GATHER_S: Final = 3.0
"""So long what is to be told together is gathered."""

MAX_WAITING: Final = 4_096
"""Alerts that wait to be told as one; more are only counted with them."""

MAX_FIELDS: Final = 4
"""Fields of a group that a sentence names."""

_URGENCY: Final[tuple[Priority, ...]] = ("low", "medium", "high")


class AlertSound:
    """What is to sound of an alert, from when it is raised until it is over.

    Parameters
    ----------
    stream
        Whose alert it is.
    what
        Its field, or what else names it in a sentence.
    kind
        Of the first of its kind something is to be heard before there is more of others.
    sound_kind, priority, sound
        What it sounds like; `sound` is for it alone, where several are told as one.
    speech
        Name of the instrument that speaks after it; empty for silence.
    lasts
        Whether it is over at some time, and may wait until then.
    streams
        Of how many streams it is, where they are of one group.
    """

    __slots__ = (
        *("first", "is_over", "kind", "lasts", "priority", "sound", "sound_kind", "speech"),
        *("stream", "streams", "together", "what"),
    )

    def __init__(
        self,
        stream: str,
        what: str,
        kind: Kind,
        *,
        sound_kind: SoundKind,
        priority: Priority,
        sound: Earcon | None = None,
        speech: str = "",
        lasts: bool = True,
        streams: int = 1,
    ) -> None:
        self.stream = stream
        self.what = what
        self.kind = kind
        self.sound_kind = sound_kind
        self.priority = priority
        self.sound = sound or alert_sound(sound_kind, priority)
        self.speech = speech
        self.lasts = lasts
        self.streams = streams
        self.first = False
        self.is_over = False
        self.together: _Together | None = None

    @property
    def sounded(self) -> bool:
        """Whether it was told by a sound of its own, and nobody acknowledged it since."""
        return self.together is not None and self.together.alerts == 1


class _Together:
    """Alerts that one sound told, of which so many last that nobody acknowledged."""

    def __init__(self, alerts: int) -> None:
        self.alerts = self.left = alerts


class AlertBudget:
    """Lets alerts sound, so many in any ten minutes.

    All times are frames of one clock.

    Parameters
    ----------
    most
        How many, those of high priority aside.
    sample_rate
        Frames a second.
    counts
        Where it is counted what became of the alerts.
    earcons
        What sounds.
    on_event
        Is called with what is told as one.

    Attributes
    ----------
    most
        It may be changed.
    sounds
        How many there were.
    """

    def __init__(
        self,
        most: int,
        *,
        sample_rate: int,
        counts: ScoreCounts,
        earcons: EarconPlayer,
        on_event: Callable[[Event], None],
    ) -> None:
        self.most = most
        self._span = round(SPAN_S * sample_rate)
        self._gather = round(GATHER_S * sample_rate)
        self._counts = counts
        self._earcons = earcons
        self._on_event = on_event
        self._onsets: deque[int] = deque()
        self._told: dict[Kind, int] = {}
        self._waiting: dict[AlertSound, None] = {}
        self._restored: dict[tuple[str, str, Kind], AlertSound] = {}
        self._waits_since = 0
        self._beyond = 0
        self._sample_rate = sample_rate
        self.sounds = 0

    @property
    def waiting(self) -> int:
        """How many alerts wait to be told as one."""
        return len(self._waiting)

    @property
    def has_told(self) -> bool:
        """Whether the next listener has to know of anything."""
        return bool(self._onsets or self._told or self._waiting or self._beyond)

    def is_waiting(self, alert: AlertSound) -> bool:
        """Return whether an alert waits to be told with others."""
        return alert in self._waiting

    def request(self, alert: AlertSound, now_frame: int) -> list[Note]:
        """Return the notes of an alert that is raised; none where it waits."""
        free = self._free(now_frame)
        alert.first = alert.kind not in self._told
        at_once = alert.priority == "high" or (alert.first and free > self._spare)
        if at_once and self._earcons.has_room(now_frame):
            return self._sound([alert], now_frame)
        if not alert.lasts and not alert.first:
            self._counts.alerts_merged += 1
        elif len(self._waiting) >= MAX_WAITING:
            self._counts.alerts_merged += 1
            self._beyond += 1
        else:
            if not self._waiting:
                self._waits_since = now_frame
            self._waiting[alert] = None
        return []

    def repeat(self, alert: AlertSound, now_frame: int) -> list[Note]:
        """Return the notes of an alert that lasts, once more; none where others have the budget."""
        free = self._free(now_frame)
        may = alert.priority == "high" or (free > self._spare and not self._waiting)
        if not may or not self._earcons.has_room(now_frame):
            return []
        self._counts.alerts_repeated += 1
        return self._play(alert.sound, alert, now_frame)

    def tick(self, now_frame: int) -> list[Note]:
        """Return the notes of those that waited long enough; to be called often."""
        if not self._waiting or not self._earcons.has_room(now_frame):
            return []
        free = self._free(now_frame)
        if now_frame - self._waits_since < self._gather:
            return []
        wanted = free > self._spare or (free > 0 and any(one.first for one in self._waiting))
        if not wanted and all(one.priority != "high" for one in self._waiting):
            return []
        alerts = sorted(self._waiting, key=_rank)
        self._waiting.clear()
        return self._sound(alerts, now_frame)

    def end(self, alert: AlertSound, over: Earcon | None, now_frame: int) -> list[Note]:
        """Take in that an alert is over; return the notes that tell it, where it was heard.

        Parameters
        ----------
        alert
            The alert.
        over
            What tells that it is over; None where nothing does.
        now_frame
            When.
        """
        alert.is_over = True
        if alert in self._waiting and not alert.first:
            del self._waiting[alert]
            self._counts.alerts_merged += 1
        together, alert.together = alert.together, None
        if together is None:
            return []
        together.left -= 1
        if together.left or over is None:
            return []
        return self._earcons.play(over, alert.stream, now_frame)

    def has_sounded(self, alert: AlertSound) -> None:
        """Take in that an alert sounded by itself before a restart."""
        alert.together = _Together(1)

    def state(self, now_frame: int) -> Any:
        """Return what `restore` wants: all that the next listener must know of ten minutes."""
        since = now_frame - self._span
        return BudgetState(
            [self._ago_s(frame, now_frame) for frame in self._onsets if frame > since],
            [
                (kind, self._ago_s(frame, now_frame))
                for kind, frame in self._told.items()
                if frame > since
            ],
            [
                WaitingState(
                    *(one.stream, one.what, one.kind, one.sound_kind, one.priority),
                    *(one.lasts, one.first, one.is_over, one.streams),
                )
                for one in self._waiting
            ],
            self._beyond,
        ).plain()

    def restore(self, state: Any, passed_s: float) -> None:
        """Go on where another budget was; its clock begins, and nothing was told yet.

        Parameters
        ----------
        state
            Of the other one.
        passed_s
            How many seconds ago that was.

        Raises
        ------
        ValueError
            It isn't the state of a budget.
        """
        known = read_budget_state(state)
        ages_s = sorted((age_s + passed_s for age_s in known.sounded_s), reverse=True)
        self._onsets = deque(self._ago_frame(age_s) for age_s in ages_s)
        self._told = {kind: self._ago_frame(age_s + passed_s) for kind, age_s in known.told_s}
        for one in known.waiting[:MAX_WAITING]:
            alert = AlertSound(
                *(one.stream, one.what, one.kind),
                sound_kind=one.sound_kind,
                priority=one.priority,
                lasts=one.lasts,
                streams=one.streams,
            )
            alert.first, alert.is_over = one.first, one.is_over
            self._waiting[alert] = None
            if not one.is_over:
                self._restored[one.stream, one.what, one.kind] = alert
        self._beyond = known.beyond

    def take_up(self, alert: AlertSound, sound: Earcon | None) -> AlertSound:
        """Return an alert that lasts as it waited when its listener ended; itself if it did not.

        Parameters
        ----------
        alert
            As its stream knows it.
        sound
            What the session says that it sounds like, if it does.
        """
        waiting = self._restored.pop((alert.stream, alert.what, alert.kind), None)
        if waiting is None or waiting not in self._waiting:
            return alert
        waiting.sound, waiting.speech = sound or waiting.sound, alert.speech
        return waiting

    def _ago_s(self, frame: int, now_frame: int) -> float:
        return max(now_frame - frame, 0) / self._sample_rate

    def _ago_frame(self, age_s: float) -> int:
        return -round(age_s * self._sample_rate)

    def acknowledge(self, alert: AlertSound) -> None:
        """Be silent about an alert until it is over."""
        if alert in self._waiting:
            del self._waiting[alert]
            self._counts.alerts_acknowledged += 1
        if alert.together is not None:
            alert.together.left -= 1
            alert.together = None

    @property
    def _spare(self) -> int:
        """How many sounds are kept for what is told as one."""
        return 1 if self.most > 1 else 0

    def _free(self, now_frame: int) -> int:
        """Return how many sounds there may still be in these ten minutes."""
        since = now_frame - self._span
        while self._onsets and self._onsets[0] <= since:
            self._onsets.popleft()
        for kind in [kind for kind, frame in self._told.items() if frame <= since]:
            del self._told[kind]
        return max(self.most - len(self._onsets), 0)

    def _sound(self, alerts: list[AlertSound], now_frame: int) -> list[Note]:
        """Let alerts sound as one, the most telling first; return the notes."""
        loudest = max(alerts, key=lambda one: _URGENCY.index(one.priority))
        alone = len(alerts) == 1 and not self._beyond
        sound = loudest.sound if len({one.sound for one in alerts}) == 1 else None
        if sound is None:
            kinds = {one.sound_kind for one in alerts}
            sound = alert_sound(kinds.pop() if len(kinds) == 1 else "outside", loudest.priority)
        if alone:
            self._counts.alerts_sounded += 1
        else:
            self._counts.alerts_merged += len(alerts)
            merged = AlertsMerged(
                frame=now_frame,
                alerts=len(alerts) + self._beyond,
                groups=tuple(_groups(alerts))[:MAX_GROUPS],
                priority=loudest.priority,
            )
            self._beyond = 0
            self._on_event(merged)
        lasting = [one for one in alerts if one.lasts and not one.is_over]
        together = _Together(len(lasting))
        for one in lasting:
            one.together = together
        for one in alerts:
            self._told[one.kind] = now_frame
        return self._play(sound, loudest, now_frame)

    def _play(self, sound: Earcon, alert: AlertSound, now_frame: int) -> list[Note]:
        notes = self._earcons.play(sound, alert.stream, now_frame, alert.speech)
        self._onsets.append(notes[0].onset_frame)
        self.sounds += 1
        return notes


def _rank(alert: AlertSound) -> tuple[bool, int]:
    """Return what is least for what is to be named first."""
    return not alert.first, -_URGENCY.index(alert.priority)


def _groups(alerts: Iterable[AlertSound]) -> list[MergedGroup]:
    """Return the groups of alerts, in the order in which they come."""
    streams: dict[str, Counter[str]] = {}
    fields: dict[str, dict[str, None]] = {}
    for alert in alerts:
        group = group_of(alert.stream)
        streams.setdefault(group, Counter())[alert.stream] = alert.streams
        fields.setdefault(group, {})[alert.what] = None
    found = []
    for group, names in streams.items():
        name = next(iter(names)) if names.total() == 1 else group
        found.append(MergedGroup(name, names.total(), tuple(fields[group])[:MAX_FIELDS]))
    return found
