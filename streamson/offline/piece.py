"""A piece: what is made of a table or a recording, as notes and as sound, as often as one asks."""

from collections.abc import Iterable, Iterator, Mapping
from math import nan
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from streamson.model.note import Note
from streamson.session.schema import Session

HUGE: Final = 1e150
"""Complex values beyond it have no place in a plot."""

COMPLEX_FIELDS: Final = (("re", "im"), ("real", "imag"))
"""Names of fields that are a complex number together."""


class Moment(NamedTuple):
    """A point, and when its notes could begin.

    Attributes
    ----------
    frame
        When.
    stream
        The point's stream.
    fields
        Its values by field.
    time
        The data's own, seconds since 1970; NaN where it has none.
    """

    frame: int
    stream: str
    fields: Mapping[str, float]
    time: float = nan

    @property
    def complex_value(self) -> complex | None:
        """The complex number that two of its fields are together; None where there is none."""
        for real, imaginary in COMPLEX_FIELDS:
            if real in self.fields and imaginary in self.fields:
                value = complex(self.fields[real], self.fields[imaginary])
                return value if abs(value) < HUGE else None  # NaN is not
        return None


class Piece(Protocol):
    """Anything that has notes and sounds.

    Attributes
    ----------
    title
        What it is, for a person.
    session
        What plays it.
    sample_rate
        Frames a second.
    """

    title: str
    session: Session
    sample_rate: int

    def notes(self) -> Iterator[Note]:
        """Yield its notes by their onsets."""

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield its samples in blocks of shape (frames, 2)."""

    def moments(self) -> Iterator[Moment]:
        """Yield its points in the order of time."""

    def legend(self) -> list[tuple[str, str]]:
        """Return each stream, and a line: what is played of it."""

    def why_silent(self) -> str:
        """Return why it has no notes, for a person."""

    @property
    def length_s(self) -> float:
        """Seconds until its last note ends."""

    @property
    def remarks(self) -> list[str]:
        """What was taken for granted, and what was left out, for a person."""

    @property
    def units(self) -> Mapping[str, str]:
        """Field to its unit, where that is known."""


def is_melody(note: Note, session: Session) -> bool:
    """Return whether a note is a point that is heard: no alert, and no tick beside a note."""
    return not note.foreground and note.instrument not in session.earcon_instruments


def length_s(notes: Iterable[Note], sample_rate: int) -> float:
    """Return the seconds until the last note ends."""
    return max((note.onset_frame / sample_rate + note.duration_s for note in notes), default=0.0)
