"""The foreground: who comes forward plays notes of its own, who goes back plays none."""

from __future__ import annotations

import logging
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from streamson.model.event.alerts import AlertRaised
from streamson.model.event.streams import (
    MixBegan,
    StreamForward,
    StreamWithdrawn,
)
from streamson.score.attention.bed import BED
from streamson.score.attention.sign import sign
from streamson.session.resolve import parts_for

if TYPE_CHECKING:  # at run time attention would bring numpy along
    from collections.abc import Callable, Iterable, Sequence

    from streamson.model.counts import ScoreCounts
    from streamson.model.event.base import Event
    from streamson.model.note import Note
    from streamson.model.point import Message
    from streamson.score.alerts.surprises import SurpriseMonitor
    from streamson.score.attention.attention import Change
    from streamson.score.attention.mix import Mix
    from streamson.score.parts.part_factory import PartFactory
    from streamson.score.parts.part_player import PartPlayer
    from streamson.score.played_stream import PlayedStream
    from streamson.score.stream_registry import StreamRegistry
    from streamson.score.tick_clock import TickClock
    from streamson.session.schema import Part, Session

_log = logging.getLogger(__name__)

MAX_KEPT: Final = 256
"""Streams that went back to the others, and whose windows are kept: some 40 KB each."""

WARM_UP_POINTS: Final = 1_000
"""Of who comes to the front, windows take in so many values that came meanwhile."""


