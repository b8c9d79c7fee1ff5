"""The mix: which streams are in front, by their surprise, and the bed of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from streamson.score.attention.attention import Attention, Change
from streamson.score.attention.bed import Bed
from streamson.score.attention.stuck import stuck_slots
from streamson.score.parts.coalesce import TimedFields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamson.model.note import Note
    from streamson.model.point import Message
    from streamson.score.alerts.surprises import SurpriseMonitor
    from streamson.score.played_stream import PlayedStream
    from streamson.session.schema import AttentionSpec, Session

WILD: Final = frozenset("*?[")

MAX_WAITING: Final = 65_536
"""Points that wait to be counted together; those of a quarter of a second are fewer."""


class Mix:
    """Follows the surprise of the streams, and says who is in front.

    Parameters
    ----------
    session
        How many are in front, whom its parts name, and how the bed is.
    sample_rate
        Frames a second.
    surprises
        Of the streams' fields.
    """

    def __init__(self, session: Session, *, sample_rate: int, surprises: SurpriseMonitor) -> None:
        foreground = session.attention.foreground
        assert foreground is not None
        self.attention = Attention(
            foreground, sample_rate=sample_rate, capacity=surprises.bank.capacity
        )
        self._bed = Bed(sample_rate=sample_rate, level_db=session.attention.bed_level)
        self._surprises = surprises
        self._spec: AttentionSpec = session.attention
        self._named = named_streams(session)
        self._soloed: tuple[str, ...] = ()
        self._slots: list[int] = []
        self._values = 0.0

    def change(self, session: Session) -> None:
        """Go on as another session says, which still has a foreground."""
        assert session.attention.foreground is not None
        self._spec = session.attention
        self.attention.foreground = session.attention.foreground
        self._bed.level_db = session.attention.bed_level
        self._named = named_streams(session)
        self._keep()

    def solo(self, streams: tuple[str, ...]) -> None:
        """Let soloed streams be in front too."""
        self._soloed = streams
        self._keep()

    def add(self, name: str, stream: PlayedStream, now_frame: int) -> bool:
        """Take in a stream that appears; return whether it is in front from its first point on."""
        self._follow(name, stream)
        if stream.slot < 0:
            return False
        is_always = name in self._named or name in self._soloed
        return self.attention.add(name, stream.slot, now_frame, always=is_always)

    def follow_again(self, name: str, stream: PlayedStream) -> None:
        """Follow a stream whose past can't be used from its next point on."""
        self._follow(name, stream)
        if stream.slot >= 0:
            self.attention.move(name, stream.slot)
        else:
            self.attention.remove(name)

    def remove(self, name: str, stream: PlayedStream) -> None:
        """Forget a stream."""
        if stream.slot >= 0:
            self.attention.remove(name)
            self._release(name, stream)

    def process(self, name: str, stream: PlayedStream, message: Message) -> None:
        """Take in a point, or a batch."""
        if message.is_batch:
            self._values += message.size / self._surprises.bank.points_together[stream.slot]
        else:
            self._slots.append(stream.slot)
            if len(self._slots) >= MAX_WAITING:
                self._count_values()
        if stream.is_asleep:
            stream.is_asleep = False
            self.attention.wake(name)

    def end(self, name: str, stream: PlayedStream) -> None:
        """Take in that a stream's producer ended."""
        self.attention.end(name)
        stream.is_asleep = True

    def silence(self, name: str, stream: PlayedStream, *, notable: bool = True) -> None:
        """Take in that a stream fell silent; one of many that did at once is not notable."""
        self.attention.silence(name, notable=notable)
        stream.is_asleep = True

    def alert(self, name: str) -> None:
        """Take in that an alert of a stream was raised."""
        self.attention.notice(name)

    def tick(self, now_frame: int) -> list[Change]:
        """Decide who is in front; to be called on a grid, so that the same points do the same."""
        self._surprises.settle()
        self._count_values()
        values, self._values = round(self._values), 0.0
        bank = self._surprises.bank
        self.attention.stick(stuck_slots(bank))
        return self.attention.tick(now_frame, bank.rarities, bank.points, values)

    def bed(self, onset_frame: int) -> list[Note]:
        """Return the notes of the bed that begin at a frame."""
        if not (self._spec.bed and self.attention.is_mixing and self._bed.is_due(onset_frame)):
            return []
        groups = self.attention.groups()
        return self._bed.tick(groups, self.attention.points_a_second, onset_frame)

    def history(self, stream: PlayedStream, most: int) -> Iterator[TimedFields]:
        """Yield the last values of a stream's leading field, in their order; times are even."""
        self._surprises.settle()
        bank = self._surprises.bank
        values = bank.last_values(stream.slot)
        values = values[max(len(values) - most, 0) :]
        step_s = bank.step_s(stream.slot)
        end = stream.last.time if stream.last is not None else 0.0
        for i, value in enumerate(values.tolist(), 1 - len(values)):
            yield TimedFields({stream.leading: value}, end + i * step_s)

    def change_leading(self, name: str, stream: PlayedStream, leading: str) -> None:
        """Follow another field of a stream from now on."""
        before, known = stream.leading, stream.slot >= 0
        stream.leading = leading
        self._follow(name, stream)
        if known and stream.slot >= 0:
            self.attention.move(name, stream.slot)
            self._surprises.release(name, before)
        elif known:
            self.attention.remove(name)

    def state(self, now_frame: int) -> Any:
        """Return what `restore` wants."""
        return self.attention.state(now_frame), self._bed.state(now_frame)

    def restore(self, state: Any, now_frame: int) -> None:
        """Go on where another one was; to be called before the first stream."""
        attention, bed = state
        self.attention.restore(attention, now_frame)
        self._bed.restore(bed, now_frame)

    def close(self, streams: dict[str, PlayedStream]) -> None:
        """Follow no stream any longer."""
        for name, stream in streams.items():
            self._release(name, stream)

    def _count_values(self) -> None:
        """Count the values that came: by these it is told how surprising a stream is.

        Of a fast stream several points are one.
        """
        self._values += float(np.sum(1 / self._surprises.bank.points_together[self._slots]))
        self._slots = []

    def _follow(self, name: str, stream: PlayedStream) -> None:
        self._surprises.follow(name, stream.leading)
        slot = self._surprises.slot(name, stream.leading)
        stream.slot = -1 if slot is None else slot

    def _release(self, name: str, stream: PlayedStream) -> None:
        self._surprises.release(name, stream.leading)
        stream.slot = -1

    def _keep(self) -> None:
        self.attention.keep_in_front([*self._named, *self._soloed])


def named_streams(session: Session) -> Sequence[str]:
    """Return the streams that a session's parts name outright, without a wildcard."""
    names = [part.stream for part in session.parts if not WILD.intersection(part.stream)]
    return list(dict.fromkeys(names))
