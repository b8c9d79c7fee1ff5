"""The monitor: what happens to streams becomes events, and earcons beside what the data plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamson.model.event.streams import PointsLost
from streamson.score.alerts.alert_monitor import AlertMonitor
from streamson.score.alerts.budget import AlertBudget, AlertSound
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.score.alerts.staleness import StalenessMonitor
from streamson.score.alerts.surprises import SurpriseMonitor
from streamson.score.alerts.unplayed import UnplayedMonitor
from streamson.score.parts.beacon import INSTRUMENT as BEACON_INSTRUMENT
from streamson.session.parse.earcons import Priority, builtin_earcons

if TYPE_CHECKING:  # at run time points would bring numpy along
    from collections.abc import Callable, Iterable, Sequence

    from streamson.model.counts import ScoreCounts
    from streamson.model.event.base import Event
    from streamson.model.note import Note
    from streamson.model.point import Message
    from streamson.score.parts.part_player import PartPlayer
    from streamson.session.schema import Part, Session

LOST_AGAIN_S: Final = 5.0
"""That points were lost is told so often at most."""

LOST_PRIORITY: Final[Priority] = "low"
"""Somebody is to know that what is heard is not all."""


class StreamMonitor:
    """Watches all streams, by what a session says of alerts and notices.

    Parameters
    ----------
    session
        Its alerts and notices.
    sample_rate
        Frames a second.
    counts
        Where alerts and earcons are counted.
    on_event
        Is called with what happens.

    Attributes
    ----------
    surprises
        How unusual the values are that alerts ask for; others may follow more.
    alerts, budget, staleness, unplayed
        What watches, and what lets it sound.
    """

    def __init__(
        self,
        session: Session,
        *,
        sample_rate: int,
        counts: ScoreCounts,
        on_event: Callable[[Event], None],
    ) -> None:
        self._session = session
        self._on_event = on_event
        self._earcons = EarconPlayer(session, sample_rate=sample_rate, counts=counts)
        self.surprises = SurpriseMonitor(counts)
        self.budget = AlertBudget(
            session.notices.budget,
            sample_rate=sample_rate,
            counts=counts,
            earcons=self._earcons,
            on_event=on_event,
        )
        self.alerts = AlertMonitor(
            session,
            sample_rate=sample_rate,
            counts=counts,
            budget=self.budget,
            surprises=self.surprises,
            on_event=on_event,
        )
        self.staleness = StalenessMonitor(
            sample_rate=sample_rate, budget=self.budget, on_event=on_event
        )
        self.unplayed = UnplayedMonitor(
            session, sample_rate=sample_rate, counts=counts, on_event=on_event
        )
        self._lost = 0
        self._lost_due = -(2**62)
        self._lost_frames = round(LOST_AGAIN_S * sample_rate)

    def add(self, stream: str, parts: Sequence[Part], fields: Sequence[str]) -> None:
        """Watch a stream from now on."""
        self.staleness.add(stream)
        self.unplayed.add(stream, parts, fields)
        self.alerts.add(stream, fields)

    def remove(self, stream: str) -> None:
        """Watch a stream no longer."""
        self.staleness.remove(stream)
        self.unplayed.remove(stream)
        self.alerts.remove(stream)

    def change(self, session: Session) -> None:
        """Watch for what another session says; what is watched as before goes on."""
        self._session = session
        self._earcons.change(session)
        self.budget.most = session.notices.budget
        self.alerts.change(session)
        self.unplayed.change(session)

    def end(self, stream: str, now_frame: int) -> None:
        """Note that a stream's producer ended."""
        self.unplayed.end(stream, now_frame)
        self.staleness.end(stream)
        self.alerts.end(stream)

    def process(self, message: Message, now_frame: int) -> list[Note]:
        """Take in a point, or a batch; return the notes of what it tells."""
        notes = self.budget.tick(now_frame)
        notes += self.staleness.process(message.stream, now_frame)
        changes = self.surprises.process(message)
        return notes + self.alerts.process(message, changes, now_frame)

    def tick(self, now_frame: int) -> list[Note]:
        """Return the notes that tell which streams fell silent, what was lost, and what waited.

        To be called often.
        """
        notes = self.budget.tick(now_frame)
        notes += self.staleness.tick(now_frame, told=self._session.notices.stale)
        return notes + self.alerts.tick(now_frame) + self._losses(now_frame)

    def on_loss(self, points: int, now_frame: int) -> list[Note]:
        """Return the notes that tell that points were lost; rarely, however many there are."""
        self._lost += points
        return self._losses(now_frame)

    def _losses(self, now_frame: int) -> list[Note]:
        if not self._session.notices.lost:
            self._lost = 0
        if not self._lost or now_frame < self._lost_due:
            return []
        self._on_event(PointsLost(frame=now_frame, points=self._lost))
        self._lost, self._lost_due = 0, now_frame + self._lost_frames
        lost = AlertSound(
            *("", "points lost", "lost"),
            sound_kind="outside",
            priority=LOST_PRIORITY,
            sound=builtin_earcons()["lost"],
            lasts=False,
        )
        return self.budget.request(lost, now_frame)

    def range_ticks(self, player: PartPlayer, notes: Iterable[Note], now_frame: int) -> list[Note]:
        """Return the notes that tell that a part's pitch came to an end of its range."""
        ticks: list[Note] = []
        if not self._session.notices.range:
            return ticks
        low, high = player.part.pitch.low, player.part.pitch.high
        if player.part.pitch.notes:
            low, high = player.part.pitch.notes[0], player.part.pitch.notes[-1]
        for note in notes:
            if note.instrument == BEACON_INSTRUMENT:
                continue
            end = "highest" if note.midi_note >= high else ""
            end = "lowest" if note.midi_note <= low < high else end
            if end and end != player.range_end:
                ticks.append(self._earcons.range_tick(builtin_earcons()[end], note, now_frame))
            player.range_end = end
        return ticks

    def state(self, stream: str) -> dict[str, Any]:
        """Return what `restore` wants for a stream."""
        return {**self.surprises.state(stream), **self.alerts.state(stream)}

    def restore(self, stream: str, state: dict[str, Any]) -> None:
        """Let a stream's alerts go on where the same alerts were.

        Raises
        ------
        ValueError
            It isn't the state of a detector.
        """
        self.surprises.restore(stream, state)
        self.alerts.restore(stream, state)