class Foreground:
    """Lets streams play notes of their own: all of them while they are few, else who is in front.

    Parameters
    ----------
    session
        How many may be in front, and what plays them.
    may_mix
        Whether not all streams are in front where it says so.
    clock
        Is on a grid as long as not all may be.
    sample_rate
        Frames a second.
    counts
        Where it is counted who came and what the bed played.
    streams
        All that are played, by their names; the score adds and removes them.
    registry
        Their numbers.
    parts
        Makes what plays them.
    surprises
        How unusual they are.
    on_event
        Is called with who came and who went.
    drop
        Lets go of a player.
    """

    def __init__(
        self,
        session: Session,
        *,
        may_mix: bool,
        clock: TickClock,
        sample_rate: int,
        counts: ScoreCounts,
        streams: dict[str, PlayedStream],
        registry: StreamRegistry,
        parts: PartFactory,
        surprises: SurpriseMonitor,
        on_event: Callable[[Event], None],
        drop: Callable[[PartPlayer], None],
    ) -> None:
        self._session = session
        self._may_mix = may_mix
        self._clock = clock
        self._sample_rate = sample_rate
        self._counts = counts
        self._streams = streams
        self._registry = registry
        self._parts = parts
        self._surprises = surprises
        self._on_event = on_event
        self._drop = drop
        self._mix: Mix | None = None
        self._mix_told = False
        self._mix_state: Any = None
        self._kept: OrderedDict[str, tuple[dict[str, Any], int]] = OrderedDict()

    @property
    def most(self) -> int | None:
        """How many streams may be in front; None: all."""
        return self._session.attention.foreground if self._may_mix else None

    @property
    def size(self) -> int:
        """How many play notes of their own."""
        return len(self._streams) if self._mix is None else len(self._mix.attention.front)

    def plays(self, name: str) -> bool:
        """Return whether it plays notes of such a name beside those of the streams: of the bed."""
        return name == BED and self._mix is not None

    def surprise(self, name: str, stream: PlayedStream) -> float:
        """Return how many decades of points a stream is unusual of late."""
        if self._mix is None or stream.slot < 0:
            return 0.0
        return self._mix.attention.decades(name)

    def add(
        self, name: str, stream: PlayedStream, parts: Sequence[Part], now_frame: int
    ) -> list[PartPlayer]:
        """Take in a stream that appears; return what plays it, where it is in front.

        All are in front as long as they are few. One whose parts are mute takes nobody's place.
        """
        if all(part.mute for part in parts) or self._is_in_front(name, stream, now_frame):
            return self._players(name, stream, parts)
        return []

    def remove(self, name: str, stream: PlayedStream) -> None:
        """Forget a stream."""
        if self._mix is not None:
            self._mix.remove(name, stream)
        self._kept.pop(name, None)

    def process(self, name: str, stream: PlayedStream, message: Message) -> None:
        """Take in a point of a stream whose surprise is followed, or a batch."""
        if self._mix is None:
            return
        self._mix.process(name, stream, message)
        if not stream.players:
            self._counts.points_in_bed += message.size

    def end(self, name: str, stream: PlayedStream) -> None:
        """Take in that a stream's producer ended."""
        if self._mix is not None and stream.slot >= 0:
            self._mix.end(name, stream)

    def solo(self, streams: tuple[str, ...]) -> None:
        """Let streams that are soloed be in front."""
        if self._mix is not None:
            self._mix.solo(streams)

    def hear(self, event: Event) -> None:
        """Let what happened have a say in who is in front."""
        if self._mix is not None and isinstance(event, AlertRaised):
            stream = self._streams.get(event.stream)
            if stream is not None and stream.slot >= 0:
                self._mix.alert(event.stream)

    def silence(self, names: Iterable[str], *, notable: bool = True) -> None:
        """Take in which streams fell silent, and whether each of them is notable for that."""
        if self._mix is None:
            return
        for name in names:
            if (stream := self._streams.get(name)) is not None and stream.slot >= 0:
                self._mix.silence(name, stream, notable=notable)

    def tick(self, now_frame: int) -> list[Note]:
        """Let streams come and go; return the notes that tell who comes, and those of the bed."""
        if self._mix is None:
            return []
        changes = self._mix.tick(now_frame)
        if not self._mix_told and self._mix.attention.is_mixing:
            self._tell_mix(now_frame)
        notes: list[Note] = []
        for change in changes:
            stream = self._streams[change.stream]
            if change.forward:
                notes += self._come_forward(change, stream, self._mix, now_frame)
            else:
                self._set_back(change.stream, stream)
                self._on_event(StreamWithdrawn(frame=now_frame, stream=change.stream))
        # Later by a tick: who looks a little late has them still in time.
        of_bed = self._mix.bed(now_frame + self._clock.step)
        self._counts.bed_notes += len(of_bed)
        return notes + of_bed

    def change(self, session: Session) -> None:
        """Go on as another session says; `change_most` and `follow` are to be called after it."""
        self._session = session
        if self._mix is not None and session.attention.foreground is not None:
            self._mix.change(session)

    def follow(self, name: str, stream: PlayedStream, parts: Sequence[Part], leading: str) -> None:
        """Let a stream be played by other parts, and come forward by another field."""
        is_mute, was_mute = all(part.mute for part in parts), stream.slot < 0
        if (mix := self._mix) is not None and is_mute != was_mute:
            if is_mute:
                mix.remove(name, stream)
            elif not mix.add(name, stream, self._clock.next_frame):
                self._set_back(name, stream)
            if is_mute and not stream.players:
                stream.players = self._players(name, stream, parts)
        if leading != stream.leading and self._mix is not None and stream.slot >= 0:
            self._mix.change_leading(name, stream, leading)
        stream.leading = leading

    def change_most(self) -> None:
        """Mix from now on, or mix no longer, as a changed session says."""
        if (most := self.most) is not None:
            if self._mix is None and len(self._streams) > most:
                self._begin_mix(self._clock.next_frame)
            return
        if self._mix is None:
            return
        mix, self._mix = self._mix, None
        self._clock.on_grid = False
        for name, stream in self._streams.items():
            if not stream.players:
                self._set_in_front(name, stream, mix)
        mix.close(self._streams)

    def begin_again(self, name: str, stream: PlayedStream, parts: Sequence[Part]) -> None:
        """Let a stream whose past can't be used begin anew."""
        if stream.players:
            stream.players = self._players(name, stream, parts)
        if self._mix is not None and stream.slot >= 0:
            self._mix.follow_again(name, stream)

    def keep(self, name: str, stream: PlayedStream, state: dict[str, Any]) -> None:
        """Keep the windows of a stream that is not in front, for when it comes."""
        self._kept[name] = state, stream.points
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def windows(self, name: str, stream: PlayedStream) -> list[dict[str, Any]]:
        """Return what is known of a stream's windows: of its players, or what was kept."""
        states = [player.state() for player in stream.players]
        if not states and name in self._kept:
            states = [self._kept[name][0]]
        return states

    def state(self, streams: Any) -> Any:
        """Return what `restore` wants, around the state of the streams."""
        if self._mix is None:
            return streams
        last_tick = self._clock.next_frame - self._clock.step
        return {"streams": streams, "mix": self._mix.state(last_tick)}

    def restore(self, state: Any) -> Any:
        """Go on where another one was; return the state of the streams."""
        if not isinstance(state, dict):
            return state
        self._mix_state = state.get("mix")
        return state.get("streams")

    def _is_in_front(self, name: str, stream: PlayedStream, now_frame: int) -> bool:
        if (most := self.most) is None:
            return True
        is_many = self._mix_state is not None or len(self._streams) >= most
        if self._mix is None and is_many:
            self._begin_mix(now_frame)
        return self._mix is None or self._mix.add(name, stream, now_frame)

    def _players(self, name: str, stream: PlayedStream, parts: Sequence[Part]) -> list[PartPlayer]:
        return [self._parts.player(part, name, stream.fields) for part in parts]

    def _begin_mix(self, now_frame: int) -> None:
        """Follow the surprise of all streams from now on."""
        from streamson.score.attention.mix import Mix

        self._clock.begin_grid(now_frame)
        mix = Mix(self._session, sample_rate=self._sample_rate, surprises=self._surprises)
        state, self._mix_state = self._mix_state, None
        if state is not None:
            try:
                mix.restore(state, self._clock.next_frame - self._clock.step)
            except ValueError as error:
                _log.warning("who is in front is decided afresh: %s", error)
        self._mix = mix
        self._mix_told = False
        for name, stream in self._streams.items():
            if not mix.add(name, stream, now_frame):
                self._set_back(name, stream)

    def _tell_mix(self, now_frame: int) -> None:
        """Say once that not all streams play: silence must not look like a fault."""
        self._mix_told = True
        spec = self._session.attention
        assert spec.foreground is not None
        event = MixBegan(
            frame=now_frame,
            streams=len(self._streams),
            foreground=spec.foreground,
            bed=spec.bed,
        )
        self._on_event(event)

    def _come_forward(
        self, change: Change, stream: PlayedStream, mix: Mix, now_frame: int
    ) -> list[Note]:
        """Let a stream play its own notes from now on; return those that tell who it is."""
        self._set_in_front(change.stream, stream, mix)
        if not mix.attention.is_mixing:
            return []
        self._counts.streams_came_forward += 1
        event = StreamForward(
            frame=now_frame,
            stream=change.stream,
            group=change.group,
            streams=change.streams,
            surprise=change.decades,
        )
        self._on_event(event)
        part = next((player.part for player in stream.players if not player.part.mute), None)
        if part is None:
            return []
        notes = sign(part, change.stream, now_frame + self._clock.step, self._sample_rate)
        self._counts.notes += len(notes)
        return notes

    def _set_in_front(self, name: str, stream: PlayedStream, mix: Mix) -> None:
        """Let a stream be played, with windows that know what came meanwhile."""
        parts = parts_for(self._session, name, stream.fields, self._registry.number(name))
        players = self._players(name, stream, parts)
        state, points = self._kept.pop(name, ({}, 0))
        history = list(mix.history(stream, min(stream.points - points, WARM_UP_POINTS)))
        for player in players:
            with suppress(ValueError):  # of a state that was never checked
                player.restore(state)
            player.warm_up(history)
        stream.players = players

    def _set_back(self, name: str, stream: PlayedStream) -> None:
        """Let a stream play no longer, and keep its windows for a while."""
        states = [player.state() for player in stream.players]
        self.keep(name, stream, {key: value for state in states for key, value in state.items()})
        players, stream.players = stream.players, []
        for player in players:
            stream.retire(player)
            self._drop(player)
