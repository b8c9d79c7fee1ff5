"""The part of a piece that is seen at a moment: memory does not grow with the piece."""

from collections import deque
from collections.abc import Callable, Iterator
from math import inf
from typing import Generic, NamedTuple, TypeVar

from streamson.model.note import Note
from streamson.offline.piece import Piece, is_melody

_Item = TypeVar("_Item")


class Ranges(NamedTuple):
    """What a video must have room for; each is the lowest and the highest.

    Attributes
    ----------
    pitch, duration_s, level_db
        Of the notes.
    real, imaginary
        Of the complex values; None where there are none.
    streams
        In the order of appearance.
    seconds
        Up to the end of the last note.
    """

    pitch: tuple[float, float]
    duration_s: tuple[float, float]
    level_db: tuple[float, float]
    real: tuple[float, float] | None
    imaginary: tuple[float, float] | None
    streams: tuple[str, ...]
    seconds: float


class _Range:
    """The lowest and the highest so far."""

    def __init__(self) -> None:
        self.ends = (inf, -inf)

    def add(self, value: float) -> None:
        low, high = self.ends
        self.ends = min(low, value), max(high, value)


def find_ranges(piece: Piece) -> Ranges:
    """Look through a piece once."""
    pitch, duration, level, real, imaginary = (_Range() for _ in range(5))
    streams: dict[str, None] = {}
    end = 0.0
    for note in notes_of(piece):
        pitch.add(note.midi_note)
        duration.add(note.duration_s)
        level.add(note.level_db)
        streams[note.stream] = None
        end = max(end, note.onset_frame / piece.sample_rate + note.duration_s)
    for moment in piece.moments():
        value = moment.complex_value
        if value is not None:
            real.add(value.real)
            imaginary.add(value.imag)
    is_complex = real.ends[0] < real.ends[1] and imaginary.ends[0] < imaginary.ends[1]
    return Ranges(
        pitch.ends,
        duration.ends,
        level.ends,
        real.ends if is_complex else None,
        imaginary.ends if is_complex else None,
        tuple(streams),
        end,
    )


def notes_of(piece: Piece) -> Iterator[Note]:
    """Yield the notes of a piece of the melody."""
    return (note for note in piece.notes() if is_melody(note, piece.session))


class Window(Generic[_Item]):
    """The items of a stretch of time that moves on.

    Parameters
    ----------
    items
        In the order of their times.
    time
        Returns the time of one.
    most
        So many are held at most, the newest.
    """

    def __init__(self, items: Iterator[_Item], time: Callable[[_Item], float], most: int) -> None:
        self._items = items
        self._time = time
        self._next: _Item | None = next(items, None)
        self.held: deque[_Item] = deque(maxlen=most)

    def move(self, first: float, last: float) -> None:
        """Hold what lies from a first to a last time; both only grow."""
        while self._next is not None and self._time(self._next) <= last:
            self.held.append(self._next)
            self._next = next(self._items, None)
        while self.held and self._time(self.held[0]) < first:
            self.held.popleft()
