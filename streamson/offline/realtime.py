"""Points in their own time: a score plays them as a listener would that hears them come."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final

import msgspec

from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.psychoacoustics.placing import AlertPlacer
from streamson.score.score import Score

FLUSH_S: Final = 0.01
TICK_S: Final = 0.25
"""How often a listener looks after points that wait, and after streams that fell silent."""

AFTER_S: Final = 5.0
"""How long points that wait at the end have to be played."""


def play_in_realtime(
    messages: Iterable[tuple[int, DataPoint | Batch | Goodbye]],
    score: Score,
    *,
    sample_rate: int,
    placer: AlertPlacer | None = None,
) -> Iterator[Note]:
    """Yield the notes of points that come at certain frames, in the order of their onsets.

    Parameters
    ----------
    messages
        Frames at which they come, going up, and points, batches or goodbyes.
    score
        What plays them.
    sample_rate
        Frames a second.
    placer
        Places alerts by what sounds; None: they stay as the score has them.
    """
    sorter = _Sorter(placer)
    now = 0
    for frame, message in messages:
        for tick in _ticks(score, now, frame, sample_rate):
            yield from sorter.sort(score.flush(tick), tick)
        now = max(now, frame)
        if isinstance(message, Goodbye):
            score.end(message.stream, now)
            continue
        yield from sorter.sort(score.process(message, now), now)
    end = now + round(AFTER_S * sample_rate)
    while score.behind and now < end:
        now += round(FLUSH_S * sample_rate)
        yield from sorter.sort(score.flush(now), now)
    score.finish(now)
    yield from sorter.rest()


def _ticks(score: Score, now: int, end: int, sample_rate: int) -> Iterator[int]:
    """Yield the frames between two messages at which a listener looks around."""
    while True:
        now += round((FLUSH_S if score.behind else TICK_S) * sample_rate)
        if now >= end:
            return
        yield now


class _Sorter:
    """Holds notes back until none can come that begins earlier."""

    def __init__(self, placer: AlertPlacer | None) -> None:
        self._placer = placer
        self._later: list[tuple[int, int, Note]] = []
        self._numbers = count()

    def sort(self, notes: list[Note], now: int) -> Iterator[Note]:
        """Take in notes that are given at a frame; yield those that begin by then."""
        if self._placer is not None:
            notes = self._placer.place(notes, now)
        for note in notes:
            onset = max(note.onset_frame, now)
            if note.onset_frame == AS_SOON_AS_POSSIBLE or onset != note.onset_frame:
                note = msgspec.structs.replace(note, onset_frame=onset)  # noqa: PLW2901
            heappush(self._later, (onset, next(self._numbers), note))
        while self._later and self._later[0][0] <= now:
            yield heappop(self._later)[2]

    def rest(self) -> Iterator[Note]:
        """Yield all others."""
        while self._later:
            yield heappop(self._later)[2]
