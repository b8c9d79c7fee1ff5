"""Points that no part plays, for they lack the field that its pitch follows: counted, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamson.errors import nearest
from streamson.model.event.streams import PointsUnplayed
from streamson.session.resolve import matching_parts
from streamson.session.schema import field_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from streamson.model.counts import ScoreCounts
    from streamson.model.event.base import Event
    from streamson.session.schema import FieldRef, Part, Session

MIN_POINTS: Final = 3
NEVER_PLAYED_S: Final = 5.0
"""So many points in a row, over so long, of a stream of which none was played before, are told: a
field that comes with every few points is there by then."""

SWITCHED_S: Final = 60.0
"""The same where points were played before: many sensors send their fields in turn."""

MAX_TOLD: Final = 32
"""Of so many streams it is told, until the session changes; points of others are only counted."""

MAX_HINTED_CHARS: Final = 60
"""It is looked for the field that was meant, for names of this length."""


class _Stream:
    """What is known of one stream.

    Parameters
    ----------
    refs
        The fields that its pitches follow, one of which a point has to have.
    fields
        Those of its first point.
    by_default
        Whether no part of the session is for it.
    seen
        Points that came before.
    """

    def __init__(
        self, refs: Sequence[FieldRef], fields: Sequence[str], *, by_default: bool, seen: int
    ) -> None:
        names = {ref: field_name(ref, fields) for ref in refs}
        self.wanted = tuple(name or f"number {ref}" for ref, name in names.items())
        self.names = frozenset(names.values())
        self.by_default = by_default
        self.points = 0
        """Its points that no part played."""
        self.in_row = 0
        """How many of the last ones follow one another."""
        self.row_frame = 0
        """When the first of those came."""
        self.seen = seen
        """All its points, up to the last of those."""
        self.was_played = False
        self.found: tuple[str, ...] = ()
        self.told = False

    def add(self, names: Collection[str], points: int, before: int, now_frame: int) -> None:
        """Take in points that no part plays, after so many others."""
        if before != self.seen:
            self.was_played, self.in_row = True, 0
        if not self.in_row:
            self.row_frame = now_frame
        self.points += points
        self.in_row += points
        self.seen = before + points
        self.found = tuple(names)


class UnplayedMonitor:
    """Counts the points that no part plays, and tells once of each stream that brings them.

    A missing value, null or NaN, is none of them: its field is there. Nor are points of a stream
    whose parts are mute, or of which one has a pitch that follows nothing.

    Parameters
    ----------
    session
        Its parts.
    sample_rate
        Frames a second.
    counts
        Where they are counted.
    on_event
        Is called with what happens.
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
        self._sample_rate = sample_rate
        self._counts = counts
        self._on_event = on_event
        self._streams: dict[str, _Stream] = {}
        self._told = 0

    def change(self, session: Session) -> None:
        """Tell again what there is to tell, of another session; `add` says what it plays."""
        self._session = session
        self._told = 0

    def add(
        self, stream: str, parts: Sequence[Part], fields: Sequence[str], *, seen: int = 0
    ) -> None:
        """Watch a stream from now on, or as other parts play it.

        Parameters
        ----------
        stream
            Its name.
        parts
            What play it.
        fields
            Names of its fields, in the order of its first point.
        seen
            Points that came before.
        """
        pitches = [part.pitch for part in parts if not part.mute]
        always = any(pitch.value is not None for pitch in pitches)
        watched = _Stream(
            [] if always else [pitch.field for pitch in pitches],
            fields,
            by_default=not matching_parts(self._session, stream),
            seen=seen,
        )
        if stream in self._streams:
            watched.points = self._streams[stream].points
        self._streams[stream] = watched

    def remove(self, stream: str) -> None:
        """Watch a stream no longer."""
        del self._streams[stream]

    def points_of(self, stream: str) -> int:
        """Return how many points of a stream no part played."""
        return self._streams[stream].points

    def process(
        self, stream: str, names: Collection[str], points: int, before: int, now_frame: int
    ) -> None:
        """Take in points that may be some that no part plays.

        Parameters
        ----------
        stream, names, points
            Whose they are, names of their fields, and how many.
        before
            Points of the stream that came before them.
        now_frame
            When they came.
        """
        watched = self._streams[stream]
        if not watched.names or not watched.names.isdisjoint(names):
            return
        self._counts.points_unplayed += points
        watched.add(names, points, before, now_frame)
        lasted_s = (now_frame - watched.row_frame) / self._sample_rate
        is_long = lasted_s >= (SWITCHED_S if watched.was_played else NEVER_PLAYED_S)
        if watched.in_row >= MIN_POINTS and is_long:
            self._tell(stream, watched, now_frame)

    def end(self, stream: str, now_frame: int) -> None:
        """Tell of a stream whose producer ended before any of its points was played."""
        watched = self._streams[stream]
        if watched.in_row and not watched.was_played:
            self._tell(stream, watched, now_frame)

    def _tell(self, stream: str, watched: _Stream, now_frame: int) -> None:
        if watched.told or self._told >= MAX_TOLD:
            return
        watched.told = True
        self._told += 1
        event = PointsUnplayed(
            frame=now_frame,
            stream=stream,
            points=watched.in_row,
            wanted=watched.wanted,
            found=watched.found,
            hint=_hint(watched),
        )
        self._on_event(event)


def _hint(watched: _Stream) -> str:
    """Return what to do, for a person."""
    found = watched.found
    says = f'pitch = {{ field = "{found[0]}" }}'
    if watched.by_default:
        return f"it follows the first point's first field; a part of a session may say {says}"
    for wanted in watched.wanted:
        allowed = [name for name in found if len(name) <= MAX_HINTED_CHARS]
        meant = nearest(wanted, allowed) if len(wanted) <= MAX_HINTED_CHARS else ""
        if meant:
            return meant.removeprefix("; ")
    return f"its part may say {says}"
